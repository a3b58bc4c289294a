import { afterAll, expect, it } from 'vitest';
import { compareContracts } from '../../../artifact/contract/compare.ts';
import type { Contract } from '../../../artifact/contract/contract.ts';
import { renderDifferences } from '../../../artifact/contract/differences.ts';
import { formatContract } from '../../../artifact/contract/format.ts';
import { readContract } from '../../../artifact/contract/records.ts';
import { debugContract } from '../../../artifact/dwarf/contract.ts';
import { describeWhere } from '../../scenario/needs.ts';
import { type Edit, languages } from './edits.ts';
import { missing, NativeWorkshop, type Toolchain } from './native.ts';

const workshop = new NativeWorkshop();
afterAll(() => workshop.close());

/** The contract of a source, as the other side reads it. */
function contractOf(toolchain: Toolchain, source: string, flags?: readonly string[]): Contract {
  const image = workshop.build(toolchain, source, flags);
  const facts = { module: 'game', triple: 'x86_64-linux-gnu', buildId: '0'.repeat(32) } as const;
  return readContract(formatContract(debugContract(image, facts)));
}

/** The source with the edit made; `Time` is a name that an edit may use. */
function edited(source: string, { from, to }: Edit): string {
  if (source.split(from).length !== 2) throw new Error(`${JSON.stringify(from)} does not stand there once`);
  let text = source.replace(from, () => to);
  if (to.includes('Time dt')) text = text.replace('struct Hidden;', 'typedef double Time; struct Hidden;');
  return text;
}

/** The debug information that compilers write by other flags tells the same. */
const variants: Partial<Record<Toolchain, readonly (readonly string[])[]>> = {
  gcc: [['-g'], ['-gdwarf-4', '-O2'], ['-g3', '-O2', '-gz', '-fdebug-types-section']],
  clang: [['-g'], ['-gdwarf-4', '-O2', '-fdebug-types-section', '-gz']],
  'g++': [['-g'], ['-gdwarf-4', '-O2', '-fdebug-types-section']],
};

for (const [name, { toolchains, source, edits }] of Object.entries(languages)) {
  for (const toolchain of toolchains) {
    for (const flags of variants[toolchain] ?? [undefined]) {
      const title = [name, toolchain, ...(flags ?? [])].join(' ');
      describeWhere(title, missing(toolchain), () => {
        let base: Contract | undefined;
        it.each(edits)('$what', (edit) => {
          base ??= contractOf(toolchain, source, flags);
          const differences = compareContracts(base, contractOf(toolchain, edited(source, edit), flags));
          const text = renderDifferences(differences);
          if (edit.refused.length === 0) expect(text).toBe('');
          // clang tells no column, and other toolchains' places are the same.
          for (const part of edit.refused) expect(text).toContain(part);
        });

        it('the same source', () => {
          base ??= contractOf(toolchain, source, flags);
          expect(compareContracts(base, contractOf(toolchain, source, flags))).toEqual([]);
        });
      });
    }
  }
}
