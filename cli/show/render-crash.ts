import type { ReportOf } from './report.ts';
import { hang, type Style } from './style.ts';

/** So many calls of a trace are shown; the innermost ones tell most. */
const maxFrames = 8;

/**
 * Where a version failed, a call a line, innermost first; empty when nothing is known that the reason does not say. The
 * source line is that of the innermost call. Addresses that the image’s symbol table does not know are left out.
 */
export function renderTrace(report: ReportOf<'reverted'>, style: Style, indent: string): string {
  const { trace = [], symbol, source, line } = report;
  const named = trace.flatMap(({ function: name }) => (name === undefined ? [] : [name]));
  const innermost = symbol ?? named[0];
  if (innermost === undefined) return '';
  const place = line === undefined ? '' : ` (${source === undefined ? 'line ' : `${source}:`}${line})`;
  // The first frame is the innermost function itself.
  const outer = named[0] === innermost ? named.slice(1) : named;
  const lines = [`at ${innermost}${place}`, ...outer.map((name) => `at ${name}`)];
  const more = lines.length > maxFrames ? [`… ${lines.length - maxFrames} more`] : [];
  return [...lines.slice(0, maxFrames), ...more].map((text) => indent + style.colors.dim(text)).join('\n');
}

/** Which thread holds a swap back, for `push` and `watch` while it does. */
export function renderWaiting(report: ReportOf<'waiting'>, style: Style): string {
  return hang(`${style.colors.yellow('waiting')}   `, 10, whoHolds(report), style.width);
}

/** Which thread holds a swap back, and where it sits: `thread 4712 (worker) of game sits in step, …`. */
export function whoHolds({ program, version, thread, threadName, function: name }: ReportOf<'waiting'>): string {
  const what = version === undefined ? 'the new version' : `version ${version}`;
  const called = threadName === undefined ? '' : ` (${threadName})`;
  const who = `thread ${thread ?? '?'}${called} of ${program}`;
  if (name === undefined) return `${who} is in no hot function and comes to no safe point, so ${what} waits for it`;
  return `${who} sits in ${name}, so ${what} waits until that returns`;
}
