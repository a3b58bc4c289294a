/** The swap, from the agent's line to the program's own output. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  Agent,
  buildImage,
  buildProgram,
  hasTool,
  type Image,
  makeFolder,
  Program,
  readImage,
  removeFolder,
  until,
} from './harness.ts';

const folder = makeFolder();
const runtimeDirectory = join(folder, 'run');
const link = join(folder, 'link.sock');
let agent: Agent;
let program: Program;
let built: string;
let withSanitizer: string; // a use of what was freed ends it
const sanitizing = {
  ASAN_OPTIONS: 'handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:exitcode=99',
};
let step10: Image;
let step20: Image;

beforeAll(async () => {
  mkdirSync(runtimeDirectory);
  [built, withSanitizer, step10, step20] = await Promise.all([
    buildProgram(folder),
    buildProgram(folder, { flags: ['-g', '-O1', '-fsanitize=address,undefined'], name: 'sanitized' }),
    buildImage(folder, '0010', { defines: { STEP: '10' } }),
    buildImage(folder, '0020', { defines: { STEP: '20' } }),
  ]);
});

afterAll(() => removeFolder(folder));

async function start(path = built): Promise<void> {
  agent = await Agent.listen(link);
  program = new Program(path, { link, env: { XDG_RUNTIME_DIR: runtimeDirectory } });
  await agent.take('ready');
}

function copies(): string[] {
  const own = join(runtimeDirectory, 'vais-hot', String(program.pid));
  return existsSync(own) ? readdirSync(own).sort() : [];
}

/** Loads, lets the program pass, and waits until the version is confirmed. */
async function push(version: number, image: Image): Promise<void> {
  const nonce = agent.load(version, image);
  await agent.take('loaded', { nonce, build: image.build });
  program.send('.');
  await agent.take('swapped', { nonce, build: image.build });
  program.send('.');
  await agent.take('confirmed', { nonce, version: String(version) });
}

beforeEach(() => start());

afterEach(async () => {
  program.kill();
  await program.ended;
  await agent.close();
});

describe('hello', () => {
  it('says what the program is and runs', async () => {
    const hello = await agent.take('hello');
    expect(hello).toMatchObject({ protocol: '1', program: 'game', pid: String(program.pid), modules: '1' });
    const base = '1'.padStart(32, '0');
    expect(await agent.take('module')).toMatchObject({
      name: 'game',
      source: 'game.vais',
      version: '1',
      build: base,
      base,
      digest: '-',
      state: 'confirmed',
    });
    const record = await agent.take('contract');
    expect(JSON.parse(record['record'] ?? '')).toMatchObject({ record: 'module', name: 'game' });
    expect(agent.lines.all.filter((line) => line.verb === 'contract')).toHaveLength(3);
  });

  it('answers a ping and says bye', async () => {
    agent.send('ping');
    await agent.take('pong');
    await program.end();
    await agent.take('bye');
  });
});

