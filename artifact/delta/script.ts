import { brokenDelta, DeltaReader, DeltaWriter } from './bytes.ts';
import { Copies, mostCopies, shortestCopy } from './copies.ts';
import { mostFixes } from './learn.ts';
import type { Hints } from './predict.ts';
import { isSealPossible, type Seal } from './seal.ts';
import type { Run } from './shift.ts';
import { mostSpans, type Span } from './span.ts';

/** Differences that are nearer to each other are written as one. */
const near = 3;

/**
 * What makes new bytes of old ones, as it stands in a delta before compression, each list with its length before it:
 * the seal, the spans of the new library, the fixes, the copies (bytes that are new before it, its length, how far its origin is from
 * the end of the last one's), the new bytes, and the differences (distance from the last one, length, then what to
 * add to the guess). The lists of bytes stand apart from the lists of numbers, as like compresses best with like.
 */
export interface Script {
  readonly copies: Copies;
  readonly hints: Hints;
  /** The bytes between the copies. */
  readonly literals: Uint8Array;
  readonly differences: Differences;
  readonly seal: Seal | undefined;
}

interface Differences {
  /** Where each is and how long, in pairs. */
  readonly places: DeltaReader;
  readonly bytes: Uint8Array;
}

/** Writes down what turns the guess into the new bytes. */
export function writeScript(
  copies: Copies,
  { spans, fixes }: Hints,
  guess: Uint8Array,
  next: Uint8Array,
  seal: Seal | undefined,
): Uint8Array {
  const lists = [writeSeal(seal), writeSpans(spans), writeFixes(fixes), new DeltaWriter(), new DeltaWriter()] as const;
  const [, , , moves, literals] = lists;
  let [origin, end] = [0, 0];
  for (let index = 0; index < copies.count; index += 1) {
    const [from, to, length] = copies.at(index);
    moves.number(to - end);
    moves.number(length - shortestCopy);
    moves.signed(from - origin);
    literals.append(next.subarray(end, to));
    origin = from + length;
    end = to + length;
  }
  literals.append(next.subarray(end));
  const all = new DeltaWriter();
  for (const list of [...lists, ...writeDifferences(copies, guess, next)]) {
    all.number(list.length);
    all.append(list.bytes);
  }
  return all.bytes;
}

function writeSeal(seal: Seal | undefined): DeltaWriter {
  const writer = new DeltaWriter();
  if (seal !== undefined) for (const value of [seal.offset, seal.sealed, seal.page]) writer.number(value);
  return writer;
}

function readSeal(reader: DeltaReader, newSize: number): Seal | undefined {
  if (reader.left === 0) return undefined;
  const seal = {
    offset: reader.number('the seal'),
    sealed: reader.number('the seal'),
    page: reader.number('the seal'),
  };
  if (!isSealPossible(seal, newSize)) throw brokenDelta('its seal does not fit the new library');
  return seal;
}

function writeSpans(spans: readonly Span[]): DeltaWriter {
  const writer = new DeltaWriter();
  for (const { offset, address, size } of spans) {
    for (const value of [offset, address, size]) writer.number(value);
  }
  return writer;
}

function writeFixes(fixes: readonly Run[]): DeltaWriter {
  const writer = new DeltaWriter();
  let end = 0;
  for (const { start, length, shift } of fixes) {
    writer.number(start - end);
    writer.number(length);
    writer.signed(shift);
    end = start + length;
  }
  return writer;
}

function writeDifferences(copies: Copies, guess: Uint8Array, next: Uint8Array): [DeltaWriter, DeltaWriter] {
  const places = new DeltaWriter();
  const bytes = new DeltaWriter();
  let done = 0;
  const flush = (start: number, end: number): void => {
    places.number(start - done);
    places.number(end - start);
    bytes.append(
      Uint8Array.from({ length: end - start }, (_, index) => (next[start + index] ?? 0) - (guess[start + index] ?? 0)),
    );
    done = end;
  };
  for (let index = 0; index < copies.count; index += 1) {
    const [, to, length] = copies.at(index);
    let [start, end] = [-1, -1];
    for (let at = to; at < to + length; at += 1) {
      if (next[at] === guess[at]) continue;
      if (start >= 0 && at - end >= near) {
        flush(start, end);
        start = -1;
      }
      if (start < 0) start = at;
      end = at + 1;
    }
    if (start >= 0) flush(start, end);
  }
  return [places, bytes];
}

