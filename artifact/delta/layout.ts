import { VaisError } from '../../common/error.ts';
import { isElf } from '../image/elf.ts';
import { isMachO } from '../image/macho.ts';
import { isPe } from '../image/pe.ts';
import { findElfReferences } from './elf.ts';
import { findMachOReferences } from './macho.ts';
import { findPeReferences } from './pe.ts';
import { ReferenceCollector, type References } from './references.ts';
import { mostSpans, type Span } from './span.ts';

/** Where a library's bytes go in memory, and every field of it that is known to name an address. */
export interface Layout {
  /** Sorted by place in the file, apart, and at most `mostSpans`. */
  readonly spans: readonly Span[];
  readonly references: References;
}

/**
 * Reads what is known of any bytes. Total: what is no library, or a damaged one, has no spans and no references, and is
 * compared byte by byte. Old bytes are read on both sides, so the same version of this code must give the same
 * answer for the same bytes: `deltaFormat` rises whenever that changes.
 */
export function readLayout(bytes: Uint8Array): Layout {
  const collector = new ReferenceCollector(bytes.byteLength);
  try {
    const spans = findReferences(bytes, collector);
    return { spans: apart(spans), references: collector.finish() };
  } catch (thrown) {
    if (!(thrown instanceof VaisError)) throw thrown;
    return { spans: [], references: new ReferenceCollector(0).finish() };
  }
}

/** The spans by their place in the file, without those that overlap one before. */
function apart(spans: readonly Span[]): Span[] {
  let end = 0;
  return [...spans]
    .sort((a, b) => a.offset - b.offset)
    .filter(({ offset, size }) => {
      if (offset < end || size <= 0) return false;
      end = offset + size;
      return true;
    })
    .slice(0, mostSpans);
}

function findReferences(bytes: Uint8Array, collector: ReferenceCollector): Span[] {
  if (isElf(bytes)) return findElfReferences(bytes, collector);
  if (isMachO(bytes)) return findMachOReferences(bytes, collector);
  if (isPe(bytes)) return findPeReferences(bytes, collector);
  return [];
}
