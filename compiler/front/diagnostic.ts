import type { Place } from '../../artifact/contract/contract.ts';
import type { Span } from './source.ts';

export type Severity = 'error' | 'warning';

/** One message about a source, as data; `render.ts` makes it readable. The field names are what `--json` prints. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable: `E0301`. The list is in docs/language.md. */
  readonly code: string;
  readonly message: string;
  readonly place: Place;
  /** How many characters of the line are meant, at least 1. */
  readonly length: number;
  /** The whole line, for the caret. */
  readonly sourceLine?: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly notes?: readonly DiagnosticNote[];
}

/** A second place that explains the first: the earlier declaration, the type that was expected. */
export interface DiagnosticNote {
  readonly message: string;
  readonly place?: Place;
}

/** What a message may carry beside its text. */
export interface Extra {
  hint?: string | undefined;
  notes?: { message: string; span?: Span }[];
}

/** No source needs more messages than this to be mended. */
const limit = 100;

/** Collects the messages of one compilation. */
export class Reporter {
  readonly #found: (Diagnostic & { offset: number; order: number })[] = [];
  readonly #seen = new Set<string>();
  #order = new Map<string, number>();
  errors = 0;

  error(code: string, span: Span, message: string, extra: Extra = {}): void {
    if (this.#add('error', code, span, message, extra)) this.errors++;
  }

  warning(code: string, span: Span, message: string, extra: Extra = {}): void {
    this.#add('warning', code, span, message, extra);
  }

  #add(severity: Severity, code: string, span: Span, message: string, extra: Extra): boolean {
    const place = span.source.place(span.start);
    // One message a place: a second error at the same spot is nearly always the echo of the first.
    const key = `${severity}:${place.file}:${span.start}`;
    if (this.#seen.has(key) || this.#found.length >= limit) return severity === 'error';
    this.#seen.add(key);
    if (!this.#order.has(place.file)) this.#order.set(place.file, this.#order.size);
    const sourceLine = span.source.lineText(place.line);
    const left = Math.max(1, sourceLine.length - place.column + 2);
    this.#found.push({
      severity,
      code,
      message,
      place,
      length: Math.min(left, Math.max(1, span.end - span.start)),
      sourceLine,
      ...(extra.hint === undefined ? {} : { hint: extra.hint }),
      ...(extra.notes === undefined ? {} : { notes: extra.notes.map(noteOf) }),
      offset: span.start,
      order: this.#order.get(place.file) ?? 0,
    });
    return true;
  }

  /** All messages, in the order of the sources and, within one, of the places. */
  sorted(): Diagnostic[] {
    return [...this.#found]
      .sort((a, b) => a.order - b.order || a.offset - b.offset)
      .map(({ offset: _offset, order: _order, ...diagnostic }) => diagnostic);
  }
}

function noteOf(note: { message: string; span?: Span }): DiagnosticNote {
  return note.span === undefined
    ? { message: note.message }
    : { message: note.message, place: note.span.source.place(note.span.start) };
}

/** The name among these that was probably meant, for "did you mean"; undefined when none is near. */
export function nearest(wanted: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Of a short name hardly anything is left when a letter is wrong.
  let bestDistance = wanted.length < 3 ? 1 : Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of names) {
    if (name === wanted || Math.abs(name.length - wanted.length) >= bestDistance) continue;
    const far = distance(wanted.toLowerCase(), name.toLowerCase());
    if (far < bestDistance) {
      best = name;
      bestDistance = far;
    }
  }
  return best;
}

/** Edits between two words, where two neighbours that changed places count as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((row[j - 1] ?? 0) + 1, (last[j] ?? 0) + 1, (last[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] ?? 0) + 1);
      row.push(best);
    }
    before = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** ` did you mean `score`?`, or undefined. */
export function didYouMean(wanted: string, names: Iterable<string>): string | undefined {
  const found = nearest(wanted, names);
  return found === undefined ? undefined : `did you mean \`${found}\`?`;
}
