/** The life of a program with the runtime inside: alone, over many swaps, forked, ended and killed. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Agent,
  buildImage,
  buildProgram,
  hasTool,
  type Image,
  makeFolder,
  Program,
  removeFolder,
  until,
} from './harness.ts';

const folder = makeFolder();
const link = join(folder, 'link.sock');
const runtimeDirectory = join(folder, 'run');
const copies = join(runtimeDirectory, 'vais-hot');
const programs: Program[] = [];
const rounds = Number(process.env['VAIS_TEST_STARTS'] ?? 50);
let agent: Agent | undefined;
let built: string;
let images: Image[];

beforeAll(async () => {
  mkdirSync(runtimeDirectory);
  built = await buildProgram(folder);
  images = await Promise.all(
    ['0010', '0020'].map((build) => buildImage(folder, build, { defines: { STEP: String(Number(build)) } })),
  );
});

afterAll(() => removeFolder(folder));

afterEach(async () => {
  for (const program of programs.splice(0)) {
    program.kill();
    await program.ended;
  }
  await agent?.close();
  agent = undefined;
});

function start(
  path = built,
  options: { link?: string; env?: Record<string, string>; args?: string[] } = { link },
): Program {
  const env = { XDG_RUNTIME_DIR: runtimeDirectory, ...options.env };
  const program = new Program(path, { ...options, env });
  programs.push(program);
  return program;
}

async function push(to: Agent, program: Program, version: number, image: Image): Promise<void> {
  const nonce = to.load(version, image);
  await to.take('loaded', { nonce });
  program.send('.');
  await to.take('swapped', { nonce });
  program.send('.');
  await to.take('confirmed', { nonce });
}

describe('alone', () => {
  const compilers = ['gcc', 'clang-14', 'clang', 'tcc'].filter(hasTool);
  it.each(compilers)('built by %s it runs version 1 and ends well', async (compiler) => {
    const flags = compiler === 'tcc' ? [] : ['-O2', '-Wall', '-Wextra', '-Werror', '-std=c11'];
    const program = start(await buildProgram(folder, { compiler, flags, name: `game-${compiler}` }));
    expect(await program.pass()).toMatchObject({ status: '0', version: '1', x: '1', score: '101', result: '1' });
    await program.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it.runIf(hasTool('tcc'))('built by tcc, without thread-local storage, it swaps all the same', async () => {
    agent = await Agent.listen(link);
    const program = start(await buildProgram(folder, { compiler: 'tcc', flags: [], name: 'game-of-tcc' }));
    await agent.take('ready');
    await program.pass();
    for (const [at, image] of images.entries()) await push(agent, program, at + 2, image);
    expect(await program.pass()).toMatchObject({ version: '3', status: '0', x: '81' });
    await until(() => program.mapped().length === 1, 'the old images are unloaded');
  });
});

describe('over many swaps', () => {
  it('keeps its state, and leaves no mapping, file, thread or descriptor behind', async () => {
    agent = await Agent.listen(link);
    const program = start();
    await agent.take('ready');
    await program.pass();
    let x = 1;
    const counted: number[][] = [];
    for (let version = 2; version <= 301; version++) {
      const image = images[version % 2];
      if (image === undefined) throw new Error('no image');
      await push(agent, program, version, image);
      x += 2 * Number(image.build.slice(-2));
      if (version % 100 === 0) {
        await until(() => program.mapped().length === 1, 'one image is mapped');
        const at = `/proc/${program.pid}`;
        const maps = readFileSync(`${at}/maps`, 'utf8').split('\n').length;
        counted.push([maps, readdirSync(`${at}/fd`).length, readdirSync(`${at}/task`).length]);
        expect(readdirSync(join(copies, String(program.pid))).sort()).toEqual(
          [`libgame.v${version - 1}.so`, `libgame.v${version}.so`].sort(),
        );
      }
    }
    x += 20;
    expect(await program.pass()).toMatchObject({ version: '301', x: String(x), score: String(x + 100) });
    expect(counted[2]).toEqual(counted[0]);
    await program.end();
    expect(readdirSync(copies)).not.toContain(String(program.pid));
  });
});

describe('its end', () => {
  it('of a program that was killed is cleaned up by the next one', async () => {
    agent = await Agent.listen(link);
    const killed = start();
    await agent.take('ready');
    await push(agent, killed, 2, images[0] as Image);
    killed.kill();
    await killed.ended;
    expect(readdirSync(copies)).toContain(String(killed.pid));
    const living = start();
    await agent.take('hello', { pid: String(living.pid) });
    await push(agent, living, 2, images[0] as Image);
    expect(readdirSync(copies)).toEqual([String(living.pid)]);
    start();
    await agent.take('hello', { pid: String(programs.at(-1)?.pid) });
    expect(readdirSync(copies)).toEqual([String(living.pid)]); // in use: its folder is locked
  });
});

describe('under gdb', () => {
  it.runIf(hasTool('gdb'))(
    'a breakpoint in code that is not there yet is met in the version that brings it',
    async () => {
      agent = await Agent.listen(link);
      const commands = ['set breakpoint pending on', 'break helper', 'run', 'bt', 'continue'];
      const wrapper = ['gdb', '-q', '-batch', ...commands.flatMap((command) => ['-ex', command]), '--args'];
      const program = new Program(built, { link, wrapper, env: { XDG_RUNTIME_DIR: runtimeDirectory } });
      programs.push(program);
      await agent.take('ready');
      await program.pass();
      const nonce = agent.load(2, await buildImage(folder, '0077', { flags: ['-g'] }));
      await agent.take('loaded', { nonce });
      expect(await program.pass()).toMatchObject({ version: '2', x: '11' });
      const text = program.lines.all.join('\n');
      expect(text).toMatch(/Breakpoint 1, helper \(state=0x[0-9a-f]+\) at .*image\.c:\d+/);
      expect(text).toMatch(/#1 .* update_game .*image\.c/);
      await program.end();
    },
  );
});

describe('under gdb, in the code of a reload', () => {
  it.runIf(hasTool('gdb'))('bt reaches main and print knows the state, in probation and after it', async () => {
    agent = await Agent.listen(link);
    const script = join(folder, 'commands.gdb');
    const each = ['silent', 'bt', 'print *state', 'info symbol $pc', 'continue', 'end'];
    writeFileSync(script, ['set breakpoint pending on', 'break helper', 'commands', ...each, 'run', ''].join('\n'));
    const wrapper = ['gdb', '-q', '-batch', '-x', script, '--args'];
    const debugged = await buildProgram(folder, { flags: ['-O2', '-g'], name: 'debugged' });
    const program = new Program(debugged, { link, wrapper, env: { XDG_RUNTIME_DIR: runtimeDirectory } });
    programs.push(program);
    await agent.take('ready');
    await program.pass();
    await push(agent, program, 2, await buildImage(folder, '0078', { flags: ['-g', '-fno-inline'] }));
    await program.pass();
    await program.end();
    const text = program.lines.all.join('\n');
    const stops = text.split(/^#0 /m).slice(1);
    expect(stops.map((stop) => /\$\d+ = .*/.exec(stop)?.[0])).toEqual([
      '$1 = {x = 1, y = 2}',
      '$2 = {x = 11, y = 2}',
      '$3 = {x = 21, y = 2}',
    ]);
    for (const stop of stops) {
      expect(stop).toMatch(/^ *helper \(state=0x[0-9a-f]+\) at .*image\.c:\d+/);
      expect(stop).toMatch(/^#1 .* update_game .*image\.c/m);
      expect(stop).toMatch(/^#\d+ .* main \(.*program\.c/m);
      expect(stop).toMatch(/^helper .*libgame\.v2\.so/m);
    }
    expect(stops[0]).toMatch(/ in hoti_guard_call /);
    if (process.arch === 'x64') expect(stops[2]).toMatch(/ in hot_shortcut \(\)/);
  });
});

