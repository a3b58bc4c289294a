import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { World } from './harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

it('tells its story in 80 columns, in under 20 s, and leaves nothing behind', async () => {
  const begun = performance.now();
  const { code, stdout, stderr } = await world.run('demo');
  expect(code, stderr).toBe(0);
  expect(performance.now() - begun).toBeLessThan(20_000);
  const text = stdout + stderr;
  for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(text).toMatch(/version 2 .*\*\(@\)\*/);
  expect(text).toContain('firefly runs version 3');
  expect(text).toContain('fram');
  expect(text).toContain('F glow(night: *Night, moon: f64) -> i64');
  expect(readdirSync(world.temporary)).toEqual([]);
});

it('tells machines the same', async () => {
  const { code, json } = await world.run('demo', '--json');
  expect(code).toBe(0);
  expect(json.filter(({ event }) => event === 'step').map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(json.filter(({ event }) => event === 'done').map(({ version }) => version)).toEqual([2, 3]);
  expect(json.filter(({ event }) => event === 'error').map((error) => error['code'])).toEqual([
    'compile_failed',
    'contract_changed',
  ]);
  expect(json.at(-1)).toMatchObject({ event: 'summary' });
});

it('cleans up after Ctrl-C', async () => {
  const demo = world.remote('demo', '--json');
  await demo.event('output');
  demo.kill('SIGINT');
  expect(await demo.exited).toEqual({ code: 130, signal: null });
  expect(readdirSync(world.temporary)).toEqual([]);
});

it('says what to install where there is no C compiler', async () => {
  const demo = world.start(process.execPath, [join(packageRoot, 'dist', 'cli', 'main.js'), 'demo'], { PATH: '' });
  expect((await demo.exited).code).toBe(1);
  expect(demo.stderr).toContain('C compiler');
  expect(demo.stderr).toContain('install');
});
