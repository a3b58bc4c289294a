/** What the agent does with an offered image. Read first: the rest of the room are its words. */
import type { RollbackAct } from '../../artifact/act/act.ts';
import { matchManifest } from '../../artifact/act/manifest.ts';
import { requireCheckable, requireTriple } from '../../artifact/contract/image.ts';
import { VaisError } from '../../common/error.ts';
import type { Checker } from '../check/check.ts';
import { checkRequest } from '../check/request.ts';
import { nextArrival } from '../deliver/arrival.ts';
import type { Code } from '../deliver/code.ts';
import type { Group } from '../deliver/group.ts';
import type { Outcome } from '../deliver/outcome.ts';
import type { Programs } from '../deliver/programs.ts';
import { Push } from '../deliver/push.ts';
import type { Queue } from '../deliver/queue.ts';
import type { ProgramLink } from '../link/program-link.ts';
import type { PushEvent } from '../say/notice.ts';
import type { ImageStore } from '../store/images.ts';
import { inspect, type Received, stage } from './received.ts';

/** What the pipeline works with. */
export interface PipelineDeps {
  readonly programs: Programs;
  readonly images: ImageStore;
  readonly checker: Checker;
}

/** What an act brings from the authorizer. */
interface Admitted {
  /** Who signed it. */
  readonly developer: string;
  /** Resolves when it is on the disk that the act was admitted. */
  readonly admitted: Promise<void>;
  /** Asked last before the order. @throws VaisError `revoked`, `not_permitted` */
  readonly requireRights: () => void;
}

/**
 * Brings an offered image into the running program: receive → verify → stage → check → deliver → report. Each step is
 * an event with its time; on any failure the old version stands and the outcome says why. Never throws.
 */
export async function runPush(
  received: Omit<Received, 'admission'> & Admitted,
  deps: PipelineDeps,
  sinks: readonly ((event: PushEvent) => void)[],
): Promise<Outcome> {
  const { manifest, startedAt, admitted, developer, requireRights, group } = received;
  const { program, module, digest, size, buildId, tier, refines } = manifest;
  const arrival = nextArrival();
  if (group !== undefined) group.arrival = arrival;
  const what = { program, module, buildId, digest, refines, developer, group, requireRights, arrival };
  const push = new Push({ ...what, origin: 'push' }, startedAt, sinks);
  let queue = deps.programs.queueOf(program, module);
  const letGo = deps.images.hold(digest);
  try {
    push.reach({ event: 'received' });

    const image = await inspect(received, deps.images);
    matchManifest(manifest, image);
    queue = deps.programs.requireQueue(program, module);
    for (const link of queue.links) requireTriple(image, link.triple);
    requireCheckable(image);
    queue.requireFit(image.contract); // Again in its turn.
    push.reach({ event: 'verified' });

    await stage(received, deps.images);
    push.reach({ event: 'staged' });

    await admitted; // Nothing runs before it is on the disk that it may.
    const request = checkRequest({ path: deps.images.path(digest), module, buildId, digest, size }, image.contract);
    await deps.checker.check(request, { developer, requireRights, program: whoChecks(queue) });
    push.reach({ event: 'checked' });

    const code = { image: { digest, size }, buildId, tier, contract: image.contract };
    if (group === undefined) return await queue.submit(push, code);
    return await submitTogether(push, code, queue, group);
  } catch (thrown) {
    const reason = VaisError.from(thrown);
    const kind = reason.code === 'superseded' ? 'superseded' : 'refused';
    group?.fail(module, { kind, reason });
    return push.fail({ kind, reason, running: queue?.lineage.desired });
  } finally {
    letGo();
  }
}

/** The instance that tries the image: the newest that can, else any. */
function whoChecks({ links }: Queue): ProgramLink | undefined {
  return links.findLast((link) => link.checks) ?? links.at(-1);
}

/** All of a group take their turns in one go: so two groups that share modules come in the same order in each of them. */
async function submitTogether(push: Push, code: Code, queue: Queue, group: Group): Promise<Outcome> {
  let outcome: Promise<Outcome> | undefined;
  await group.meet('checked', () => {
    outcome = queue.submit(push, code);
    outcome.catch(() => undefined); // It is awaited below.
  });
  return await (outcome ?? Promise.reject(new VaisError('internal', `${push.module} was not submitted`)));
}

/** A rollback that somebody asked for. */
export interface RollbackOrder extends RollbackAct, Admitted {
  readonly startedAt: number;
}

/**
 * Makes the code of an earlier version the next version. Version 0 means the one before the one that is desired.
 * Never throws.
 */
export async function runRollback(
  order: RollbackOrder,
  deps: PipelineDeps,
  sinks: readonly ((event: PushEvent) => void)[],
): Promise<Outcome> {
  const { program, module, startedAt, admitted, developer, requireRights } = order;
  const arrival = nextArrival();
  const found = await findVersion(order, deps).catch((thrown: unknown) => VaisError.from(thrown));
  const { code, to } = found instanceof VaisError ? { code: undefined, to: undefined } : found;
  const names = { buildId: code?.buildId ?? '', digest: code?.image?.digest };
  const what = { program, module, ...names, rollbackTo: to, developer, requireRights, arrival };
  const push = new Push({ ...what, origin: 'rollback' }, startedAt, sinks);
  let letGo: () => void = () => undefined;
  try {
    if (found instanceof VaisError) throw found;
    push.reach({ event: 'received' });
    await admitted; // Nothing runs before it is on the disk that it may.
    const { image, buildId } = found.code;
    if (image !== undefined) {
      const { digest, size } = image;
      letGo = deps.images.hold(digest); // It may be about to be cleaned away.
      const what = { path: deps.images.path(digest), module, buildId, digest, size };
      const request = checkRequest(what, found.code.contract);
      await deps.checker.check(request, { developer, requireRights, program: whoChecks(found.queue) });
      push.reach({ event: 'checked' });
    }
    return await found.queue.submit(push, found.code);
  } catch (thrown) {
    const running = deps.programs.queueOf(program, module)?.lineage.desired;
    return push.fail({ kind: 'refused', reason: VaisError.from(thrown), running });
  } finally {
    letGo();
  }
}

/** What a rollback brings back, and where. @throws VaisError `no_such_version`, `superseded`, and as `requireQueue` */
async function findVersion(
  { program, module, version, parentVersion }: RollbackOrder,
  { programs }: PipelineDeps,
): Promise<{ readonly queue: Queue; readonly to: number; readonly code: Code }> {
  const queue = programs.requireQueue(program, module);
  const { desired } = queue.lineage;
  if (parentVersion !== 0 && parentVersion !== desired)
    throw new VaisError('superseded', `version ${desired} came before this rollback of ${parentVersion}`, {
      hint: 'See `vais-remote history`, and roll back again if that is still wanted.',
    });
  const to = version === 0 ? queue.before() : version;
  return { queue, to, code: await queue.codeOf(to) };
}
