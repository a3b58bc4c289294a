import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../cli/demo/child.ts';
import { withFolder } from '../cli/show/context.ts';
import { digestOf } from '../common/digest.ts';
import { packageRoot } from '../common/package-root.ts';
import { Line, lineMissing } from './line.ts';
import { type Row, rowOf } from './report.ts';
import { buildGame, buildImages } from './upload-images.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Report = Readonly<Record<string, unknown>> & { readonly event: string };

const main = join(packageRoot, 'dist', 'cli', 'main.js');
const megabyte = 1_000_000;
const times = 3;
const large = 250;
/** Too large for a delta as well. */
const small = 80;
const sampleMs = 10;

/**
 * How fast a large library comes to an agent, what memory that takes on either side, and how many bytes of a changed one
 * travel: the real commands, between two processes. What is pushed cannot be compressed, except where it says so.
 */
export async function uploadBench(
  env: Environment,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(async (folder) => {
    const game = await buildGame(folder, signal);
    const loopback = new Place(join(folder, 'loopback'), game, env, signal);
    await loopback.use(undefined, async () => {
      await measureRate(loopback, game.image, 'upload/loopback', 'plain, one machine; goal 300', add);
      await measureMemory(loopback, game.image, add);
    });
    const secure = new Place(join(folder, 'tls'), game, env, signal);
    await secure.use(null, () => measureRate(secure, game.image, 'upload/loopback_tls', 'TLS 1.3, signed', add));
    await measureFar(folder, game, env, add, tell, signal);
    const images = await buildImages(folder, tell, signal);
    const changed = new Place(join(folder, 'changed'), game, env, signal);
    await changed.use(undefined, async () => {
      for (const { name, first, second } of images) {
        await changed.push(first);
        const { sent, of, way } = reportOf(await changed.push(second), 'sent');
        if (way !== 'delta') throw new Error(`${name} travelled as ${way}`);
        add(
          rowOf(
            `upload/delta_${name}`,
            '%',
            [(100 * Number(sent)) / Number(of)],
            `${sent} of ${of} bytes, one function changed, all behind it moved`,
          ),
        );
      }
    });
  });
}

async function measureFar(
  folder: string,
  game: { readonly program: string; readonly image: string },
  env: Environment,
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const missing = lineMissing();
  if (missing !== undefined) return tell(`nothing is measured at 50 ms: ${missing}`);
  const line = new Line(`bench-${randomBytes(3).toString('hex')}`);
  try {
    await line.open(folder, 9_000);
    await line.tell('delay 25');
    const far = new Place(join(folder, 'far'), game, env, signal);
    const note = 'TLS 1.3, 50 ms to and fro, packets of 9,000 bytes; goal 30';
    await far.use(line, () => measureRate(far, game.image, 'upload/50ms', note, add));
  } finally {
    await line.close();
  }
}

async function measureRate(place: Place, image: string, name: string, note: string, add: (row: Row) => void) {
  const rates: number[] = [];
  const hashed: number[] = [];
  const busy = { cli: [] as number[], agent: [] as number[] };
  for (let count = 0; count < times; count += 1) {
    const path = await place.padded(image, large);
    const { reports, peak } = await place.watched(path);
    rates.push(Number(reportOf(reports, 'sent')['bytesPerSecond']) / megabyte);
    busy.cli.push(peak.cliSeconds);
    busy.agent.push(peak.agentSeconds);
    const begun = performance.now();
    digestOf(await readFile(path));
    hashed.push(large / ((performance.now() - begun) / 1000));
  }
  const [floor] = hashed.sort((a, b) => b - a);
  add(rowOf(name, 'MB/s', rates, `${large} MB, ${note}; beside it: to read and hash the same alone`, floor));
  add(rowOf(`${name}/cpu_cli`, 's', busy.cli, `of one core, for ${large} MB, from start to end`));
  add(rowOf(`${name}/cpu_agent`, 's', busy.agent, `of one core, for ${large} MB, from start to end`));
}

async function measureMemory(place: Place, image: string, add: (row: Row) => void): Promise<void> {
  const { peak: before } = await place.watched(await place.padded(image, small));
  const { peak: after } = await place.watched(await place.padded(image, large));
  const note = `peak while ${large} MB are sent; floor: while ${small} MB are`;
  add(rowOf('upload/memory_cli', 'MB', [after.cli], note, before.cli));
  add(rowOf('upload/memory_agent', 'MB', [after.agent], note, before.agent));
}

/** What a push took of either side: memory in megabytes, and seconds of one core. */
interface Peak {
  readonly cli: number;
  readonly agent: number;
  readonly cliSeconds: number;
  readonly agentSeconds: number;
}

