import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { World } from './harness.ts';

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.close());

it.each([
  [['psh'], 'push'],
  [['push', 'x.vais', '--too', '1'], '--to'],
  [['push', 'x.vais'], 'VAIS_REMOTE_TO'],
  [['push', 'x.vais', '--to', 'nonsense'], 'HOST:PORT'],
  [['push', 'x.vais', '--to', '127.0.0.1:1'], 'path'],
  [['push', 'x.txt', '--to', '127.0.0.1:1'], '.vais'],
  [['push'], '--help'],
  [['push', 'x.vais', '-O9'], '--help'],
  [['rollback', 'two'], '--help'],
  [['watch', 'x.so', '--to', '127.0.0.1:1'], 'path'],
])('says what is wrong with %j, and what would be right', async (args, right) => {
  const people = await world.run(...args);
  expect(people.code).toBe(2);
  expect(people.stdout).toBe('');
  expect(people.stderr).toContain('error: ');
  expect(people.stderr).toContain(right);
  const machine = await world.run(...args, '--json');
  expect(machine.code).toBe(2);
  expect(machine.json.at(-1)).toMatchObject({ event: 'error', code: 'usage', exit: 2 });
});

it('helps, and names its version', async () => {
  const help = await world.run('--help');
  expect(help.code).toBe(0);
  for (const command of ['demo', 'agent', 'push', 'watch', 'status', 'history', 'rollback', 'events', 'doctor'])
    expect(help.stdout).toContain(command);
  expect((await world.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  expect((await world.run()).code).toBe(2);
});

it('takes the target from the environment', async () => {
  const command = world.start(process.execPath, [join(packageRoot, 'dist/cli/main.js'), 'status', '--json'], {
    VAIS_REMOTE_TO: '127.0.0.1:1',
  });
  expect(await command.event('error')).toMatchObject({ code: 'unreachable', exit: 6 });
  expect(await command.exited).toEqual({ code: 6, signal: null });
});

it('does not crash when nobody reads what it says', async () => {
  const main = join(packageRoot, 'dist/cli/main.js');
  const child = spawn(process.execPath, [main, 'doctor', '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: world.env,
  });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [, signal] = await once(child, 'close');
  expect(signal).toBe(null);
  expect(stderr).not.toContain('EPIPE');
});

it('examines this machine', async () => {
  const { code, json } = await world.run('doctor', '--json');
  expect(code).toBe(0);
  expect(json.filter(({ state }) => state === 'missing')).toEqual([]);
  expect(json.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'gcc', 'runtime', 'koffi', 'link']));
  const bare = world.start(process.execPath, [join(packageRoot, 'dist/cli/main.js'), 'doctor', '--json'], { PATH: '' });
  expect(await bare.exited).toEqual({ code: 1, signal: null });
  expect(bare.json.find(({ name }) => name === 'compiler')).toMatchObject({ state: 'missing' });
});
