import type { Triple } from '../../../../artifact/image/triple.ts';
import type { Toolchain } from './find.ts';

/** Libraries that an image needs beside libc: libm, and the C compiler's own. */
export interface Links {
  readonly math: boolean;
  readonly helpers: boolean;
}

export interface BuildOptions {
  readonly toolchain: Toolchain;
  readonly triple: Triple;
  readonly kind: 'image' | 'program';
  readonly opt: 0 | 1 | 2 | 3;
  readonly debug: boolean;
  /** Link the runtime's C files too. */
  readonly runtime: boolean;
  readonly links: Links;
  /** C sources, objects and libraries of the user, and `-l` flags. */
  readonly extra: readonly string[];
  readonly output: string;
  /** Of gcc and clang: TMPDIR is where one that is stopped may leave a file. This process's own unless given. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Flags that make C mean what Vais means: integers wrap, pointers of different types may meet, a null pointer is an
 * address like others that happens to fault, no product is fused with a sum, and a variable lives until its function
 * returns, whatever block it stands in.
 */
const meaning = [
  '-fwrapv',
  '-fno-strict-aliasing',
  '-fno-delete-null-pointer-checks',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-fvisibility=hidden',
];

/** The flags that decide what comes out; they are part of the build id. */
export function flagsOf(options: Pick<BuildOptions, 'toolchain' | 'opt' | 'debug' | 'triple' | 'kind'>): string[] {
  const { toolchain, opt, debug, kind, triple } = options;
  const debugFlags = debug ? ['-g'] : [];
  if (toolchain.name === 'tcc') return debugFlags;
  const shared = kind === 'image' && triple !== 'x86_64-windows-gnu' ? ['-fPIC'] : [];
  // On Windows clang builds for Microsoft's libraries unless told.
  const target = triple === 'x86_64-windows-gnu' ? ['--target=x86_64-w64-windows-gnu'] : [];
  const own =
    toolchain.name === 'clang'
      ? [...target, '-Xclang', '-disable-lifetime-markers', '-fbracket-depth=4096']
      : ['-fstack-reuse=none'];
  return ['-std=gnu11', `-O${opt}`, ...debugFlags, ...meaning, ...shared, ...own];
}
