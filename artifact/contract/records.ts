import { TextDecoder } from 'node:util';
import { VaisError } from '../../common/error.ts';
import type {
  Contract,
  ContractEnum,
  ContractField,
  ContractFunction,
  ContractGlobal,
  ContractStruct,
  ContractVirtual,
} from './contract.ts';
import { RecordFields } from './record-fields.ts';

/** What a contract may hold at most. A record must fit a line of the link, a contract a gRPC message. */
export const contractLimits = {
  /** Bytes of all records with their NULs and padding. */
  bytes: 1_048_576,
  records: 16_384,
  /** Bytes of one record. */
  recordBytes: 49_152,
  fieldsPerStruct: 1_024,
  valuesPerEnum: 4_096,
  files: 4_096,
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
  let files: readonly string[] = [];
  const functions: ContractFunction[] = [];
  const structs: ContractStruct[] = [];
  const enums: ContractEnum[] = [];
  const globals: ContractGlobal[] = [];
  let count = 0;
  for (const text of records) {
    count += 1;
    if (count > contractLimits.records) throw tooMany('records', contractLimits.records);
    const record = parseRecord(text, count);
    if (record.kind === 'module') {
      if (head !== undefined) throw record.fault('a second module record: an image holds one module');
      head = record;
      files = [head.text('source', 255), ...head.texts('files', contractLimits.files, 1_024)];
      continue;
    }
    if (head === undefined) throw record.fault('the first record is not the module record');
    if (record.kind === 'function') functions.push(readFunction(record, files));
    else if (record.kind === 'struct') structs.push(readStruct(record, files));
    else if (record.kind === 'enum') enums.push(readEnum(record, files));
    else if (record.kind === 'global') globals.push(readGlobal(record, files));
    else throw record.fault(`a record of the unknown kind ${JSON.stringify(record.kind)}`);
  }
  if (head === undefined) throw new VaisError('contract_missing', 'the contract is empty');
  requireUnique('hot function', functions);
  requireUnique('struct', structs);
  requireUnique('enum', enums);
  requireUnique('global', globals);
  return { ...readModule(head), functions, structs, enums, globals };
}

function readModule(record: RecordFields): Omit<Contract, 'functions' | 'structs' | 'enums' | 'globals'> {
  return {
    format: record.format(),
    module: record.moduleName(),
    triple: record.text('triple', 64),
    buildId: record.buildId(),
    tier: record.tier(),
    origin: record.origin(),
    compiler: record.text('compiler', 255),
    source: record.text('source', 255),
  };
}

function readFunction(record: RecordFields, files: readonly string[]): ContractFunction {
  const [name, type] = [record.name(), record.text('type', 4_096)];
  const symbol = record.optionalText('symbol', 4_096);
  return {
    name,
    ...(symbol === undefined ? {} : { symbol }),
    type,
    text: record.text('text', 8_192, `${name}: ${type}`),
    ...record.at(files),
  };
}

function readStruct(record: RecordFields, files: readonly string[]): ContractStruct {
  const size = record.bytes('size');
  const fields = record.list('fields', contractLimits.fieldsPerStruct).map((field): ContractField => {
    const offset = field.bytes('offset');
    if (offset > size) throw field.fault(`the offset ${offset} in a struct of ${size} bytes`);
    const when = field.optionalText('when', 64);
    return {
      name: field.name(),
      type: field.text('type', 1_024),
      offset,
      ...field.bits(),
      ...(when === undefined ? {} : { when }),
      ...field.at(files),
    };
  });
  const virtuals = record
    .optionalList('virtuals', contractLimits.fieldsPerStruct)
    .map((one): ContractVirtual => ({ name: one.name(), type: one.text('type', 1_024), slot: one.bytes('slot') }));
  const struct = {
    name: record.name(),
    size,
    align: record.align(),
    held: record.flag('held'),
    ...(record.optionalText('passed', 16) === 'reference' ? { passed: 'reference' as const } : {}),
    fields,
    ...(virtuals.length === 0 ? {} : { virtuals }),
    ...record.at(files),
  };
  requireUnique(`field of ${struct.name}`, fields);
  requireUnique(`virtual function of ${struct.name}`, virtuals);
  return struct;
}

function readEnum(record: RecordFields, files: readonly string[]): ContractEnum {
  const values = record
    .list('values', contractLimits.valuesPerEnum)
    .map((one) => ({ name: one.name(), value: one.text('value', 64) }));
  const name = record.name();
  requireUnique(`value of ${name}`, values);
  return { name, size: record.bytes('size'), values, ...record.at(files) };
}

function readGlobal(record: RecordFields, files: readonly string[]): ContractGlobal {
  return { name: record.name(), type: record.text('type', 1_024), size: record.bytes('size'), ...record.at(files) };
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