/** An agent, a program beside it, and a developer who pushes. */
class Place {
  readonly #folder: string;
  readonly #game: { readonly program: string };
  readonly #env: Environment;
  readonly #signal: AbortSignal;
  #line: Line | undefined;
  #agent: Child | undefined;
  #to = '';
  #count = 0;

  constructor(folder: string, game: { readonly program: string }, env: Environment, signal: AbortSignal) {
    this.#folder = folder;
    this.#game = game;
    this.#env = { ...env, XDG_RUNTIME_DIR: folder, XDG_CONFIG_HOME: folder, XDG_CACHE_HOME: folder };
    this.#signal = signal;
  }

  /** @param line undefined: plain text on loopback; null: TLS on loopback */
  async use(line: Line | undefined | null, work: () => Promise<void>): Promise<void> {
    await mkdir(this.#folder);
    this.#line = line ?? undefined;
    const children: Child[] = [];
    try {
      const listen = line ? `${line.address}:7777` : '127.0.0.1:0';
      const flags = ['--listen', listen, '--data', join(this.#folder, 'd'), '--json'];
      const agent = this.#start('agent', ['agent', ...flags, ...(line === undefined ? ['--insecure'] : [])]);
      children.push(agent);
      this.#agent = agent;
      const ready = JSON.parse(await agent.line(0, this.#signal)) as { address: string; link: string };
      this.#to = ready.address;
      const env = { ...this.#env, VAIS_HOT_LINK: ready.link, VAIS_HOT_NAME: 'game' };
      children.push(new Child('game', this.#game.program, [], { cwd: this.#folder, env }));
      for (let index = 1; ; index += 1) {
        const said = JSON.parse(await agent.line(index, this.#signal)) as Report;
        if (said.event === 'linked') break;
        if (said.event !== 'token') continue;
        await this.#end(this.#start('developer', ['pair', String(said['token']), '--as', 'bench', '--json']));
        this.#to = 'bench';
      }
      await work();
    } finally {
      await Promise.all(children.map((child) => child.close()));
    }
  }

  /** A library of so many megabytes that nobody has seen. */
  async padded(image: string, megabytes: number): Promise<string> {
    this.#count += 1;
    const path = join(this.#folder, `${this.#count}.so`);
    await copyFile(image, path);
    for (let count = 0; count < megabytes; count += 1) await appendFile(path, randomBytes(megabyte));
    return path;
  }

  /** Pushes a library. Returns what the command said. */
  async push(path: string): Promise<Report[]> {
    return this.#end(this.#pushing(path));
  }

  /** Pushes a library, and looks at both sides meanwhile. */
  async watched(path: string): Promise<{ readonly reports: Report[]; readonly peak: Peak }> {
    const agentPid = this.#agent?.pid;
    const before = await secondsOf(agentPid);
    const child = this.#pushing(path);
    const peak = { cli: 0, agent: 0, cliSeconds: 0, agentSeconds: 0 };
    const look = async (): Promise<void> => {
      peak.cli = Math.max(peak.cli, await residentOf(child.pid));
      peak.agent = Math.max(peak.agent, await residentOf(agentPid));
      peak.cliSeconds = Math.max(peak.cliSeconds, await secondsOf(child.pid));
    };
    const timer = setInterval(() => void look(), sampleMs);
    try {
      const reports = await this.#end(child);
      peak.agentSeconds = (await secondsOf(agentPid)) - before;
      return { reports, peak };
    } finally {
      clearInterval(timer);
    }
  }

  #pushing(path: string): Child {
    return this.#start('developer', ['push', path, '--to', this.#to, '--json', '--timeout', '120']);
  }

  #start(end: 'agent' | 'developer', args: readonly string[]): Child {
    const before = this.#line?.within(end) ?? [];
    const [command = '', ...rest] = [...before, process.execPath, main, ...args];
    return new Child(end, command, rest, { cwd: this.#folder, env: this.#env });
  }

  async #end(child: Child): Promise<Report[]> {
    for (let index = 0; ; index += 1) {
      const said = JSON.parse(await child.line(index, this.#signal)) as Report;
      if (said.event === 'error') throw new Error(JSON.stringify(said));
      if (said.event !== 'done' && said.event !== 'paired') continue;
      const reports = child.lines.map((line) => JSON.parse(line) as Report);
      await child.close();
      return reports;
    }
  }
}

function reportOf(reports: readonly Report[], event: string): Report {
  const found = reports.find((each) => each.event === event);
  if (found === undefined) throw new Error(`the push did not say \`${event}\``);
  return found;
}

/** What a process has in memory now, in megabytes. */
async function residentOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return (Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024) / megabyte;
}

/** How long it has kept a core busy, in seconds, its threads together; the system counts hundredths. */
async function secondsOf(pid: number | undefined): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user = 0, system = 0] = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) / 100;
}
