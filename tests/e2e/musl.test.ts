import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { musl } from '../platforms/musl.ts';
import { describeWhere } from '../scenario/needs.ts';
import { type Agent, counterSource, parseCount, type Running, World } from './harness.ts';

const machine = musl();

describeWhere('what musl cannot do', machine.missing, () => {
  let world: World;
  let agent: Agent;
  let program: Running;

  beforeEach(async () => {
    world = new World(machine);
    await machine.open?.(world.folder);
    await world.write('count.vais', counterSource());
  });
  afterEach(() => world.close());

  async function begin(path: string): Promise<void> {
    agent = await world.startAgent();
    program = world.startProgram(path);
    await world.until(agent.address, (rows) => rows.length === 1);
  }

  /** How many of the images that were pushed the process has in its memory. */
  const mapped = (): number => {
    const lines = readFileSync(`/proc/${program.pid}/maps`, 'utf8').split('\n');
    return lines.filter((line) => /r-x.*libcount|r-x.*count[^/]*\.so/.test(line)).length;
  };

  it('keeps every version in memory, and status says so', async () => {
    await begin(await world.build('count.vais'));
    for (const word of ['wild', 'odd', 'mild']) {
      await world.write('count.vais', counterSource({ word }));
      expect((await world.run('push', 'count.vais', '--to', agent.address)).code).toBe(0);
      await program.line((line) => parseCount(line).word === word);
    }
    expect(mapped()).toBe(3);
    const { json } = await world.run('status', '--to', agent.address, '--json');
    expect(json.at(-1)).toMatchObject({ event: 'status', triple: 'x86_64-linux-musl', loading: 'keeps' });
    const { stdout } = await world.run('status', '--to', agent.address);
    expect(stdout).toContain(`count (pid ${program.pid}) keeps every version in memory until it ends: musl`);
  });

  it('loads nothing into a static program, which is said before anything is sent', async () => {
    const c = await world.vaisc('build', 'count.vais', '--emit', 'c', '--target', machine.triple);
    await world.write('count.c', c.stdout);
    const runtime = readdirSync(join(packageRoot, 'runtime')).filter((name) => name.endsWith('.c'));
    const sources = [world.path('count.c'), ...runtime.map((name) => join(packageRoot, 'runtime', name))];
    const flags = ['-static', '-std=gnu11', '-O1', '-w', '-fvisibility=hidden', '-I', join(packageRoot, 'runtime')];
    execFileSync('musl-gcc', [...flags, ...sources, '-o', world.path('count'), '-lm'], { stdio: 'ignore' });
    await begin(world.path('count'));
    const [row] = await world.until(agent.address, (rows) => rows.length === 1);
    expect(row).toMatchObject({ loading: 'none', triple: 'x86_64-linux-musl' });
    await world.write('count.vais', counterSource({ word: 'wild' }));
    const { code, json } = await world.run('push', 'count.vais', '--to', agent.address, '--json');
    expect(code).toBe(4);
    expect(json).toMatchObject([{ event: 'error', code: 'load_refused', hint: expect.stringContaining('-static') }]);
    const { stdout } = await world.run('status', '--to', agent.address);
    expect(stdout).toContain('takes no new code: it was linked with -static');
  });
});
