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
  [['psh', '--help'], 'push'],
  [['help', 'psh'], 'push'],
  [['push', 'x.vais', '--too', '1'], '--to'],
  [['history', '--lineage', 'x'], '`vais-remote history --help`'],
  [['status', '--tier', 'fast'], '`vais-remote status --help`'],
  [['completion', 'csh'], 'fish'],
  [['push', 'x.vais'], 'VAIS_REMOTE_TO'],
  [['push', 'x.vais', '--to', 'nonsense'], 'HOST:PORT'],
  [['push', 'x.vais', '--to', '127.0.0.1:1'], 'path'],
  [['push', 'x.txt', '--to', '127.0.0.1:1'], '.vais'],
  [['push'], 'no target'],
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
  for (const flag of ['--version', '-v']) expect((await world.run(flag)).stdout).toMatch(/^\d+\.\d+\.\d+$/);
  const push = await world.run('push', '--help');
  expect(push.stdout).toContain('Usage: vais-remote push');
  expect(await world.run('help', 'push')).toMatchObject({ code: 0, stdout: push.stdout });
  const token = await world.run('help', 'agent', 'token');
  expect(token).toMatchObject({ code: 0 });
  expect(token.stdout).toContain('Usage: vais-remote agent token');
  expect((await world.run('agent', 'tokn', '--help')).code).toBe(2);
  expect((await world.run('agent', '--help')).code).toBe(0);
  expect((await world.run()).code).toBe(2);
});

/** What bash offers behind these words, by the script that the command prints. */
async function completed(words: string): Promise<string[]> {
  const script = await world.run('completion', 'bash');
  await world.write('completion.bash', script.stdout);
  const { stdout } = await world.bash(
    `source ./completion.bash; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _vais_remote vais-remote "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
  return stdout.split('\n').filter((word) => word !== '');
}

it('completes commands, options and their values in bash', async () => {
  expect(await completed("vais-remote 'pu'")).toEqual(['push']);
  expect(await completed("vais-remote push '--t'")).toEqual(['--tier', '--to', '--timeout']);
  expect(await completed("vais-remote push --tier 'f'")).toEqual(['fast']);
  expect(await completed("vais-remote help 'his'")).toEqual(['history']);
  expect(await completed("vais-remote push 'x'")).toEqual([]); // A file: bash itself knows better.
});

it.each(['zsh', 'fish'])('prints what %s takes in', async (shell) => {
  const { code, stdout } = await world.run('completion', shell);
  expect(code).toBe(0);
  for (const word of ['push', 'rollback', 'lineage', 'optimized']) expect(stdout).toContain(word);
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
