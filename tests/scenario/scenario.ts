/** The whole way, on any machine: each platform runs this file, and none has a copy of it. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { libraryName, type Triple } from '../../artifact/image/triple.ts';
import type { StatusReport } from '../../cli/show/report.ts';
import { type Agent, counterSource, type Ended, parseCount, type Running, World } from '../e2e/harness.ts';
import { missingBuild } from '../platforms/tools.ts';
import type { Machine } from './machine.ts';
import { describeWhere, itWhere } from './needs.ts';

/** Emulated machines are slow; a step that takes this long hangs. */
const stepMs = 300_000;

const missingOther = new Map<Triple, string | undefined>();
for (const triple of ['aarch64-linux-gnu', 'x86_64-linux-gnu'] as const)
  missingOther.set(triple, await missingBuild({ kind: 'image', triple }));

/** Registers the scenario for a machine: one story, whose steps build on each other. */
export function scenario(machine: Machine): void {
  describeWhere(machine.name, machine.missing, () => tell(machine));
}

function tell(machine: Machine): void {
  let world: World;
  let agent: Agent;
  let program: Running;
  let path: string;
  const { triple } = machine;

  beforeAll(async () => {
    world = new World(machine);
    await machine.open?.(world.folder);
  }, stepMs);
  afterAll(async () => {
    await world?.close();
    await machine.close?.();
  }, stepMs);

  const step = (name: string, work: () => Promise<void>): void => it(name, work, stepMs);

  /** Saves the source, and pushes it as the machine can. */
  async function push(source: string): Promise<Ended> {
    await world.write('count.vais', source);
    let file = 'count.vais';
    if (machine.prebuilt) {
      file = libraryName('count', triple);
      const built = await world.vaisc('build', '--hot', 'count.vais', '-o', file, ...(machine.build ?? []));
      expect(built.code, built.stderr).toBe(0);
    }
    return world.run('push', file, '--to', agent.address, '--json');
  }

  /** What the program says from now on, once it has said `count` lines more. */
  async function next(count = 5): Promise<ReturnType<typeof parseCount>[]> {
    const from = program.lines.length;
    const last = from + count - 1;
    await program.line(() => program.lines.length > last);
    return program.lines.slice(from).map(parseCount);
  }

  const until = (is: (row: StatusReport) => boolean): Promise<StatusReport[]> =>
    world.until(agent.address, ([row]) => row !== undefined && is(row));

  /** That the process took every step once and in order, whatever was done to its code: its state was never lost. */
  function expectWholeCount(): void {
    const lines = program.lines.map(parseCount);
    expect(lines.map(({ steps }) => steps)).toEqual(lines.map((_line, index) => index + 1));
  }

  const kill = async (running: Running): Promise<void> => {
    if (machine.kill === undefined) running.kill('SIGKILL');
    else machine.kill(running);
    await running.exited;
  };

  step('builds a program that runs alone', async () => {
    await world.write('count.vais', counterSource());
    path = await world.build('count.vais', triple === 'x86_64-windows-gnu' ? 'count.exe' : 'count');
    program = world.startProgram(path);
    expect(await next()).toContainEqual({ version: 1, steps: 5, total: 5, word: 'calm' });
    await kill(program);
  });

  step('connects to the agent, whose status names the platform', async () => {
    agent = await world.startAgent();
    program = world.startProgram(path);
    await until(({ version }) => version === 1);
    const json = expectEnd(await world.run('status', '--to', agent.address, '--json'), 0);
    const row = json.find(({ event }) => event === 'status');
    expect(row).toMatchObject({ program: 'count', module: 'count', triple, version: 1, state: 'confirmed' });
  });

  step('takes a push with its state intact', async () => {
    const json = expectEnd(await push(counterSource({ by: 100, word: 'wild' })), 0);
    expect(json.map(({ event }) => event)).toEqual(expect.arrayContaining(['loaded', 'swapped', 'confirmed']));
    expect(json.at(-1)).toMatchObject({ event: 'done', version: 2, unchanged: false });
    const first = parseCount(await program.line((line) => parseCount(line).version === 2));
    expect(first).toMatchObject({ word: 'wild', total: first.steps - 1 + 100 });
    expectWholeCount();
  });

  step('refuses a changed contract before a byte is sent', async () => {
    const changed = counterSource()
      .replace('F step(count: *Count) -> i64', 'F step(count: *Count, by: i64) -> i64')
      .replace('step(&count)', 'step(&count, 1)');
    const { code, json } = await push(changed);
    expect(code).toBe(4);
    expect(json.map(({ event }) => event).filter((event) => event !== 'compiled')).toEqual(['error']);
    expect(json.at(-1)).toMatchObject({ code: 'contract_changed' });
    expect(json.at(-1)?.['message']).toContain('step');
    expect(await next()).toContainEqual(expect.objectContaining({ version: 2, word: 'wild' }));
  });

  const other = triple === 'aarch64-linux-gnu' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu';
  itWhere(
    'refuses a library for another platform before a byte is sent',
    missingOther.get(other),
    async () => {
      await world.write('count.vais', counterSource({ word: 'odd' }));
      const built = await world.vaisc('build', '--hot', 'count.vais', '--target', other, '-o', 'libother.so');
      expect(built.code, built.stderr).toBe(0);
      const { code, json } = await world.run('push', 'libother.so', '--to', agent.address, '--json');
      expect(code).toBe(4);
      expect(json.map(({ event }) => event)).toEqual(['error']);
      expect(json.at(-1)).toMatchObject({ code: 'wrong_platform' });
      expect(json.at(-1)?.['message']).toContain(other);
      expect(json.at(-1)?.['message']).toContain(triple);
    },
    stepMs,
  );

  step('undoes a version that crashes, and names function and line', async () => {
    const [found, ...instead] = ['    count.total =', '    none := 0 as *Count', '    none.total = 1'];
    const crashing = counterSource({ word: 'odd' }).replace(found ?? '', [...instead, found].join('\n'));
    const json = expectEnd(await push(crashing), 5);
    const where = { function: 'step', source: 'count.vais', line: lineOf(crashing, 'none.total = 1') };
    expect(json.find(({ event }) => event === 'reverted')).toMatchObject({ version: 3, undone: true, ...where });
    expect(json.at(-1)).toMatchObject({ event: 'error', code: 'reverted', exit: 5 });
    expect(await next()).toContainEqual(expect.objectContaining({ version: 2, word: 'wild' }));
    expectWholeCount();
  });

  step('undoes a version that hangs', async () => {
    const busy = '    busy := 1\n    L busy > 0 { busy = 1 }\n    count.total =';
    const hanging = counterSource({ word: 'odd' }).replace('    count.total =', busy);
    const json = expectEnd(await push(hanging), 5);
    const reverted = json.find(({ event }) => event === 'reverted');
    expect(reverted).toMatchObject({ version: 4, undone: true, function: 'step' });
    expect(reverted).not.toHaveProperty('signal');
    expect(await next()).toContainEqual(expect.objectContaining({ version: 2, word: 'wild' }));
    expectWholeCount();
  });

  step('gives a program that was killed its version again', async () => {
    await kill(program);
    program = world.startProgram(path);
    await until(({ version, desiredVersion }) => version === 2 && desiredVersion === 2);
    await program.line((line) => parseCount(line).word === 'wild');
    expectWholeCount();
  });

  step('goes on while the agent is killed, and takes a push when it is back', async () => {
    await kill(agent.process);
    await next(20);
    const { address } = agent;
    agent = await world.startAgent({ listen: address });
    const [row] = await until(({ version }) => version === 2);
    expect(row).toMatchObject({ desiredVersion: 2, triple });
    const json = expectEnd(await push(counterSource({ word: 'mild' })), 0);
    expect(json.at(-1)).toMatchObject({ event: 'done', version: 5 });
    await program.line((line) => parseCount(line).word === 'mild');
    expectWholeCount();
  });

  step('goes back to the version before', async () => {
    const json = expectEnd(await world.run('rollback', '--to', agent.address, '--json'), 0);
    expect(json.at(-1)).toMatchObject({ event: 'done', version: 6 });
    const line = parseCount(await program.line((text) => parseCount(text).version === 6));
    expect(line.word).toBe('wild');
    expectWholeCount();
  });

  step('keeps a history with no gap', async () => {
    const { json } = await world.run('history', '--to', agent.address, '--json');
    const versions = json.map(({ version, outcome, desired }) => ({ version, outcome, desired }));
    expect(versions).toEqual([
      { version: 1, outcome: 'confirmed', desired: false },
      { version: 2, outcome: 'confirmed', desired: false },
      { version: 3, outcome: 'reverted', desired: false },
      { version: 4, outcome: 'reverted', desired: false },
      { version: 5, outcome: 'confirmed', desired: false },
      { version: 6, outcome: 'confirmed', desired: true },
    ]);
  });
}

/** The lines of a command that has to end with this code. */
function expectEnd({ code, json, stderr }: Ended, wanted: number): Ended['json'] {
  expect(code, `${JSON.stringify(json.at(-1))}\n${stderr}`).toBe(wanted);
  return json;
}

/** The number of the line with this text. */
function lineOf(source: string, text: string): number {
  return source.split('\n').findIndex((line) => line.includes(text)) + 1;
}
