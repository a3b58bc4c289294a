import { field } from './field.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds } from './span.ts';

/**
 * Finds the references in x86-64 code: the 32-bit displacements of calls and jumps, and those relative to RIP. The sweep is
 * linear and needs the length of each instruction only (Intel SDM, volume 2, chapter 2 and the opcode maps of appendix A).
 * Data between the functions can lead it astray for some bytes; it finds the way back by itself, as x86 code does.
 *
 * What follows an opcode, one letter for each:
 *   . nothing     M ModRM        B ModRM and imm8      Z ModRM and imm16/32   b imm8    z imm16/32   w imm16   e imm16, imm8
 *   J rel32       o 64-bit address     v imm16/32/64   F, G ModRM, and an immediate for TEST only    p prefix  x none such
 */
const oneByte =
  'MMMMbzxxMMMMbzx2' + // 00, 2: the two-byte map
  'MMMMbzxxMMMMbzxx' +
  'MMMMbzpxMMMMbzpx' +
  'MMMMbzpxMMMMbzpx' +
  'RRRRRRRRRRRRRRRR' + // 40, R: REX
  '................' +
  'xxEMppppzZbB....' + // 60, E: EVEX
  'bbbbbbbbbbbbbbbb' +
  'BZxBMMMMMMMMMMMM' + // 80
  '..........x.....' +
  'oooo....bz......' +
  'bbbbbbbbvvvvvvvv' +
  'BBw.VVBZe.w..bx.' + // C0, V: VEX
  'MMMMxxx.MMMMMMMM' +
  'bbbbbbbbJJxb....' +
  'p.pp..FG......MM';
const twoBytes =
  'MMMMx.....x.xM.B' + // 00
  'MMMMMMMMMMMMMMMM' +
  'MMMMxxxxMMMMMMMM' +
  '......x.MxBxxxxx' + // 30, with the maps 0F 38 and 0F 3A
  'MMMMMMMMMMMMMMMM' +
  'MMMMMMMMMMMMMMMM' +
  'MMMMMMMMMMMMMMMM' +
  'BBBBMMM.MMxxMMMM' +
  'JJJJJJJJJJJJJJJJ' + // 80
  'MMMMMMMMMMMMMMMM' +
  '...MBMxx...MBMMM' +
  'MMMMMMMMMMBMMMMM' +
  'MMBMBBBM........' + // C0
  'MMMMMMMMMMMMMMMM' +
  'MMMMMMMMMMMMMMMM' +
  'MMMMMMMMMMMMMMMM';

const codes = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
const map1 = codes(oneByte);
const map2 = codes(twoBytes);
const letter = (text: string): number => text.charCodeAt(0);
const NONE = letter('x');
const [NOTHING, MODRM, MODRM8, MODRMZ] = [letter('.'), letter('M'), letter('B'), letter('Z')];
const [IMM8, IMMZ, IMM16, IMM24, IMMV, REL32, MOFFS] = [
  letter('b'),
  letter('z'),
  letter('w'),
  letter('e'),
  letter('v'),
  letter('J'),
  letter('o'),
];
const [TEST8, TESTZ, PREFIX, REX, TWO, VEX, EVEX] = [
  letter('F'),
  letter('G'),
  letter('p'),
  letter('R'),
  letter('2'),
  letter('V'),
  letter('E'),
];

/**
 * Sweeps the code in `bytes` from `start` to `end`, which stands at `address` in memory. `onData` is told each target that
 * an instruction takes the address of (LEA), for the jump tables among them.
 */
export function sweepX64(
  bytes: Uint8Array,
  start: number,
  end: number,
  address: number,
  bounds: Bounds,
  collector: ReferenceCollector,
  onLea: (target: number) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bias = address - start;
  // No instruction is longer than 15 bytes, so nothing below reads beyond the file.
  const last = Math.min(end, bytes.byteLength - 16);
  let at = start;
  while (at < last) {
    const begin = at;
    let narrow = false;
    let wide = false;
    let opcode = bytes[at++] ?? 0;
    let form = map1[opcode] ?? NONE;
    while (form === PREFIX && at < begin + 8) {
      if (opcode === 0x66) narrow = true;
      opcode = bytes[at++] ?? 0;
      form = map1[opcode] ?? NONE;
    }
    if (form === REX) {
      wide = (opcode & 8) !== 0;
      opcode = bytes[at++] ?? 0;
      form = map1[opcode] ?? NONE;
    }
    let lea = opcode === 0x8d;
    if (form === TWO) {
      lea = false;
      opcode = bytes[at++] ?? 0;
      form = map2[opcode] ?? NONE;
      if (opcode === 0x38 || opcode === 0x3a) at += 1;
    } else if (form === VEX || form === EVEX) {
      // Both name the opcode map in their first payload byte, but for the two-byte VEX, which means map 1.
      const map = opcode === 0xc5 ? 1 : (bytes[at] ?? 0) & (form === EVEX ? 7 : 0x1f);
      at += opcode === 0xc5 ? 1 : form === EVEX ? 3 : 2;
      opcode = bytes[at++] ?? 0;
      form = map === 1 ? (map2[opcode] ?? NONE) : map === 3 ? MODRM8 : map === 0 || map > 6 ? NONE : MODRM;
      if (form === REL32) form = NONE;
    }
    const immediate = narrow ? 2 : 4;
    let after = 0; // Bytes of the immediate.
    let hasModrm = false;
    switch (form) {
      case NOTHING:
        continue;
      case MODRM:
        hasModrm = true;
        break;
      case MODRM8:
        hasModrm = true;
        after = 1;
        break;
      case MODRMZ:
        hasModrm = true;
        after = immediate;
        break;
      case TEST8:
      case TESTZ: {
        hasModrm = true;
        const isTest = ((bytes[at] ?? 0) & 0x30) === 0;
        after = !isTest ? 0 : form === TEST8 ? 1 : immediate;
        break;
      }
      case REL32: {
        const target = at + 4 + view.getInt32(at, true) + bias;
        if (target >= bounds.low && target < bounds.high) collector.add(at, field.relative32, target, 0);
        else if (opcode !== 0xe8) {
          at = begin + 1;
          continue;
        }
        at += 4;
        continue;
      }
      case IMM8:
        at += 1;
        continue;
      case IMMZ:
        at += immediate;
        continue;
      case IMM16:
        at += 2;
        continue;
      case IMM24:
        at += 3;
        continue;
      case IMMV:
        at += wide ? 8 : immediate;
        continue;
      case MOFFS:
        at += 8;
        continue;
      default:
        at = begin + 1;
        continue;
    }
    if (!hasModrm) continue;
    const modrm = bytes[at++] ?? 0;
    const mode = modrm >> 6;
    const rm = modrm & 7;
    if (mode === 3) {
      at += after;
      continue;
    }
    if (rm === 4) {
      const base = (bytes[at++] ?? 0) & 7;
      at += (mode === 1 ? 1 : mode === 2 || base === 5 ? 4 : 0) + after;
      continue;
    }
    if (mode === 0 && rm === 5) {
      const target = at + 4 + after + view.getInt32(at, true) + bias;
      if (target >= bounds.low && target < bounds.high) {
        collector.add(at, field.relative32, target, 0);
        if (lea) onLea(target);
      }
      at += 4 + after;
      continue;
    }
    at += (mode === 1 ? 1 : mode === 2 ? 4 : 0) + after;
  }
}
