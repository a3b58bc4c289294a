import { field } from './field.ts';
import type { ReferenceCollector } from './references.ts';
import type { Bounds } from './span.ts';

// Call frame information, as "Linux Standard Base, Core", 10.6 describes it. These are the encodings that compilers use.
const DW_EH_PE_pcrel_sdata4 = 0x1b;
const DW_EH_PE_datarel_sdata4 = 0x3b;
const DW_EH_PE_indirect = 0x80;

interface Place {
  readonly offset: number;
  readonly size: number;
  readonly address: number;
}

/** What the head of a group of frames says of each. */
interface Head {
  readonly hasAugmentation: boolean;
  readonly code: number;
  readonly data: number;
}

const noHead: Head = { hasAugmentation: false, code: 0xff, data: 0xff };

/** Finds the references in .eh_frame: each frame names its head, its function and the function's table of handlers. */
export function findFrames(bytes: Uint8Array, section: Place, bounds: Bounds, collector: ReferenceCollector): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = section.offset + section.size;
  const bias = section.address - section.offset;
  const relative = (at: number): void => {
    if (at + 4 > end) return;
    const value = view.getInt32(at, true);
    const target = at + bias + value;
    if (value !== 0 && target >= bounds.low && target < bounds.high) collector.add(at, field.relative32, target, 0);
  };
  const heads = new Map<number, Head>();
  let at = section.offset;
  while (at + 8 <= end) {
    const length = view.getUint32(at, true);
    const next = at + 4 + length;
    if (length < 4 || next > end) return;
    const back = view.getUint32(at + 4, true);
    if (back === 0) heads.set(at, readHead(bytes, at + 8, next, relative));
    else {
      const home = at + 4 - back;
      const head = heads.get(home);
      if (head !== undefined) {
        collector.add(at + 4, field.back32, home + bias, 0);
        if (head.code === DW_EH_PE_pcrel_sdata4) relative(at + 8);
        if (head.hasAugmentation && head.data === DW_EH_PE_pcrel_sdata4 && bytes[at + 16] === 4) relative(at + 17);
      }
    }
    at = next;
  }
}

function readHead(bytes: Uint8Array, start: number, end: number, relative: (at: number) => void): Head {
  let at = start + 1; // After the version.
  const text: number[] = [];
  for (; at < end && bytes[at] !== 0; at += 1) text.push(bytes[at] ?? 0);
  if (text[0] !== 0x7a) return text.length === 0 ? { ...noHead, code: 0 } : noHead; // 'z'
  at += 1;
  for (let skip = 0; skip < 4; skip += 1) {
    while (at < end && (bytes[at] ?? 0) >= 0x80) at += 1; // Code and data alignment, return register, length.
    at += 1;
  }
  let [code, data] = [0, 0xff];
  for (const letter of text.slice(1)) {
    const encoding = bytes[at] ?? 0;
    if (letter === 0x52) code = encoding; // 'R': of the function's address
    if (letter === 0x4c) data = encoding; // 'L': of the table of handlers
    if (letter === 0x50) {
      // 'P': the handler itself
      if ((encoding & ~DW_EH_PE_indirect) !== DW_EH_PE_pcrel_sdata4) return noHead;
      relative(at + 1);
      at += 4;
    }
    at += 1;
  }
  return { hasAugmentation: true, code, data };
}

/** Finds the references in .eh_frame_hdr: a sorted table of functions and their frames, counted from its own start. */
export function findFrameTable(bytes: Uint8Array, section: Place, bounds: Bounds, collector: ReferenceCollector): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { offset, size, address } = section;
  if (size < 12 || bytes[offset] !== 1) return;
  if (bytes[offset + 1] === DW_EH_PE_pcrel_sdata4) {
    const target = address + 4 + view.getInt32(offset + 4, true);
    if (target >= bounds.low && target < bounds.high) collector.add(offset + 4, field.relative32, target, 0);
  }
  if (bytes[offset + 3] !== DW_EH_PE_datarel_sdata4) return;
  for (let at = offset + 12; at + 4 <= offset + size; at += 4) {
    const target = address + view.getInt32(at, true);
    if (target >= bounds.low && target < bounds.high) collector.add(at, field.anchored32, target, address);
  }
}
