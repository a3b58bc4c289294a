/** The runtime's Windows half: built by mingw, run by Wine, its link joined with the agent that a test plays. */
import { existsSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { copyFile, rename } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Running } from '../e2e/running.ts';
import { nodeOf, wineFolder } from '../platforms/application.ts';
import { missingWindows, wine, wineEnvironment } from '../platforms/windows.ts';
import { describeWhere } from '../scenario/needs.ts';
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

const compiler = 'x86_64-w64-mingw32-gcc';
const libraries = ['-static', '-ladvapi32'];
const stepMs = 120_000;

describeWhere('the runtime', hasTool(compiler) ? undefined : `there is no ${compiler}`, () => {
  it('is built by mingw without a word', async () => {
    const at = makeFolder();
    await buildProgram(at, { compiler, libraries, flags: ['-O3', '-Wall', '-Wextra', '-Werror'] });
    removeFolder(at);
  });
});

describeWhere('a program on Windows', missingWindows(), () => {
  const folder = makeFolder();
  const pipe = `\\\\.\\pipe\\vais-test-${process.pid}`;
  const copies = join(wineFolder, 'drive_c', 'users', userInfo().username, 'AppData', 'Local', 'vais-hot');
  let agent: Agent;
  let bridge: Running;
  let built: string;
  let images: Image[];
  let program: Program;
  let pid: string;

  const image = (build: string, defines: Record<string, string> = {}, source = 'image.c'): Promise<Image> =>
    buildImage(folder, build, { compiler, source, defines, flags: ['-static-libgcc'] });
  const failing = (FAIL: string): Promise<Image> => image('0666', { FAIL, STEP: '100' });

  beforeAll(async () => {
    agent = await Agent.listen(0);
    const script = join(import.meta.dirname, '..', 'platforms', 'pipe-to-port.mjs');
    const [command, ...args] = [...wine, nodeOf('win32-x64'), script, pipe, String(agent.port)];
    bridge = new Running(command, args, { cwd: folder, env: { ...process.env, ...wineEnvironment } });
    built = await buildProgram(folder, { compiler, libraries, name: 'game.exe' });
    images = await Promise.all(['0010', '0020'].map((build) => image(build)));
    await bridge.line((line) => line === 'listening');
  }, stepMs);

  afterAll(async () => {
    bridge?.kill('SIGKILL');
    await bridge?.exited;
    await agent?.close();
    removeFolder(folder);
  }, stepMs);

  async function start(path: string, env: Record<string, string> = {}, args: readonly string[] = []): Promise<void> {
    const own = { VAIS_HOT_PROBATION_CALLS: '3', VAIS_HOT_DEADLINE: '300', ...(wineEnvironment as typeof env), ...env };
    program = new Program(path, { link: pipe, env: own, args, wrapper: ['wine'] });
    const hello = await agent.take('hello');
    pid = String(hello['pid']);
    expect(hello).toMatchObject({ triple: 'x86_64-windows-gnu', loading: 'unloads' });
    await agent.take('module');
    await agent.take('ready');
  }

  afterEach(async () => {
    program.kill();
    await program.ended;
    await agent.take('closed');
  });

  async function push(version: number, from: Image, module = 'game'): Promise<void> {
    const nonce = agent.load(version, from, { module });
    await agent.take('loaded', { nonce });
    if (module === 'game') program.send('....');
    await agent.take('confirmed', { nonce });
  }

  /** The private copies of the program: Windows removes none that is loaded. */
  const held = (): string[] => readdirSync(join(copies, pid)).filter((name) => name.startsWith('lib'));

  describe('of one thread', () => {
    beforeEach(async () => {
      await start(built);
      await program.pass();
    }, stepMs);

    it('swaps with its state, and unloads what nobody needs', async () => {
      for (let version = 2; version < 20; version++) await push(version, images[version % 2] as Image);
      expect(await program.pass()).toMatchObject({ version: '19', y: '19', status: '0' });
      // The one that runs, and the file of the one before.
      await until(() => held().length === 2, 'older versions are unloaded and their copies are gone');
      program.send('q');
      expect(await program.ended).toEqual({ code: 0, signal: null });
      expect(program.stderr).toBe('');
      await agent.take('bye');
    });

    it.each([
      ['fail_segv', 'SIGSEGV'],
      ['fail_wild', 'SIGSEGV'],
      ['fail_call', 'SIGSEGV'],
      ['fail_fpe', 'SIGFPE'],
      ['fail_ill', 'SIGILL'],
      ['fail_abort', 'SIGABRT'],
      ['fail_overflow', 'SIGSEGV'],
      ['fail_print', 'SIGSEGV'],
    ])('undoes %s, again and again', async (kind, signal) => {
      const bad = await failing(kind);
      for (let x = 2; x < 5; x++) {
        const nonce = agent.load(2, bad);
        await agent.take('loaded', { nonce });
        expect(await program.pass()).toMatchObject({ version: '1', x: String(x), y: '0', score: String(100 + x) });
        const reverted = await agent.take('reverted', { nonce });
        expect(reverted).toMatchObject({ signal, function: 'update_game', line: '77', undone: '1', running: '1' });
        if (kind !== 'fail_call' && kind !== 'fail_overflow') expect(reverted['trace']).toMatch(/^[0-9a-f]+/);
        if (kind === 'fail_segv') expect(reverted['symbol']).toBe('fail_segv');
      }
      await until(() => held().length === 0, 'the failed image is unloaded');
      expect(program.stderr).not.toContain('vais-hot');
    });

    it.each(['fail_hang', 'fail_churn'])('stops %s by the deadline', async (kind) => {
      const nonce = agent.load(2, await failing(kind));
      await agent.take('loaded', { nonce });
      expect(await program.pass()).toMatchObject({ version: '1', x: '2', score: '102' });
      const reverted = await agent.take('reverted', { nonce });
      expect(reverted['signal']).toBeUndefined();
      expect(reverted['reason']).toMatch(/^a hang in update_game/);
    });

    it('goes back after probation, to the version before', async () => {
      await push(2, images[0] as Image);
      await push(3, await image('0030', { FAIL: 'fail_segv', FAIL_AT: '14' }));
      const lost = agent.take('reverted', { version: '3' });
      program.send('.'.repeat(10));
      expect(await lost).toMatchObject({ running: '2', undone: '0', signal: 'SIGSEGV' });
      expect(await program.pass()).toMatchObject({ version: '2' });
    });

    it('refuses what is no library for it, and says why', async () => {
      const good = images[0] as Image;
      const other = async (name: string, make: (path: string) => unknown): Promise<Image> => {
        const path = join(folder, name);
        await copyFile(good.path, path);
        await make(path);
        const digest = (await import('node:crypto')).createHash('sha256').update(readFileSync(path)).digest('hex');
        return { ...good, path, digest };
      };
      const elf = await buildImage(folder, '0040', { defines: { TRIPLE: '"x86_64-windows-gnu"' } });
      const cases: [Image, string, RegExp][] = [
        [await other('short.dll', (path) => truncateSync(path, 20_000)), 'image_invalid', /cut short/],
        [await other('text.dll', (path) => writeFileSync(path, 'no library')), 'image_invalid', /is no DLL/],
        [elf, 'image_invalid', /is no DLL/],
        [{ ...good, digest: '0'.repeat(64) }, 'digest_mismatch', /have the digest/],
        [{ ...good, path: join(folder, 'nowhere.dll') }, 'storage', /No such file/],
        [await image('0050', { FOREIGN: '"nobody_has_this"' }), 'load_refused', /nobody_has_this/],
        [await image('0060', { TYPE: '"fn()"' }), 'contract_changed', /another signature/],
      ];
      for (const [bad, code, reason] of cases) {
        const nonce = agent.load(2, bad);
        const refused = await agent.take('refused', { nonce });
        expect(refused).toMatchObject({ code, running: '1' });
        expect(refused['reason']).toMatch(reason);
      }
      await push(2, good);
      expect(held()).toHaveLength(1);
    });

    it('finds its agent again, and says what runs', async () => {
      await push(2, images[0] as Image);
      agent.drop();
      expect(await agent.take('module')).toMatchObject({ version: '2', state: 'confirmed' });
      await agent.take('ready');
      await push(3, images[1] as Image);
    });
  });

  it('leaves a crash of its own to Windows, and the next program sweeps up', async () => {
    await start(built, { VAIS_HOT_GUARD: 'off' });
    await program.pass();
    const mine = join(copies, pid);
    agent.load(2, await failing('fail_segv'));
    await agent.take('loaded');
    program.send('.');
    expect((await program.ended).code).not.toBe(0);
    await agent.take('closed');
    await start(built);
    await until(() => !existsSync(mine), 'the copies of the dead program are gone');
  });

  it('of four threads never mixes two versions in a pass', async () => {
    const path = await buildProgram(folder, {
      compiler,
      source: 'threads.c',
      name: 'threads.exe',
      libraries: [...libraries, '-lpthread'],
    });
    const stamps = await Promise.all(['0010', '0020'].map((build) => image(build, {}, 'stamp.c')));
    await start(path);
    for (let version = 2; version < 20; version++) {
      await push(version, stamps[version % 2] as Image, 'stamp');
      if (version % 10 === 0) program.send('t');
    }
    program.send('s');
    expect(await program.take('counts')).toMatchObject({ mixed: '0' });
    await program.end();
    expect(program.stderr).toBe('');
  });

  it('follows the library beside its source', async () => {
    const library = join(folder, 'libgame.dll');
    await start(built, {}, [join(folder, 'game.vais').replaceAll('/', '\\').replace(/^/, 'Z:')]);
    await program.take('init 0');
    const put = async (from: Image): Promise<void> => {
      await copyFile(from.path, `${library}.new`);
      const now = new Date();
      utimesSync(`${library}.new`, now, now);
      await rename(`${library}.new`, library);
    };
    for (const [version, from] of [2, 3].map((each) => [each, images[each % 2] as Image] as const)) {
      await put(from);
      for (let seen = ''; seen !== String(version); ) seen = (await program.pass())['version'] ?? '';
    }
    await program.end();
  });
});
