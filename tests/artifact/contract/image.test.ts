import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Image, readImage, readImageFile, requireTriple } from '../../../artifact/contract/image.ts';
import { digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';
import { hasTool, missingC } from '../../platforms/tools.ts';
import { itWhere } from '../../scenario/needs.ts';
import { compilers, exampleContract, exampleFor, imageSource, missingMachO, Workshop } from '../build-library.ts';

let workshop: Workshop;
beforeAll(() => {
  workshop = new Workshop();
});
afterAll(() => workshop.close());

function refusal(bytes: Uint8Array): VaisError {
  try {
    readImage(bytes);
  } catch (thrown) {
    if (thrown instanceof VaisError) return thrown;
    throw thrown;
  }
  throw new Error('it was not refused');
}

function read(path: string): Image {
  return readImage(workshop.read(path));
}

const lld = ['clang-14', '-shared', '-fPIC', '-fuse-ld=lld-14'];

describe('a real library', () => {
  const recipes = {
    'gcc, Linux x86-64': {
      missing: missingC(compilers.gcc),
      format: 'elf',
      triple: 'x86_64-linux-gnu',
      build: (source: string) => workshop.compile(compilers.gcc, source),
    },
    'tcc, Linux x86-64': {
      missing: missingC(compilers.tcc),
      format: 'elf',
      triple: 'x86_64-linux-gnu',
      build: (source: string) => workshop.compile(compilers.tcc, source),
    },
    'clang and lld, Linux x86-64': {
      missing: missingC(lld),
      format: 'elf',
      triple: 'x86_64-linux-gnu',
      build: (source: string) => workshop.compile(lld, source),
    },
    'gcc, Linux arm64': {
      missing: missingC(compilers.aarch64),
      format: 'elf',
      triple: 'aarch64-linux-gnu',
      build: (source: string) => workshop.compile(compilers.aarch64, source),
    },
    'clang and lld, macOS arm64': {
      missing: missingMachO('arm64'),
      format: 'macho',
      triple: 'aarch64-macos',
      build: (source: string) => workshop.compileMachO(source, 'arm64'),
    },
    'clang and lld, macOS x86-64': {
      missing: missingMachO('x86_64'),
      format: 'macho',
      triple: 'x86_64-macos',
      build: (source: string) => workshop.compileMachO(source, 'x86_64'),
    },
    'mingw, Windows x86-64': {
      missing: missingC(compilers.mingw),
      format: 'pe',
      triple: 'x86_64-windows-gnu',
      build: (source: string) => workshop.compile(compilers.mingw, source, '.dll'),
    },
  } as const;

  for (const [name, { missing, format, triple, build }] of Object.entries(recipes)) {
    itWhere(`from ${name} reads back whole`, missing, () => {
      const contract = exampleFor(triple);
      const path = build(imageSource(contract));
      const bytes = workshop.read(path);
      expect(readImageFile(path, digestOf(bytes))).toEqual(readImage(bytes));
      expect(readImage(bytes)).toEqual({
        format,
        triple,
        size: bytes.byteLength,
        digest: digestOf(bytes),
        contract,
        exportsImage: true,
      });
    });

    itWhere(`from ${name} without the export says so`, missing, () => {
      expect(read(build(imageSource(exampleFor(triple), { exported: false }))).exportsImage).toBe(false);
    });

    itWhere(`from ${name} without a contract is refused`, missing, () => {
      const error = refusal(workshop.read(build(imageSource(exampleFor(triple), { records: [] }))));
      expect(error.code).toBe('contract_missing');
      expect(error.hint).toContain('vaisc build --hot');
    });

    itWhere(`from ${name} is refused at whatever length it is cut`, missing, () => {
      const bytes = workshop.read(build(imageSource(exampleFor(triple))));
      const step = Math.max(1, Math.floor(bytes.byteLength / 400));
      for (let length = 0; length < bytes.byteLength; length += step) {
        expect(() => readImage(bytes.subarray(0, length))).toThrow(VaisError);
      }
      expect(() => readImage(bytes.subarray(0, bytes.byteLength - 1))).toThrow('cut short');
      const half = refusal(bytes.subarray(0, bytes.byteLength / 2));
      expect(half.code).toBe('image_invalid');
      expect(half.message).toMatch(/cut short: .* should end at byte \d+, and it has \d+/);
      expect(half.hint).toContain('push');
    });

    itWhere(`from ${name} with the contract of another platform is refused`, missing, () => {
      const other = triple === 'x86_64-macos' ? 'x86_64-linux-gnu' : 'x86_64-macos';
      const error = refusal(workshop.read(build(imageSource(exampleFor(other)))));
      expect(error.message).toBe(`the library is for ${triple}, and its contract says ${other}`);
    });
  }

  it('reads back when its symbols are stripped', () => {
    const path = workshop.compile(compilers.gcc, imageSource(exampleContract));
    execFileSync('strip', ['--strip-all', path]);
    expect(read(path)).toMatchObject({ contract: exampleContract, exportsImage: true });
  });

  it('reads back from bytes that stand in the middle of a larger buffer', () => {
    const bytes = workshop.read(workshop.compile(compilers.gcc, imageSource(exampleContract)));
    const larger = new Uint8Array(bytes.byteLength + 13);
    larger.set(bytes, 7);
    expect(readImage(larger.subarray(7, 7 + bytes.byteLength))).toEqual(readImage(bytes));
  });
});

describe('what is no hot library', () => {
  const program = 'int main(void) { return 0; }';
  const text = (content: string) => new TextEncoder().encode(content);

  function expectNone(bytes: Uint8Array, what: string): void {
    const error = refusal(bytes);
    expect(error.code).toBe('image_invalid');
    expect(error.message).toContain(what);
    expect(error.hint).toContain('vaisc build --hot');
  }

  it.each([
    ['nothing', () => new Uint8Array(), 'the file is empty, not a shared library'],
    ['a source', () => text('F main() -> i64 { 0 } # größer\n'), 'a text file'],
    ['a script', () => text('#!/bin/sh\nexit 0\n'), 'a script'],
    [
      'noise',
      () => Uint8Array.from({ length: 999 }, (_, index) => (index * 167 + 13) % 256),
      'of a format that vais-remote does not know',
    ],
    ['an executable', () => workshop.read(workshop.compile(['gcc', '-no-pie'], program)), 'an executable'],
    ['a PIE', () => workshop.read(workshop.compile(['gcc', '-pie', '-fPIE'], program)), 'an executable'],
    ['a static PIE', () => workshop.read(workshop.compile(['gcc', '-static-pie', '-fPIE'], program)), 'an executable'],
    ['an ELF object', () => workshop.read(workshop.compile(['gcc', '-c'], program)), 'an object file'],
  ])('%s is refused by name', (_, bytes, what) => expectNone(bytes(), what));

  for (const [name, command, what] of [
    ['a Windows object', ['x86_64-w64-mingw32-gcc', '-c'], 'an object file'],
    ['a Windows executable', ['x86_64-w64-mingw32-gcc'], 'an executable'],
    ['a macOS object', ['clang-14', '--target=arm64-apple-macos11', '-c'], 'an object file'],
    ['LLVM bitcode', ['clang-14', '-c', '-emit-llvm'], 'LLVM bitcode'],
  ] as const)
    itWhere(`${name} is refused by name`, missingC(command), () =>
      expectNone(workshop.read(workshop.compile(command, program, '.exe')), what),
    );

  it('a static library is refused by name', () => {
    const object = workshop.compile(['gcc', '-c'], program, '.o');
    const archive = join(workshop.folder, 'libold.a');
    execFileSync('ar', ['rc', archive, object]);
    expect(refusal(workshop.read(archive)).message).toContain('a static library');
  });

  const lipo = hasTool('llvm-lipo-14') ? missingMachO() : 'there is no llvm-lipo-14';
  itWhere('a fat Mach-O is refused with the command that makes it thin', lipo, () => {
    const slices = (['arm64', 'x86_64'] as const).map((arch) => {
      const triple = arch === 'arm64' ? 'aarch64-macos' : 'x86_64-macos';
      return workshop.compileMachO(imageSource(exampleFor(triple)), arch);
    });
    const fat = join(workshop.folder, 'fat.dylib');
    execFileSync('llvm-lipo-14', ['-create', '-output', fat, ...slices]);
    const error = refusal(workshop.read(fat));
    expect(error.message).toContain('a fat Mach-O');
    expect(error.hint).toContain('lipo -thin');
  });

  itWhere(
    'a library for macOS on arm64 is refused without a signature, with the command that signs it',
    missingMachO(),
    () => {
      const bytes = Buffer.from(
        workshop.read(workshop.compileMachO(imageSource(exampleFor('aarch64-macos')), 'arm64')),
      );
      const signature = bytes.indexOf(Buffer.from([0x1d, 0, 0, 0, 16, 0, 0, 0])); // LC_CODE_SIGNATURE, 16 bytes
      expect(signature).toBeGreaterThan(0);
      bytes.writeUInt32LE(0x26, signature); // LC_FUNCTION_STARTS, of the same form
      const error = refusal(bytes);
      expect(error.message).toContain('no signature');
      expect(error.hint).toContain('codesign --sign -');
    },
  );

  for (const [name, command, what] of [
    ['32-bit ARM', ['clang-14', '--target=arm-linux-gnueabi'], '32-bit ARM'],
    ['RISC-V', ['clang-14', '--target=riscv64-linux-gnu'], 'RISC-V'],
    ['MIPS, big-endian', ['clang-14', '--target=mips64-linux-gnu'], 'MIPS, big-endian'],
    ['32-bit x86', ['clang-14', '--target=i386-linux-gnu'], '32-bit x86'],
  ] as const)
    itWhere(`a library for ${name} is of the wrong platform`, missingC([...command, '-c', '-ffreestanding']), () => {
      const path = workshop.compile([...command, '-c', '-fPIC', '-ffreestanding'], imageSource(exampleContract), '.o');
      expect(refusal(workshop.read(path))).toMatchObject({
        code: 'wrong_platform',
        message: expect.stringContaining(what),
      });
    });

  itWhere('a library for another target names both platforms', missingC(compilers.aarch64), () => {
    const image = read(workshop.compile(compilers.aarch64, imageSource(exampleFor('aarch64-linux-gnu'))));
    expect(() => requireTriple(image, 'aarch64-linux-gnu')).not.toThrow();
    expect(() => requireTriple(image, 'x86_64-linux-gnu')).toThrow(
      'the library is for aarch64-linux-gnu, and the target is x86_64-linux-gnu',
    );
  });

  it('a damaged contract is refused with the record and the field', () => {
    const records = ['{"record":"module","format":1}'];
    const path = workshop.compile(compilers.gcc, imageSource(exampleContract, { records }));
    expect(refusal(workshop.read(path)).message).toMatch(
      /the contract in the image is damaged: record 1: "source" is not a string|"name" is not/,
    );
  });
});
