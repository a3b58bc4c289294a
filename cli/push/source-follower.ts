import { type ErrorCode, VaisError } from '../../common/error.ts';
import type { Change } from '../../common/watch/burst.ts';
import { SourceWatcher } from '../../common/watch/source-watcher.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { State__Output } from '../../rpc/gen/vais/remote/v1/State.ts';
import { originName, tierName } from '../../rpc/names.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { AgentLine } from '../session/agent-line.ts';
import type { PushSession } from '../session/push-session.ts';
import { type ErrorReport, errorReport } from '../show/report.ts';
import { PushClock } from './clock.ts';
import { chooseModule, type Destination, warmContracts } from './destination.ts';
import type { Outcome } from './outcome.ts';
import type { PushFile } from './prepare.ts';
import { compare, make, offer, type Push, type PushContext, type PushGroup, type Ready } from './push.ts';
import type { Pending, SaveGroup, SaveGroupMember } from './save-group.ts';
import { keeping, refine } from './second-tier.ts';

/** An image that was made, and how far it has come. */
interface Made {
  readonly ready: Ready;
  /** The text of what was compiled, by path. */
  readonly sources: ReadonlyMap<string, string>;
  /** Of an optimized build: the fast one of the same source. */
  readonly fast?: Made;
  readonly change: Change;
  state: 'waiting' | 'held' | 'offered' | 'ended' | 'failed';
  /** With `held`: the file, saved with it, that is not right yet. */
  heldBy?: string;
  /** What it was offered with, if with anything. */
  group?: PushGroup | undefined;
}

/** What all followers of a command share. */
export interface FollowContext extends PushContext {
  /** Bring the optimized build behind the fast one, as the same version. */
  readonly both: boolean;
}

/**
 * Follows one source: at each change the newest content is compiled and brought to the target. What the target has not
 * acknowledged is offered again whenever that may help: after a lost connection, an agent's restart, a program's return.
 */
export class SourceFollower implements SaveGroupMember {
  readonly #file: PushFile;
  readonly #saveGroup: SaveGroup;
  readonly #context: FollowContext;
  readonly #line: AgentLine;
  readonly #nextId: () => number;
  #destination: Destination;
  #compiling = new AbortController();
  #making: Promise<unknown> = Promise.resolve();
  #refining: Promise<unknown> = Promise.resolve();
  #newest: Made | undefined;
  #watcher: SourceWatcher | undefined;
  /** What the target ran, and was started with, when it was last heard of. */
  #seen: { readonly build: string; readonly base: string } | undefined;
  #said = false;
  /** The last version that was confirmed, and for which version that is desired instead it was asked after. */
  #confirmed: { readonly version: number; readonly push: Push; asked?: number } | undefined;

