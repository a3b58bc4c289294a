/**
 * A reference is a field in a library that names an address: the target of a call, the place of a constant, the start of
 * a function in a table. When code grows, everything behind it moves, and every reference to it changes, though nobody
 * meant to change it. This file says which fields there are and how one is moved.
 *
 * Moving adds to what the field holds, and keeps all other bits: an opcode, an addend. A field that cannot hold the result
 * holds its low bits. Nothing depends on it being right: a wrong guess costs bytes in the delta, and no more.
 */

/** The kinds of fields. Their numbers are part of the delta's format only through what they predict. */
export const field = {
  /** 32 bits: the target, counted from the end of the field or the instruction (x86-64), or the field itself. */
  relative32: 0,
  /** 32 bits: the field's own address less the target (how a frame in .eh_frame names its head). */
  back32: 1,
  /** 32 bits: the target. */
  absolute32: 2,
  /** 64 bits: the target. */
  absolute64: 3,
  /** 32 bits: the target, counted from an anchor (jump tables, .eh_frame_hdr). */
  anchored32: 4,
  /** 32 bits: a place in the file, counted from an anchor in the file (names of symbols). */
  fileOffset32: 5,
  /** AArch64: B and BL, 26 bits at 0, times 4. */
  branch26: 6,
  /** AArch64: B.cond, CBZ, LDR (literal), 19 bits at 5, times 4. */
  branch19: 7,
  /** AArch64: TBZ, 14 bits at 5, times 4. */
  branch14: 8,
  /** AArch64: ADR, 21 bits in two parts. */
  adr: 9,
  /** AArch64: ADRP, as ADR, times 4096. */
  adrp: 10,
  /** AArch64: the low 12 bits of the target, at 10, divided by the size of the access. */
  low12: 11,
} as const;

const ADR_MASK = 0x60ffffe0;

/** The bits of the field's first 32 that are the reference, by kind. */
export const fieldMasks: readonly number[] = [
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0xffffffff,
  0x03ffffff,
  0x00ffffe0,
  0x0007ffe0,
  ADR_MASK,
  ADR_MASK,
  0x003ffc00,
];

/** Bytes of a field. */
export function fieldSize(kind: number): number {
  return kind === field.absolute64 ? 8 : 4;
}

/**
 * Rewrites the field at `at` for its new place. `target` is the address that it named and `address` its own; the shifts
 * say how far these and the anchor have moved; all in bytes of memory.
 */
export function moveField(
  view: DataView,
  at: number,
  kind: number,
  target: number,
  targetShift: number,
  address: number,
  addressShift: number,
  anchorShift: number,
): void {
  const word = view.getUint32(at, true);
  if (kind === field.adrp) {
    const before = page(target) - page(address);
    const after = page(target + targetShift) - page(address + addressShift);
    view.setUint32(at, withAdr(word, adrOf(word) + after - before), true);
    return;
  }
  if (kind === field.low12) {
    const low = (target + targetShift) & 0xfff;
    view.setUint32(at, withBits(word, (low >> accessShift(word)) << 10, 0x003ffc00), true);
    return;
  }
  view.setUint32(at, movedWord(word, kind, targetShift, targetShift - addressShift, targetShift - anchorShift), true);
  if (kind !== field.absolute64) return;
  // The carry, or the borrow, goes into the upper half.
  const upper = Math.floor((word + targetShift) / 0x1_0000_0000);
  if (upper !== 0) view.setUint32(at + 4, view.getUint32(at + 4, true) + upper, true);
}

function movedWord(word: number, kind: number, shift: number, fromPlace: number, fromAnchor: number): number {
  switch (kind) {
    case field.relative32:
      return word + fromPlace;
    case field.back32:
      return word - fromPlace;
    case field.absolute32:
    case field.absolute64:
      return word + shift;
    case field.anchored32:
    case field.fileOffset32:
      return word + fromAnchor;
    case field.branch26:
      return withBits(word, word + (fromPlace >> 2), 0x03ffffff);
    case field.branch19:
      return withBits(word, word + ((fromPlace >> 2) << 5), 0x00ffffe0);
    case field.branch14:
      return withBits(word, word + ((fromPlace >> 2) << 5), 0x0007ffe0);
    case field.adr:
      return withAdr(word, adrOf(word) + fromPlace);
    default:
      return word;
  }
}

function withBits(word: number, bits: number, mask: number): number {
  return (word & ~mask) | (bits & mask);
}

function page(address: number): number {
  return Math.floor(address / 4096);
}

/** The 21 bits of ADR and ADRP, with their sign. */
export function adrOf(word: number): number {
  return ((((word >> 5) & 0x7ffff) << 13) >> 11) | ((word >>> 29) & 3);
}

function withAdr(word: number, value: number): number {
  return (word & ~ADR_MASK) | ((value & 3) << 29) | (((value >> 2) & 0x7ffff) << 5);
}

/** By how many bits a load or store (unsigned offset) shifts its 12 bits; 0 for ADD. */
export function accessShift(word: number): number {
  const isAccess = (word & 0x3b000000) === 0x39000000;
  if (!isAccess) return 0;
  const isVector = (word & 0x04000000) !== 0;
  return isVector && (word & 0x00800000) !== 0 && word >>> 30 === 0 ? 4 : word >>> 30;
}
