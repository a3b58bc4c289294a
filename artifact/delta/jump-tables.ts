import { field } from './field.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds } from './span.ts';

/**
 * Finds the jump tables of `switch` in constant data. gcc and clang write, for each case, the distance from the table's
 * start to the code, in 32 bits, and take the table's address with LEA. So each place whose address is taken
 * begins a table, as long as what stands there leads into code; it ends where the next begins.
 */
export function findJumpTables(
  bytes: Uint8Array,
  section: { readonly offset: number; readonly size: number; readonly address: number },
  leas: readonly number[],
  code: Bounds,
  collector: ReferenceCollector,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { offset, size, address } = section;
  const starts = leas.filter((target) => target >= address && target + 4 <= address + size && target % 4 === 0);
  const sorted = Float64Array.from(starts).sort();
  for (let index = 0; index < sorted.length; index += 1) {
    const start = sorted[index] ?? 0;
    if (start === sorted[index - 1]) continue;
    let after = index + 1;
    while (sorted[after] === start) after += 1;
    const end = sorted[after] ?? address + size;
    for (let place = start; place + 4 <= end; place += 4) {
      const at = place - address + offset;
      const target = start + view.getInt32(at, true);
      if (target < code.low || target >= code.high) break;
      collector.add(at, field.anchored32, target, start);
    }
  }
}
