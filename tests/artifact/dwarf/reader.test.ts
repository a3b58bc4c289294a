import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compareContracts } from '../../../artifact/contract/compare.ts';
import type { Contract } from '../../../artifact/contract/contract.ts';
import { readImage } from '../../../artifact/contract/image.ts';
import { debugContract } from '../../../artifact/dwarf/contract.ts';
import { imageToTravel } from '../../../artifact/dwarf/native-image.ts';
import { buildIdOf } from '../../../artifact/image/build-id.ts';
import { ByteReader } from '../../../artifact/image/byte-reader.ts';
import { readSections } from '../../../artifact/image/sections.ts';
import { packageRoot } from '../../../common/package-root.ts';
import { describeWhere, itWhere } from '../../scenario/needs.ts';
import { missing, NativeWorkshop, type Toolchain } from './native.ts';

const workshop = new NativeWorkshop();
afterAll(() => workshop.close());
const facts = { module: 'game', triple: 'x86_64-linux-gnu', buildId: '0'.repeat(32) } as const;

const plain = `
typedef struct { int hp; } State;
int step(State *s) { return ++s->hp; }
int helper(int n) { return n; }
`;

function contractOf(toolchain: Toolchain, source: string, flags: readonly string[] = ['-g']): Contract {
  return debugContract(workshop.build(toolchain, source, flags), facts);
}

const names = (entries: readonly { readonly name: string }[]): string[] => entries.map(({ name }) => name);

function describeWith(toolchain: Toolchain, body: () => void): void {
  describeWhere(toolchain, missing(toolchain), body);
}

describeWith('gcc', () => {
  it('takes the functions marked with HOT where there are any, and else all that are exported', () => {
    expect(names(contractOf('gcc', plain).functions)).toEqual(['helper', 'step']);
    const marked = `#include "hot.h"\n${plain.replace('int step', 'HOT int step')}`;
    const flags = ['-g', '-DHOT_IMAGE', `-I${join(packageRoot, 'runtime')}`];
    expect(names(contractOf('gcc', marked, flags).functions)).toEqual(['step']);
  });

  it.each([['-gz=zlib'], ['-gz=zlib-gnu'], ['-gdwarf-4'], ['-g3'], ['-g', '-O3', '-flto']])('reads %s', (...flags) => {
    expect(contractOf('gcc', plain, ['-g', ...flags])).toMatchObject({
      functions: [{ name: 'helper' }, { name: 'step', type: 'fn(*State) -> i32', at: { file: 'game.c', line: 3 } }],
      structs: [{ name: 'State', fields: [{ name: 'hp', type: 'i32' }] }],
    });
  });

  it.each([
    ['split', ['-g', '-gdwarf-4', '-gsplit-dwarf'], 'image_invalid', 'it is in .dwo or .dwp files'],
    ['split as DWARF 5 has it', ['-g', '-gsplit-dwarf'], 'image_invalid', 'it is in .dwo or .dwp files'],
    ['too old', ['-gdwarf-3'], 'contract_missing', 'is DWARF 3, and 4 and 5 are read'],
    ['missing', ['-g0'], 'contract_missing', 'has no debug information'],
  ])('refuses what is %s by name', (_, flags, code, message) => {
    expect(() => contractOf('gcc', plain, flags)).toThrow(expect.objectContaining({ code }));
    expect(() => contractOf('gcc', plain, flags)).toThrow(message);
  });

  it('names a function of a file without debug information, of which nothing else is known', () => {
    const run = { cwd: workshop.folder };
    writeFileSync(join(workshop.folder, 'blind.c'), 'int blind(int n) { return n; }\n');
    execFileSync('gcc', ['-g0', '-fPIC', '-c', 'blind.c', '-o', 'blind.o'], run);
    const mixed = contractOf('gcc', plain, ['-g', 'blind.o']);
    expect(mixed.functions).toContainEqual(expect.objectContaining({ name: 'blind', type: 'unknown' }));
    const told = contractOf('gcc', plain, ['-g', 'blind.c']);
    expect(compareContracts(mixed, told)).toEqual([]);
    expect(compareContracts(told, mixed)).toMatchObject([{ name: 'blind', is: 'blind: no debug information' }]);
  });

  it('names zstd where it cannot read it', () => {
    const file = workshop.build('gcc', plain, ['-g', '-gz=zlib']);
    const bytes = file.bytes.slice();
    for (const section of readSections(file)) if (section.compressed) bytes[section.offset] = 2;
    expect(() => debugContract(new ByteReader(bytes), facts)).toThrow(/compressed with zstd|cannot be decompressed/);
  });

  it('finds a type in the unit that completes it, and keeps two of one name apart', () => {
    const hidden = 'struct Hidden { int secret; };\n';
    const other = (text: string) => writeFileSync(join(workshop.folder, 'other.c'), text);
    other(
      `${hidden}typedef struct { short x; } Mine;\nint peek(struct Hidden *h, Mine m) { return h->secret + m.x; }\n`,
    );
    const source =
      'struct Hidden;\ntypedef struct { long y; } Mine;\nint step(struct Hidden *h, Mine m) { return h != 0 && m.y; }\n';
    const both = contractOf('gcc', source, ['-g', 'other.c']);
    expect(both.structs).toContainEqual(expect.objectContaining({ name: 'Hidden', size: 4 }));
    expect(both.functions).toMatchObject([
      { name: 'peek', type: 'fn(*Hidden, Mine) -> i32' },
      { name: 'step', type: 'fn(*Hidden, Mine (game.c)) -> i32' },
    ]);
    expect(both.structs.filter(({ name }) => name.startsWith('Mine')).map(({ size }) => size)).toEqual([2, 8]);
    expect(names(contractOf('gcc', source).structs)).toEqual(['Mine']);
  });
});

