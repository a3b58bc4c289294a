import { statSync } from 'node:fs';
import type { Contract } from '../../artifact/contract/contract.ts';
import type { ContractFacts } from '../../artifact/dwarf/contract.ts';
import { openedContract } from '../../artifact/dwarf/native-image.ts';

/** No library of ours has more bytes; whatever a program names must not hold the agent up. */
const mostBytes = 2 ** 30;

/**
 * The contract of a plain library that a program opened by itself, from the file. Nothing is known where the agent cannot read it,
 * in another container, say: then nothing is compared, and reports say so. Never throws.
 */
export function contractOfOpened(path: string, facts: ContractFacts): Contract {
  try {
    const file = statSync(path);
    if (file.isFile() && file.size <= mostBytes) return openedContract(path, facts);
  } catch {
    // As said above.
  }
  return {
    ...{ format: 1, ...facts, tier: 'optimized', origin: 'unchecked', compiler: '(unknown)', source: '(unknown)' },
    ...{ functions: [], structs: [], enums: [], globals: [] },
  };
}
