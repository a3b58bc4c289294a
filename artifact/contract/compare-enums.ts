import type { Contract, ContractEnum } from './contract.ts';
import { byName, type Difference, place } from './difference.ts';

type EnumChange = Omit<Extract<Difference, { kind: 'enum_changed' }>, 'kind' | 'name' | 'why'>;

const why = 'the running program holds values with the old meaning';

/** The enums that both contracts describe, each with what differs. An added value is none: nothing holds it yet. */
export function* compareEnums(running: Contract, next: Contract): Generator<Difference> {
  const nextByName = byName(next.enums);
  for (const was of running.enums) {
    const is = nextByName.get(was.name);
    if (is === undefined) continue;
    for (const change of compareValues(was, is)) yield { kind: 'enum_changed', name: was.name, why, ...change };
  }
}

function compareValues(was: ContractEnum, is: ContractEnum): EnumChange[] {
  const isByName = byName(is.values);
  const changed = was.values.flatMap(({ name, value }): EnumChange[] => {
    const now = isByName.get(name);
    if (now?.value === value) return [];
    const form = now === undefined ? 'removed' : `${name} = ${now.value}`;
    return [{ value: name, was: `${name} = ${value}`, is: form, ...place(is.at) }];
  });
  if (changed.length > 0 || was.size === is.size) return changed;
  return [{ was: `${was.size} bytes`, is: `${is.size} bytes`, ...place(is.at) }];
}
