import { rm } from 'node:fs/promises';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { validateManifest } from '../../artifact/act/manifest.ts';
import { VaisError } from '../../common/error.ts';
import type { Chunk__Output } from '../../rpc/gen/vais/remote/v1/Chunk.ts';
import type { Delta__Output } from '../../rpc/gen/vais/remote/v1/Delta.ts';
import type { Offer__Output } from '../../rpc/gen/vais/remote/v1/Offer.ts';
import type { SessionRequest__Output } from '../../rpc/gen/vais/remote/v1/SessionRequest.ts';
import type { SessionResponse } from '../../rpc/gen/vais/remote/v1/SessionResponse.ts';
import type { State } from '../../rpc/gen/vais/remote/v1/State.ts';
import { tierName } from '../../rpc/names.ts';
import { hideInternals, toStatus } from '../../rpc/status.ts';
import type { Outcome } from '../deliver/outcome.ts';
import { Groups } from '../receive/groups.ts';
import { type PipelineDeps, runPush } from '../receive/pipeline.ts';
import type { Received, Source } from '../receive/received.ts';
import { baseOf, chunkOf, makeOf, type TransferDeps } from '../receive/transfer.ts';
import { type Step, Uploads } from '../receive/uploads.ts';
import type { PushEvent } from '../say/notice.ts';
import type { Admission, Authorizer } from '../trust/authorize.ts';
import type { Caller } from '../trust/limits.ts';
import { wireEvent, wireOutcome } from './wire.ts';

type Stream = ServerDuplexStream<SessionRequest__Output, SessionResponse>;

/** What a session works with. */
export interface SessionDeps extends PipelineDeps, TransferDeps {
  readonly maxImageBytes: number;
  /** Gets each event of each push. */
  readonly publish: (event: PushEvent) => void;
  readonly authorizer: Authorizer;
  readonly warn: (message: string) => void;
  /** Who calls. @throws VaisError when they may not any more */
  readonly caller: () => Caller;
  /** What the agent has now; the same object as long as it is the same. */
  readonly state: () => State;
}

/** How long a session may take to say `open`, in milliseconds. */
const openMs = 10_000;
/** So many pushes of one session may be under way. */
const maxPushes = 64;
/** So many chunks of one session are held in memory; the client waits meanwhile. */
const maxChunks = 4;
/** A client that leaves so many messages unread gets no more states, and one that leaves `mostUnread` is let go. */
const manyUnread = 256;
const mostUnread = 10_000;

/**
 * Serves one session: states what runs, takes offers, answers each with events and one ack or nack. A push that has
 * been received goes on when the session ends.
 */
