import { type ErrorCode, VaisError } from '../../common/error.ts';
import type { Change } from '../../common/watch/burst.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import { originName, tierName } from '../../rpc/names.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { PushSession } from '../session/push-session.ts';
import type { ReconnectingSession } from '../session/reconnecting-session.ts';
import { type ErrorReport, errorReport } from '../show/report.ts';
import { PushClock } from './clock.ts';
import { chooseModule, type Destination, warmContracts } from './destination.ts';
import * as follow from './follow-state.ts';
import type { Outcome } from './outcome.ts';
import { compare, make, offer, type Push, type PushContext, type PushGroup, type Ready } from './push.ts';
import { requireModule, requirePlatform } from './push-once.ts';
import type { Pending, SaveGroup, SaveGroupMember } from './save-group.ts';
import { keeping, refine, type Sources } from './second-tier.ts';
import type { Unit, UnitWatcher } from './unit.ts';

/** An image that was made. */
interface Made extends follow.FollowedImage {
  readonly ready: Ready;
  /** The text of what was compiled, by path. */
  readonly sources: Sources;
  readonly fast?: Made;
  readonly change: Change;
}

/** What all followers of a command share. */
export interface FollowContext extends PushContext {
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
  readonly debounceMs: number;
  readonly nextId: () => number;
  /** Told at each save, before anything is built. */
  readonly onSave: () => void;
  /** Counts the pushes that were asked for without a save. */
  readonly round: () => number;
  /** The versions of a module. @throws VaisError `unreachable` */
  readonly history: (program: string, module: string) => Promise<readonly HistoryEntry__Output[]>;
}

/**
 * Follows one unit: at each change the newest content is built and brought to the target. What the target has not
 * acknowledged is offered again whenever that may help: after a lost connection, an agent's restart, a program's return.
 * Where the newest image stands is told in `follow-state.ts`.
 */
export class SourceFollower implements SaveGroupMember {
  readonly #unit: Unit;
  readonly #saveGroup: SaveGroup;
  readonly #context: FollowContext;
  readonly #session: ReconnectingSession;
  #destination: Destination;
  #compiling = new AbortController();
  #making: Promise<unknown> = Promise.resolve();
  #refining: Promise<unknown> = Promise.resolve();
  #state: follow.FollowState<Made> = follow.nothingYet;
  #watcher: UnitWatcher | undefined;
  /** While saves are not taken up: the newest of them, if there was one. */
  #paused: { change?: Change } | undefined;

