import { type Digest, digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { type Binary, type ImageFormat, notALibrary } from '../image/binary.ts';
import { ByteReader } from '../image/byte-reader.ts';
import { isElf, readElf } from '../image/elf.ts';
import { describeFile, startBytes } from '../image/file-kind.ts';
import { FileReader } from '../image/file-reader.ts';
import { isMachO, readMachO } from '../image/macho.ts';
import { isPe, readPe } from '../image/pe.ts';
import { hostTriple, isAkin, type Triple } from '../image/triple.ts';
import type { Contract } from './contract.ts';
import { readContract } from './records.ts';

/**
 * Stands for a build id in the contract of a library whose linker gave it none: it is the beginning of the image's digest then,
 * which the image cannot have inside. runtime/native_image.c does the same.
 */
export const ofDigest = '0'.repeat(32);

/** What an image is, read from its bytes with nothing of it run. */
export interface Image {
  readonly format: ImageFormat;
  readonly triple: Triple;
  /** Bytes. */
  readonly size: number;
  readonly digest: Digest;
  readonly contract: Contract;
  /** Whether it exports `vais_hot_image`, without which no program can take it. */
  readonly exportsImage: boolean;
}

/**
 * Reads an image from its bytes. Any bytes give an image or a VaisError that names the cause and the next step:
 * `image_invalid` for what is not a whole shared library, `wrong_platform` for one that no platform of ours can run,
 * `contract_missing` for one that states no contract.
 */
export function readImage(bytes: Uint8Array): Image {
  return imageOf(new ByteReader(bytes), digestOf(bytes));
}

/**
 * Reads an image from a file of which the digest is known, without reading all of it. @throws VaisError as `readImage`,
 * and Error of the file system
 */
export function readImageFile(path: string, digest: Digest): Image {
  return FileReader.with(path, (file) => imageOf(file, digest));
}

/** Reads an image of which the digest is known. @throws VaisError as `readImage` */
export function imageOf(file: ByteReader, digest: Digest): Image {
  const { format, triples, contract: section, exportsImage } = readBinary(file);
  if (section === undefined) {
    throw new VaisError('contract_missing', 'the library states no contract, so nobody can tell whether it fits');
  }
  const stated = readContract(section);
  const contract = stated.buildId === ofDigest ? { ...stated, buildId: digest.slice(0, 32) } : stated;
  const triple = triples.find((one) => one === contract.triple);
  if (triple === undefined) {
    throw new VaisError('image_invalid', `the library is for ${triples[0]}, and its contract says ${contract.triple}`, {
      hint: 'Build it again for one platform: `vaisc build --hot --target`.',
    });
  }
  return { format, triple, size: file.size, digest, contract, exportsImage };
}

/** Throws `wrong_platform` unless the image runs on the target. */
export function requireTriple(image: Image, target: string): void {
  if (image.triple === target) return;
  throw new VaisError('wrong_platform', `the library is for ${image.triple}, and the target is ${target}`, {
    hint: `Build it with \`vaisc build --hot --target ${target}\`, or push the source.`,
  });
}

/** Throws `wrong_platform` when no process of this machine can load the image to look at it. */
export function requireCheckable(image: Image): void {
  const host = hostTriple();
  if (isAkin(image.triple, host)) return;
  throw new VaisError('wrong_platform', `the program is for ${image.triple}, and its agent runs on ${host}`, {
    hint: 'Run the agent with a Node for the program’s platform: it loads each library to check it first.',
  });
}

/** A library as its format says, with nothing read of its contract. @throws VaisError `image_invalid`, `wrong_platform` */
export function readBinary(file: ByteReader): Binary {
  const start = file.slice(0, Math.min(file.size, startBytes), 'its beginning');
  if (isElf(start)) return readElf(file);
  if (isMachO(start)) return readMachO(file);
  if (isPe(start)) return readPe(file);
  throw notALibrary(describeFile(start));
}
