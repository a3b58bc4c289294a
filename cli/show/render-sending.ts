import type { SendingReport, SentReport } from './report.ts';
import { marks, type Style } from './style.ts';

const barWidth = 24;

/** How far a large image has come: one line, to be overwritten. */
export function renderSending({ program, bytes, of, bytesPerSecond }: SendingReport, style: Style): string {
  const share = of === 0 ? 1 : bytes / of;
  const { bar, dot } = marks(style);
  const done = Math.floor(share * barWidth);
  const drawn = bar.repeat(done) + dot.repeat(barWidth - done);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `  ${program}: sending ${drawn} ${percent}  ${formatBytes(bytes)} of ${formatBytes(of)}, ${formatBytes(bytesPerSecond)}/s`;
}

/** How an image travelled. */
export function renderSent({ way, sent, of, had, bytesPerSecond = 0 }: SentReport): string {
  const size = formatBytes(of);
  if (way === 'stored') return `nothing was sent: the agent had it (${size})`;
  if (way === 'delta') return `sent ${formatBytes(sent)} for ${size}: what differs from the version before`;
  const before = had === 0 ? '' : `; ${formatBytes(had)} of it had come before the line broke`;
  return `sent ${formatBytes(sent)} for ${size}, ${formatBytes(bytesPerSecond)}/s${before}`;
}

/** Bytes for people: `777 B`, `12.3 KB`, `256.0 MB`. */
function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} KB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
