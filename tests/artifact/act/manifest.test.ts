import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Manifest, matchManifest, validateManifest } from '../../../artifact/act/manifest.ts';
import type { Image } from '../../../artifact/contract/image.ts';
import { isName, validateName } from '../../../artifact/contract/name.ts';
import { hostTriple, libraryName, parseTriple, triples } from '../../../artifact/image/triple.ts';
import { digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';
import { exampleContract } from '../build-library.ts';

const manifest: Manifest = {
  program: 'game',
  module: 'game',
  triple: 'x86_64-linux-gnu',
  digest: digestOf('image'),
  size: 5,
  parentVersion: 3,
  tier: 'fast',
  buildId: exampleContract.buildId,
};
const image: Image = {
  format: 'elf',
  triple: 'x86_64-linux-gnu',
  size: 5,
  digest: digestOf('image'),
  contract: exampleContract,
  exportsImage: true,
};

describe('a name', () => {
  it.each(['game', 'my game', 'größe', '.hidden', '...', 'a'.repeat(128)])('may be %j', (name) => {
    expect(validateName('program', name)).toBe(name);
  });

  it.each([
    ['', 'is empty'],
    ['.', 'names a folder'],
    ['..', 'names a folder'],
    ['../etc', 'holds a path separator'],
    ['a\\b', 'holds a path separator'],
    ['a\0b', 'holds a control character'],
    ['a\nb', 'holds a control character'],
    ['a\u009bb', 'holds a control character'],
    ['a\u202eb', 'holds a control character'],
    ['a\ud800', 'holds a control character'],
    ['a'.repeat(129), 'is longer than 128 bytes'],
    ['ß'.repeat(65), 'is longer than 128 bytes'],
  ])('may not be %j', (name, complaint) => {
    expect(isName(name)).toBe(false);
    expect(() => validateName('program', name)).toThrow(complaint);
  });

  it('that is refused is shown without harm to a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        if (isName(name)) return true;
        try {
          validateName('module', name);
          return false;
        } catch (thrown) {
          return thrown instanceof VaisError && thrown.code === 'usage' && /^[\x20-\x7e]*$/.test(thrown.message);
        }
      }),
    );
  });
});

describe('a manifest', () => {
  it('that is right comes back as it is, without what does not belong to it', () => {
    expect(validateManifest({ ...manifest, extra: 1 } as Manifest)).toEqual(manifest);
  });

  it.each<[string, { [Field in keyof Manifest]?: unknown }, string]>([
    ['nothing', {}, "the manifest's digest is not 64 lower-case hex digits"],
    ['a program that is no string', { ...manifest, program: 7 }, "the manifest's program is not a string"],
    ['a module that is a path', { ...manifest, module: 'a/b' }, 'holds a path separator'],
    ['a digest in capitals', { ...manifest, digest: manifest.digest.toUpperCase() }, "the manifest's digest"],
    [
      'a build id that is none',
      { ...manifest, buildId: '..' },
      "the manifest's buildId is not 32 lower-case hex digits",
    ],
    ['a size of zero', { ...manifest, size: 0 }, "the manifest's size is not a whole number from 1"],
    ['a size beyond all numbers', { ...manifest, size: 2 ** 60 }, "the manifest's size"],
    [
      'a version below zero',
      { ...manifest, parentVersion: -1 },
      "the manifest's parentVersion is not a whole number from 0",
    ],
    ['a group without its size', { ...manifest, group: 'a'.repeat(32) }, "the manifest's groupSize"],
    ['a group of one', { ...manifest, group: 'a'.repeat(32), groupSize: 1 }, 'a whole number from 2 to 16'],
    ['a group of too many', { ...manifest, group: 'a'.repeat(32), groupSize: 17 }, "the manifest's groupSize"],
    ['a size without a group', { ...manifest, groupSize: 2 }, "the manifest's group is not 32 lower-case hex digits"],
    ['a group that is none', { ...manifest, group: '../x', groupSize: 2 }, "the manifest's group"],
    ['an unknown tier', { ...manifest, tier: 'warp' }, "the manifest's tier"],
    ['a triple that is no string', { ...manifest, triple: null }, "the manifest's triple is not a string"],
  ])('is refused for %s', (_, value, message) => {
    expect(() => validateManifest(value)).toThrow(message);
    expect(() => validateManifest(value)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('is refused for a triple that nobody knows', () => {
    const refused = () => validateManifest({ ...manifest, triple: 'pdp11-bsd' });
    expect(refused).toThrow(expect.objectContaining({ code: 'wrong_platform' }));
  });

  it('is held against the image', () => {
    expect(() => matchManifest(manifest, image)).not.toThrow();
    const cases = [
      [{ digest: digestOf('other') }, 'digest_mismatch'],
      [{ size: 6 }, 'digest_mismatch'],
      [{ triple: 'x86_64-macos' }, 'wrong_platform'],
      [{ module: 'menu' }, 'image_invalid'],
      [{ buildId: 'f'.repeat(32) }, 'image_invalid'],
      [{ tier: 'optimized' }, 'image_invalid'],
    ] as const;
    for (const [lie, code] of cases) {
      expect(() => matchManifest({ ...manifest, ...lie }, image)).toThrow(expect.objectContaining({ code }));
    }
  });
});

describe('a triple', () => {
  it('names the library of a module', () => {
    expect(triples.map((triple) => libraryName('game', triple))).toEqual([
      'libgame.so',
      'libgame.so',
      'libgame.so',
      'libgame.so',
      'libgame.dll',
      'libgame.dylib',
      'libgame.dylib',
    ]);
  });

  it('is one of a closed list', () => {
    expect(parseTriple('aarch64-macos')).toBe('aarch64-macos');
    expect(parseTriple('toString')).toBeUndefined();
    expect(triples).toContain(hostTriple());
  });
});