  /** @param saveGroup those that follow the modules of the same program */
  constructor(
    file: PushFile,
    destination: Destination,
    saveGroup: SaveGroup,
    line: AgentLine,
    context: FollowContext,
    nextId: () => number,
  ) {
    this.#file = file;
    this.#saveGroup = saveGroup;
    saveGroup.join(this);
    this.#destination = destination;
    this.#line = line;
    this.#context = context;
    this.#nextId = nextId;
    this.#note(destination);
    line.onState((session, state) => this.#onState(session, state));
  }

  get file(): string {
    return this.#file.path;
  }

  look(): void {
    this.#watcher?.look();
  }

  pending(): Pending | undefined {
    const newest = this.#newest;
    // The second tier of a version stands for itself.
    return newest?.state === 'waiting' && newest.fast === undefined ? this.#pendingOf(newest) : undefined;
  }

  offered(): Pending | undefined {
    const newest = this.#newest;
    return newest?.state === 'offered' && newest.fast === undefined ? this.#pendingOf(newest) : undefined;
  }

  release(file: string): void {
    if (this.#newest?.state === 'held' && this.#newest.heldBy === file) this.#newest.state = 'waiting';
  }

  /** Starts to watch. Returns how to stop that. */
  async start(debounceMs: number, signal: AbortSignal): Promise<() => Promise<void>> {
    const { output } = this.#context;
    const { program, module, instances } = this.#destination;
    const file = this.#file.path;
    const unsaved = this.#compiling;
    const watcher = await SourceWatcher.start(file, debounceMs, (change) => void this.#onChange(change));
    this.#watcher = watcher;
    // Compiled to warm up (the second time, a C compiler is kept waiting for the first save), and to say at once what is
    // wrong with it. It is pushed at the next save.
    const warm = await this.#make(0, new PushClock(), signal);
    if (!('event' in warm)) await this.#make(0, new PushClock(), signal);
    else if (!signal.aborted) output.show(withoutPush(warm));
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

  /** Whether what the file has runs already; undefined where their builds cannot be compared, as with a program's own code. */
  async #runs({ built: { contract } }: Ready): Promise<boolean | undefined> {
    const { program, module } = this.#destination;
    const entries = await this.#line.history(program, module).catch(() => []);
    const now = entries.find(({ desired }) => desired);
    if (now === undefined || (now.fastBuildId === '' && tierName(now.tier) !== contract.tier)) return undefined;
    return now.buildId === contract.buildId || now.fastBuildId === contract.buildId;
  }

  async #onChange(change: Change): Promise<void> {
    this.#compiling.abort();
    const compiling = new AbortController();
    this.#compiling = compiling;
    this.#saveGroup.saved(this);
    const sources = new Map<string, string>();
    const made = await this.#make(this.#nextId(), new PushClock(change.at), compiling.signal, sources);
    if (compiling.signal.aborted) return;
    if ('event' in made) {
      this.#saveGroup.made(this, false);
      await this.#fail(made, change);
      return;
    }
    this.#newest = { ready: made, sources, change, state: 'waiting' };
    this.#saveGroup.made(this, true);
  }

  /** The fast build runs: now the optimized one of the same text, which takes its place in the same version. */
  async #refine(fast: Made): Promise<void> {
    const { ready, sources, change } = fast;
    const { signal } = this.#compiling;
    if (!this.#context.both || fast !== this.#newest || signal.aborted) return;
    const made = await refine(ready, sources, this.#destination, this.#context, signal);
    if (made === undefined || signal.aborted || fast !== this.#newest) return; // Something newer was saved.
    if ('event' in made) {
      this.#context.output.show(made);
      return;
    }
    this.#newest = { ready: made, sources, fast, change, state: 'waiting' };
    this.#offerSecond();
  }

  /** Compiles when the compilation before has ended, and watches from then on what the source imports now. */
  async #make(
    id: number,
    clock: PushClock,
    signal: AbortSignal,
    sources = new Map<string, string>(),
  ): Promise<Ready | ErrorReport> {
    const asked = new Set<string>();
    const keep = keeping(readFromDisk, sources);
    const read = (path: string): string | undefined => {
      asked.add(path); // Also what is missing: when it comes, it is read.
      return keep(path);
    };
    const push: Push = { id, file: this.#file, clock, read };
    const before = this.#making;
    const making = before.then(() => make(push, this.#destination, this.#context, signal));
    this.#making = making;
    const made = await making;
    this.#watcher?.follow([...asked]);
    return made;
  }

  /** Offers the optimized build of what runs, where the target is there to take it. */
  #offerSecond(): void {
    const newest = this.#newest;
    if (newest?.state === 'waiting' && newest.fast !== undefined) this.#pendingOf(newest)?.bring();
  }

  #pendingOf(newest: Made): Pending | undefined {
    const { session } = this.#line;
    if (session === undefined) return undefined; // Said already, by the line.
    const destination = this.#find(session.state);
    if (destination === undefined) return undefined;
    const { ready, change } = newest;
    const { output } = this.#context;
    return {
      module: destination.module,
      file: this.file,
      refused: compare(ready, destination),
      bring: (group) => void this.#bring(newest, group, destination, session),
      refuse: (report) => {
        newest.state = 'ended';
        void this.#fail(report, change, () => ready.compiled && output.show(ready.compiled));
      },
      hold: (by) => {
        newest.state = 'held';
        newest.heldBy = by;
        const { program, module } = destination;
        void change.settled.then(
          () => newest.state === 'held' && output.show({ event: 'held', program, module, file: this.file, by }),
        );
      },
    };
  }

  async #bring(
    newest: Made,
    group: PushGroup | undefined,
    destination: Destination,
    session: PushSession,
  ): Promise<void> {
    const { output } = this.#context;
    const ready = group === undefined ? newest.ready : { ...newest.ready, group };
    newest.state = 'offered';
    newest.group = group;
    const onFailed = (report: ErrorReport): void => {
      newest.state = 'failed'; // So that it is not taken for lost, and offered again.
      output.show(report);
    };
    const offered = offer(ready, destination, session, (report) => output.show(report), onFailed);
    // After the offer is on its way, so that it does not wait for whoever reads our output.
    if (ready.compiled !== undefined) output.show(ready.compiled);
    let outcome: Outcome;
    try {
      outcome = await offered;
    } catch {
      // The session broke. The line says so; the next state brings the image back here.
      if (newest.group === group) newest.state = 'waiting';
      return;
    }
    if (newest.group !== group) return; // It was offered anew, with something newer.
    newest.state = 'ended';
    if (outcome.event === 'error' && outcome.code === 'superseded') {
      // By our own next save without a word; by somebody else's push not.
      if (newest === this.#newest && newest.fast === undefined) output.show(outcome);
      return;
    }
    if (outcome.event === 'error' && isAway(outcome.code)) {
      newest.state = 'waiting';
      return;
    }
    output.show(outcome);
    if (outcome.event !== 'done') return;
    this.#confirmed = { version: outcome.version, push: ready.push };
    this.#refining = this.#refine(newest);
    await this.#refining;
  }

  /** Shows an error unless something newer came within the burst: then half a file was read. */
  async #fail(report: ErrorReport, change: Change, before: () => void = () => undefined): Promise<void> {
    change.unusable();
    if (!(await change.settled)) return;
    before();
    this.#context.output.show(report);
  }

  #onState(_session: PushSession, state: State__Output): void {
    const destination = this.#find(state);
    if (destination === undefined) return;
    const newest = this.#newest;
    const [module] = destination.instances;
    // It ran our image and starts from its first version again, and the agent means it: its records are gone. A
    // rollback would have made a new version, and a program that was built anew has another base.
    const first = newest?.fast ?? newest;
    const builds = [newest, first].map((made) => made?.ready.built.contract.buildId);
    const lost =
      newest?.state === 'ended' &&
      this.#seen !== undefined &&
      builds.includes(this.#seen.build) &&
      this.#seen.base === module.baseBuildId &&
      module.version === 1 &&
      module.desiredVersion === 1;
    if (newest?.state === 'ended' && this.#confirmed?.asked !== module.desiredVersion)
      void this.#askAfter(newest, module.desiredVersion, lost ? first : undefined);
    this.#note(destination);
    this.#offerSecond();
    this.#saveGroup.look();
    warmContracts(destination);
  }

  /**
   * Another version than ours is desired. Where ours failed while nobody could tell us, that is said now; where the agent
   * does not know of it, its records are gone, and it is offered again.
   *
   * @param lost what to offer then
   */
  async #askAfter(newest: Made, desired: number, lost: Made | undefined): Promise<void> {
    const confirmed = this.#confirmed;
    if (confirmed === undefined || confirmed.version === desired) return;
    confirmed.asked = desired;
    const { program, module } = this.#destination;
    const entries = await this.#line.history(program, module).catch(() => undefined);
    if (entries === undefined || newest !== this.#newest || newest.state !== 'ended') return;
    const { digest } = newest.ready.built;
    const ours = entries.findLast(
      (entry) => entry.version === confirmed.version && (entry.digest === digest || entry.fastDigest === digest),
    );
    if (ours?.outcome === 'OUTCOME_REVERTED') {
      newest.state = 'failed'; // So that it is not taken for lost, and offered again.
      this.#context.output.show(
        errorReport(fromFailure(ours.reason), { push: confirmed.push.id, file: this.#file.path }),
      );
    } else if (ours !== undefined) {
      this.#sayReplaced(entries.find((entry) => entry.desired));
    } else if (lost !== undefined) {
      lost.state = 'waiting'; // The fast build first, as when it was saved.
      this.#newest = lost;
      this.#saveGroup.look();
    }
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

  #note(destination: Destination): void {
    this.#destination = destination;
    const [{ buildId, baseBuildId }] = destination.instances;
    this.#seen = { build: buildId, base: baseBuildId };
  }

  /** The module as it runs now; undefined, and said once, while the program is not connected. */
  #find(state: State__Output): Destination | undefined {
    const { program, module } = this.#destination;
    try {
      const found = chooseModule(state, { program, module }, this.#line.address);
      this.#said = false;
      return found;
    } catch (thrown) {
      const error = VaisError.from(thrown);
      if (!isAway(error.code)) this.#context.output.show(errorReport(error, { file: this.#file.path }));
      else if (this.#newest?.state === 'waiting' && !this.#said) {
        this.#context.output.show({ event: 'absent', program, module });
        this.#said = true;
      }
      return undefined;
    }
  }
}

/** Whether a program is only not there now. */
function isAway(code: ErrorCode): boolean {
  return code === 'no_such_program' || code === 'no_such_module' || code === 'restoring';
}

function withoutPush({ push: _push, ...rest }: ErrorReport): ErrorReport {
  return rest;
}
