import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { VaisError } from '../common/error.ts';
import { packageRoot } from '../common/package-root.ts';

/** The folder with the linkers that are us. */
export const linkerFolder = join(packageRoot, 'linker', 'bin');

/** What cross-compilers put before the linker's name, by `-m`. */
const prefixes: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^aarch64/, ['aarch64-linux-gnu-', 'aarch64-unknown-linux-gnu-', 'aarch64-linux-musl-']],
  [/^elf_x86_64/, ['x86_64-linux-gnu-', 'x86_64-unknown-linux-gnu-', 'x86_64-linux-musl-']],
];
const native: Readonly<Record<string, RegExp>> = { x64: /^elf_x86_64/, arm64: /^aarch64/ };

/** The linker that the compiler would have taken without us. @throws VaisError `toolchain_missing` */
export function findLinker(name: string, environment: NodeJS.ProcessEnv, emulation = ''): string {
  const before = prefixes.find(([pattern]) => pattern.test(emulation))?.[1] ?? [];
  const isNative = emulation === '' || native[process.arch]?.test(emulation) === true;
  const cross = before.map((prefix) => prefix + name);
  const names = isNative || name === 'ld.lld' ? [name, ...cross] : cross;
  // gcc says where its own programs are; there the linker of a cross-compiler has the plain name.
  const given = (environment['COMPILER_PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const path = (environment['PATH'] ?? '').split(delimiter);
  const places = [...given, ...names.flatMap((one) => path.map((folder) => join(folder, one)))];
  const found = places.find((place) => place !== name && isProgram(place));
  if (found !== undefined) return found;
  throw new VaisError('toolchain_missing', `no linker ${name} is on the PATH`, {
    hint: 'Install it, or choose another by -fuse-ld.',
  });
}

function isProgram(place: string): boolean {
  try {
    accessSync(place, constants.X_OK);
    return dirname(realpathSync(place)) !== realpathSync(linkerFolder);
  } catch {
    return false;
  }
}
