import { defined } from '../../common/defined.ts';
import { type ErrorCode, isErrorCode, VaisError } from '../../common/error.ts';
import { machineCause } from '../../common/machine.ts';
import type { Detail } from '../../rpc/event.ts';
import { integer } from './hello.ts';
import { loaderHint } from './loader-hint.ts';

/** What a program says of a load. */
export interface LinkReport {
  readonly module: string;
  readonly version: number;
  /** Of an end: what runs from now on. */
  readonly running: number | undefined;
  readonly buildId: string | undefined;
  /** The same as an event. */
  readonly detail: Detail<ReportVerb>;
}

export type ReportVerb = keyof typeof readers;
type Fields = ReadonlyMap<string, string>;

/** So many calls of a trace are taken, that a hostile program cannot make us carry more. */
const maxFrames = 64;
const ends: readonly string[] = ['confirmed', 'refused', 'reverted', 'superseded'] satisfies ReportVerb[];

/** What each message of a program becomes: here, and nowhere else, words of the link become those of an event. */
const readers = {
  loaded: (fields: Fields) => defined({ resident: fields.get('resident') }),
  waiting: (fields: Fields) =>
    defined({
      thread: integer(fields.get('thread')),
      threadName: fields.get('name'),
      function: fields.get('function'),
    }),
  swapped: (fields: Fields) => defined({ pauseUs: decimal(fields.get('us')) }),
  confirmed: () => ({}),
  refused: (fields: Fields) => ({ reason: refusal(fields).toJSON() }),
  reverted: (fields: Fields, source: string | undefined) => {
    const name = fields.get('function');
    const trace = addresses(fields.get('trace'));
    return {
      reason: reversion(fields).toJSON(),
      ...defined({
        signal: fields.get('signal'),
        function: name,
        line: integer(fields.get('line')),
        source: name === undefined || source === '-' ? undefined : source,
        symbol: fields.get('symbol'),
        trace: trace.length === 0 ? undefined : trace,
        undone: fields.has('undone') ? fields.get('undone') === '1' : undefined,
      }),
    };
  },
  superseded: (fields: Fields) => ({ reason: givenUp(fields).toJSON() }),
};

/** True for a message that reports on a load. */
export function isReport(verb: string): verb is ReportVerb {
  return Object.hasOwn(readers, verb);
}

/** True for a report that is the last word on its order. */
export function isEnd({ event }: Detail): boolean {
  return ends.includes(event);
}

/**
 * Reads a report. Undefined when it names no version.
 *
 * @param sourceOf the source file of a module of the program
 */
export function readReport(
  verb: ReportVerb,
  fields: Fields,
  sourceOf: (module: string) => string | undefined,
): LinkReport | undefined {
  const version = integer(fields.get('version'));
  if (version === undefined) return undefined;
  const module = fields.get('module') ?? '';
  return {
    module,
    version,
    running: integer(fields.get('running')),
    buildId: fields.get('build'),
    detail: { event: verb, ...readers[verb](fields, sourceOf(module)) } as Detail<ReportVerb>,
  };
}

function refusal(fields: Fields): VaisError {
  return whyNot(fields, 'load_refused', 'the program refused the version and gave no reason');
}

/** Why a program does not take an image, in its own words, with what helps. */
export function whyNot(fields: Fields, usual: ErrorCode, unsaid: string): VaisError {
  const code = fields.get('code');
  const reason = fields.get('reason') ?? unsaid;
  const hint = loaderHint(reason) ?? machineCause(reason)?.hint;
  return new VaisError(
    code !== undefined && isErrorCode(code) ? code : usual,
    reason,
    hint === undefined ? {} : { hint },
  );
}

function reversion(fields: Fields): VaisError {
  const [name, line, signal] = [fields.get('function'), integer(fields.get('line')), fields.get('signal')];
  const where = name === undefined ? '' : ` in ${name}${line === undefined ? '' : `, line ${line}`}`;
  const what = signal === undefined ? 'failed' : `crashed with ${signal}`;
  return new VaisError('reverted', fields.get('reason') ?? `version ${fields.get('version')} ${what}${where}`);
}

function givenUp(fields: Fields): VaisError {
  const version = `version ${fields.get('version')} of ${fields.get('module') ?? 'the module'}`;
  return new VaisError('superseded', `${version} was taken back before it had swapped`);
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}

/** `1185,135c`. */
function addresses(text = ''): number[] {
  return text
    .split(',', maxFrames)
    .filter((part) => /^[0-9a-f]{1,13}$/.test(part))
    .map((part) => Number.parseInt(part, 16));
}
