import { VaisError } from '../../common/error.ts';
import { type Contract, unknownType } from '../contract/contract.ts';
import { formatContract } from '../contract/format.ts';
import { ofDigest, readBinary } from '../contract/image.ts';
import { readContract } from '../contract/records.ts';
import type { Binary } from '../image/binary.ts';
import { buildIdOf } from '../image/build-id.ts';
import { ByteReader } from '../image/byte-reader.ts';
import { readSymbols } from '../image/exports.ts';
import { FileReader } from '../image/file-reader.ts';
import { readSections } from '../image/sections.ts';
import { replaceElfDebug } from '../image/strip-elf.ts';
import { replacePeDebug } from '../image/strip-pe.ts';
import type { Triple } from '../image/triple.ts';
import { type ContractFacts, debugContract } from './contract.ts';

/** How a library of the user's own build becomes an image. */
export interface NativeOptions {
  readonly module: string;
  /** The target's, where it is known: a library does not say which C library it was built for. */
  readonly triple?: Triple;
  /** Push it even where nothing can be known of it. */
  readonly unchecked?: boolean;
}

/**
 * A library as it travels: with its contract, read from its debug information, in the section where images of ours have it, and
 * without the debug information. So the contract is under the digest that is signed, and stays with the image wherever that is
 * kept. A library that states its contract itself stays as it is.
 *
 * @throws VaisError `contract_missing` where nothing can be known of it and `unchecked` does not allow that; `wrong_platform` on
 * macOS; `image_invalid`
 */
export function imageToTravel(bytes: Uint8Array, options: NativeOptions): Uint8Array {
  const file = new ByteReader(bytes);
  const binary = readBinary(file);
  if (binary.contract !== undefined) return bytes;
  const sections = readSections(file);
  const buildId = buildIdOf(file, sections) ?? ofDigest;
  const contract = contractOf(file, { module: options.module, triple: tripleOf(binary, options), buildId }, options);
  const section = Buffer.from(`${formatContract(contract).join('\0')}\0`);
  readContract(section); // What the other side would not read is said here.
  if (binary.format === 'elf') return replaceElfDebug(bytes, 'vais_contract', section);
  if (binary.format === 'pe') return replacePeDebug(bytes, '.vaisct', section);
  throw new VaisError('wrong_platform', 'a library for macOS must state its contract itself', {
    hint: 'Build it from Vais, or with the macros of hot.h.',
  });
}

/**
 * The contract of a library that a program opened: the one inside, as it travelled, else the one that its debug information
 * tells, else an unchecked one. @throws VaisError `image_invalid` for what is no library, and Error of the file system
 */
export function openedContract(path: string, facts: ContractFacts): Contract {
  return FileReader.with(path, (file) => {
    const binary = readBinary(file);
    if (binary.contract !== undefined) return { ...readContract(binary.contract), buildId: facts.buildId };
    return readContract(formatContract(contractOf(file, facts, { unchecked: true })));
  });
}

function contractOf(file: ByteReader, facts: ContractFacts, { unchecked }: { readonly unchecked?: boolean }): Contract {
  try {
    return debugContract(file, facts);
  } catch (thrown) {
    if (unchecked === true && thrown instanceof VaisError) return uncheckedContract(file, facts);
    throw thrown;
  }
}

/** What can be said of a library without debug information: the names of the functions that it exports. */
function uncheckedContract(file: ByteReader, facts: ContractFacts): Contract {
  const names = new Set(
    readSymbols(file, readSections(file), 'exported')
      .filter(({ exported, weak, kind }) => exported && !weak && kind === 'function')
      .map(({ name }) => name.slice(0, 255)),
  );
  return {
    ...{ format: 1, ...facts, tier: 'optimized', origin: 'unchecked', compiler: '(unknown)', source: '(unknown)' },
    functions: [...names].sort().map((name) => ({ name, type: unknownType, text: name })),
    ...{ structs: [], enums: [], globals: [] },
  };
}

function tripleOf({ triples }: Binary, { triple }: NativeOptions): Triple {
  const [first] = triples;
  if (triple !== undefined && triples.includes(triple)) return triple;
  if (first === undefined) throw new VaisError('wrong_platform', 'the library is for no platform that is known');
  return first;
}
