/** Modules that the user's own command builds, or the compiler that is found: C, by make and alone, with the real agent. */
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Agent, type Running, World } from './harness.ts';

const runtime = join(packageRoot, 'runtime');
const make = `make -s RUNTIME=${runtime} libgame.so`;

let world: World;
let agent: Agent;
let program: Running;

beforeEach(async () => {
  world = new World();
  await cp(join(packageRoot, 'examples', 'c'), world.folder, { recursive: true });
  const built = await world.bash(`make -s RUNTIME=${runtime} game`);
  expect(built.code).toBe(0);
  agent = await world.startAgent();
  program = world.startProgram(world.path('game'), { VAIS_HOT_PROBATION_CALLS: '2' });
  await world.until(agent.address, (rows) => rows.length === 1);
});
afterEach(() => world.close());

/** Saves the game with another word in its line. */
async function save(word: string): Promise<void> {
  const text = await readFile(world.path('game.c'), 'utf8');
  await writeFile(world.path('game.c'), text.replace(/"\w+ %/, `"${word} %`));
}

/** Whether a process runs; one that has ended and that nobody has asked after does not. */
function isAlive(pid = ''): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
}

const runs = (word: string): Promise<string> => program.line((line) => line.startsWith(word));
const own = (): string[] => ['--build', make, '--image', 'libgame.so', '--to', agent.address, '--json'];

it('pushes what a command builds; its failure is that of a source, in its own words', async () => {
  await save('wild');
  const good = await world.run('push', ...own());
  expect(good.json.at(-1)).toMatchObject({ event: 'done', module: 'game', version: 2 });
  expect(good.json.find(({ event }) => event === 'compiled')).toMatchObject({ toolchain: 'make' });
  await runs('wild');
  expect((await world.run('push', ...own())).json.at(-1)).toMatchObject({ event: 'done', unchanged: true });

  await appendFile(world.path('game.c'), 'nonsense\n');
  const bad = await world.run('push', ...own());
  expect(bad.code).toBe(3);
  expect(bad.json.at(-1)).toMatchObject({ event: 'error', code: 'compile_failed', file: 'libgame.so' });
  const said = bad.json.filter(({ event }) => event === 'building').map(({ text }) => text);
  expect(said.join('')).toContain('nonsense');
  const people = await world.run('push', ...own().slice(0, -1));
  expect(people.stderr).toMatch(/nonsense[\s\S]*error: `make/);
  const none = await world.run('push', '--build', 'no-such-command-here', ...own().slice(2));
  expect(none.code).toBe(3);
});

it('watch builds at each save, waits out what fails, and ends the build that a newer save outdates', async () => {
  // A build that takes for ever where the source says so, with a process of its own.
  const slow = `if grep -q forever game.c; then sleep 1000 & echo $! >> slow.pids; echo begun; wait; fi; ${make}`;
  const watching = world.remote('watch', '--build', slow, ...own().slice(2));
  await watching.event('watching');
  await save('wild');
  expect(await watching.event('done')).toMatchObject({ version: 2 });
  await runs('wild');

  await appendFile(world.path('game.c'), 'nonsense\n');
  expect(await watching.event('error')).toMatchObject({ code: 'compile_failed', exit: 3 });
  const text = await readFile(world.path('game.c'), 'utf8');
  await writeFile(world.path('game.c'), text.replace('nonsense\n', '// forever\n'));
  await watching.event('building', ({ text: said }) => said === 'begun\n');
  await writeFile(world.path('game.c'), text.replace('nonsense\n', '').replace('wild', 'even'));
  expect(await watching.event('done', ({ version }) => version === 3)).toMatchObject({ module: 'game' });
  await runs('even');
  const [pid] = readFileSync(world.path('slow.pids'), 'utf8').trim().split('\n');
  expect(isAlive(pid)).toBe(false);

  watching.kill('SIGINT');
  expect(await watching.exited).toEqual({ code: 0, signal: null });
});

it('does not take for a save what a build writes beside the sources', async () => {
  const noisy = `date +%N > stamp.h; echo built >> builds.log; ${make}`;
  const watching = world.remote('watch', '--build', noisy, ...own().slice(2));
  await watching.event('watching');
  await save('wild');
  await watching.event('done');
  await save('even');
  await watching.event('done', ({ version }) => version === 3);
  // One to learn what the module is, two to learn what the command writes, one for each save.
  expect(readFileSync(world.path('builds.log'), 'utf8')).toBe('built\n'.repeat(5));
});

