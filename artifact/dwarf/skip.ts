import type { DebugBytes } from './bytes.ts';
import { damagedDebug } from './debug-sections.ts';
import { Length, lengthOf } from './numbers.ts';

/** Sizes that decide how long a value is. */
export interface Sizes {
  readonly offsetSize: number;
  readonly addressSize: number;
}

/** One beyond the last byte of a value of this length: see `lengthOf`. */
export function skipValue(section: DebugBytes, length: number, at: number, sizes: Sizes): number {
  switch (length) {
    case Length.leb:
      section.leb(at);
      return section.next;
    case Length.string:
      return section.endOfText(at) + 1;
    case Length.block: {
      const size = section.leb(at);
      return section.next + size;
    }
    case Length.block1:
      return at + 1 + section.unsigned(at, 1);
    case Length.block2:
      return at + 2 + section.unsigned(at, 2);
    case Length.block4:
      return at + 4 + section.unsigned(at, 4);
    case Length.indirect: {
      const actual = lengthOf(section.leb(at), sizes.offsetSize, sizes.addressSize);
      if (actual === undefined || actual === Length.indirect) throw damagedDebug('a value has no form');
      return skipValue(section, actual, section.next, sizes);
    }
    default:
      return at + length;
  }
}
