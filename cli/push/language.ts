/**
 * What can be pushed: which files a language claims, what the module of one is called, and how it is built. Read this first
 * to add a language: it is one entry here, and a `Unit`.
 */
import { extname } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { libraryUnit } from './library.ts';
import { nativeUnit } from './native.ts';
import type { Unit } from './unit.ts';
import { vaisUnit } from './vais.ts';

/** A kind of file that can be pushed. */
interface Language {
  readonly name: string;
  readonly claims: (path: string) => boolean;
  /** The module of such a file, with all that is done with it. */
  readonly unit: (path: string) => Unit;
}

const ending =
  (...endings: readonly string[]) =>
  (path: string): boolean =>
    endings.includes(extname(path));

const languages: readonly Language[] = [
  { name: 'a Vais source', claims: ending('.vais'), unit: vaisUnit },
  { name: 'C', claims: ending('.c'), unit: (path) => nativeUnit(path, 'C') },
  { name: 'C++', claims: ending('.cc', '.cpp', '.cxx', '.c++'), unit: (path) => nativeUnit(path, 'C++') },
  { name: 'Rust', claims: ending('.rs'), unit: (path) => nativeUnit(path, 'Rust') },
  { name: 'Zig', claims: ending('.zig'), unit: (path) => nativeUnit(path, 'Zig') },
  {
    name: 'a built library',
    claims: (path) => ending('.so', '.dylib', '.dll')(path) || /\.so\.[\d.]+$/.test(path),
    unit: libraryUnit,
  },
];

/** What a file is. @throws VaisError `usage` for one that no language claims */
export function unitOf(path: string): Unit {
  const language = languages.find(({ claims }) => claims(path));
  if (language !== undefined) return language.unit(path);
  throw new VaisError('usage', `${path} is neither a source that can be built nor a shared library`, {
    hint: 'Give a .vais, .c, .cpp, .rs or .zig file, or a .so, .dylib or .dll; or say how it is built: --build and --image.',
  });
}
