import { VaisError } from '../common/error.ts';

/** The platforms that images are built for. */
export const triples = [
  'x86_64-linux-gnu',
  'aarch64-linux-gnu',
  'x86_64-windows-gnu',
  'x86_64-macos',
  'aarch64-macos',
] as const;

/** The platform that an image is built for: machine, system and, where there are several, the C library. */
export type Triple = (typeof triples)[number];

/** The text as a triple, or undefined when it is none of those we know. */
export function parseTriple(text: string): Triple | undefined {
  return triples.find((triple) => triple === text);
}

const hosts: Readonly<Record<string, Triple>> = {
  'linux x64': 'x86_64-linux-gnu',
  'linux arm64': 'aarch64-linux-gnu',
  'win32 x64': 'x86_64-windows-gnu',
  'darwin x64': 'x86_64-macos',
  'darwin arm64': 'aarch64-macos',
};

/** The triple of the machine that this process runs on. Throws `wrong_platform` where there is none. */
export function hostTriple(): Triple {
  const host = `${process.platform} ${process.arch}`;
  const triple = hosts[host];
  if (triple !== undefined) return triple;
  throw new VaisError('wrong_platform', `vais-remote does not know how to run native code on ${host}`, {
    hint: `It knows ${triples.join(', ')}.`,
  });
}

/** The file name of a module's library: `libgame.so`, `libgame.dylib` or `libgame.dll`. */
export function libraryName(module: string, triple: Triple): string {
  return `lib${module}${libraryExtension(triple)}`;
}

/** `.so`, `.dylib` or `.dll`. */
export function libraryExtension(triple: Triple): '.so' | '.dylib' | '.dll' {
  if (triple.endsWith('-macos')) return '.dylib';
  return triple === 'x86_64-windows-gnu' ? '.dll' : '.so';
}
