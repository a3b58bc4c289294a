import type { Place } from './contract.ts';

/** What a difference tells, whatever it is of. */
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
  /** Without a field, the size or alignment of the whole changed, or how it is passed. */
  | (Change & { readonly kind: 'struct_changed'; readonly field?: string })
  /** Without a value, the size changed. */
  | (Change & { readonly kind: 'enum_changed'; readonly value?: string })
  | (Change & { readonly kind: 'global_changed' });

/** The entries by their names. */
export function byName<Entry extends { readonly name: string }>(entries: readonly Entry[]): Map<string, Entry> {
  return new Map(entries.map((entry) => [entry.name, entry]));
}

/** A place that may be missing, as a difference has it. */
export function place(at: Place | undefined): { at?: Place } {
  return at === undefined ? {} : { at };
}
