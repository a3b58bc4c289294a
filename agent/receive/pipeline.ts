/** What the agent does with an offered image. Read first: the rest of the room are its words. */
import type { RollbackAct } from '../../artifact/act/act.ts';
import { matchManifest } from '../../artifact/act/manifest.ts';
import { requireCheckable, requireTriple } from '../../artifact/image/image.ts';
import { VaisError } from '../../common/error.ts';
import type { Checker } from '../check/check.ts';
import { nextArrival } from '../deliver/arrival.ts';
import type { Group } from '../deliver/group.ts';
import type { Programs } from '../deliver/programs.ts';
import { Push, type Verdict } from '../deliver/push.ts';
import type { Lane } from '../deliver/queue.ts';
import type { PushEvent } from '../say/notice.ts';
import type { ImageStore } from '../store/images.ts';
import { inspect, type Received, stage } from './received.ts';

/** What the pipeline works with. */
export interface PipelineWorld {
  readonly programs: Programs;
  readonly images: ImageStore;
  readonly checker: Checker;
}

/** What an act brings from the gate. */
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
  world: PipelineWorld,
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
  let lane = world.programs.laneOf(program, module);
  const letGo = world.images.hold(digest);
  try {
    push.reach('received');

    const image = await inspect(received, world.images);
    matchManifest(manifest, image);
    lane = world.programs.requireLane(program, module);
    for (const link of lane.links) requireTriple(image, link.triple);
    requireCheckable(image);
    lane.requireFit({ code: { buildId, contract: image.contract }, origin: 'push' }); // Again in its turn.
    push.reach('verified');

    await stage(received, world.images);
    push.reach('staged');

    await world.checker.check({ path: world.images.path(digest), module, buildId, digest });
    push.reach('checked');

    await admitted;
    push = new Push({ ...bare, code: { ...bare.code, contract: image.contract } }, startedAt, sinks);
    if (group === undefined) return await lane.submit(push);
    return await submitTogether(push, lane, group);
  } catch (thrown) {
    const reason = VaisError.from(thrown);
    const outcome = reason.code === 'superseded' ? 'superseded' : 'refused';
    group?.fail(module, { outcome, reason });
    return push.fail(outcome, runningVersion(lane), reason);
  } finally {
    letGo();
  }
}

/** All of a group take their turns in one go: so two groups that share modules come in the same order in each of them. */
async function submitTogether(push: Push, lane: Lane, group: Group): Promise<Verdict> {
  let verdict: Promise<Verdict> | undefined;
  await group.meet('checked', () => {
    verdict = lane.submit(push);
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
  world: PipelineWorld,
  sinks: readonly ((event: PushEvent) => void)[],
): Promise<Verdict> {
  const arrival = nextArrival();
  const bare = { program, module, code: { buildId: '' }, origin: 'rollback' as const, requireRights, arrival };
  let push = new Push(bare, startedAt, sinks);
  let lane = world.programs.laneOf(program, module);
  let letGo: () => void = () => undefined;
  try {
    lane = world.programs.requireLane(program, module);
    if (parentVersion !== 0 && parentVersion !== lane.lineage.desired)
      throw new VaisError(
        'superseded',
        `version ${lane.lineage.desired} came before this rollback of ${parentVersion}`,
        {
          hint: 'See `vais-remote history`, and roll back again if that is still wanted.',
        },
      );
    const to = version === 0 ? lane.before() : version;
    const code = await lane.codeOf(to);
    push = new Push({ ...bare, code, rollbackTo: to }, startedAt, sinks);
    push.reach('received');
    if (code.image !== undefined) {
      const { digest } = code.image;
      letGo = world.images.hold(digest); // It may be about to be cleaned away.
      await world.checker.check({ path: world.images.path(digest), module, buildId: code.buildId, digest });
      push.reach('checked');
    }
    await admitted;
    return await lane.submit(push);
  } catch (thrown) {
    return push.fail('refused', runningVersion(lane), VaisError.from(thrown));
  } finally {
    letGo();
  }
}

function runningVersion(lane: Lane | undefined): number {
  return lane?.lineage.desired ?? 0;
}