describe('a program that closes all descriptors', () => {
  it('finds nothing of ours in its own files, and is found by the agent and undone as before', async () => {
    agent = await Agent.listen(link);
    const program = start();
    await agent.take('ready');
    await push(agent, program, 2, images[0] as Image);
    program.send('d');
    await program.take('closed');
    await agent.take('closed');
    await agent.take('ready');
    await push(agent, program, 3, images[1] as Image);
    const failing = await buildImage(folder, '0666', { defines: { FAIL: 'fail_segv' } });
    const nonce = agent.load(4, failing);
    await agent.take('loaded', { nonce });
    expect(await program.pass()).toMatchObject({ version: '3' });
    await agent.take('reverted', { nonce });
    program.send('e');
    expect((await program.take('own files'))['line']).toBe('own files hold 0 bytes');
    await program.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  it('and one whose folder of copies was swept makes another', async () => {
    agent = await Agent.listen(link);
    const program = start();
    await agent.take('ready');
    await push(agent, program, 2, images[0] as Image);
    rmSync(join(copies, String(program.pid)), { recursive: true });
    await push(agent, program, 3, images[1] as Image);
    expect(await program.pass()).toMatchObject({ version: '3' });
    await program.end();
    expect(readdirSync(copies)).not.toContain(String(program.pid));
  });
});

describe('a fork', () => {
  it('leaves the child with the code it has, and the link and the copies with the parent', async () => {
    agent = await Agent.listen(link);
    const program = start();
    await agent.take('ready');
    await push(agent, program, 2, images[0] as Image);
    const nonce = agent.load(3, images[1] as Image);
    await agent.take('loaded', { nonce });
    program.send('f');
    expect(await program.take('child')).toMatchObject({ status: '0', version: '2' });
    expect(readdirSync(join(copies, String(program.pid)))).toHaveLength(2);
    expect(await program.pass()).toMatchObject({ status: '1', version: '3' });
    await agent.take('swapped', { nonce });
    expect(agent.lines.all.map((line) => line.verb)).not.toContain('bye');
  });
});

describe('local mode', () => {
  it('follows the library beside the source, and only what is new', async () => {
    const beside = join(folder, 'beside');
    mkdirSync(beside);
    const library = join(beside, 'libgame.so');
    const put = (image: Image): void => {
      copyFileSync(image.path, `${library}.new`);
      renameSync(`${library}.new`, library);
    };
    put(images[0] as Image);
    utimesSync(library, 1, 1); // older than the program
    const program = start(built, { link: join(folder, 'nobody.sock'), args: [join(beside, 'game.vais')] });
    expect((await program.take('init'))['line']).toBe('init 0');
    expect(await program.pass()).toMatchObject({ version: '1', x: '1' });
    put(images[1] as Image);
    let passes = 1;
    let last: Record<string, string> = {};
    const untilStatus = async (status: string): Promise<void> => {
      do {
        last = await program.pass();
        passes++;
      } while (last['status'] !== status);
    };
    await untilStatus('1');
    expect(last).toMatchObject({ version: '2', x: String(passes - 1 + 20) });

    writeFileSync(library, 'not a library');
    await untilStatus('-1');
    expect(last['error']).toMatch(/libgame.so is no shared library/);
    expect(last).toMatchObject({ version: '2' });

    copyFileSync((images[0] as Image).path, library); // in place, not renamed
    await untilStatus('1');
    expect(last).toMatchObject({ version: '3' });

    for (let i = 0; i < 3; i++) {
      program.send('r'); // what runs already is nothing new
      expect((await program.take('reload'))['line']).toBe('reload 0');
    }
    put(images[1] as Image);
    program.send('r');
    expect((await program.take('reload'))['line']).toMatch(/reload [01]/); // 0 when it was noticed before
    await program.pass();
    expect(await program.pass()).toMatchObject({ version: '4' });
    program.send('c');
    await program.take('cleanup');
    put(images[0] as Image);
    program.send('r');
    expect((await program.take('reload'))['line']).toBe('reload 0');
    expect(await program.pass()).toMatchObject({ version: '4', status: '0' });
    await program.end();
    expect(existsSync(join(copies, String(program.pid)))).toBe(false);
  });

  it('gives the number of a version that ran and failed to no other', async () => {
    const beside = join(folder, 'numbers');
    mkdirSync(beside);
    const library = join(beside, 'libgame.so');
    const program = start(built, { link: join(folder, 'nobody.sock'), args: [join(beside, 'game.vais')] });
    await program.take('init');
    await program.pass();
    const put = async (image: Image, fits: (pass: Record<string, string>) => boolean) => {
      copyFileSync(image.path, `${library}.new`);
      renameSync(`${library}.new`, library);
      let pass = await program.pass();
      while (!fits(pass)) pass = await program.pass();
      return pass;
    };
    const bad = await buildImage(folder, '0030', { defines: { FAIL: 'fail_segv' } });
    expect(await put(bad, ({ error }) => /SIGSEGV/.test(error ?? ''))).toMatchObject({ version: '1' }); // It was 2.
    expect(await put(images[0] as Image, ({ status }) => status === '1')).toMatchObject({ version: '3' });
  });

  it('loads a library once that it finds at hot_init and is asked for at once', async () => {
    const beside = join(folder, 'at-once');
    mkdirSync(beside);
    copyFileSync((images[0] as Image).path, join(beside, 'libgame.so'));
    for (let round = 0; round < rounds; round++) {
      const program = start(built, { link: '', args: [join(beside, 'game.vais'), 'now'] });
      expect((await program.take('at once'))['line']).toBe('at once 0'); // no hot function was called before
      for (let i = 0; i < 3; i++) expect(await program.pass()).toMatchObject({ version: '2', status: '0' });
      await program.end();
      programs.pop();
    }
  });

  it('says what is wrong with a path', async () => {
    const program = start(built, { link: '', args: ['/nowhere/game.vais'] });
    expect((await program.take('init'))['line']).toBe('init -1');
  });
});