describe('a load', () => {
  it('runs the new code with the state kept', async () => {
    await program.pass();
    await program.pass();
    const nonce = agent.load(2, step10);
    const loaded = await agent.take('loaded', { nonce });
    expect(loaded).toMatchObject({ module: 'game', version: '2', build: step10.build });
    expect(await program.pass()).toMatchObject({
      status: '1',
      version: '2',
      x: '12',
      y: '2',
      score: '112',
      result: '100600',
    });
    expect(program.lines.all).toContain('callback version=2');
    const swapped = await agent.take('swapped', { nonce, version: '2', build: step10.build });
    expect(Number(swapped['us'])).toBeLessThan(1000);
    expect(await program.pass()).toMatchObject({ status: '0', version: '2', x: '22', score: '122', result: '100700' });
    await agent.take('confirmed', { nonce, version: '2' });
    expect(await program.pass()).toMatchObject({ status: '0', x: '32' });
  });

  it.runIf(hasTool('tcc'))('runs an image that tcc wrote', async () => {
    await push(2, await buildImage(folder, '0030', { compiler: 'tcc', defines: { STEP: '30' } }));
    expect(await program.pass()).toMatchObject({ version: '2', x: '90' });
  });

  it('goes back to the code the program started with', async () => {
    await push(2, step10);
    const nonce = agent.loadBuiltin(3);
    await agent.take('loaded', { nonce, build: '1'.padStart(32, '0') });
    program.send('.');
    await agent.take('swapped', { nonce });
    expect(await program.pass()).toMatchObject({ version: '3', x: '22', result: '1' });
    await agent.take('confirmed', { nonce });
    await until(() => program.mapped().length === 0, 'version 2 is unloaded');
  });

  it('keeps a global that a version brought', async () => {
    await push(2, step10); // 5 at birth, 6 and 7 after its two passes
    await push(3, step20);
    expect((await program.pass())['result']).toBe('101000'); // 1000 + 10, times 100
  });

  it('unloads the old image, and keeps no copy but of the one before', async () => {
    await push(2, step10);
    await push(3, step20);
    await until(() => program.mapped().length === 1, 'only one image is mapped');
    expect(program.mapped()[0]).toMatch(/\/libgame\.v3\.so$/);
    expect(copies()).toEqual(['libgame.v2.so', 'libgame.v3.so']);
    await push(4, step10);
    await until(() => program.mapped().length === 1, 'only one image is mapped');
    expect(copies()).toEqual(['libgame.v3.so', 'libgame.v4.so']);
  });

  it('is superseded by a newer one before it swapped', async () => {
    await program.pass();
    const first = agent.load(2, step10);
    await agent.take('loaded', { nonce: first });
    const second = agent.load(3, step20);
    await agent.take('superseded', { nonce: first, version: '2' });
    expect(await program.pass()).toMatchObject({ version: '3', x: '21', result: '100600' });
    await agent.take('swapped', { nonce: second });
    await until(() => program.mapped().length === 1, 'the superseded image is unloaded');
  });

  it('is confirmed at once when it runs already', async () => {
    await push(2, step10);
    const nonce = agent.load(2, step10);
    await agent.take('confirmed', { nonce });
    expect(agent.lines.all.filter((line) => line['nonce'] === nonce)).toEqual([]);
  });

  it('takes another image as the same version, for the optimized tier', async () => {
    await push(2, step10);
    await push(2, step20);
    expect(await program.pass()).toMatchObject({ version: '2', status: '0', x: '80' });
  });
});

describe('an image', () => {
  it('with a running thread of its own is never unloaded, and that is told', async () => {
    await program.pass();
    const nonce = agent.load(2, await buildImage(folder, '0050', { defines: { OWN_THREAD: '1' } }));
    expect(await agent.take('loaded', { nonce })).toMatchObject({ resident: 'pthread_create' });
    program.send('.');
    await agent.take('swapped', { nonce });
    program.send('.');
    await agent.take('confirmed', { nonce });
    for (let version = 3; version < 8; version++) await push(version, version % 2 === 0 ? step10 : step20);
    await until(() => program.mapped().length === 2, 'all others are unloaded');
    expect(program.mapped().join()).toMatch(/libgame\.v2\.so/);
    expect(copies()).toContain('libgame.v2.so');
  });

  it('with a thread-local variable is unloaded as any other', async () => {
    await push(2, await buildImage(folder, '0051', { defines: { THREAD_LOCAL: '1' } }));
    expect(await program.pass()).toMatchObject({ version: '2' });
    await push(3, step10);
    await until(() => program.mapped().length === 1, 'the old image is unloaded');
  });
});

