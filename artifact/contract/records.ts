import { TextDecoder } from 'node:util';
import { VaisError } from '../../common/error.ts';
import type { Contract, ContractField, ContractFunction, ContractGlobal, ContractStruct, Place } from './contract.ts';
import { RecordFields } from './record-fields.ts';

/** What a contract may hold at most. A record must fit a line of the link, a contract a gRPC message. */
export const contractLimits = {
  /** Bytes of all records with their NULs and padding. */
  bytes: 1_048_576,
  records: 16_384,
  /** Bytes of one record. */
  recordBytes: 49_152,
  fieldsPerStruct: 1_024,
} as const;

/**
 * Reads a contract: the bytes of the section `vais_contract`, or its records one by one, as the link carries them.
 * Throws `contract_missing` when there is no record at all, and `image_invalid` when one is not as docs/contract.md
 * says. Unknown keys are ignored, since later versions may add some; an unknown kind of record is refused, since it may be a
 * promise that would have to be compared.
 */
export function readContract(source: Uint8Array | Iterable<string>): Contract {
  const records = source instanceof Uint8Array ? splitRecords(source) : source;
  let head: RecordFields | undefined;
  const functions: ContractFunction[] = [];
  const structs: ContractStruct[] = [];
  const globals: ContractGlobal[] = [];
  let count = 0;
  for (const text of records) {
    count += 1;
    if (count > contractLimits.records) throw tooMany('records', contractLimits.records);
    const record = parseRecord(text, count);
    if (record.kind === 'module') {
      if (head !== undefined) throw record.fault('a second module record: an image holds one module');
      head = record;
      continue;
    }
    if (head === undefined) throw record.fault('the first record is not the module record');
    const file = head.text('source', 255);
    if (record.kind === 'function') functions.push(readFunction(record, file));
    else if (record.kind === 'struct') structs.push(readStruct(record, file));
    else if (record.kind === 'global') globals.push(readGlobal(record, file));
    else throw record.fault(`a record of the unknown kind ${JSON.stringify(record.kind)}`);
  }
  if (head === undefined) throw new VaisError('contract_missing', 'the contract is empty');
  requireUnique('hot function', functions);
  requireUnique('struct', structs);
  requireUnique('global', globals);
  return { ...readModule(head), functions, structs, globals };
}

/** The records of a contract in order, each as JSON without its NUL byte: what the compiler writes into the section. */
export function formatContract(contract: Contract): string[] {
  const { format, module, triple, buildId, tier, compiler, source } = contract;
  return [
    { record: 'module', format, name: module, triple, build: buildId, tier, compiler, source },
    ...contract.functions.map(({ name, type, text, at }) => ({ record: 'function', name, type, text, ...mark(at) })),
    ...contract.structs.map(({ name, size, align, held, fields, at }) => ({
      record: 'struct',
      name,
      size,
      align,
      held,
      fields: fields.map((field) => ({ name: field.name, type: field.type, offset: field.offset, ...mark(field.at) })),
      ...mark(at),
    })),
    ...contract.globals.map(({ name, type, size, at }) => ({ record: 'global', name, type, size, ...mark(at) })),
  ].map((record) => JSON.stringify(record));
}

function mark(at: Place | undefined): { at?: [number, number] } {
  return at === undefined ? {} : { at: [at.line, at.column] };
}

function readModule(record: RecordFields): Omit<Contract, 'functions' | 'structs' | 'globals'> {
  return {
    format: record.format(),
    module: record.moduleName(),
    triple: record.text('triple', 64),
    buildId: record.buildId(),
    tier: record.tier(),
    compiler: record.text('compiler', 255),
    source: record.text('source', 255),
  };
}

function readFunction(record: RecordFields, file: string): ContractFunction {
  const [name, type] = [record.name(), record.text('type', 4_096)];
  return { name, type, text: record.text('text', 8_192, `${name}: ${type}`), ...record.at(file) };
}

function readStruct(record: RecordFields, file: string): ContractStruct {
  const size = record.bytes('size');
  const fields = record.list('fields', contractLimits.fieldsPerStruct).map((field): ContractField => {
    const offset = field.bytes('offset');
    if (offset > size) throw field.fault(`the offset ${offset} in a struct of ${size} bytes`);
    return { name: field.name(), type: field.text('type', 1_024), offset, ...field.at(file) };
  });
  const struct = {
    name: record.name(),
    size,
    align: record.align(),
    held: record.flag('held'),
    fields,
    ...record.at(file),
  };
  requireUnique(`field of ${struct.name}`, fields);
  return struct;
}

function readGlobal(record: RecordFields, file: string): ContractGlobal {
  return { name: record.name(), type: record.text('type', 1_024), size: record.bytes('size'), ...record.at(file) };
}

function* splitRecords(section: Uint8Array): Generator<string> {
  // A section may be padded up to a page, or more by hand; only what comes after the padding counts.
  let end = section.length;
  while (end > 0 && section[end - 1] === 0) end -= 1;
  if (end > contractLimits.bytes) throw tooMany('bytes', contractLimits.bytes);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  for (let start = 0; start < end; ) {
    const nul = section.indexOf(0, start);
    const stop = nul === -1 || nul > end ? end : nul;
    if (stop > start) yield decode(decoder, section.subarray(start, stop));
    start = stop + 1;
  }
}

function decode(decoder: TextDecoder, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new VaisError('image_invalid', 'the contract in the image is not UTF-8', { cause });
  }
}

function parseRecord(text: string, position: number): RecordFields {
  if (text.length > contractLimits.recordBytes || Buffer.byteLength(text) > contractLimits.recordBytes) {
    throw tooMany('bytes in one record', contractLimits.recordBytes);
  }
  try {
    return new RecordFields(JSON.parse(text), `record ${position}`);
  } catch (cause) {
    if (cause instanceof VaisError) throw cause;
    throw new VaisError('image_invalid', `the contract's record ${position} is not JSON`, { cause });
  }
}

function requireUnique(what: string, entries: readonly { readonly name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    if (seen.has(name)) throw new VaisError('image_invalid', `the contract states the ${what} ${name} twice`);
    seen.add(name);
  }
}

function tooMany(what: string, limit: number): VaisError {
  return new VaisError('image_invalid', `the contract in the image has more than ${limit} ${what}`, {
    hint: 'Split the module: a contract this large cannot be compared or sent.',
  });
}
