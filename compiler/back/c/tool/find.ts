import { hostTriple, type Triple, withLibc } from '../../../../artifact/image/triple.ts';
import type { CompilerName } from '../../../plan/build-plan.ts';
import { run } from './run.ts';

/** A C compiler that was found. */
export interface Toolchain {
  readonly name: CompilerName;
  readonly command: string;
  readonly version: string;
  /** What it can build. */
  readonly triples: readonly Triple[];
}

/** What was looked for, and what to do where it is missing. */
export interface ToolchainReport {
  readonly name: string;
  readonly purpose: string;
  readonly found: Toolchain | undefined;
  /** What it is to build: images, and programs but for a Mac. */
  readonly images: readonly Triple[];
  readonly install: string;
}

/** The versions that are looked for: those of gcc and of LLVM that a system of today may have. */
const [oldest, newest] = [9, 22];

/** What compilers and linkers are called where each version has a name of its own: the plain name, then the newest first. */
export function named(command: string): string[] {
  return [command, ...Array.from({ length: newest - oldest + 1 }, (_, index) => `${command}-${newest - index}`)];
}

interface Wanted {
  readonly name: CompilerName;
  readonly commands: readonly string[];
  readonly purpose: string;
  readonly install: string;
  readonly versionArgs: readonly string[];
  readonly triples: (host: Triple) => readonly Triple[];
  /** What it can build images for, but no programs. */
  readonly images?: (host: Triple) => readonly Triple[];
}

/** An image's C includes no header and its image names no library, so that a compiler for glibc makes those for musl. */
const muslOf = (triple: Triple): readonly Triple[] => (triple.endsWith('-gnu') ? [withLibc(triple, 'musl')] : []);

const macs: readonly Triple[] = ['x86_64-macos', 'aarch64-macos'];

const wanted: readonly Wanted[] = [
  {
    name: 'tcc',
    commands: ['tcc'],
    purpose: 'the fast tier: a new version in a few milliseconds',
    install: 'apt-get install tcc',
    versionArgs: ['-v'],
    // tcc for arm64 and for macOS cannot make the shared libraries that we need.
    triples: (host) => (host === 'x86_64-linux-gnu' || host === 'x86_64-linux-musl' ? [host] : []),
    images: (host) => (host === 'x86_64-linux-gnu' ? muslOf(host) : []),
  },
  {
    name: 'gcc',
    commands: named('gcc'),
    purpose: 'programs, and the optimized tier',
    install: 'apt-get install gcc',
    versionArgs: ['--version'],
    triples: (host) => [host],
    images: muslOf,
  },
  {
    name: 'clang',
    commands: named('clang'),
    purpose: 'programs, the optimized tier, and images for macOS (with lld)',
    install: 'apt-get install clang lld',
    versionArgs: ['--version'],
    triples: (host) => [host, ...macs.filter((mac) => mac !== host)],
    images: muslOf,
  },
  {
    name: 'gcc',
    commands: named('aarch64-linux-gnu-gcc'),
    purpose: 'images and programs for aarch64-linux-gnu',
    install: 'apt-get install gcc-aarch64-linux-gnu',
    versionArgs: ['--version'],
    triples: () => ['aarch64-linux-gnu'],
    images: () => ['aarch64-linux-musl'],
  },
  {
    name: 'gcc',
    commands: ['musl-gcc', 'x86_64-linux-musl-gcc'],
    purpose: 'programs for x86_64-linux-musl',
    install: 'apt-get install musl-tools',
    versionArgs: ['--version'],
    triples: (host) => (host === 'x86_64-linux-gnu' ? ['x86_64-linux-musl'] : []),
  },
  {
    name: 'gcc',
    commands: ['x86_64-w64-mingw32-gcc', 'x86_64-w64-mingw32-gcc-posix', 'x86_64-w64-mingw32-gcc-win32'],
    purpose: 'images and programs for x86_64-windows-gnu',
    install: 'apt-get install gcc-mingw-w64-x86-64',
    versionArgs: ['--version'],
    triples: () => ['x86_64-windows-gnu'],
  },
];

/** Looked for once: each search starts a process. */
const known = new Map<Wanted, Promise<Toolchain | undefined>>();

function search(what: Wanted): Promise<Toolchain | undefined> {
  const before = known.get(what);
  if (before !== undefined) return before;
  const found = (async () => {
    let broken: Toolchain | undefined;
    for (const command of what.commands) {
      const { code, output } = await run(command, what.versionArgs);
      // `gcc` on a Mac is clang under another name; it builds just as well.
      if (code === undefined) continue;
      const version = /\d+\.\d+(?:\.\d+)?|\d+(?=-win32|-posix)/.exec(output)?.[0] ?? 'unknown';
      const toolchain = { name: what.name, command, version, triples: what.triples(hostTriple()) };
      if (code === 0) return toolchain;
      broken ??= toolchain; // It is there, and does not even say its version.
    }
    return broken;
  })();
  known.set(what, found);
  return found;
}

/** Every toolchain that we look for, found or not, with the command that installs it. */
export async function findToolchains(): Promise<ToolchainReport[]> {
  return Promise.all(
    wanted.map(async (what) => ({
      name: what.commands[0] ?? what.name,
      purpose: what.purpose,
      found: await search(what),
      images: [...what.triples(hostTriple()), ...(what.images?.(hostTriple()) ?? [])],
      install: what.install,
    })),
  );
}

/** The first toolchain of these names that builds this for this triple; looks no further than it must. */
export async function toolchainFor(
  triple: Triple,
  names: readonly CompilerName[],
  kind: 'image' | 'program' = 'image',
): Promise<Toolchain | undefined> {
  const host = hostTriple();
  for (const name of names) {
    for (const what of wanted) {
      const builds = kind === 'image' ? [...what.triples(host), ...(what.images?.(host) ?? [])] : what.triples(host);
      if (what.name !== name || !builds.includes(triple)) continue;
      const found = await search(what);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The command that installs something that builds for this triple. */
export function installHint(triple: Triple): string {
  if (triple.endsWith('macos') && hostTriple() !== triple) return 'apt-get install clang lld';
  if (triple === hostTriple() && process.platform === 'win32') return 'winget install BrechtSanders.WinLibs.POSIX.UCRT';
  if (triple === hostTriple()) return 'apt-get install tcc gcc';
  return (
    wanted.find((what) => what.triples(hostTriple()).includes(triple) && what.name === 'gcc')?.install ??
    'apt-get install clang lld'
  );
}
