/** The same life under AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer and valgrind. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  Agent,
  buildImage,
  buildProgram,
  fixtures,
  hasTool,
  type Image,
  makeFolder,
  Program,
  removeFolder,
  until,
} from './harness.ts';

const folder = makeFolder();
const common = ['-g', '-O1', '-fno-omit-frame-pointer'];
const tools = [
  {
    name: 'address',
    tool: 'gcc',
    flags: [...common, '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  },
  {
    name: 'address of clang',
    tool: 'clang-14',
    flags: [...common, '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
  },
  { name: 'thread', tool: 'gcc', flags: [...common, '-fsanitize=thread'] },
  {
    name: 'valgrind',
    tool: 'gcc',
    flags: common,
    wrapper: [
      'valgrind',
      '-q',
      '--error-exitcode=99',
      '--leak-check=full',
      '--show-leak-kinds=definite',
      '--errors-for-leak-kinds=definite',
      '--fair-sched=yes',
      `--suppressions=${join(fixtures, 'valgrind.supp')}`,
    ],
  },
].filter(({ tool, wrapper }) => hasTool(tool) && (wrapper === undefined || hasTool('valgrind')));
let good: Image[];
let bad: [string, Image][];
let stamps: Image[];

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  good = await Promise.all(['0010', '0020'].map((build) => buildImage(folder, build)));
  bad = await Promise.all(
    ['fail_segv', 'fail_fpe', 'fail_abort', 'fail_print', 'fail_hang'].map(
      async (FAIL): Promise<[string, Image]> => [
        FAIL,
        await buildImage(folder, '0666', { defines: { FAIL, STEP: '1' } }),
      ],
    ),
  );
  stamps = await Promise.all(['0010', '0020'].map((build) => buildImage(folder, build, { source: 'stamp.c' })));
});

afterAll(() => removeFolder(folder));

const open: { kill?(): void; close?(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) {
    one.kill?.();
    await one.close?.();
  }
});

describe.each(tools)('$name', ({ name, tool, flags, wrapper }) => {
  const id = name.replace(/\W/g, '-');
  const env = {
    XDG_RUNTIME_DIR: join(folder, 'run'),
    VAIS_HOT_DEADLINE: '1000',
    ASAN_OPTIONS: 'handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:exitcode=99',
    TSAN_OPTIONS: 'exitcode=99:halt_on_error=0',
  };

  it('swaps, refusals and undone crashes', async () => {
    const link = join(folder, `${id}.sock`);
    const built = await buildProgram(folder, { compiler: tool, flags, name: `game-${id}` });
    const agent = await Agent.listen(link);
    const program = new Program(built, { link, env, ...(wrapper === undefined ? {} : { wrapper }) });
    open.push(agent, program);
    await agent.take('ready');
    await program.pass();
    for (let version = 2; version < 20; version++) {
      const image = good[version % 2] as Image;
      const nonce = agent.load(version, image);
      await agent.take('loaded', { nonce });
      await program.pass();
      await agent.take('swapped', { nonce });
      await program.pass();
      await agent.take('confirmed', { nonce });
    }
    for (const [kind, image] of bad) {
      // valgrind reports the bad access itself, as it should
      if (wrapper !== undefined && kind !== 'fail_abort' && kind !== 'fail_hang') continue;
      const nonce = agent.load(20, image);
      await agent.take('loaded', { nonce });
      await program.pass();
      await agent.take('reverted', { nonce, running: '19' });
    }
    const broken = agent.load(21, { ...(good[0] as Image), digest: '0' });
    await agent.take('refused', { nonce: broken });
    await until(() => program.mapped().length === 1, 'one image is mapped');
    await agent.close();
    await program.pass();
    await program.end();
    expect(program.stderr).toBe('');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  }, 120_000);

  it('four threads', async () => {
    const link = join(folder, `${id}.sock`);
    const built = await buildProgram(folder, { compiler: tool, flags, source: 'threads.c', name: `stamp-${id}` });
    const agent = await Agent.listen(link);
    const program = new Program(built, { link, env, ...(wrapper === undefined ? {} : { wrapper }) });
    open.push(agent, program);
    await agent.take('ready');
    const last = wrapper === undefined ? 30 : 16; // valgrind lets one thread run at a time
    for (let version = 2; version < last; version++) {
      const nonce = agent.load(version, stamps[version % 2] as Image, { module: 'stamp' });
      await agent.take('confirmed', { nonce });
      if (version % 10 === 0) program.send('t');
    }
    program.send('s');
    expect(await program.take('counts')).toMatchObject({ mixed: '0' });
    await program.end();
    expect(program.stderr).toBe('');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  }, 120_000);
});
