/** Where a secret could be seen by somebody whom it is not for: arguments of processes, logs, environments. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { World } from '../e2e/harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const command = join(packageRoot, 'dist', 'cli', 'main.js');

it('a token is read from standard input, and one in the arguments is warned of', async () => {
  const agent = await world.startGuarded();
  const args = [command, 'pair', '--as', 'box', '--json'];
  const paired = spawnSync(process.execPath, args, { env: world.env, input: `${agent.token}\n`, encoding: 'utf8' });
  expect(paired).toMatchObject({ status: 0, stderr: '' });
  expect(JSON.parse(paired.stdout)).toMatchObject({ event: 'paired', name: 'box' });

  const again = await world.run('pair', agent.token, '--as', 'box2', '--json');
  expect(again.code).toBe(7);
  expect(again.stderr).toContain('can be read by every user of this machine');
  expect(again.json.at(-1)).toMatchObject({ code: 'token_refused' });
  expect(again.json.at(-1)?.['hint']).toMatch(/agent developers.*agent revoke/);

  const nothing = spawnSync(process.execPath, args, { env: world.env, input: '', encoding: 'utf8' });
  expect(nothing.status).toBe(2);
  expect(JSON.parse(nothing.stdout)).toMatchObject({ code: 'usage', message: 'no token was given' });
});

it('a token is not shown where the output goes into the journal', async () => {
  const agent = world.start(process.execPath, [command, 'agent', '--data', world.path('data')], {
    JOURNAL_STREAM: '9:99',
  });
  const line = await agent.line((text) => text.includes('agent token --data'));
  expect(line).toContain(world.path('data'));
  expect(agent.lines.join('\n')).not.toContain('vais1-');
});

it("a program of --run gets none of the agent's secrets, but what is asked for", async () => {
  const seen = world.path('seen');
  const data = world.path('data');
  const run = `env=sh -c 'env > ${seen}.new; mv ${seen}.new ${seen}; sleep 1000'`;
  const args = [command, 'agent', '--data', data, '--insecure', '--run', run, '--keep-env', 'WANTED'];
  const agent = world.start(process.execPath, args, { CLOUD_KEY: 'hunter2', WANTED: 'yes' });
  await expect.poll(() => existsSync(seen), { timeout: 60_000 }).toBe(true);
  const environment = readFileSync(seen, 'utf8');
  expect(environment).not.toContain('hunter2');
  expect(environment).toMatch(/^WANTED=yes$/m);
  expect(environment).toMatch(/^PATH=/m);
  expect(environment).toMatch(/^VAIS_HOT_NAME=env$/m);
  process.kill(agent.pid, 'SIGTERM'); // It ends what it runs.
  await agent.exited;
});