it('follows what vais.toml says', async () => {
  await world.write(
    'vais.toml',
    `[target.box]\nto = "${agent.address}"\n\n[module.game]\nbuild = "${make}"\nimage = "libgame.so"\nwatch = ["game.c"]\n`,
  );
  const watching = world.remote('watch', '--json');
  await watching.event('watching');
  await save('wild');
  await watching.event('done');
  await runs('wild');
  watching.kill('SIGINT');
  await watching.exited;
  await save('even');
  for (const words of [[], ['game'], ['--to', 'box'], ['--to', 'box/game']]) {
    const { json } = await world.run('push', ...words, '--json');
    expect(json.at(-1)).toMatchObject({ event: 'done', module: 'game', version: 3 });
  }
});

it.each([
  ['[target.box]\nat = "x"', '[target.box] has `at`, which means nothing'],
  ['[target.box]\n', '[target.box] lacks `to`'],
  ['[module.game]\nbuild = "make"', '[module.game] lacks `image`'],
  ['[module.game]\nimage = 3', '`image` in [module.game] is no text'],
  ['[module.game]\nsource = "game.c"\nbuild = "make"', 'has `source` and `build`'],
  ['[module.other]\nsource = "game.c"', 'whose module is game'],
  ['module = 3', '`module` is no table'],
  ['[module.game', 'vais.toml: '],
])('says what is wrong with %j', async (text, complaint) => {
  await world.write('vais.toml', `${text}\n`);
  const { code, json } = await world.run('push', '--to', agent.address, '--json');
  expect(code).toBe(2);
  expect(String(json.at(-1)?.['message'])).toContain(complaint);
});

it('builds one C file with the compiler that it finds, and watches what it includes', async () => {
  const text = await readFile(world.path('game.c'), 'utf8');
  await world.write('word of.h', '#define WORD "wild %lld"\n');
  await writeFile(world.path('game.c'), `#include "word of.h"\n${text.replace('"version %lld', 'WORD "')}`);
  const pushed = await world.run('push', 'game.c', '--to', agent.address, '--json');
  expect(pushed.json.at(-1)).toMatchObject({ event: 'done', module: 'game', version: 2 });
  await runs('wild');
  const watching = world.remote('watch', 'game.c', '--to', agent.address, '--json');
  await watching.event('watching');
  await world.write('word of.h', '#define WORD "even %lld"\n');
  await watching.event('done', ({ version }) => version === 3);
  await runs('even');
  await world.write('word of.h', '#define WORD nonsense\n');
  const error = await watching.event('error');
  expect(error).toMatchObject({ code: 'compile_failed', file: 'game.c' });
  expect(String(error['message'])).toMatch(/^game\.c does not compile: /);
});

it('follows a library that something else builds', async () => {
  await world.bash(make);
  const watching = world.remote('watch', 'libgame.so', '--to', agent.address, '--json');
  await watching.event('watching');
  await save('wild');
  await world.bash(make);
  await watching.event('done');
  await runs('wild');
});

it('builds for a program that has no agent', async () => {
  const watching = world.remote('watch', '--local', 'game.c', '--json');
  expect(await watching.event('built')).toMatchObject({ image: 'libgame.so', module: 'game' });
  await watching.event('watching');
  await save('wild');
  const from = watching.lines.length;
  await watching.event('built', () => true, from);
  expect(readFileSync(world.path('libgame.so')).includes('wild %')).toBe(true);
  watching.kill('SIGINT');
  expect(await watching.exited).toEqual({ code: 0, signal: null });
});

it('takes keys on a terminal: r, b, p and q', async () => {
  await world.bash(make);
  const main = join(packageRoot, 'dist', 'cli', 'main.js');
  const line = `${process.execPath} ${main} watch --build '${make}' --image libgame.so --to ${agent.address}`;
  // A pipe with a name, which `script` itself holds open: with a child besides its own it waits for both without end.
  await world.bash('mkfifo pressed');
  const keys = world.start('bash', ['-c', `exec script -qefc "${line}; echo ended \\$?" typescript 0<>pressed`]);
  const press = (key: string): Promise<void> => appendFile(world.path('pressed'), `${key}\n`);
  await keys.line((text) => text.includes('watching'));
  await save('wild');
  await keys.line((text) => text.includes('runs version 2'));
  await press('b');
  await keys.line((text) => text.includes('runs version 3'));
  await press('r');
  await keys.line((text) => text.includes('runs version 4'));
  await press('p');
  await keys.line((text) => text.includes('paused'));
  await save('even');
  await press('p');
  await keys.line((text) => text.includes('going on'));
  await keys.line((text) => text.includes('runs version 5'));
  await press('q');
  await keys.line((text) => text.includes('ended 0'));
});
