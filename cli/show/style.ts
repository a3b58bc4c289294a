import pc from 'picocolors';

/** What a terminal can show. */
export interface Style {
  readonly colors: ReturnType<typeof pc.createColors>;
  /** False where only ASCII is safe. */
  readonly unicode: boolean;
  /** Columns to use: the terminal's, at most 100; 80 where there is none. */
  readonly width: number;
  /** True when it is a terminal, so that lines can be overwritten. */
  readonly live: boolean;
}

/** The style for a stream and an environment: color on a terminal only, and never with NO_COLOR. */
export function styleOf(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
): Style {
  const { NO_COLOR: noColor = '', TERM: terminal = '' } = env;
  const live = stream.isTTY === true && terminal !== 'dumb';
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  // Pipes and files take what we write; a terminal only what its locale says. Windows and macOS have none and are UTF-8.
  const unicode = !live || process.platform !== 'linux' || /utf-?8/i.test(locale);
  return {
    colors: pc.createColors(live && noColor === ''),
    unicode,
    width: Math.max(40, Math.min(100, stream.columns || 80)),
    live,
  };
}

/** The marks of the house, in Unicode or ASCII. */
export function marks({
  unicode,
}: Style): Readonly<Record<'ok' | 'bad' | 'advice' | 'bar' | 'rail' | 'arrow' | 'dot' | 'back' | 'micro', string>> {
  return unicode
    ? { ok: '✓', bad: '✗', advice: '○', bar: '━', rail: '│', arrow: '→', dot: '·', back: '↩', micro: 'µs' }
    : { ok: '+', bad: 'x', advice: 'o', bar: '=', rail: '|', arrow: '->', dot: '-', back: '<', micro: 'us' };
}

/** Milliseconds for people: `8.1 ms`, `143 ms`, `2.4 s`. */
export function formatMs(ms: number): string {
  if (ms >= 9_950) return `${(ms / 1000).toFixed(0)} s`;
  if (ms >= 999.5) return `${(ms / 1000).toFixed(1)} s`;
  return ms >= 99.5 ? `${ms.toFixed(0)} ms` : `${ms.toFixed(1)} ms`;
}

/** A moment in the time of this machine: `2026-11-22 13:05:45`. */
export function formatTime(at: string): string {
  const date = new Date(at);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Text broken at spaces into lines of at most `width` columns. A longer word keeps its length. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else {
        line = line === '' ? word : `${line} ${word}`;
      }
    }
    return [...lines, line];
  });
}

/** Text with each line after `prefix`; lines after the first after as many spaces. */
export function hang(prefix: string, prefixWidth: number, text: string, width: number): string {
  const indent = ' '.repeat(prefixWidth);
  return wrap(text, Math.max(20, width - prefixWidth))
    .map((line, index) => (index === 0 ? prefix : indent) + line)
    .join('\n');
}
