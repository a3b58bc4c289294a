import { VaisError } from '../../common/error.ts';
import type { Triple } from './triple.ts';

/** The file format of an image. */
export type ImageFormat = 'elf' | 'macho' | 'pe';

/** A shared library as its format's reader sees it: whole, for a platform that we know, with nothing run. */
export interface Binary {
  readonly format: ImageFormat;
  /** The platforms that it may be for: a file does not say which C library its code was compiled with. */
  readonly triples: readonly Triple[];
  /** The bytes of the contract's section, or undefined when there is no such section. */
  readonly contract: Uint8Array | undefined;
  /** Whether it exports `vais_hot_image`. */
  readonly exportsImage: boolean;
}

/** The symbol that every image exports, as C spells it. */
export const imageSymbol = 'vais_hot_image';

const buildOne = 'Build one with `vaisc build --hot`, or with `-shared` by a C compiler.';

/** The error for a file that is something else than a shared library: `an executable`. */
export function notALibrary(what: string, hint = buildOne): VaisError {
  return new VaisError('image_invalid', `the file is ${what}, not a shared library`, { hint });
}

/** The error for a library that runs on no platform of ours: `32-bit x86`. */
export function unknownPlatform(what: string): VaisError {
  return new VaisError('wrong_platform', `the library is for ${what}, which vais-remote does not run on`);
}

/** The error for a library whose own tables contradict each other. */
export function damaged(what: string): VaisError {
  return new VaisError('image_invalid', `the library is damaged: ${what}`, { hint: 'Build it again and push it.' });
}
