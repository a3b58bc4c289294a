import { type Digest, parseDigest } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import type { Contract } from '../contract/contract.ts';
import type { Image } from '../contract/image.ts';
import { validateName } from '../contract/name.ts';
import { parseTriple, type Triple, triples } from '../image/triple.ts';

/** How an image was compiled: `fast` by tcc in milliseconds, `optimized` by gcc or clang. */
export type Tier = Contract['tier'];

/** What travels beside an image and says what it is for. */
export interface Manifest {
  /** The program that shall run it. */
  readonly program: string;
  readonly module: string;
  readonly triple: Triple;
  readonly digest: Digest;
  /** Bytes of the image. */
  readonly size: number;
  /** The version that the sender compared the contract with; 0 when it knew of none. */
  readonly parentVersion: number;
  readonly tier: Tier;
  readonly buildId: string;
  /** The fast build of the same source, whose place the image takes in its version; missing: a version of its own. */
  readonly refines?: Digest;
  /** What all modules of a push that swap together have: 32 hex digits by chance. Missing: it stands for itself. */
  readonly group?: string;
  /** With `group`: how many modules it has, from 2 to `mostTogether`. */
  readonly groupSize?: number;
}

/** So many modules may swap together. */
export const mostTogether = 16;

/** A manifest as the wire has it: nothing of it is known to be so. */
type ClaimedManifest = { readonly [Field in keyof Manifest]?: unknown };

/**
 * A manifest that came from a peer, with each field checked. Throws `usage` for a field that is not as it must be and
 * `wrong_platform` for a triple that nobody builds for. Whether it is true of the image, `matchManifest` says.
 */
export function validateManifest(value: ClaimedManifest): Manifest {
  const { digest, buildId, tier, refines = '' } = value;
  const group = readGroup(value);
  const name = (field: 'program' | 'module'): string => {
    const text = value[field];
    if (typeof text !== 'string') throw wrong(field, 'a string');
    return validateName(field, text);
  };
  const count = (field: 'size' | 'parentVersion', least: number): number => {
    const number = value[field];
    if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
    throw wrong(field, `a whole number from ${least}`);
  };
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (parsed === undefined) throw wrong('digest', '64 lower-case hex digits');
  if (typeof buildId !== 'string' || !/^[0-9a-f]{32}$/.test(buildId))
    throw wrong('buildId', '32 lower-case hex digits');
  if (tier !== 'fast' && tier !== 'optimized') throw wrong('tier', '"fast" or "optimized"');
  const refined = typeof refines === 'string' ? parseDigest(refines) : undefined;
  if (refines !== '' && refined === undefined) throw wrong('refines', 'empty or 64 lower-case hex digits');
  if (refined !== undefined && group.group !== undefined) throw wrong('group', 'empty, as what refines another has it');
  if (refined !== undefined && tier !== 'optimized') throw wrong('tier', '"optimized", as what refines another has it');
  return {
    program: name('program'),
    module: name('module'),
    triple: readTriple(value.triple),
    digest: parsed,
    size: count('size', 1),
    parentVersion: count('parentVersion', 0),
    tier,
    buildId,
    ...(refined === undefined ? {} : { refines: refined }),
    ...group,
  };
}

/**
 * Throws when the manifest is not true of the image: `digest_mismatch` when these are other bytes, `wrong_platform`
 * when they are built for another triple, `image_invalid` when their contract says something else than the manifest.
 */
export function matchManifest(manifest: Manifest, image: Image): void {
  if (manifest.size !== image.size || manifest.digest !== image.digest) {
    throw new VaisError(
      'digest_mismatch',
      `the image that came is not the one announced: ${image.size} bytes with SHA-256 ${image.digest} came, ` +
        `and ${manifest.size} bytes with ${manifest.digest} were announced`,
    );
  }
  if (manifest.triple !== image.triple) {
    throw new VaisError('wrong_platform', `the image is for ${image.triple}, and its manifest says ${manifest.triple}`);
  }
  for (const field of ['module', 'buildId', 'tier'] as const) {
    if (manifest[field] === image.contract[field]) continue;
    throw new VaisError(
      'image_invalid',
      `the image says ${field} ${image.contract[field]}, and its manifest says ${manifest[field]}`,
      { hint: 'Push again with the same version of vais-remote as the agent has.' },
    );
  }
}

function readGroup({ group = '', groupSize: size = 0 }: ClaimedManifest): Pick<Manifest, 'group' | 'groupSize'> {
  if (group === '' && size === 0) return {};
  if (typeof group !== 'string' || !/^[0-9a-f]{32}$/.test(group)) throw wrong('group', '32 lower-case hex digits');
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 2 && size <= mostTogether)
    return { group, groupSize: size };
  throw wrong('groupSize', `a whole number from 2 to ${mostTogether}`);
}

function readTriple(value: unknown): Triple {
  if (typeof value !== 'string') throw wrong('triple', 'a string');
  const triple = parseTriple(value);
  if (triple !== undefined) return triple;
  throw new VaisError('wrong_platform', 'the manifest names a platform that vais-remote does not know', {
    hint: `It knows ${triples.join(', ')}.`,
  });
}

function wrong(field: keyof Manifest, expected: string): VaisError {
  return new VaisError('usage', `the manifest's ${field} is not ${expected}`, {
    hint: 'Push with the same version of vais-remote as the agent has.',
  });
}
