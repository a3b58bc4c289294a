import type { Contract, Place } from './contract.ts';

/**
 * The records of a contract in order, each as JSON without its NUL byte: what the compiler writes into the section, what the
 * link carries, and what travels beside an image. Every record is written here.
 */
export function formatContract(contract: Contract): string[] {
  const { format, module, triple, buildId, tier, compiler, source, origin } = contract;
  const files = filesOf(contract);
  const mark = (at: Place | undefined): { at?: number[] } => {
    if (at === undefined) return {};
    const file = at.file === source ? 0 : (files.get(at.file) ?? 0);
    return { at: file === 0 ? [at.line, at.column] : [at.line, at.column, file] };
  };
  return [
    {
      ...{ record: 'module', format, name: module, triple, build: buildId, tier, compiler, source },
      ...(origin === 'stated' ? {} : { origin }),
      ...(files.size === 0 ? {} : { files: [...files.keys()] }),
    },
    ...contract.functions.map(({ name, symbol, type, text, at }) => ({
      ...{ record: 'function', name, symbol, type, text },
      ...mark(at),
    })),
    ...contract.structs.map(({ name, size, align, held, passed, fields, virtuals, at }) => ({
      ...{ record: 'struct', name, size, align, held, passed },
      fields: fields.map(({ name, type, offset, bits, when, at }) => ({
        ...{ name, type, offset, bits: bits && [bits.first, bits.count], when },
        ...mark(at),
      })),
      virtuals: virtuals?.map(({ name, type, slot }) => ({ name, type, slot })),
      ...mark(at),
    })),
    ...contract.enums.map(({ name, size, values, at }) => ({
      ...{ record: 'enum', name, size, values: values.map(({ name, value }) => ({ name, value })) },
      ...mark(at),
    })),
    ...contract.globals.map(({ name, type, size, at }) => ({ record: 'global', name, type, size, ...mark(at) })),
  ].map((record) => JSON.stringify(record));
}

/** The source files besides the module's own, each with its number. */
function filesOf({ source, functions, structs, enums, globals }: Contract): Map<string, number> {
  const files = new Map<string, number>();
  const marked = [...functions, ...structs, ...structs.flatMap(({ fields }) => fields), ...enums, ...globals];
  for (const { at } of marked) {
    if (at !== undefined && at.file !== source && !files.has(at.file)) files.set(at.file, files.size + 1);
  }
  return files;
}