export function serveSession(stream: Stream, deps: SessionDeps): void {
  let phase: 'waiting' | 'open' | 'over' = 'waiting';
  let stated: State | undefined;
  let pushes = 0;
  let chunks = 0;

  const stop = () => {
    phase = 'over';
    clearTimeout(opening);
    deps.programs.off('changed', state);
    stream.off('drain', state);
    for (const nonce of uploads.close()) groups.ended(nonce, cutOff());
    groups.close();
  };
  const fail = (error: VaisError) => {
    if (phase === 'over') return;
    stop();
    stream.emit('error', toStatus(hideInternals(error)));
  };
  const send = (kind: SessionResponse) => {
    if (phase === 'over' || stream.writableEnded || stream.destroyed || stream.cancelled) return;
    if (stream.writableLength > mostUnread) fail(new VaisError('busy', 'the client does not read what the agent says'));
    else stream.write(kind);
  };
  const state = () => {
    if (phase !== 'open' || stream.writableLength > manyUnread) return; // Said when the client has read the rest.
    const now = deps.state();
    if (now === stated) return;
    try {
      const { agentId, lastSequence } = deps.caller();
      stated = now;
      send({ state: { ...now, agentId, lastSequence } });
    } catch (thrown) {
      fail(VaisError.from(thrown)); // The caller was revoked, or is gone.
    }
  };
  const refuse = (nonce: number, thrown: unknown) => {
    const reason = VaisError.from(thrown);
    const refused = { kind: 'refused', reason } as const;
    const begun = uploads.drop(nonce);
    if (begun !== undefined) void close(begun.admission, refused);
    groups.ended(nonce, reason);
    send(wireOutcome(nonce, refused));
  };
  const uploads = new Uploads(deps.partials, deps.caller().id, refuse);
  const groups = new Groups();
  const opening = setTimeout(() => fail(new VaisError('timed_out', 'the session did not say `open` in time')), openMs);

  const close = (admission: Admission, outcome: Outcome) =>
    admission.close(outcome).catch((thrown: unknown) => deps.warn(VaisError.from(thrown).message));

  const run = async (nonce: number, received: Received) => {
    const { admission, source } = received;
    let held = source.kind === 'bytes' ? source.bytes.length : 0;
    const release = () => {
      deps.budget.give(held);
      held = 0;
    };
    let outcome: Outcome;
    pushes += 1;
    try {
      const { durable: admitted, developer, requireRights } = admission;
      outcome = await runPush({ ...received, admitted, developer, requireRights }, deps, [
        deps.publish,
        (event) => {
          if (event.event === 'checked') release(); // What happens from here on works with the file.
          send({ progress: { nonce, event: wireEvent(event) } });
        },
      ]);
    } finally {
      pushes -= 1;
      release();
      groups.ended(nonce);
      if (source.kind === 'file') await rm(source.path, { force: true }).catch(() => undefined); // Where it was refused.
    }
    await close(admission, outcome);
    state(); // Before the outcome, so that whoever acts on it knows what runs.
    send(wireOutcome(nonce, outcome));
  };

  const offer = async (offered: Offer__Output) => {
    const { nonce, manifest: claimed, image, elapsedUs, signature } = offered;
    const startedAt = startOf(elapsedUs);
    const manifest = validateManifest({ ...claimed, ...(claimed === null ? {} : { tier: tierName(claimed.tier) }) });
    const group = groups.enter(nonce, manifest); // First of all: when this offer is refused, so are the others.
    const { size } = manifest;
    if (size > deps.maxImageBytes)
      throw new VaisError('too_large', `the image has ${size} bytes, and the agent takes ${deps.maxImageBytes}`);
    if (pushes >= maxPushes) throw new VaisError('busy', `over ${maxPushes} pushes at once in one session`);
    // Before a byte is kept: nobody's images take room here but those of developers.
    const admission = deps.authorizer.push(manifest, signature, deps.caller());
    const admitted = { manifest, startedAt, admission, group };
    let source: Source | undefined;
    const letGo = deps.images.hold(manifest.digest); // What is here must stay until the push works with it.
    try {
      if (image.length > 0) {
        deps.budget.take(image.length);
        source = { kind: 'bytes', bytes: image };
      } else if (await deps.images.hasSound(manifest.digest)) source = { kind: 'stored' };
      else {
        await deps.images.requireRoom(size);
        source = await makeOf(offered.delta, manifest, deps);
        if (source === undefined) {
          if (phase === 'over') throw cutOff();
          uploads.expect(nonce, admitted);
          if (offered.delta.length === 0 && baseOf(offered.base, manifest, deps) !== undefined)
            return send({ want: { nonce, delta: true } });
          return await wantChunks(nonce);
        }
      }
    } catch (thrown) {
      if (!uploads.has(nonce)) await close(admission, { kind: 'refused', reason: VaisError.from(thrown) });
      letGo();
      throw thrown;
    }
    await run(nonce, { ...admitted, source }).finally(letGo);
  };

  const wantChunks = async (nonce: number) => {
    const chunk = await uploads.expectChunks(nonce);
    if (chunk !== undefined) send({ want: { nonce, chunk } });
  };

  const delta = async ({ nonce, delta: bytes }: Delta__Output) => {
    const offered = uploads.takeDelta(nonce);
    if (offered === undefined) return;
    const source = await makeOf(bytes, offered.manifest, deps);
    if (source === undefined) return await wantChunks(nonce);
    uploads.drop(nonce);
    await run(nonce, { ...offered, source });
  };

  const chunk = async (piece: Chunk__Output) => {
    const { nonce } = piece;
    chunks += 1;
    if (chunks >= maxChunks) stream.pause();
    let completed: Extract<Step, { kind: 'complete' }> | undefined;
    try {
      const step = await uploads.take(nonce, chunkOf(piece));
      if (step?.kind === 'taken') send({ taken: { nonce, chunk: step.wanted } });
      else if (step?.kind === 'again') send({ want: { nonce, chunk: step.wanted } });
      else if (step?.kind === 'complete') {
        send({ taken: { nonce, chunk: piece.index + 1 } });
        completed = step;
      }
    } finally {
      chunks -= 1;
      if (chunks < maxChunks) stream.resume();
    }
    if (completed !== undefined)
      await run(nonce, { ...completed.offered, source: { kind: 'file', path: completed.path } });
  };

  stream.on('data', ({ kind, offer: offered, chunk: piece, delta: made }: SessionRequest__Output) => {
    if (phase === 'over') return;
    if (phase === 'waiting') {
      if (kind !== 'open') return fail(new VaisError('usage', 'a session begins with `open`'));
      phase = 'open';
      clearTimeout(opening);
      deps.programs.on('changed', state);
      stream.on('drain', state);
      return state();
    }
    if (offered) offer(offered).catch((thrown: unknown) => refuse(offered.nonce, thrown));
    else if (piece) chunk(piece).catch((thrown: unknown) => refuse(piece.nonce, thrown));
    else if (made) delta(made).catch((thrown: unknown) => refuse(made.nonce, thrown));
  });
  stream.on('end', () => {
    stop();
    stream.end();
  });
  stream.on('cancelled', stop);
  stream.on('error', stop);
}

function cutOff(): VaisError {
  return new VaisError('superseded', 'the connection ended before the image had come');
}

/** When a push began that a peer says began so long ago, as `performance.now()` of this process; a day at most. */
export function startOf(elapsedUs: number): number {
  return performance.now() - Math.min(Math.max(elapsedUs, 0) / 1000, 86_400_000);
}
