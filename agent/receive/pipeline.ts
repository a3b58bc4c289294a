/** What the agent does with an offered image. Read first: the rest of the room are its words. */
import type { RollbackAct } from '../../artifact/act/act.ts';
import { matchManifest } from '../../artifact/act/manifest.ts';
import { requireCheckable, requireTriple } from '../../artifact/contract/image.ts';
import { VaisError } from '../../common/error.ts';
import type { Checker } from '../check/check.ts';
import { nextArrival } from '../deliver/arrival.ts';
import type { Group } from '../deliver/group.ts';
import type { Programs } from '../deliver/programs.ts';
import { Push, type Verdict } from '../deliver/push.ts';
import type { Queue } from '../deliver/queue.ts';
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
  /** Resolves when it is on the disk that the act was admitted. */
  readonly admitted: Promise<void>;
  /** Asked last before the order. @throws VaisError `revoked`, `not_permitted` */
  readonly requireRights: () => void;
}

/**
 * Brings an offered image into the running program: receive → verify → stage → check → deliver → report. Each step is
 * an event with its time; on any failure the old version stands and the verdict says why. Never throws.
 */
export async function runPush(
  received: Omit<Received, 'admission'> & Admitted,
  deps: PipelineDeps,
  sinks: readonly ((event: PushEvent) => void)[],
): Promise<Verdict> {
  const { manifest, startedAt, admitted, requireRights, group } = received;
  const { program, module, digest, size, buildId, tier, refines } = manifest;
  const code = { image: { digest, size }, buildId, tier };
  const refining = refines === undefined ? {} : { refines };
  const arrival = nextArrival();
  if (group !== undefined) group.arrival = arrival;
  const bare = { program, module, code, origin: 'push' as const, ...refining, group, requireRights, arrival };
  let push = new Push(bare, startedAt, sinks);
  let queue = deps.programs.queueOf(program, module);
  const letGo = deps.images.hold(digest);
  try {
    push.reach('received');

    const image = await inspect(received, deps.images);
    matchManifest(manifest, image);
    queue = deps.programs.requireQueue(program, module);
    for (const link of queue.links) requireTriple(image, link.triple);
    requireCheckable(image);
    queue.requireFit({ code: { buildId, contract: image.contract }, origin: 'push' }); // Again in its turn.
    push.reach('verified');

    await stage(received, deps.images);
    push.reach('staged');

    await deps.checker.check({ path: deps.images.path(digest), module, buildId, digest });
    push.reach('checked');

    await admitted;
    push = new Push({ ...bare, code: { ...bare.code, contract: image.contract } }, startedAt, sinks);
    if (group === undefined) return await queue.submit(push);
    return await submitTogether(push, queue, group);
  } catch (thrown) {
    const reason = VaisError.from(thrown);
    const outcome = reason.code === 'superseded' ? 'superseded' : 'refused';
    group?.fail(module, { outcome, reason });
    return push.fail(outcome, runningVersion(queue), reason);
  } finally {
    letGo();
  }
}

/** All of a group take their turns in one go: so two groups that share modules come in the same order in each of them. */
async function submitTogether(push: Push, queue: Queue, group: Group): Promise<Verdict> {
  let verdict: Promise<Verdict> | undefined;
  await group.meet('checked', () => {
    verdict = queue.submit(push);
    verdict.catch(() => undefined); // It is awaited below.
  });
  return await (verdict ?? Promise.reject(new VaisError('internal', `${push.module} was not submitted`)));
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
  { program, module, version, parentVersion, startedAt, admitted, requireRights }: RollbackOrder,
  deps: PipelineDeps,
  sinks: readonly ((event: PushEvent) => void)[],
): Promise<Verdict> {
  const arrival = nextArrival();
  const bare = { program, module, code: { buildId: '' }, origin: 'rollback' as const, requireRights, arrival };
  let push = new Push(bare, startedAt, sinks);
  let queue = deps.programs.queueOf(program, module);
  let letGo: () => void = () => undefined;
  try {
    queue = deps.programs.requireQueue(program, module);
    if (parentVersion !== 0 && parentVersion !== queue.lineage.desired)
      throw new VaisError(
        'superseded',
        `version ${queue.lineage.desired} came before this rollback of ${parentVersion}`,
        {
          hint: 'See `vais-remote history`, and roll back again if that is still wanted.',
        },
      );
    const to = version === 0 ? queue.before() : version;
    const code = await queue.codeOf(to);
    push = new Push({ ...bare, code, rollbackTo: to }, startedAt, sinks);
    push.reach('received');
    if (code.image !== undefined) {
      const { digest } = code.image;
      letGo = deps.images.hold(digest); // It may be about to be cleaned away.
      await deps.checker.check({ path: deps.images.path(digest), module, buildId: code.buildId, digest });
      push.reach('checked');
    }
    await admitted;
    return await queue.submit(push);
  } catch (thrown) {
    return push.fail('refused', runningVersion(queue), VaisError.from(thrown));
  } finally {
    letGo();
  }
}

function runningVersion(queue: Queue | undefined): number {
  return queue?.lineage.desired ?? 0;
}
