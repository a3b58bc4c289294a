import { VaisError } from '../../common/error.ts';
import { compareContracts } from './compare.ts';
import type { Contract, Place } from './contract.ts';
import type { Difference } from './difference.ts';
import { renderDifferences } from './differences.ts';

/** What a new version has that the running one has not. */
interface Addition {
  readonly kind: 'function' | 'struct' | 'enum' | 'global';
  readonly name: string;
  readonly at?: Place;
}

/** What becomes of a running program's contract when a new version takes its place. */
export interface Transition {
  /** Why it cannot; empty when it can. */
  readonly refused: readonly Difference[];
  readonly added: readonly Addition[];
  /** Structs whose instances are brought from one layout to the other. None are yet: another layout is refused. */
  readonly migrated: readonly never[];
}

/** Compares two contracts. */
export function transitionOf(running: Contract, next: Contract): Transition {
  return {
    refused: compareContracts(running, next),
    added: [
      ...additions('function', running.functions, next.functions),
      ...additions('struct', running.structs, next.structs),
      ...additions('enum', running.enums, next.enums),
      ...additions('global', running.globals, next.globals),
    ],
    migrated: [],
  };
}

/** The error that refuses a push for these differences, with each of them in its message. */
export function contractChanged(differences: readonly Difference[]): VaisError {
  const keep = differences.some(({ kind }) => kind !== 'module_changed' && kind !== 'triple_changed');
  return new VaisError('contract_changed', renderDifferences(differences), {
    hint: keep
      ? 'Restore the old form, or give the new one another name; else rebuild the program and restart it.'
      : 'Choose the target or module that this library was built for.',
  });
}

/** The transition to `next`. @throws VaisError `contract_changed` when it cannot take the place of `running` */
export function requireTransition(running: Contract, next: Contract): Transition {
  const transition = transitionOf(running, next);
  if (transition.refused.length > 0) throw contractChanged(transition.refused);
  return transition;
}

interface Entry {
  readonly name: string;
  readonly at?: Place;
}

function additions(kind: Addition['kind'], was: readonly Entry[], is: readonly Entry[]): Addition[] {
  const known = new Set(was.map(({ name }) => name));
  return is
    .filter(({ name }) => !known.has(name))
    .map(({ name, at }) => ({ kind, name, ...(at === undefined ? {} : { at }) }));
}
