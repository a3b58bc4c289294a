import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Contract } from '../../artifact/contract/contract.ts';
import { formatContract } from '../../artifact/contract/format.ts';
import type { Triple } from '../../artifact/image/triple.ts';
import { packageRoot } from '../../common/package-root.ts';
import { missingC } from '../platforms/tools.ts';

/** Builds real libraries with real compilers, in a folder of its own that `close()` removes. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'vais-workshop-'));
  #count = 0;

  /** Compiles C to a new file and gives its path. */
  compile(command: readonly string[], source: string, extension = '.so'): string {
    this.#count += 1;
    const base = join(this.folder, `lib${this.#count}`);
    writeFileSync(`${base}.c`, source);
    const [tool = '', ...flags] = command;
    execFileSync(tool, [...flags, '-o', `${base}${extension}`, `${base}.c`, '-I', join(packageRoot, 'runtime')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return `${base}${extension}`;
  }

  /** Compiles C to a Mach-O library: by clang and lld, since there is no Mac and no SDK here. */
  compileMachO(source: string, arch: 'arm64' | 'x86_64'): string {
    const object = this.compile(['clang-14', `--target=${arch}-apple-macos11`, '-c'], source, '.o');
    const library = object.replace(/o$/, 'dylib');
    execFileSync('ld64.lld-14', [...machOFlags(arch), '-o', library, object]);
    return library;
  }

  read(path: string): Uint8Array {
    return new Uint8Array(readFileSync(path));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const compilers = {
  gcc: ['gcc', '-shared', '-fPIC'],
  tcc: ['tcc', '-shared'],
  aarch64: ['aarch64-linux-gnu-gcc', '-shared', '-fPIC'],
  mingw: ['x86_64-w64-mingw32-gcc', '-shared'],
} as const;

const machOFlags = (arch: 'arm64' | 'x86_64'): string[] => [
  ...['-dylib', '-arch', arch, '-platform_version', 'macos', '11', '11', '-undefined', 'dynamic_lookup'],
];

/** What is missing to build a Mach-O library here; undefined when nothing is. */
export function missingMachO(arch: 'arm64' | 'x86_64' = 'arm64'): string | undefined {
  return missingC(['clang-14', `--target=${arch}-apple-macos11`, '-c'], ['ld64.lld-14', ...machOFlags(arch)]);
}

export const exampleContract: Contract = {
  format: 1,
  module: 'game',
  triple: 'x86_64-linux-gnu',
  buildId: '0123456789abcdef0123456789abcdef',
  tier: 'fast',
  origin: 'stated',
  compiler: 'vaisc 0.1.0, tcc 0.9.27',
  source: 'game.vais',
  functions: [
    {
      name: 'update_game',
      type: 'fn(*GameState, f64) -> i64',
      text: 'F update_game(state: *GameState, dt: f64) -> i64',
      at: { file: 'game.vais', line: 9, column: 3 },
    },
    { name: 'render_game', type: 'fn(*GameState) -> i64', text: 'F render_game(state: *GameState) -> i64' },
  ],
  structs: [
    {
      name: 'GameState',
      size: 24,
      align: 8,
      held: true,
      fields: [
        { name: 'x', type: 'i64', offset: 0, at: { file: 'game.vais', line: 2, column: 5 } },
        { name: 'y', type: 'i64', offset: 8, at: { file: 'game.vais', line: 3, column: 5 } },
        { name: 'score', type: 'i64', offset: 16 },
      ],
      at: { file: 'game.vais', line: 1, column: 3 },
    },
    { name: 'Scratch', size: 8, align: 8, held: false, fields: [{ name: 'n', type: 'i64', offset: 0 }] },
  ],
  enums: [],
  globals: [{ name: 'score', type: 'i64', size: 8, at: { file: 'game.vais', line: 7, column: 3 } }],
};

/** The example for another triple. */
export function exampleFor(triple: Triple): Contract {
  return { ...exampleContract, triple };
}

interface ImageParts {
  /** The records in the section, for a damaged contract; else those of the contract. */
  readonly records?: readonly string[];
  /** C after the image: constructors, say. */
  readonly more?: string;
  readonly exported?: boolean;
}

/** C source of an image with this contract, as small as it can be: one hot function that returns 1. */
export function imageSource(contract: Contract, parts: ImageParts = {}): string {
  const records = (parts.records ?? formatContract(contract)).map((record) => `${cString(record)} "\\0"`).join('\n  ');
  const [first] = contract.functions;
  return `#define HOT_IMAGE 1
#include "hot.h"
${records === '' ? '' : 'HOT_CONTRACT '}static const char contract[] = ${records === '' ? '""' : records};
static long long function_1(void) { return 1; }
static const hot_function functions[] = {
  { ${cString(first?.name ?? 'none')}, ${cString(first?.type ?? 'fn() -> i64')}, (hot_address)function_1 },
};
${parts.exported === false ? '__attribute__((used)) static' : 'HOT_EXPORT'} const hot_image vais_hot_image = {
  HOT_ABI, sizeof(hot_image), ${cString(contract.module)}, ${cString(contract.buildId)}, ${cString(contract.triple)},
  contract, sizeof contract, 1, 1, functions, 0, 0, 0, 0, 0
};
HOT_EXPORT int another_export(void) { return 2; }
${parts.more ?? ''}
`;
}

function cString(text: string): string {
  return JSON.stringify(text);
}
