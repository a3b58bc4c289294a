import type { ErrorReport } from '../show/report.ts';
import { groupOf, type PushGroup } from './push.ts';

/** What a follower has for its program. */
export interface Pending {
  readonly module: string;
  readonly file: string;
  /** Why the running program cannot take it. */
  readonly refused: ErrorReport | undefined;
  /** Offers it. */
  bring(group?: PushGroup): void;
  /** Shows why it is not offered. */
  refuse(report: ErrorReport): void;
  /** Keeps it until the file that was saved with it is right. */
  hold(file: string): void;
}

/** One that follows a module. */
export interface SaveGroupMember {
  readonly file: string;
  /** Looks whether it was saved, of which nobody may have told yet. */
  look(): void;
  /** What waits to be offered, where the target is there to take it. */
  pending(): Pending | undefined;
  /** What was offered and has no answer yet. */
  offered(): Pending | undefined;
  /** What was held until this file is right waits to be offered again. */
  release(file: string): void;
}

/** Modules of one program that are saved within so many milliseconds of each other swap together. */
const burstMs = 25;

/**
 * The followers of the modules of one program. What is saved in one burst goes together: a save waits until no other one
 * has come for `burstMs`, and until all are compiled. With a single follower nothing waits.
 */
export class SaveGroup {
  readonly #members: SaveGroupMember[] = [];
  /** Those that are compiling what was saved in this burst, and those that could not. */
  readonly #busy = new Set<SaveGroupMember>();
  readonly #faulty = new Set<SaveGroupMember>();
  #flying: ReadonlySet<string> = new Set();
  #savedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  join(member: SaveGroupMember): void {
    this.#members.push(member);
  }

  /** A module was saved, and is being compiled. */
  saved(member: SaveGroupMember): void {
    this.#savedAt = performance.now();
    this.#busy.add(member);
    this.#faulty.delete(member);
  }

  /** It was compiled, or was not. */
  made(member: SaveGroupMember, ok: boolean): void {
    this.#busy.delete(member);
    if (ok) for (const each of this.#members) each.release(member.file);
    else this.#faulty.add(member);
    this.look();
  }

  /** Offers what waits, when the burst is over. */
  look(): void {
    if (this.#busy.size > 0 || this.#isDue) return;
    clearTimeout(this.#timer);
    const left = this.#members.length < 2 ? 0 : this.#savedAt + burstMs - performance.now();
    if (left > 0) {
      this.#timer = setTimeout(() => this.look(), left);
    } else if (this.#members.length < 2) {
      this.#flush();
    } else {
      this.#isDue = true;
      queueMicrotask(() => this.#flush()); // What a new state of the agent wakes up comes in one go.
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#isDue = false;
    if (this.#members.length > 1) for (const member of this.#members) member.look();
    if (this.#busy.size > 0) return; // They were saved as well: it goes on when they are compiled.
    const waiting = this.#members.map((member) => member.pending()).filter((each) => each !== undefined);
    if (waiting.length === 0) return;
    const [faulty] = this.#faulty;
    this.#faulty.clear();
    const refused = waiting.filter((each) => each.refused !== undefined);
    const cause = faulty ?? refused[0];
    if (cause !== undefined) {
      for (const each of waiting) {
        if (each.refused === undefined) each.hold(cause.file);
        else each.refuse(each.refused);
      }
      return;
    }
    const all = [...waiting, ...this.#overtaken(waiting)];
    const modules = all.map(({ module }) => module);
    this.#flying = new Set(modules);
    const group = modules.length < 2 ? undefined : groupOf(modules);
    for (const each of all) each.bring(group);
  }

  /** What is on its way together with something that gives way now is offered anew with what takes its place. */
  #overtaken(waiting: readonly Pending[]): Pending[] {
    if (!waiting.some(({ module }) => this.#flying.has(module))) return [];
    return this.#members
      .map((member) => member.offered())
      .filter((each) => each !== undefined)
      .filter(({ module }) => this.#flying.has(module) && !waiting.some((one) => one.module === module));
  }
}