describe('a new global of a version that was never confirmed', () => {
  const state = (more: Record<string, string>): Promise<Image> => buildImage(folder, '0040', { defines: more });

  async function run(version: number, image: Image): Promise<string> {
    const nonce = agent.load(version, image);
    await agent.take('loaded', { nonce });
    program.send('.');
    return nonce;
  }

  async function kept(): Promise<string | undefined> {
    program.send('k');
    return (await program.take('kept'))['line'];
  }

  beforeEach(async () => {
    program.kill();
    await program.ended;
    const env = { XDG_RUNTIME_DIR: runtimeDirectory, VAIS_HOT_PROBATION_CALLS: '100', VAIS_HOT_PROBATION_MS: '100000' };
    program = new Program(withSanitizer, { link, env: { ...env, ...sanitizing } });
    await agent.take('hello', { pid: String(program.pid) });
    await agent.take('ready');
    program.send('.');
  });

  it('stays where it was when the version is superseded, as a call that returned may have kept its address', async () => {
    const first = await run(2, await state({ KEEP_ADDRESS: '1' })); // 5 at birth
    await agent.take('swapped', { nonce: first });
    expect(await kept()).toBe('kept 6');
    await agent.take('swapped', { nonce: await run(3, await state({ NO_FRESH: '1', LEAVE_STATE: '1' })) });
    await until(() => program.mapped().length === 1, 'version 2 is unloaded');
    expect(await kept()).toBe('kept 6');
  });

  it('and when it is reverted; the next version goes on with it', async () => {
    await run(2, await state({ KEEP_ADDRESS: '1', FAIL: 'fail_segv', FAIL_AT: '7' }));
    program.send('.');
    expect(await kept()).toBe('kept 7');
    program.send('.');
    await agent.take('reverted', { version: '2' });
    await until(() => program.mapped().length === 0, 'version 2 is unloaded');
    expect(await kept()).toBe('kept 7');
    await agent.take('swapped', { nonce: await run(3, await state({ KEEP_ADDRESS: '1' })) });
    expect(await kept()).toBe('kept 8');
  });

  it('but may have another type in the next version', async () => {
    await run(2, await state({ KEEP_ADDRESS: '1', FAIL: 'fail_segv', FAIL_AT: '6' }));
    program.send('.');
    await agent.take('reverted', { version: '2' });
    expect(await kept()).toBe('kept 6');
    await agent.take('swapped', { nonce: await run(3, await state({ FRESH_TYPE: '"f64"' })) });
    const nonce = agent.load(4, await state({ FRESH_TYPE: '"u64"' })); // but version 3 runs
    expect((await agent.take('refused', { nonce }))['code']).toBe('contract_changed');
  });

  it('is gone when each call of the version was undone', async () => {
    await run(2, await state({ FAIL: 'fail_segv' }));
    await agent.take('reverted', { version: '2' });
    await agent.take('swapped', { nonce: await run(3, await state({ KEEP_ADDRESS: '1' })) });
    expect(await kept()).toBe('kept 6');
  });
});

describe('a cancel', () => {
  it('drops a load that has not swapped', async () => {
    await program.pass();
    const nonce = agent.load(2, step10);
    await agent.take('loaded', { nonce });
    agent.send('cancel', { module: 'game', nonce });
    await agent.take('superseded', { nonce });
    expect(await program.pass()).toMatchObject({ status: '0', version: '1', x: '2' });
    await until(() => program.mapped().length === 0, 'the dropped image is unloaded');
  });

  it('is ignored once the load has swapped', async () => {
    await push(2, step10);
    agent.send('cancel', { module: 'game', nonce: '1' });
    agent.send('ping');
    await agent.take('pong');
    expect(await program.pass()).toMatchObject({ version: '2' });
    expect(agent.lines.all.map((line) => line.verb)).not.toContain('superseded');
  });
});

