import type { ReportOf, StageReport } from './report.ts';
import { formatMs, marks, type Style } from './style.ts';

const order: readonly StageReport['event'][] = [
  'compiled',
  'received',
  'verified',
  'staged',
  'checked',
  'delivered',
  'loaded',
  'swapped',
  'confirmed',
  'refused',
  'reverted',
  'superseded',
];

interface Row {
  readonly event: StageReport['event'];
  readonly from: number;
  readonly to: number;
  readonly note: string;
}

/** The stages of a push as bars on one scale of time, a line each. */
export function renderTimeline(stages: readonly StageReport[], style: Style): string {
  const rows = rowsOf(stages, style);
  const { colors } = style;
  const { bar, dot } = marks(style);
  const room = Math.max(10, style.width - 2 - 11 - 10 - 18);
  // Probation lasts as long as it must; the scale is that of the way to the new code.
  const scale = Math.max(0.001, ...rows.filter(({ event }) => event !== 'confirmed').map(({ to }) => to));
  return rows
    .map(({ event, from, to, note }) => {
      const start = Math.min(room - 1, Math.floor((from / scale) * room));
      const end = Math.max(start + 1, Math.min(room, Math.round((to / scale) * room)));
      const drawn = event === 'confirmed' ? dot.repeat(end - start) : bar.repeat(end - start);
      const cells = ' '.repeat(start) + drawn + ' '.repeat(room - end);
      const line = `  ${paint(event, style)(event.padEnd(11))}${paint(event, style)(cells)}${formatMs(to).padStart(10)}`;
      return note === '' ? line : `${line}  ${colors.dim(note)}`;
    })
    .join('\n');
}

/** What the stages took, for one line: `compile 3.2 · send 1.0 · check 1.3 · load 1.0 · swap 1.8 ms`. */
export function renderShares(stages: readonly StageReport[], style: Style): string {
  const at = (event: StageReport['event']): number | undefined => latest(stages, event)?.ms;
  const shares: string[] = [];
  let before = 0;
  for (const [name, event] of shareEnds) {
    const ms = at(event);
    if (ms === undefined) continue;
    shares.push(`${name} ${Math.max(0, ms - before).toFixed(1)}`);
    before = Math.max(before, ms);
  }
  return shares.length === 0 ? '' : `${shares.join(` ${marks(style).dot} `)} ms`;
}

const shareEnds: readonly (readonly [name: string, end: StageReport['event']])[] = [
  ['compile', 'compiled'],
  ['send', 'received'],
  ['check', 'checked'],
  ['load', 'loaded'],
  ['swap', 'swapped'],
];

/** The last of the reports of a stage: with several processes, that of the slowest. */
export function latest<Stage extends StageReport['event']>(
  stages: readonly StageReport[],
  event: Stage,
): ReportOf<Stage> | undefined {
  return stages
    .filter((stage): stage is ReportOf<Stage> => stage.event === event)
    .reduce<ReportOf<Stage> | undefined>(
      (last, stage) => (last === undefined || stage.ms > last.ms ? stage : last),
      undefined,
    );
}

function rowsOf(stages: readonly StageReport[], style: Style): Row[] {
  const rows: Row[] = [];
  let from = 0;
  for (const event of order) {
    const stage = latest(stages, event);
    if (stage === undefined) continue;
    const processes = stages.filter((each) => each.event === event).length;
    rows.push({ event, from: Math.min(from, stage.ms), to: stage.ms, note: noteOf(stage, processes, style) });
    from = Math.max(from, stage.ms);
  }
  return rows;
}

function noteOf(stage: StageReport, processes: number, style: Style): string {
  if (processes > 1) return `${processes} processes`;
  if (stage.event === 'compiled') return stage.toolchain ?? '';
  return stage.event === 'swapped' && stage.pauseUs !== undefined
    ? `pause ${Math.round(stage.pauseUs)} ${marks(style).micro}`
    : '';
}

function paint(event: StageReport['event'], { colors }: Style): (text: string) => string {
  if (event === 'refused' || event === 'reverted') return colors.red;
  if (event === 'superseded') return colors.yellow;
  if (event === 'swapped' || event === 'confirmed') return colors.green;
  return colors.cyan;
}
