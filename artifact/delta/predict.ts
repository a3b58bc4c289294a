import type { Copies } from './copies.ts';
import { field, fieldSize, moveField } from './field.ts';
import type { Layout } from './layout.ts';
import { firstAtOrAfter } from './references.ts';
import { fileRuns, memoryRuns, type Run, ShiftMap } from './shift.ts';
import type { Span } from './span.ts';

/** What both sides know of the new bytes besides the copies. */
export interface Hints {
  /** Where the new bytes go in memory. */
  readonly spans: readonly Span[];
  /** Shifts of addresses that the copies tell wrongly or not at all. */
  readonly fixes: readonly Run[];
}

/** How far everything has moved, in memory and in the file. */
export interface Shifts {
  readonly memory: ShiftMap;
  readonly file: ShiftMap;
}

export function shiftsOf(copies: Copies, layout: Layout, { spans, fixes }: Hints): Shifts {
  const file = new ShiftMap(fileRuns(copies));
  return { memory: new ShiftMap(memoryRuns(copies, layout.spans, spans), fixes), file };
}

/**
 * Guesses the new bytes: writes each copy to `out`, with every reference in it moved to where its target went. Both sides
 * guess the same from the same old bytes, and the delta carries what the guess got wrong.
 */
export function predict(old: Uint8Array, layout: Layout, copies: Copies, hints: Hints, out: Uint8Array): void {
  const { references } = layout;
  const view = new DataView(out.buffer, out.byteOffset, out.byteLength);
  const { memory, file } = shiftsOf(copies, layout, hints);
  const oldAddress = addressOf(layout.spans);
  const newAddress = addressOf(hints.spans);
  for (let copy = 0; copy < copies.count; copy += 1) {
    const [from, to, length] = copies.at(copy);
    out.set(old.subarray(from, from + length), to);
    for (let index = firstAtOrAfter(references, from); index < references.count; index += 1) {
      const place = references.at[index] ?? 0;
      const kind = references.kind[index] ?? 0;
      if (place + fieldSize(kind) > from + length) break;
      const target = references.target[index] ?? 0;
      const shifts = kind === field.fileOffset32 ? file : memory;
      const anchored = kind === field.fileOffset32 || kind === field.anchored32;
      const anchorShift = anchored ? shifts.of(references.anchor[index] ?? 0) : 0;
      const at = place - from + to;
      const address = oldAddress(place);
      moveField(view, at, kind, target, shifts.of(target), address, newAddress(at) - address, anchorShift);
    }
  }
}

/** The address of a place in the file; 0 for one that is not in memory. */
function addressOf(spans: readonly Span[]): (offset: number) => number {
  let last = spans[0];
  return (offset) => {
    if (last === undefined || offset < last.offset || offset >= last.offset + last.size) {
      last = spans.find((span) => offset >= span.offset && offset < span.offset + span.size) ?? last;
    }
    if (last === undefined || offset < last.offset || offset >= last.offset + last.size) return 0;
    return offset - last.offset + last.address;
  };
}
