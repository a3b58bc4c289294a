import type { Manifest } from '../../artifact/act/manifest.ts';
import { VaisError } from '../../common/error.ts';
import { Group } from '../deliver/group.ts';

/** How long the offers of one group may take to come, from the first on, in milliseconds. */
const gatherMs = 10_000;
/** So many groups of one session may be under way. */
const mostGroups = 16;

interface Gathering {
  readonly group: Group;
  readonly program: string;
  readonly size: number;
  readonly timer: NodeJS.Timeout;
  readonly modules: Set<string>;
  /** The offers that have no verdict yet, and the module of each. */
  readonly open: Map<number, string>;
}

/** The groups that one session is offering. A group is whole when as many modules as it has were offered. */
export class Groups {
  readonly #gatherMs: number;
  readonly #gatherings = new Map<string, Gathering>();

  constructor(ms = gatherMs) {
    this.#gatherMs = ms;
  }

  /**
   * An offer came that belongs to a group; undefined for one that does not. What does not fit what was offered before gets
   * a group of its own, which fails with `usage` or `busy`, and so does the other.
   */
  enter(nonce: number, manifest: Manifest): Group | undefined {
    const { group: id, groupSize: size = 0, program, module } = manifest;
    if (id === undefined) return undefined;
    if (!this.#gatherings.has(id) && this.#gatherings.size >= mostGroups)
      return failed(new VaisError('busy', `over ${mostGroups} groups of modules at once in one session`));
    const gathering = this.#gatherings.get(id) ?? this.#begin(id, program, size);
    const { group, modules, open } = gathering;
    const wrong = whatIsWrong(gathering, program, module, size);
    if (wrong !== undefined) {
      const hint = 'Push with the same version of vais-remote as the agent has.';
      const error = new VaisError('usage', `a group of ${wrong}`, { hint });
      group.giveUp(error);
      return failed(error);
    }
    modules.add(module);
    group.add(module);
    open.set(nonce, module);
    if (modules.size === size) {
      clearTimeout(gathering.timer);
      group.complete();
    }
    return group;
  }

  /** An offer has ended; with a reason when it was refused before it reached its program. */
  ended(nonce: number, reason?: VaisError): void {
    for (const [id, { group, modules, open, size }] of this.#gatherings) {
      const module = open.get(nonce);
      if (module === undefined) continue;
      if (reason !== undefined) group.fail(module, { kind: 'refused', reason });
      open.delete(nonce);
      if (open.size === 0 && modules.size === size) this.#gatherings.delete(id);
    }
  }

  /** The session is over: what is not whole will not be; of what is, each offer goes on or ends by itself. Idempotent. */
  close(): void {
    for (const [id, { group, timer, modules, size }] of this.#gatherings) {
      clearTimeout(timer);
      if (modules.size === size) continue;
      group.giveUp(new VaisError('superseded', 'the connection ended before all modules of the push had come'));
      this.#gatherings.delete(id);
    }
  }

  #begin(id: string, program: string, size: number): Gathering {
    const group = new Group(id);
    const modules = new Set<string>();
    const timer = setTimeout(() => {
      const came = `${modules.size} of ${size} modules that swap together came within ${this.#gatherMs / 1000} s`;
      group.giveUp(new VaisError('timed_out', came, { hint: 'Push them again together.' }));
      this.#gatherings.delete(id);
    }, this.#gatherMs);
    const gathering = { group, program, size, timer, modules, open: new Map<number, string>() };
    this.#gatherings.set(id, gathering);
    return gathering;
  }
}

function whatIsWrong(
  { program, size, modules }: Gathering,
  claimed: string,
  module: string,
  claimedSize: number,
): string | undefined {
  if (claimed !== program) return `${program} with a module of ${claimed}`;
  if (claimedSize !== size) return `${size} modules, and ${module} says ${claimedSize}`;
  if (modules.has(module)) return `modules with ${module} twice`;
  return modules.size === size ? `${size} modules, and ${module} is one more` : undefined;
}

function failed(reason: VaisError): Group {
  const group = new Group('');
  group.giveUp(reason);
  return group;
}
