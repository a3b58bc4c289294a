/** A program that opened a plain library by hot_open, and the real agent: pushes, refusals, rollback, what crashes. */
import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Agent, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;

const cli = join(packageRoot, 'dist', 'cli', 'main.js');

beforeEach(async () => {
  world = new World();
  await cp(join(packageRoot, 'tests', 'native', 'programs', 'flock'), world.folder, { recursive: true });
  await world.write('vais-remote', `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`);
  execFileSync('chmod', ['+x', world.path('vais-remote')]);
  const built = await world.bash(
    `export PATH=$PWD:$PATH && patch -p0 -s -i hot.diff && ` +
      `g++ -std=c++17 -O1 $(vais-remote flags --cflags) main.cpp flock.cpp $(vais-remote flags --libs) -o flock && ${build}`,
  );
  expect(built).toMatchObject({ code: 0 });
  agent = await world.startAgent();
  program = world.startProgram(world.path('flock'), { VAIS_HOT_PROBATION_CALLS: '2' });
  await world.until(agent.address, (rows) => rows.length === 1);
});
afterEach(() => world.close());

const build = `g++ -std=c++17 -O1 $(./vais-remote flags --module) flock.cpp -o libbirds.so`;
const own = (): string[] => ['--build', build, '--image', 'libbirds.so', '--to', agent.address, '--json'];

async function edit(from: string, to: string, file = 'flock.cpp'): Promise<void> {
  const text = await readFile(world.path(file), 'utf8');
  expect(text).toContain(from);
  await writeFile(world.path(file), text.replace(from, to));
}

it('takes what is pushed, refuses another layout by name, takes back what crashes, and rolls back', async () => {
  await edit(' birds, first at ', ' BIRDS, first at ');
  const good = await world.run('push', ...own());
  expect(good.json.at(-1)).toMatchObject({ event: 'done', module: 'birds', version: 2 });
  await program.line((line) => line.includes('BIRDS'));

  await edit('double x, y, vx, vy;', 'double x, y, z, vx, vy;', 'flock.hpp');
  await edit('birds.push_back({std::cos(angle) * 10,', 'birds.push_back({0, std::cos(angle) * 10,');
  const layout = await world.run('push', ...own());
  expect(layout.code).toBe(4);
  expect(JSON.stringify(layout.json)).toMatch(/Bird/);
  await edit('double x, y, z, vx, vy;', 'double x, y, vx, vy;', 'flock.hpp');
  await edit('birds.push_back({0, std::cos(angle) * 10,', 'birds.push_back({std::cos(angle) * 10,');

  await edit('world.frames++;', 'world.frames++;\n    *(volatile int *)nullptr = 1;');
  const crash = await world.run('push', ...own());
  expect(crash.code).toBe(5);
  expect(crash.json.at(-1)).toMatchObject({ message: expect.stringContaining('SIGSEGV in flock::step') });
  await program.line((line) => line.includes('BIRDS'));

  const back = await world.run('rollback', '--to', agent.address, '--json');
  expect(back.code).toBe(0);
  await program.line((line) => line.includes(' birds,'));
});
