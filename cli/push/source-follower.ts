import { VaisError } from '../../common/error.ts';
import type { Change } from '../../common/watch/burst.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { PushSession } from '../session/push-session.ts';
import type { ReconnectingSession } from '../session/reconnecting-session.ts';
import { type ErrorReport, errorReport } from '../show/report.ts';
import { chooseModule, type Destination, warmContracts } from './destination.ts';
import { answerOf, isAway } from './follow-answer.ts';
import { recordOf, replacedReport, runsAlready } from './follow-history.ts';
import * as follow from './follow-state.ts';
import type { Outcome } from './outcome.ts';
import { offer, type PushGroup, type Ready } from './push.ts';
import { misfit } from './push-once.ts';
import { type BuilderContext, SaveBuilder } from './save-builder.ts';
import type { Pending, SaveGroup, SaveGroupMember } from './save-group.ts';
import { refine, type Sources } from './second-tier.ts';
import type { Unit } from './unit.ts';

/** An image that was made. */
interface Made extends follow.FollowedImage {
  readonly ready: Ready;
  /** The text of what was compiled, by path. */
  readonly sources: Sources;
  readonly fast?: Made;
  readonly change: Change;
}

/** What all followers of a command share. */
export interface FollowContext extends BuilderContext {
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
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
  readonly #builder: SaveBuilder;
  #refining: Promise<unknown> = Promise.resolve();
  #state: follow.FollowState<Made> = follow.nothingYet;

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
    this.#builder = new SaveBuilder(unit, context, {
      destination: () => this.#destination,
      saved: () => saveGroup.saved(this),
      built: (made, sources, change) => void this.#onBuilt(made, sources, change),
    });
    saveGroup.join(this);
    this.#hear(destination);
    session.onState((_session, state) => this.#onState(state));
  }

  get file(): string {
    return this.#unit.path;
  }

  look(): void {
    this.#builder.look();
  }

  /** Builds and pushes what is there, also when nothing has changed. */
  again(): void {
    this.#builder.again();
  }

  /** From now on saves are only noted; `resume` takes up the newest. */
  pause(): void {
    this.#builder.pause();
  }

  resume(): void {
    this.#builder.resume();
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
    const { output } = this.#context;
    const { program, module, instances } = this.#destination;
    const builder = this.#builder;
    const { warm, isSaved } = await builder.start(signal);
    if ('event' in warm && !signal.aborted) output.show(withoutPush(warm));
    const { version } = instances[0];
    const runs = 'event' in warm ? undefined : await this.#runs(warm);
    // A save of what the file has already is still the first one.
    if (runs !== true && !isSaved) builder.want();
    const differs = runs === false ? { differs: true } : {};
    output.show({ event: 'watching', file: this.file, program, module, version, polling: builder.polling, ...differs });
    return async () => {
      await builder.close();
      await this.#refining;
    };
  }

  /** Whether what the file has runs already. */
  async #runs({ built }: Ready): Promise<boolean | undefined> {
    const { program, module } = this.#destination;
    return runsAlready(await this.#context.history(program, module).catch(() => []), built.contract);
  }

  async #onBuilt(made: Ready | ErrorReport, sources: Sources, change: Change): Promise<void> {
    if ('event' in made) {
      this.#saveGroup.made(this, false);
      await this.#fail(made, change);
      return;
    }
    this.#state = follow.made(this.#state, madeOf(made, sources, change));
    this.#saveGroup.made(this, true);
  }

  /** The fast build runs: now the optimized one of the same text, which takes its place in the same version. */
  async #refine(fast: Made): Promise<void> {
    const { ready, sources, change } = fast;
    const { signal } = this.#builder;
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
    const { ours, record } = recordOf(entries, question.version, built.digest);
    const { state, does } = follow.told(this.#state, question, record);
    this.#state = state;
    if (does === 'again') this.#saveGroup.look();
    const replaced = does === 'replaced' ? replacedReport(entries, this.#destination) : undefined;
    if (replaced !== undefined) this.#context.output.show(replaced);
    if (does === 'say' && ours !== undefined)
      this.#context.output.show(errorReport(fromFailure(ours.reason), { push: push.id, file: this.file }));
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

function withoutPush({ push: _push, ...rest }: ErrorReport): ErrorReport {
  return rest;
}
