import { VaisError } from '../../common/error.ts';

/** The platforms that images are built for. */
export const triples = [
  'x86_64-linux-gnu',
  'aarch64-linux-gnu',
  'x86_64-linux-musl',
  'aarch64-linux-musl',
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

let known: Triple | undefined;

/** The triple of the machine that this process runs on. Throws `wrong_platform` where there is none. */
export function hostTriple(): Triple {
  known ??= findHost();
  return known;
}

function findHost(): Triple {
  const host = `${process.platform} ${process.arch}`;
  const triple = hosts[host];
  if (triple !== undefined) return process.platform === 'linux' ? ofLibc(triple) : triple;
  throw new VaisError('wrong_platform', `vais-remote does not know how to run native code on ${host}`, {
    hint: `It knows ${triples.join(', ')}.`,
  });
}

/** With the C library that this process runs on. Node's report names glibc where it is that; every other is taken for musl. */
function ofLibc(triple: Triple): Triple {
  const report: { header?: { glibcVersionRuntime?: string } } = process.report.getReport();
  return report.header?.glibcVersionRuntime === undefined ? withLibc(triple, 'musl') : triple;
}

/** The triple of the same machine with another C library. Triples that are not Linux's stay as they are. */
export function withLibc(triple: Triple, libc: 'gnu' | 'musl'): Triple {
  return parseTriple(triple.replace(/-linux-(?:gnu|musl)$/, `-linux-${libc}`)) ?? triple;
}

/** Whether a process of one can load a library of the other to look at it: the same machine and system. */
export function isAkin(a: Triple, b: Triple): boolean {
  return withLibc(a, 'gnu') === withLibc(b, 'gnu');
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
