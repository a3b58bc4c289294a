import type { ServerDuplexStream } from '@grpc/grpc-js';
import { type Manifest, validateManifest } from '../artifact/manifest.ts';
import { VaisError } from '../common/error.ts';
import { packageVersion } from '../common/package-root.ts';
import type { Chunk__Output } from '../rpc/gen/vais/remote/v1/Chunk.ts';
import type { Offer__Output } from '../rpc/gen/vais/remote/v1/Offer.ts';
import type { SessionRequest__Output } from '../rpc/gen/vais/remote/v1/SessionRequest.ts';
import type { SessionResponse } from '../rpc/gen/vais/remote/v1/SessionResponse.ts';
import { tierName } from '../rpc/names.ts';
import { toStatus } from '../rpc/status.ts';
import type { Admission } from './gate.ts';
import { runPush } from './pipeline.ts';
import type { ServiceWorld } from './service.ts';
import { hideInternals, wireEvent, wirePrograms, wireVerdict } from './wire.ts';

type Stream = ServerDuplexStream<SessionRequest__Output, SessionResponse>;

/** An offer whose bytes are still coming. */
interface Upload {
  readonly manifest: Manifest;
  readonly admission: Admission;
  readonly startedAt: number;
  readonly chunks: Buffer[];
  received: number;
}

/** At most so many uploads may be unfinished in one session. */
const maxUploads = 4;

/**
 * Serves one session: states what runs, takes offers, answers each with events and one ack or nack. A push that has
 * been received goes on when the session ends.
 */
export function serveSession(stream: Stream, world: ServiceWorld): void {
  const uploads = new Map<number, Upload>();
  let opened = false;
  let stated = '';

  const send = (kind: SessionResponse) => {
    if (!stream.writableEnded && !stream.destroyed && !stream.cancelled) stream.write(kind);
  };
  const state = () => {
    try {
      const { agentId = '', lastSequence = 0 } = world.callerOf?.(stream) ?? {};
      const programs = wirePrograms(world.programs, true, world.supervised);
      const text = JSON.stringify(programs);
      if (text === stated) return;
      stated = text;
      const insecure = world.callerOf === undefined;
      send({ state: { agentVersion: packageVersion, insecure, programs, agentId, lastSequence } });
    } catch (thrown) {
      end(thrown); // The caller was revoked, or is gone.
    }
  };
  const end = (thrown: unknown) => {
    stream.emit('error', toStatus(hideInternals(VaisError.from(thrown))));
    stop();
  };
  const stop = () => {
    world.programs.off('changed', state);
    uploads.clear();
  };

  const run = async (nonce: number, upload: Upload, bytes: Uint8Array) => {
    const verdict = await runPush({ ...upload, bytes, admitted: upload.admission.durable }, world, [
      world.publish,
      (event) => send({ progress: { nonce, event: wireEvent(event) } }),
    ]);
    await upload.admission.close(verdict).catch((thrown: unknown) => world.warn(VaisError.from(thrown).message));
    state(); // Before the verdict, so that whoever acts on it knows what runs.
    send(wireVerdict(nonce, verdict));
  };

  const offer = async ({ nonce, manifest: claimed, image, elapsedUs, signature }: Offer__Output) => {
    const startedAt = performance.now() - Math.min(Math.max(elapsedUs, 0) / 1000, 86_400_000);
    const manifest = validateManifest({ ...claimed, ...(claimed === null ? {} : { tier: tierName(claimed.tier) }) });
    if (manifest.size > world.maxImageBytes)
      throw new VaisError(
        'too_large',
        `the image has ${manifest.size} bytes, and the agent takes ${world.maxImageBytes}`,
      );
    const admission = world.gate.push(manifest, signature);
    const upload: Upload = { manifest, admission, startedAt, chunks: [], received: 0 };
    if (image.length > 0) return run(nonce, upload, image);
    const there = await world.images.read(manifest.digest);
    if (there !== undefined) return run(nonce, upload, there);
    if (uploads.size >= maxUploads) throw new VaisError('busy', `over ${maxUploads} uploads at once in one session`);
    uploads.set(nonce, upload);
    send({ want: { nonce, offset: 0 } });
  };

  const chunk = async ({ nonce, offset, data }: Chunk__Output) => {
    const upload = uploads.get(nonce);
    if (upload === undefined) return; // Of an offer that was refused meanwhile.
    const { manifest, chunks } = upload;
    if (offset !== upload.received || offset + data.length > manifest.size)
      throw new VaisError('usage', `a chunk at ${offset} where ${upload.received} of ${manifest.size} bytes have come`);
    chunks.push(data);
    upload.received += data.length;
    if (upload.received < manifest.size) return;
    uploads.delete(nonce);
    return run(nonce, upload, Buffer.concat(chunks));
  };

  const refuse = (nonce: number, thrown: unknown) => {
    uploads.delete(nonce);
    send(wireVerdict(nonce, { kind: 'nack', running: 0, reason: VaisError.from(thrown) }));
  };

  stream.on('data', (request: SessionRequest__Output) => {
    if (!opened) {
      if (request.kind !== 'open') return end(new VaisError('usage', 'a session begins with `open`'));
      opened = true;
      world.programs.on('changed', state);
      return state();
    }
    if (request.offer) {
      const { nonce } = request.offer;
      offer(request.offer).catch((thrown: unknown) => refuse(nonce, thrown));
    } else if (request.chunk) {
      const { nonce } = request.chunk;
      chunk(request.chunk).catch((thrown: unknown) => refuse(nonce, thrown));
    }
  });
  stream.on('end', () => {
    stop();
    stream.end();
  });
  stream.on('cancelled', stop);
  stream.on('error', stop);
}
