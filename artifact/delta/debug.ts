import { field } from './field.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds } from './span.ts';

/**
 * Finds addresses in debug information, where they stand anywhere: whatever eight bytes name a place in the library are
 * taken for one. `base` is where the library would like to stand.
 */
export function findDebugAddresses(
  bytes: Uint8Array,
  section: { readonly offset: number; readonly size: number },
  base: number,
  bounds: Bounds,
  collector: ReferenceCollector,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = section.offset + section.size - 8;
  const lowest = Math.max(bounds.low, 0x1000);
  for (let at = section.offset; at <= end; at += 1) {
    // Two bytes that are zero in every address, so that most places are left at once.
    if (bytes[at + 7] !== 0 || bytes[at + 6] !== 0) continue;
    const target = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000 - base;
    if (target < lowest || target >= bounds.high) continue;
    collector.add(at, field.absolute64, target, 0);
    at += 7;
  }
}
