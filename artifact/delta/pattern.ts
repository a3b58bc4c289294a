import { field, fieldMasks } from './field.ts';
import type { Layout } from './layout.ts';
import type { Shifts } from './predict.ts';

/** What every reference holds while meanings are not known. */
const noMark = 0x5a5a5a5a;

/**
 * Bytes made comparable: a copy in which no reference holds an address. Two builds of a function then look the same wherever
 * they stand.
 *
 * First by shape: each reference holds nothing, as nobody knows yet what became of its target. Functions that differ
 * only in what they call look the same. The copies found in this way tell the shifts. Then by meaning: each reference holds a
 * mark of its target's *new* address, and only what means the same looks the same.
 */
export function patternOf(bytes: Uint8Array, layout: Layout, meaning: Shifts | 'new' | undefined): Uint8Array {
  const pattern = Uint8Array.from(bytes);
  const view = new DataView(pattern.buffer, pattern.byteOffset, pattern.byteLength);
  const { at, kind: kinds, target: targets, count } = layout.references;
  for (let index = 0; index < count; index += 1) {
    const place = at[index] ?? 0;
    const kind = kinds[index] ?? 0;
    const mask = fieldMasks[kind] ?? 0;
    const target = targets[index] ?? 0;
    let mark = noMark; // Unlike zeros, of which files are full.
    if (meaning !== undefined) {
      const shifts = meaning === 'new' ? undefined : kind === field.fileOffset32 ? meaning.file : meaning.memory;
      mark = Math.imul(target + (shifts?.of(target) ?? 0), 0x9e3779b1);
    }
    // Half of the field's bytes differ when the meaning does: enough to end a wrong copy, and not enough to end a right one
    // over a single reference whose target is not understood.
    const half = kind === field.absolute64 ? mask : mask & 0xffff;
    view.setUint32(place, (view.getUint32(place, true) & ~mask) | (mark & half), true);
    if (kind === field.absolute64) view.setUint32(place + 4, 0, true);
  }
  return pattern;
}
