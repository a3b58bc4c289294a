/**
 * A delta makes the new bytes of a library from the old ones. When one function grows, everything behind it moves, and
 * every call, table and symbol that names what moved changes with it: in a library of 10 MB, a few hundred thousand
 * fields. None of that is news. So both sides read the old library, find its references, and move them as the
 * parts that they name were moved; the delta carries the parts' moves, what is truly new, and what the guess got wrong.
 * (The idea is that of Courgette and Zucchini in Chromium; this is our own way, told in docs/transfer.md.)
 *
 * `encodeDelta`, in five steps: read both layouts → find copies by shape, learn the shifts → find copies again by meaning →
 * guess → write down what differs. `applyDelta` takes only the last two, backwards. The words are in delta-*.ts.
 *
 * Nothing here knows whether a guess is right. The digests of old and new do.
 */
import { type Digest, digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { brokenDelta } from './bytes.ts';
import { mostCopies } from './copies.ts';
import { type Envelope, openEnvelope, sealEnvelope } from './envelope.ts';
import { readLayout } from './layout.ts';
import { learnFixes } from './learn.ts';
import { findCopies } from './match.ts';
import { patternOf } from './pattern.ts';
import { predict, shiftsOf } from './predict.ts';
import { applyDifferences, fillGaps, readScript, writeScript } from './script.ts';
import { sealBytes, unseal } from './seal.ts';

/** Places in a library are kept in 32 bits. */
const mostBytes = 0xffff_ffff;

/** Limits on what a delta may make. */
export interface DeltaLimits {
  /** The most bytes that the result may have. */
  readonly maxBytes: number;
}

/** What a delta says of itself, before anything of it is believed. */
export interface DeltaHead {
  readonly oldDigest: Digest;
  readonly newDigest: Digest;
  /** Bytes of the result. */
  readonly size: number;
}

/**
 * The delta from `old` to `next`, any bytes; undefined when it would save nothing over sending `next` compressed.
 * Takes a few hundred milliseconds for 10 MB that are mostly the same.
 */
export function encodeDelta(old: Uint8Array, next: Uint8Array): Uint8Array | undefined {
  if (Math.max(old.byteLength, next.byteLength) > mostBytes) return undefined;
  const script = encodeScript(unseal(old).bytes, unseal(next));
  return script && sealEnvelope(old, next, script);
}

function encodeScript(old: Uint8Array, { bytes: next, seal }: ReturnType<typeof unseal>): Uint8Array | undefined {
  const oldLayout = readLayout(old);
  const nextLayout = readLayout(next);
  const { spans } = nextLayout;
  const byShape = findCopies(patternOf(old, oldLayout, undefined), patternOf(next, nextLayout, undefined));
  if (byShape.count > mostCopies(next.byteLength)) return undefined;
  const guessed = shiftsOf(byShape, oldLayout, { spans, fixes: [] });
  const learned = learnFixes(byShape, oldLayout, nextLayout, guessed);
  const shifts = shiftsOf(byShape, oldLayout, { spans, fixes: learned });
  const copies = findCopies(patternOf(old, oldLayout, shifts), patternOf(next, nextLayout, 'new'));
  if (copies.count > mostCopies(next.byteLength)) return undefined;
  const fixes = learnFixes(copies, oldLayout, nextLayout, shiftsOf(copies, oldLayout, { spans, fixes: [] }));
  const hints = { spans, fixes };
  const guess = new Uint8Array(next.byteLength);
  predict(old, oldLayout, copies, hints, guess);
  return writeScript(copies, hints, guess, next, seal);
}

/** Reads what the delta is for. Throws `image_invalid`. */
export function readDeltaHead(delta: Uint8Array): DeltaHead {
  const { oldDigest, newDigest, newSize } = openEnvelope(delta);
  return { oldDigest, newDigest, size: newSize };
}

/**
 * The bytes that the delta makes of `old`. Total on any delta: gives the very bytes that were encoded or throws
 * `image_invalid` (no delta, or a damaged one), `digest_mismatch` (it is for another old library, or makes something
 * else than it says) or `too_large`. What it allocates is bounded by the sizes of `old` and of the result that it declares, and
 * the latter by the limit.
 */
export function applyDelta(old: Uint8Array, delta: Uint8Array, limits: DeltaLimits): Uint8Array {
  const envelope = openEnvelope(delta);
  requireFit(old, envelope, limits);
  const script = readScript(envelope.script(), old.byteLength, envelope.newSize);
  const { copies, hints, literals, differences, seal } = script;
  const { bytes: bare } = unseal(old);
  const out = new Uint8Array(envelope.newSize);
  predict(bare, readLayout(bare), copies, hints, out);
  fillGaps(copies, literals, out);
  applyDifferences(differences, out);
  if (seal !== undefined) sealBytes(out, seal);
  if (digestOf(out) !== envelope.newDigest) {
    throw new VaisError('digest_mismatch', 'the delta makes other bytes than it says', {
      hint: 'Send the whole library instead.',
    });
  }
  return out;
}

function requireFit(old: Uint8Array, { oldSize, oldDigest, newSize }: Envelope, { maxBytes }: DeltaLimits): void {
  if (newSize > maxBytes) {
    throw new VaisError('too_large', `the delta makes ${newSize} bytes, and the limit is ${maxBytes}`);
  }
  if (oldSize !== old.byteLength || digestOf(old) !== oldDigest) {
    throw new VaisError('digest_mismatch', 'the delta is for another library than the one that is here', {
      hint: 'Send the whole library instead.',
    });
  }
  if (Math.max(oldSize, newSize) > mostBytes) throw brokenDelta('it is for more than 4 GiB');
}