describe('what is refused', () => {
  async function refusal(image: Image, more: Record<string, string | number> = {}): Promise<string> {
    const nonce = agent.load(2, image, more);
    const line = await agent.take('refused', { nonce });
    expect(line).toMatchObject({ version: '2', running: '1' });
    const pass = await program.pass();
    expect(pass).toMatchObject({ status: '-1', version: '1', x: '1', error: line['reason']?.slice(0, 255) });
    expect(await program.pass()).toMatchObject({ status: '0', x: '2', error: '' });
    expect(copies()).toEqual([]);
    expect(program.mapped()).toEqual([]);
    return `${line['code']}: ${line['reason']}`;
  }

  const changed = (defines: Record<string, string>): Promise<Image> => buildImage(folder, '0099', { defines });

  it('a hot function with another signature', async () => {
    expect(await refusal(await changed({ TYPE: '"fn(*GameState) -> i64"' }))).toBe(
      'contract_changed: hot function update_game has another signature: it was fn(*GameState, f64) -> i64, it is fn(*GameState) -> i64',
    );
  });
  it('a hot function that is gone', async () => {
    expect(await refusal(await changed({ NAME: '"renamed"' }))).toBe(
      'contract_changed: hot function update_game is gone; the program calls it as fn(*GameState, f64) -> i64',
    );
  });
  it('a global of another type', async () => {
    expect(await refusal(await changed({ SCORE_TYPE: '"f64"' }))).toBe(
      'contract_changed: global score has another type: it was i64 (8 bytes), it is f64 (8 bytes)',
    );
  });
  it('a struct of the program with another layout', async () => {
    const fields = { STATE_FIELD: '"{\\"name\\":\\"y\\",\\"type\\":\\"f64\\",\\"offset\\":8}"' };
    expect(await refusal(await changed(fields))).toBe(
      'contract_changed: struct GameState has another layout: it was { x: i64, y: i64 } of 16 bytes, it is { x: i64, y: f64 } of 16 bytes',
    );
  });
  it('another module', async () => {
    expect(await refusal(await changed({ MODULE: '"other"' }))).toMatch(
      /^contract_changed: .* is the module other, not game$/,
    );
  });
  it('a module that the program has not', async () => {
    const nonce = agent.load(2, step10, { module: 'sound' });
    expect(await agent.take('refused', { nonce })).toMatchObject({
      module: 'sound',
      running: '0',
      code: 'no_such_module',
      reason: 'this program has no module sound',
    });
  });
  it('another triple', async () => {
    expect(await refusal(await changed({ TRIPLE: '"aarch64-linux-gnu"' }))).toMatch(
      /^wrong_platform: .* is built for aarch64-linux-gnu, the program for x86_64-linux-gnu$/,
    );
  });
  it('another ABI', async () => {
    expect(await refusal(await changed({ ABI: '77' }))).toMatch(
      /^load_refused: .* has ABI 77 of \d+ bytes, the program's runtime has 1 /,
    );
  });
  it('another build than the agent said', async () => {
    expect(await refusal(step10, { build: 'f'.repeat(32) })).toMatch(/^image_invalid: .* is build 0+10, not f+$/);
  });
  it('a foreign function that nobody has', async () => {
    expect(await refusal(await changed({ FOREIGN: '"no_such_function"' }))).toBe(
      'load_refused: the program and its libraries have no function no_such_function',
    );
  });
  it('a symbol that cannot be resolved', async () => {
    expect(await refusal(await changed({ MISSING_SYMBOL: '1' }))).toMatch(
      /^load_refused: .*undefined symbol: nobody_has_this$/,
    );
  });
  it('a library without an image', async () => {
    expect(await refusal(await changed({ NO_IMAGE: '1' }))).toMatch(/^contract_missing: .* has no vais_hot_image/);
  });
  it('other bytes than the digest says', async () => {
    expect(await refusal({ ...step10, digest: '0'.repeat(64) })).toMatch(
      /^digest_mismatch: the bytes of .* have the digest [0-9a-f]{64}, not 0+$/,
    );
  });
  it('a file that is cut short, at every place', async () => {
    const whole = readFileSync(step10.path);
    for (const size of [0, 10, 63, 64, 500, 4095, 4096, 4097, 8192, whole.length >> 1]) {
      const path = join(folder, `cut-${size}.so`);
      writeFileSync(path, whole.subarray(0, size));
      const nonce = agent.load(2, readImage(path, step10.build));
      expect((await agent.take('refused', { nonce }))['code']).toBe('image_invalid');
    }
    expect(copies()).toEqual([]);
  });
  it('a text file', async () => {
    const path = join(folder, 'text.so');
    writeFileSync(path, 'This is no library.\n'.repeat(100));
    expect(await refusal(readImage(path, '0'))).toMatch(/^image_invalid: .*text.so is no shared library/);
  });
  it('a file that is not there', async () => {
    expect(await refusal({ ...step10, path: join(folder, 'nowhere.so') })).toMatch(
      /^storage: cannot read .*nowhere.so: No such file/,
    );
  });
  it('a folder in the place of a file', async () => {
    expect(await refusal({ ...step10, path: folder })).toMatch(/^storage: cannot read .*: not a file$/);
  });
});
