import { execFileSync } from 'node:child_process';
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingBuild, missingC } from '../platforms/tools.ts';
import { itWhere } from '../scenario/needs.ts';
import { type Agent, counterSource, type Ended, parseCount, type Running, World } from './harness.ts';

const noArm = await missingBuild({ kind: 'image', triple: 'aarch64-linux-gnu' });
let world: World;
let agent: Agent;
let program: Running;

beforeAll(async () => {
  world = new World();
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
});
afterAll(() => world.close());

const push = (file: string, to = agent.address): Promise<Ended> => world.run('push', file, '--to', to, '--json');

/** Every bad push: the exit code, a cause and a next step; and the program goes on with version 1. */
async function expectRefusal({ code, json, stderr }: Ended, exit: number, name: string): Promise<string> {
  const error = json.find(({ event }) => event === 'error');
  expect(error, stderr).toMatchObject({ code: name, exit });
  expect(code).toBe(exit);
  expect(error?.['hint']).toMatch(/\w/);
  expect(stderr).not.toMatch(/\bat .*\.js:\d/); // No stack trace.
  const { steps } = parseCount(program.lines.at(-1) ?? '0 0 0');
  await program.line((line) => parseCount(line).steps > steps + 3);
  expect(program.lines.every((line) => parseCount(line).version === 1)).toBe(true);
  return String(error?.['message']);
}

describe('a push that must not succeed', () => {
  it('shows all errors of a source, with their places', async () => {
    const broken = counterSource()
      .replace('count.steps + 1', 'count.stebs + 1')
      .replace('hot_version()', 'hot_verzion()');
    await world.write('count.vais', broken);
    const ended = await push('count.vais');
    expect(await expectRefusal(ended, 3, 'compile_failed')).toContain('2 errors');
    const diagnostics = ended.json.find(({ event }) => event === 'error')?.['diagnostics'] as {
      place: { line: number };
    }[];
    expect(diagnostics.map(({ place }) => place.line)).toEqual([10, 11]);

    const { stderr } = await world.run('push', 'count.vais', '--to', agent.address);
    expect(stderr).toContain('count.vais:10:');
    expect(stderr).toContain('stebs');
    expect(stderr).toContain('hot_verzion');
    expect(stderr).toContain('^');
  });

  it('refuses a changed signature by name, with both forms and the place', async () => {
    const changed = counterSource()
      .replace('F step(count: *Count) -> i64', 'F step(count: *Count, by: i64) -> i64')
      .replace('step(&count)', 'step(&count, 1)');
    await world.write('count.vais', changed);
    const ended = await push('count.vais');
    const message = await expectRefusal(ended, 4, 'contract_changed');
    expect(message).toContain('F step(count: *Count) -> i64');
    expect(message).toContain('F step(count: *Count, by: i64) -> i64');
    expect(message).toContain('count.vais:8:');
    expect(ended.json.map(({ event }) => event)).toEqual(['compiled', 'error']); // Nothing was sent.
  });

  it('refuses a removed hot function and a changed struct by name', async () => {
    const renamed = counterSource().replace('F step(', 'F stride(').replace('step(&count)', 'stride(&count)');
    await world.write('count.vais', renamed);
    expect(await expectRefusal(await push('count.vais'), 4, 'contract_changed')).toContain('step');
    const wider = counterSource()
      .replace('    steps: i64,', '    rest: i64,\n    steps: i64,')
      .replace('steps: 0', 'rest: 0, steps: 0');
    await world.write('count.vais', wider);
    expect(await expectRefusal(await push('count.vais'), 4, 'contract_changed')).toContain('rest');
  });

  it('says of a text file that it is one', async () => {
    await writeFile(world.path('libtext.so'), 'This is no library.\n');
    expect(await expectRefusal(await push('libtext.so'), 4, 'image_invalid')).toContain('text file');
  });

  it('says of a truncated library that a part is missing', async () => {
    await world.write('count.vais', counterSource());
    expect((await world.vaisc('build', '--hot', 'count.vais')).code).toBe(0);
    const { length } = await readFile(world.path('libcount.so'));
    for (const size of [length - 1, Math.floor(length / 2), 100]) {
      await copyFile(world.path('libcount.so'), world.path('libcut.so'));
      await truncate(world.path('libcut.so'), size);
      await expectRefusal(await push('libcut.so'), 4, 'image_invalid');
    }
  });

  itWhere('names both platforms for a library of another one', noArm, async () => {
    await world.write('count.vais', counterSource());
    const built = await world.vaisc('build', '--hot', 'count.vais', '--target', 'aarch64-linux-gnu', '-o', 'libarm.so');
    expect(built.code, built.stderr).toBe(0);
    const message = await expectRefusal(await push('libarm.so'), 4, 'wrong_platform');
    expect(message).toContain('aarch64-linux-gnu');
    expect(message).toContain('x86_64-linux-gnu');
  });

  it('says of a foreign library that it states no contract', async () => {
    await world.write('plain.c', 'int answer(void) { return 42; }\n');
    execFileSync('gcc', ['-shared', '-fPIC', '-o', world.path('libplain.so'), world.path('plain.c')]);
    expect(await expectRefusal(await push('libplain.so'), 4, 'contract_missing')).toContain('contract');
  });

  const clang = ['clang-14', '--target=aarch64-linux-gnu', '-fuse-ld=lld', '-nostdlib', '-shared'] as const;
  itWhere('says so of one for another platform too', missingC(clang), async () => {
    await world.write('plain.c', 'int answer(void) { return 42; }\n');
    const [command, ...args] = clang;
    execFileSync(command, [...args, '-o', world.path('libplain-arm.so'), world.path('plain.c')]);
    await expectRefusal(await push('libplain-arm.so'), 4, 'contract_missing');
  });

  it('cannot reach a port where nothing listens, or where no agent does', async () => {
    await world.write('count.vais', counterSource());
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await expectRefusal(await push('count.vais', `127.0.0.1:${port}`), 6, 'unreachable');
    await new Promise((done) => server.close(done));
    const message = await expectRefusal(await push('count.vais', `127.0.0.1:${port}`), 6, 'unreachable');
    expect(message).toContain('refused');
  });

  it('cannot push to a program or module that is not there, and says what is', async () => {
    await world.write('other.vais', counterSource());
    expect(await expectRefusal(await push('other.vais'), 6, 'no_such_module')).toContain('count');
    await world.write('count.vais', counterSource());
    expect(await expectRefusal(await push('count.vais', `${agent.address}/gone`), 6, 'no_such_program')).toContain(
      'count',
    );
  });

  it('does not leave this machine', async () => {
    await expectRefusal(await push('count.vais', '192.0.2.1:7777'), 7, 'not_authorized');
  });

  it('tries each of several files, and ends with the code of the first bad one', async () => {
    await world.write('count.vais', counterSource().replace('0\n}\n\nF main', 'nonsense\n}\n\nF main'));
    const ended = await world.run('push', 'libtext.so', 'count.vais', '--to', agent.address, '--json');
    expect(ended.json.filter(({ event }) => event === 'error').map(({ exit }) => exit)).toEqual([4, 3]);
    expect(ended.code).toBe(4);
  });

  it('leaves the program at version 1, with no history of what was never sent', async () => {
    const { json } = await world.run('history', '--to', agent.address, '--json');
    expect(json.map(({ version }) => version)).toEqual([1]);
  });
});