  /** @param saveGroup those that follow the modules of the same program */
  constructor(
    unit: Unit,
    destination: Destination,
    saveGroup: SaveGroup,
    session: ReconnectingSession,
    context: FollowContext,
  ) {
    this.#unit = unit;
    this.#saveGroup = saveGroup;
    this.#destination = destination;
    this.#session = session;
    this.#context = context;
    saveGroup.join(this);
    this.#hear(destination);
    session.onState((_session, state) => this.#onState(state));
  }

  get file(): string {
    return this.#unit.path;
  }

  look(): void {
    if (this.#paused === undefined) this.#watcher?.look();
  }

  /** Builds and pushes what is there, also when nothing has changed. */
  again(): void {
    this.#watcher?.again();
  }

  /** Carries out a rollback of this module. */
  async rollBack(roll: (of: Pick<Destination, 'program' | 'module'>) => Promise<Outcome>): Promise<void> {
    this.#state = follow.rollingBack(this.#state);
    let version: number | undefined;
    try {
      const outcome = await roll(this.#destination);
      if (outcome.event === 'done') version = outcome.version;
      this.#context.output.show(outcome);
    } finally {
      this.#state = follow.rolledBack(this.#state, version);
    }
  }

  /** From now on saves are only noted; `resume` takes up the newest. */
  pause(): void {
    this.#paused ??= {};
  }

  resume(): void {
    const change = this.#paused?.change;
    this.#paused = undefined;
    if (change !== undefined) void this.#onChange(change);
  }

  pending(): Pending | undefined {
    return this.#pendingWhere('waiting');
  }

  offered(): Pending | undefined {
    return this.#pendingWhere('offered');
  }

  release(file: string): void {
    this.#state = follow.released(this.#state, file);
  }

  /** Starts to watch. Returns how to stop that. */
  async start(signal: AbortSignal): Promise<() => Promise<void>> {
    const { output, debounceMs } = this.#context;
    const { program, module, instances } = this.#destination;
    const file = this.#unit.path;
    const unsaved = this.#compiling;
    const watcher = await this.#unit.watch(debounceMs, (change) => void this.#onChange(change));
    this.#watcher = watcher;
    const warm = await this.#warmUp(watcher, signal);
    if ('event' in warm && !signal.aborted) output.show(withoutPush(warm));
    const { polling } = watcher;
    const { version } = instances[0];
    const runs = 'event' in warm ? undefined : await this.#runs(warm);
    // A save of what the file has already is still the first one.
    if (runs !== true && this.#compiling === unsaved) watcher.want();
    const differs = runs === false ? { differs: true } : {};
    output.show({ event: 'watching', file, program, module, version, polling, ...differs });
    return async () => {
      this.#compiling.abort();
      await watcher.close();
      await Promise.all([this.#making, this.#refining]);
    };
  }

  /**
   * Builds what is there, to say at once what is wrong with it; it is pushed at the next save. Once more where that makes the
   * first save faster (a C compiler is kept waiting for it), or shows what the build itself writes.
   */
  async #warmUp(watcher: UnitWatcher, signal: AbortSignal): Promise<Ready | ErrorReport> {
    const first = await this.#make(0, new PushClock(), signal, 'first');
    if ('event' in first) return first;
    if (this.#unit.hasTiers) await this.#make(0, new PushClock(), signal, 'second');
    for (const round of ['second', 'third'])
      if (watcher.isUnsure === true && !signal.aborted) await this.#make(0, new PushClock(), signal, round);
    return first;
  }

  /** Whether what the file has runs already; undefined where their builds cannot be compared, as with a program's own code. */
  async #runs({ built: { contract } }: Ready): Promise<boolean | undefined> {
    const { program, module } = this.#destination;
    const entries = await this.#context.history(program, module).catch(() => []);
    const now = entries.find(({ desired }) => desired);
    if (now === undefined || (now.fastBuildId === '' && tierName(now.tier) !== contract.tier)) return undefined;
    return now.buildId === contract.buildId || now.fastBuildId === contract.buildId;
  }

  async #onChange(change: Change): Promise<void> {
    if (this.#paused !== undefined) {
      this.#paused = { change };
      return;
    }
    this.#compiling.abort();
    const compiling = new AbortController();
    this.#compiling = compiling;
    this.#context.onSave();
    this.#saveGroup.saved(this);
    const sources: Sources = new Map();
    const clock = new PushClock(change.at);
    const revision = `${change.digest}:${this.#context.round()}`;
    const ready = await this.#make(this.#context.nextId(), clock, compiling.signal, revision, sources);
    if (compiling.signal.aborted) return;
    if ('event' in ready) {
      this.#saveGroup.made(this, false);
      await this.#fail(ready, change);
      return;
    }
    this.#state = follow.made(this.#state, madeOf(ready, sources, change));
    this.#saveGroup.made(this, true);
  }

  /** The fast build runs: now the optimized one of the same text, which takes its place in the same version. */
  async #refine(fast: Made): Promise<void> {
    const { ready, sources, change } = fast;
    const { signal } = this.#compiling;
    const isOld = (): boolean => fast !== this.#state.newest?.image || signal.aborted; // Something newer was saved.
    if (!this.#context.both || isOld()) return;
    const second = await refine(ready, sources, this.#destination, this.#context, signal);
    if (second === undefined || isOld()) return;
    if ('event' in second) {
      this.#context.output.show(second);
      return;
    }
    this.#state = follow.made(this.#state, { ...madeOf(second, sources, change), fast });
    this.#offerSecond();
  }

  /** Builds when the build before has ended, and watches from then on what went into it. */
  async #make(
    id: number,
    clock: PushClock,
    signal: AbortSignal,
    revision: string,
    sources: Sources = new Map(),
  ): Promise<Ready | ErrorReport> {
    const asked = new Set<string>();
    const keep = keeping(readFromDisk, sources);
    const read = (path: string): string | undefined => {
      asked.add(path); // Also what is missing: when it comes, it is read.
      return keep(path);
    };
    const onRead = (paths: readonly string[]): void => {
      for (const path of paths) asked.add(path);
    };
    const push: Push = { id, unit: this.#unit, clock, read, onRead, revision };
    const making = this.#making.then(() => make(push, this.#destination, this.#context, signal));
    this.#making = making;
    const made = await making;
    if (!signal.aborted) this.#watcher?.follow([...asked]);
    return made;
  }

  /** Offers the optimized build of what runs, where the target is there to take it. */
  #offerSecond(): void {
    const { newest } = this.#state;
    if (newest?.phase.is === 'waiting' && newest.image.fast !== undefined) this.#pendingOf(newest.image)?.bring();
  }

  #pendingWhere(phase: follow.Phase['is']): Pending | undefined {
    const { newest } = this.#state;
    // The second tier of a version stands for itself.
    return newest?.phase.is === phase && newest.image.fast === undefined ? this.#pendingOf(newest.image) : undefined;
  }

  #pendingOf(made: Made): Pending | undefined {
    const { session } = this.#session;
    if (session === undefined) return undefined; // Said already, by the session.
    const destination = this.#find(session.state);
    if (destination === undefined) return undefined;
    const { ready, change } = made;
    const { output } = this.#context;
    return {
      module: destination.module,
      file: this.file,
      refused: misfit(ready, destination),
      bring: (group) => void this.#bring(made, group, destination, session),
      refuse: (report) => {
        this.#state = follow.refused(this.#state);
        void this.#fail(report, change, () => ready.compiled && output.show(ready.compiled));
      },
      hold: (by) => {
        this.#state = follow.held(this.#state, by);
        const { program, module } = destination;
        void change.settled.then(() => {
          const { newest } = this.#state;
          if (newest?.image === made && newest.phase.is === 'held')
            output.show({ event: 'held', program, module, file: this.file, by });
        });
      },
    };
  }

  async #bring(
    made: Made,
    group: PushGroup | undefined,
    destination: Destination,
    session: PushSession,
  ): Promise<void> {
    const { output } = this.#context;
    const ready = group === undefined ? made.ready : { ...made.ready, group };
    this.#state = follow.offered(this.#state);
    const attempt = this.#state.attempts;
    const onFailed = (report: ErrorReport): void => {
      this.#state = follow.failed(this.#state, made);
      output.show(report);
    };
    const offering = offer(ready, destination, session, (report) => output.show(report), onFailed);
    // After the offer is on its way, so that it does not wait for whoever reads our output.
    if (ready.compiled !== undefined) output.show(ready.compiled);
    let outcome: Outcome;
    try {
      outcome = await offering;
    } catch {
      // The session broke, which is said elsewhere; the next state brings the image back here.
      this.#state = follow.broke(this.#state, attempt);
      return;
    }
    const { state, say } = follow.answered(this.#state, attempt, answerOf(outcome));
    this.#state = state;
    if (!say) return;
    output.show(outcome);
    if (outcome.event !== 'done') return;
    this.#refining = this.#refine(made);
    await this.#refining;
  }

  /** Shows an error unless something newer came within the burst: then half a file was read. */
  async #fail(report: ErrorReport, change: Change, before: () => void = () => undefined): Promise<void> {
    change.unusable();
    if (!(await change.settled)) return;
    before();
    this.#context.output.show(report);
  }

  #onState(state: State__Output): void {
    const destination = this.#find(state);
    if (destination === undefined) return;
    const ask = this.#hear(destination);
    if (ask !== undefined) void this.#askAfter(ask);
    this.#offerSecond();
    this.#saveGroup.look();
    warmContracts(destination);
  }

