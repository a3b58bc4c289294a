import { VaisError } from '../../common/error.ts';
import type { Contract, ContractStruct, Place } from './contract.ts';
import { renderDifferences } from './differences.ts';

interface Change {
  /** Whose form changed: the function, struct, global or module. */
  readonly name: string;
  /** The form that the running version has. */
  readonly was: string;
  /** The form that the new version has; `removed` where it has none. */
  readonly is: string;
  /** Where the new source states it; for what is gone, where the old source stated it. */
  readonly at?: Place;
  /** Why it cannot be taken into the running program: one clause without a full stop. */
  readonly why: string;
}

/** One reason why a new contract does not fit the running program. */
export type Difference =
  | (Change & { readonly kind: 'module_changed' })
  | (Change & { readonly kind: 'triple_changed' })
  | (Change & { readonly kind: 'function_changed' })
  | (Change & { readonly kind: 'function_removed' })
  /** Without a field, the size or alignment of the whole changed. */
  | (Change & { readonly kind: 'struct_changed'; readonly field?: string })
  | (Change & { readonly kind: 'global_changed' });

/**
 * Every reason why `next` cannot take the place of `running`, by the rules of docs/contract.md; empty when it can.
 * Added functions, structs and globals are no difference, nor is a removed global or a struct that nothing outside the image holds.
 */
export function compareContracts(running: Contract, next: Contract): Difference[] {
  return [
    ...compareModules(running, next),
    ...compareFunctions(running, next),
    ...compareStructs(running, next),
    ...compareGlobals(running, next),
  ];
}

/** The error that refuses a push for these differences, with each of them in its message. */
export function contractChanged(differences: readonly Difference[]): VaisError {
  const keep = differences.some(({ kind }) => kind !== 'module_changed' && kind !== 'triple_changed');
  return new VaisError('contract_changed', renderDifferences(differences), {
    hint: keep
      ? 'Give back the old form, or give the new one another name; else rebuild the program and restart it.'
      : 'Choose the target or module that this library was built for.',
  });
}

/** Throws `contract_changed` when `next` cannot take the place of `running`. */
export function requireCompatible(running: Contract, next: Contract): void {
  const differences = compareContracts(running, next);
  if (differences.length > 0) throw contractChanged(differences);
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

function* compareFunctions(running: Contract, next: Contract): Generator<Difference> {
  const nextByName = byName(next.functions);
  for (const was of running.functions) {
    const is = nextByName.get(was.name);
    if (is === undefined) {
      yield {
        kind: 'function_removed',
        name: was.name,
        was: was.text,
        is: 'removed',
        ...place(was.at),
        why: 'the running program still calls it',
      };
    } else if (is.type !== was.type) {
      // Texts written by hand in a C macro can be equal while the types are not.
      const told = is.text === was.text;
      yield {
        kind: 'function_changed',
        name: was.name,
        was: told ? was.type : was.text,
        is: told ? is.type : is.text,
        ...place(is.at),
        why: 'the running program still calls it in its old form',
      };
    }
  }
}

function* compareStructs(running: Contract, next: Contract): Generator<Difference> {
  const nextByName = byName(next.structs);
  const why = 'the running program holds values in the old layout';
  for (const was of running.structs) {
    if (!was.held) continue;
    const is = nextByName.get(was.name);
    if (is !== undefined) {
      for (const change of compareLayouts(was, is)) yield { kind: 'struct_changed', name: was.name, why, ...change };
    } else if (isMentioned(was.name, next)) {
      yield { kind: 'struct_changed', name: was.name, was: layout(was), is: 'removed', ...place(was.at), why };
    }
  }
}

function compareLayouts(
  was: ContractStruct,
  is: ContractStruct,
): Omit<Extract<Difference, { kind: 'struct_changed' }>, 'kind' | 'name' | 'why'>[] {
  const isByName = byName(is.fields);
  const wasByName = byName(was.fields);
  const edited = [
    ...was.fields.flatMap((field) => {
      const now = isByName.get(field.name);
      const form = `${field.name}: ${field.type}`;
      if (now === undefined) return [{ field: field.name, was: form, is: 'removed', ...place(field.at) }];
      if (now.type === field.type) return [];
      return [{ field: field.name, was: form, is: `${now.name}: ${now.type}`, ...place(now.at ?? is.at) }];
    }),
    ...is.fields
      .filter((field) => !wasByName.has(field.name))
      .map((field) => ({
        field: field.name,
        was: 'no such field',
        is: `${field.name}: ${field.type}`,
        ...place(field.at ?? is.at),
      })),
  ];
  // Fields that only moved are named when no edited field says already why they did.
  if (edited.length > 0) return edited;
  const moved = is.fields.flatMap((field) => {
    const old = wasByName.get(field.name);
    if (old === undefined || old.offset === field.offset) return [];
    const form = `${field.name}: ${field.type} at byte`;
    return [
      { field: field.name, was: `${form} ${old.offset}`, is: `${form} ${field.offset}`, ...place(field.at ?? is.at) },
    ];
  });
  if (moved.length > 0) return moved;
  if (was.size === is.size && was.align === is.align) return [];
  return [{ was: layout(was), is: layout(is), ...place(is.at) }];
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

function layout({ size, align }: ContractStruct): string {
  return `${size} bytes, aligned to ${align}`;
}

/** Whether a signature, field or global of the contract names the struct, so that its code still works on values of it. */
function isMentioned(struct: string, { functions, structs, globals }: Contract): boolean {
  const types = [...functions, ...globals, ...structs.flatMap(({ fields }) => fields)].map(({ type }) => type);
  return types.some((type) => type.split(/[^\p{L}\p{N}_:.]+/u).includes(struct));
}

function byName<Entry extends { readonly name: string }>(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

function place(at: Place | undefined): { at?: Place } {
  return at === undefined ? {} : { at };
}