describe.each<Toolchain>(['gcc', 'mingw'])('what travels', (toolchain) => {
  describeWith(toolchain, () => {
    it('has its contract and its build id, and no debug information', () => {
      const file = workshop.build(toolchain, plain, ['-g', '-Wl,--build-id']);
      const travelling = imageToTravel(file.bytes, { module: 'game' });
      const { contract } = readImage(travelling);
      expect(contract).toMatchObject({ module: 'game', origin: 'debug', functions: expect.any(Array) });
      expect(names(contract.functions)).toEqual(expect.arrayContaining(['helper', 'step']));
      const sections = readSections(new ByteReader(travelling));
      expect(names(sections).filter((name) => name.includes('debug_'))).toEqual([]);
      expect(contract.buildId).toBe(buildIdOf(new ByteReader(travelling), sections));
      expect(contract.buildId).toBe(buildIdOf(file, readSections(file)));
      expect(travelling.length).toBeLessThan(file.size + 4_096);
      expect(imageToTravel(travelling, { module: 'other' })).toBe(travelling);
    });
  });
});

describeWith('gcc', () => {
  it('is called after its digest where the linker gave no build id', () => {
    const file = workshop.build('gcc', plain, ['-g', '-Wl,--build-id=none']);
    const { digest, contract } = readImage(imageToTravel(file.bytes, { module: 'game' }));
    expect(contract.buildId).toBe(digest.slice(0, 32));
  });

  it('runs as before', () => {
    const file = workshop.build('gcc', plain);
    const path = join(workshop.folder, 'libtravelling.so');
    writeFileSync(path, imageToTravel(file.bytes, { module: 'game' }));
    writeFileSync(
      join(workshop.folder, 'main.c'),
      'int helper(int);\nint main(void) { return helper(42) == 42 ? 0 : 1; }\n',
    );
    const run = { cwd: workshop.folder };
    execFileSync('gcc', ['main.c', './libtravelling.so', '-o', 'main'], run);
    execFileSync(join(workshop.folder, 'main'), run);
  });
});

describe('a .dSYM of macOS', () => {
  const dsymutil = '/usr/lib/llvm-14/bin/dsymutil';
  itWhere(
    'is read as any other',
    existsSync(dsymutil) ? undefined : `there is no ${dsymutil}: apt-get install llvm-14`,
    () => {
      const run = { cwd: workshop.folder, stdio: 'pipe' as const };
      writeFileSync(join(workshop.folder, 'mac.c'), plain);
      execFileSync('clang-14', ['--target=arm64-apple-macos11', '-g', '-c', 'mac.c', '-o', 'mac.o'], run);
      const platform = ['-platform_version', 'macos', '11', '11', '-undefined', 'dynamic_lookup'];
      execFileSync('ld64.lld-14', ['-dylib', '-arch', 'arm64', ...platform, '-o', 'mac.dylib', 'mac.o'], run);
      execFileSync(dsymutil, ['mac.dylib', '-o', 'mac.dSYM'], run);
      const bytes = readFileSync(join(workshop.folder, 'mac.dSYM/Contents/Resources/DWARF/mac.dylib'));
      expect(debugContract(new ByteReader(bytes), facts)).toMatchObject({
        functions: [{ name: 'helper' }, { name: 'step', type: 'fn(*State) -> i32' }],
        structs: [{ name: 'State', size: 4 }],
      });
    },
  );
});
