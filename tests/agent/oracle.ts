/** What must hold whatever is killed and whatever fails: the rules of docs/durability.md. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAudit } from '../../agent/trust/audit.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import { outcomeName } from '../../rpc/names.ts';
import type { Program } from '../runtime/harness.ts';
import type { AgentProcess, Said } from './agent-process.ts';
import { eventually } from './harness.ts';

/** How long a program may take to come to what is desired. */
const deadlineMs = 40_000;

/** Hears what an agent says, and holds what is found later to it. */
export class Oracle {
  readonly #confirmed = new Map<number, string>();
  /** What ran, or was said to have run: version → digest. */
  readonly #ran = new Map<number, string>();
  readonly #reverted = new Set<number>();
  readonly #heard = new WeakMap<AgentProcess, number>();

  /** Takes in all that an agent said since the last time. */
  hear(agent: AgentProcess): void {
    const from = this.#heard.get(agent) ?? 0;
    for (const said of agent.said.all.slice(from)) this.#hear(said);
    this.#heard.set(agent, agent.said.all.length);
  }

  /** A developer was told that this image is confirmed as this version. */
  acknowledged(version: number, digest: string): void {
    this.#confirmed.set(version, digest);
    this.#ran.set(version, digest);
    this.#reverted.delete(version);
  }

  #hear({ event, version = 0, digest = '' }: Said): void {
    if (version === 0) return;
    if (event === 'swapped' || event === 'confirmed') {
      const before = this.#ran.get(version);
      if (before !== undefined && before !== digest)
        throw new Error(`version ${version} was ${before} and is ${digest}: a number was given twice`);
      this.#ran.set(version, digest);
    }
    if (event === 'confirmed') this.#confirmed.set(version, digest);
    if (event === 'reverted') {
      this.#reverted.add(version);
      this.#confirmed.delete(version);
    }
  }

  /** Waits until a program runs what is desired and nothing is on its way, and checks all rules. */
  async check(agent: AgentProcess, program: Program, data: string): Promise<HistoryEntry__Output[]> {
    let entries: HistoryEntry__Output[] = [];
    let state = '';
    let shown = { version: '', line: '' };
    // A push whose command was killed may still be on its way: it is all over when nothing changes around a pass.
    const isSettled = async () => {
      const { programs } = await agent.client.getStatus(false);
      const [module] = programs.find(({ pid }) => pid === program.pid)?.modules ?? [];
      state = JSON.stringify(module);
      if (module === undefined || module.version !== module.desiredVersion) return false;
      entries = await agent.history();
      if (entries.some(({ outcome }) => outcome === 'OUTCOME_PENDING')) return false;
      const { version = '', line = '' } = await program.pass();
      shown = { version, line };
      return JSON.stringify(await agent.history()) === JSON.stringify(entries);
    };
    const end = Date.now() + deadlineMs;
    while (!(await isSettled())) {
      if (Date.now() > end) {
        const last = entries
          .slice(-4)
          .map(({ version, outcome, reason }) => `${version} ${outcome} ${reason?.message}`);
        const said = agent.said.all.slice(-30).map((each) => JSON.stringify(each));
        throw new Error(`nothing settles: ${state}; ${last.join(', ')}; the agent said\n${said.join('\n')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    this.hear(agent);
    const versions = entries.filter(({ version }) => version > 0);
    const text = versions.map(
      ({ version, outcome, desired }) => `${version} ${outcomeName(outcome)}${desired ? '*' : ''}`,
    );
    const fail = (what: string) => {
      throw new Error(`${what}; the history is ${text.join(', ')}`);
    };
    for (const [index, { version }] of versions.entries())
      if (version !== index + 1) fail(`version ${index + 1} is not there`);
    for (const [version, digest] of this.#ran)
      if (versions[version - 1]?.digest !== digest) fail(`version ${version} ran as ${digest}, and is another now`);
    for (const version of this.#confirmed.keys())
      if (versions[version - 1]?.outcome !== 'OUTCOME_CONFIRMED') fail(`version ${version} was said to be confirmed`);
    for (const version of this.#reverted)
      if (versions[version - 1]?.outcome === 'OUTCOME_CONFIRMED' && !this.#confirmed.has(version))
        fail(`version ${version} was said to be reverted`);
    const desired = versions.filter((entry) => entry.desired);
    if (desired.length !== 1 || desired[0]?.outcome !== 'OUTCOME_CONFIRMED') fail('what is desired is not confirmed');
    if (Number(shown.version) !== desired[0]?.version) fail(`the program runs another version: ${shown.line}`);
    this.#files(data);
    const gone = entries.filter(({ digest }) => digest !== '' && !existsSync(join(data, 'images', digest)));
    const now = gone.some(({ cleaned, version: each }) => each > 0 && !cleaned) ? await agent.history() : entries;
    for (const { version: each, cleaned } of now)
      if (each > 0 && !cleaned && gone.some((one) => one.version === each)) fail(`version ${each} has lost its image`);
    const isWhole = async () => (await readAudit(join(data, 'audit.log'), () => undefined)).kind === 'whole';
    await eventually(isWhole, 'the audit log is whole');
    return entries;
  }

  /** No image is half written, and nothing was set aside. One may be cleaned away while we look. */
  #files(data: string): void {
    for (const name of readdirSync(join(data, 'images'))) {
      const bytes = bytesOf(join(data, 'images', name));
      if (name.startsWith('.') || bytes === undefined) continue;
      const digest = createHash('sha256').update(bytes).digest('hex');
      if (digest !== name) throw new Error(`the image ${name} is half written`);
    }
    if (existsSync(join(data, 'quarantine'))) throw new Error(`set aside: ${readdirSync(join(data, 'quarantine'))}`);
  }
}

function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
