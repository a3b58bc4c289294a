import { accessShift, adrOf, field } from './field.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds } from './span.ts';

/** After so many instructions, a register no longer counts as holding the page that ADRP gave it. */
const reach = 512;
const never = Number.NEGATIVE_INFINITY;

/**
 * Finds the references in AArch64 code: branches, and addresses made of ADRP and the low 12 bits of an ADD or of a load or
 * store after it ("Arm Architecture Reference Manual", C4.1). Which ADRP belongs to which low bits is told by the register.
 */
export function sweepArm64(
  bytes: Uint8Array,
  start: number,
  end: number,
  address: number,
  bounds: Bounds,
  collector: ReferenceCollector,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pages = new Float64Array(32); // What ADRP gave each register,
  const places = new Int32Array(32).fill(-1); // and where that ADRP is; -1 when its reference is complete.
  const since = new Float64Array(32).fill(never);
  const add = (at: number, kind: number, target: number): void => {
    if (target >= bounds.low && target < bounds.high) collector.add(at, kind, target, 0);
  };
  for (let at = start; at + 4 <= end; at += 4) {
    const word = view.getUint32(at, true);
    const here = address + (at - start);
    if ((word & 0x7c000000) === 0x14000000) {
      add(at, field.branch26, here + ((word << 6) >> 4));
      if (word >>> 31 === 1) since.fill(never, 0, 19); // A call may change the registers 0 to 18.
    } else if ((word & 0xff000010) === 0x54000000 || (word & 0x7e000000) === 0x34000000 || isLiteralLoad(word)) {
      add(at, field.branch19, here + (((word << 8) >> 13) << 2));
    } else if ((word & 0x7e000000) === 0x36000000) add(at, field.branch14, here + (((word << 13) >> 18) << 2));
    else if ((word & 0x9f000000) === 0x10000000) add(at, field.adr, here + adrOf(word));
    else if ((word & 0x9f000000) >>> 0 === 0x90000000) {
      const register = word & 31;
      pages[register] = (Math.floor(here / 4096) + adrOf(word)) * 4096;
      places[register] = at;
      since[register] = at;
    } else if ((word & 0xffc00000) >>> 0 === 0x91000000 || (word & 0x3b000000) === 0x39000000) {
      const base = (word >> 5) & 31;
      const known = at - (since[base] ?? never) <= reach * 4;
      since[word & 31] = never;
      if (!known) continue;
      const target = (pages[base] ?? 0) + (((word >> 10) & 0xfff) << accessShift(word));
      const adrp = places[base] ?? -1;
      // One ADRP can serve several; the first says where it points exactly.
      if (adrp >= 0) add(adrp, field.adrp, target);
      places[base] = -1;
      add(at, field.low12, target);
    } else since[word & 31] = never; // Most other instructions write the register that their low bits name.
  }
}

function isLiteralLoad(word: number): boolean {
  return (word & 0x3b000000) === 0x18000000;
}
