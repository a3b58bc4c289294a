import { compareEnums } from './compare-enums.ts';
import { compareStructs } from './compare-structs.ts';
import { type Contract, unknownType } from './contract.ts';
import { byName, type Difference, place } from './difference.ts';

/**
 * Every reason why `next` cannot take the place of `running`, by the rules of docs/contract.md; empty when it can.
 * Added functions, structs and globals are no difference, nor is a removed global or a struct that nothing outside the image
 * holds. Where one of both is unchecked, only the platform and the names of functions are compared.
 */
export function compareContracts(running: Contract, next: Contract): Difference[] {
  const told = running.origin !== 'unchecked' && next.origin !== 'unchecked';
  return [
    ...compareModules(running, next),
    ...compareFunctions(running, next, told),
    ...(told ? compareStructs(running, next) : []),
    ...(told ? compareEnums(running, next) : []),
    ...(told ? compareGlobals(running, next) : []),
  ];
}

function* compareModules(running: Contract, next: Contract): Generator<Difference> {
  if (running.module !== next.module) {
    yield {
      kind: 'module_changed',
      name: next.module,
      was: running.module,
      is: next.module,
      why: 'a version takes the place of a version of the same module',
    };
  }
  if (running.triple !== next.triple) {
    yield {
      kind: 'triple_changed',
      name: next.module,
      was: running.triple,
      is: next.triple,
      why: 'the running program cannot execute code for another platform',
    };
  }
}

function* compareFunctions(running: Contract, next: Contract, told: boolean): Generator<Difference> {
  const nextByName = byName(next.functions);
  // An overload that came gives another its arguments for a name; the linker's name stays.
  const nextBySymbol = new Map(next.functions.map((one) => [one.symbol ?? one.name, one]));
  for (const was of running.functions) {
    const is = nextBySymbol.get(was.symbol ?? was.name) ?? nextByName.get(was.name);
    if (is === undefined) {
      yield {
        kind: 'function_removed',
        name: was.name,
        was: was.text,
        is: 'removed',
        ...place(was.at),
        why: 'the running program still calls it',
      };
    } else if (told && was.type !== unknownType && is.type !== was.type) {
      // A name for the same type, or the way of calling it, does not show in the declaration.
      const same = is.text === was.text;
      yield {
        kind: 'function_changed',
        name: was.name,
        was: same ? was.type : was.text,
        is: same ? is.type : is.text,
        ...place(is.at),
        why: 'the running program still calls it in its old form',
      };
    }
  }
}

function* compareGlobals(running: Contract, next: Contract): Generator<Difference> {
  const nextByName = byName(next.globals);
  for (const was of running.globals) {
    const is = nextByName.get(was.name);
    if (is === undefined || (is.type === was.type && is.size === was.size)) continue;
    const sized = is.type === was.type;
    yield {
      kind: 'global_changed',
      name: was.name,
      was: sized ? `${was.name}: ${was.type}, ${was.size} bytes` : `${was.name}: ${was.type}`,
      is: sized ? `${is.name}: ${is.type}, ${is.size} bytes` : `${is.name}: ${is.type}`,
      ...place(is.at),
      why: 'the running program keeps its value in the old form',
    };
  }
}