  #hear(destination: Destination): follow.Question<Made> | undefined {
    this.#destination = destination;
    const { state, ask } = follow.heard(this.#state, destination.instances[0], ({ fast }) => fast);
    this.#state = state;
    return ask;
  }

  /** Another version than ours is desired: where ours failed while nobody could tell us, that is said now. */
  async #askAfter(question: follow.Question<Made>): Promise<void> {
    const { program, module } = this.#destination;
    const entries = await this.#context.history(program, module).catch(() => undefined);
    if (entries === undefined) return;
    const { push, built } = question.image.ready;
    const ours = entries.findLast(
      ({ version, digest, fastDigest }) =>
        version === question.version && (digest === built.digest || fastDigest === built.digest),
    );
    const record = ours === undefined ? 'unknown' : ours.outcome === 'OUTCOME_REVERTED' ? 'reverted' : 'known';
    const { state, does } = follow.told(this.#state, question, record);
    this.#state = state;
    if (does === 'again') this.#saveGroup.look();
    if (does === 'replaced') this.#sayReplaced(entries.find((entry) => entry.desired));
    if (does === 'say' && ours !== undefined)
      this.#context.output.show(errorReport(fromFailure(ours.reason), { push: push.id, file: this.file }));
  }

  /** Something else runs than what was pushed from here: somebody pushed it, or rolled back. */
  #sayReplaced(entry: HistoryEntry__Output | undefined): void {
    if (entry === undefined || entry.origin === 'ORIGIN_START') return;
    const { program, module } = this.#destination;
    const { version, developer } = entry;
    const by = developer === '' ? {} : { developer };
    this.#context.output.show({
      ...{ event: 'replaced', program, module, version, origin: originName(entry.origin) },
      ...by,
    });
  }

  /** The module as it runs now; undefined, and said once, while the program is not connected. */
  #find(state: State__Output): Destination | undefined {
    const { program, module } = this.#destination;
    try {
      return chooseModule(state, { program, module }, this.#session.address);
    } catch (thrown) {
      const error = VaisError.from(thrown);
      if (!isAway(error.code)) {
        this.#context.output.show(errorReport(error, { file: this.file }));
        return undefined;
      }
      const { state: next, say } = follow.absent(this.#state);
      this.#state = next;
      if (say) this.#context.output.show({ event: 'absent', program, module });
      return undefined;
    }
  }
}

function madeOf(ready: Ready, sources: Sources, change: Change): Made {
  const { contract, digest } = ready.built;
  return { ready, sources, change, buildId: contract.buildId, digest };
}

/** Why the running program cannot take it, if it cannot. */
function misfit(ready: Ready, destination: Destination): ErrorReport | undefined {
  const { push, built } = ready;
  try {
    requirePlatform(push.unit.path, built.contract.triple, destination);
    requireModule(push.unit.path, built.contract.module, destination);
    return compare(ready, destination);
  } catch (thrown) {
    return errorReport(VaisError.from(thrown), { push: push.id, file: push.unit.path });
  }
}

/** Whether a program is only not there now. */
function isAway(code: ErrorCode): boolean {
  return code === 'no_such_program' || code === 'no_such_module' || code === 'restoring';
}

function answerOf(outcome: Outcome): follow.Answer {
  if (outcome.event === 'done') return { is: 'confirmed', version: outcome.version };
  if (outcome.code === 'superseded') return { is: 'superseded' };
  return { is: isAway(outcome.code) ? 'absent' : 'refused' };
}

function withoutPush({ push: _push, ...rest }: ErrorReport): ErrorReport {
  return rest;
}