/** Reads a script and holds it to the sizes of old and new. Throws `image_invalid`. */
export function readScript(bytes: Uint8Array, oldSize: number, newSize: number): Script {
  const reader = new DeltaReader(bytes);
  const list = (what: string): Uint8Array => reader.slice(reader.number(`the length of ${what}`), what);
  const seal = readSeal(new DeltaReader(list('the seal')), newSize);
  const spans = readSpans(new DeltaReader(list('the spans')));
  const fixes = readFixes(new DeltaReader(list('the fixes')));
  const copies = new Copies();
  const literal = readCopies(new DeltaReader(list('the copies')), copies, oldSize, newSize);
  const literals = list('the new bytes');
  if (literals.byteLength !== literal) throw brokenDelta(`it has ${literals.byteLength} new bytes for ${literal}`);
  const differences = { places: new DeltaReader(list('the places')), bytes: list('the differences') };
  if (reader.left > 0) throw brokenDelta('something stands behind its end');
  return { copies, hints: { spans, fixes }, literals, differences, seal };
}

function readSpans(reader: DeltaReader): Span[] {
  const spans: Span[] = [];
  let end = 0;
  while (reader.left > 0) {
    const span = { offset: reader.number('a span'), address: reader.number('a span'), size: reader.number('a span') };
    if (span.offset < end || spans.length === mostSpans) throw brokenDelta('its spans overlap, or are too many');
    end = span.offset + span.size;
    spans.push(span);
  }
  return spans;
}

function readFixes(reader: DeltaReader): Run[] {
  const fixes: Run[] = [];
  let end = 0;
  while (reader.left > 0) {
    const start = end + reader.number('a fix');
    const length = reader.number('a fix');
    if (fixes.length === mostFixes) throw brokenDelta('it has too many fixes');
    fixes.push({ start, length, shift: reader.signed('a fix') });
    end = start + length;
  }
  return fixes;
}

/** Reads the copies into `copies`, and gives how many bytes are between them. */
function readCopies(reader: DeltaReader, copies: Copies, oldSize: number, newSize: number): number {
  let [origin, end, literal] = [0, 0, 0];
  while (reader.left > 0) {
    const gap = reader.number('a copy');
    const length = reader.number('a copy') + shortestCopy;
    const from = origin + reader.signed('a copy');
    const to = end + gap;
    if (from < 0 || from + length > oldSize) throw brokenDelta('a copy begins or ends outside of the old library');
    if (to + length > newSize) throw brokenDelta('a copy ends behind the new library');
    if (copies.count === mostCopies(newSize)) throw brokenDelta('it has too many copies');
    copies.add(from, to, length);
    literal += gap;
    origin = from + length;
    end = to + length;
  }
  return literal + newSize - end;
}

/** Writes the new bytes between the copies. */
export function fillGaps(copies: Copies, literals: Uint8Array, out: Uint8Array): void {
  let [end, used] = [0, 0];
  for (let index = 0; index < copies.count; index += 1) {
    const [, to, length] = copies.at(index);
    out.set(literals.subarray(used, used + to - end), end);
    used += to - end;
    end = to + length;
  }
  out.set(literals.subarray(used), end);
}

/** Fixes the guess. Throws `image_invalid` for a difference outside of it. */
export function applyDifferences({ places, bytes }: Differences, out: Uint8Array): void {
  let [at, used] = [0, 0];
  while (places.left > 0) {
    at += places.number('a difference');
    const length = places.number('a difference');
    if (at + length > out.byteLength || used + length > bytes.byteLength)
      throw brokenDelta('a difference ends behind it');
    for (const end = at + length; at < end; at += 1, used += 1) out[at] = (out[at] ?? 0) + (bytes[used] ?? 0);
  }
  if (used !== bytes.byteLength) throw brokenDelta('it has more differences than places for them');
}
