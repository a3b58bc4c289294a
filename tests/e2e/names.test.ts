import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hostTriple, libraryName } from '../../artifact/image/triple.ts';
import { counterSource, parseCount, World } from './harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

it.each(['my-game', 'two words', '2048', 'größe', 'a.b', 'int'])(
  '%j is one module for vaisc, push and watch',
  async (name) => {
    const file = `${name}.vais`;
    await world.write(file, counterSource());
    const { code, stderr } = await world.vaisc('build', file);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const agent = await world.startAgent();
    const program = world.startProgram(world.path(name));
    const [row] = await world.until(agent.address, (rows) => rows.length === 1);
    expect(row).toMatchObject({ module: name, program: name });
    await world.write(file, counterSource({ word: 'wild' }));
    const pushed = await world.run('push', file, '--to', agent.address, '--json');
    expect(pushed.json.at(-1)).toMatchObject({ event: 'done', module: name, version: 2 });
    const watching = world.remote('watch', file, '--to', agent.address, '--json');
    await watching.event('watching');
    await world.write(file, counterSource({ word: 'even' }));
    await watching.event('done', ({ version }) => version === 3);
    await program.line((line) => parseCount(line).word === 'even');
  },
);

it('a program follows the library that vaisc builds beside its source, whatever the name', async () => {
  const source = (word: string): string =>
    counterSource({ word }).replace('L true {', 'hot_init("./my-game 2.vais")\n    L true {');
  await world.write('my-game 2.vais', source('calm'));
  const path = await world.build('my-game 2.vais');
  const program = world.startProgram(path, { VAIS_HOT_LINK: '' });
  await program.line((line) => parseCount(line).word === 'calm');
  await world.write('my-game 2.vais', source('wild'));
  expect(await world.vaisc('build', '--hot', 'my-game 2.vais')).toMatchObject({ code: 0, stderr: '' });
  expect(libraryName('my-game 2', hostTriple())).toMatch(/^libmy-game 2\./);
  await program.line((line) => parseCount(line).word === 'wild');
});

it('refuses a name that no module can have, in vaisc and push alike', async () => {
  const file = 'a\u202eb.vais';
  await world.write(file, counterSource());
  const built = await world.vaisc('build', file);
  expect(built).toMatchObject({ code: 2 });
  expect(built.stderr).toContain('cannot name a module');
  const agent = await world.startAgent();
  const pushed = await world.run('push', file, '--to', agent.address, '--json');
  expect(pushed.json.at(-1)).toMatchObject({ event: 'error', code: 'usage', exit: 2 });
  expect(String(pushed.json.at(-1)?.['message'])).toContain('cannot name a module');
});

it('refuses two files of one name, in one program and in one command', async () => {
  for (const folder of ['a', 'b']) mkdirSync(world.path(folder));
  const util = '#[hot]\nF twice(x: i64) -> i64 = x * 2\n';
  await world.write('a/util.vais', util);
  await world.write('b/util.vais', util.replace('twice', 'thrice'));
  await world.write('main.vais', 'U a/util\nU b/util\nF main() -> i64 = twice(1) + thrice(2)\n');
  const built = await world.vaisc('build', 'main.vais');
  expect(built.code).toBe(3);
  expect(built.stderr).toContain('error[E0805]: two files of the program are module `util`');
  await world.write('a/count.vais', counterSource());
  await world.write('b/count.vais', counterSource());
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  const agent = await world.startAgent();
  world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
  for (const command of ['push', 'watch']) {
    const { json } = await world.run(command, 'a/count.vais', 'b/count.vais', '--to', agent.address, '--json');
    expect(json.at(-1)).toMatchObject({ event: 'error', code: 'usage', exit: 2 });
    expect(String(json.at(-1)?.['message'])).toMatch(/two of the files are module count/);
  }
});
