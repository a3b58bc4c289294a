/** The link: found, lost, found again, and what a bad peer can do. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Agent, buildImage, buildProgram, type Image, makeFolder, Program, removeFolder } from './harness.ts';

const folder = makeFolder();
const link = join(folder, 'link.sock');
const open: { close?(): Promise<void>; kill?(): void }[] = [];
let built: string;
let image: Image;

beforeAll(async () => {
  [built, image] = await Promise.all([buildProgram(folder), buildImage(folder, '0010')]);
});

afterAll(() => removeFolder(folder));

afterEach(async () => {
  for (const one of open.splice(0)) {
    one.kill?.();
    await one.close?.();
  }
});

async function listen(path = link, options: { welcome?: boolean } = {}): Promise<Agent> {
  const agent = await Agent.listen(path, options);
  open.push(agent);
  return agent;
}

function start(env: Record<string, string> = {}, name = built): Program {
  const program = new Program(name, { link, env: { XDG_RUNTIME_DIR: folder, ...env } });
  open.push(program);
  return program;
}

describe('an agent', () => {
  it('is found when it comes later, and again after each restart, with what runs said anew', async () => {
    const program = start();
    await program.pass();
    for (let version = 2; version < 6; version++) {
      const agent = await Agent.listen(link);
      await agent.take('ready');
      expect(await agent.take('module')).toMatchObject({ version: String(version - 1), state: 'confirmed' });
      const nonce = agent.load(version, image);
      await agent.take('loaded', { nonce });
      await program.pass();
      await agent.take('swapped', { nonce });
      await program.pass();
      await agent.take('confirmed', { nonce });
      await agent.close();
      expect(await program.pass()).toMatchObject({ version: String(version) });
    }
  });

  it('that goes while a load waits finds it running, and is not answered for the old connection', async () => {
    const first = await Agent.listen(link);
    const program = start();
    await program.pass();
    await first.take('ready');
    await first.take('loaded', { nonce: first.load(2, image) });
    await first.close();
    const second = await listen();
    await second.take('ready');
    expect(await second.take('module')).toMatchObject({ version: '1' });
    const nonce = second.load(2, image); // still waiting: taken up, not loaded a second time
    await second.take('loaded', { nonce, us: '0' });
    await program.pass();
    await second.take('swapped', { nonce });
    await program.pass();
    await second.take('confirmed', { nonce });
    expect(program.mapped()).toHaveLength(1);
  });

  it('is told by a module line what came to run without a load of this connection', async () => {
    const first = await Agent.listen(link);
    const program = start();
    await program.pass();
    await first.take('ready');
    await first.take('loaded', { nonce: first.load(2, image) });
    await first.close();
    const second = await listen();
    await second.take('ready');
    await program.pass();
    await second.take('module', { version: '2', state: 'probation', digest: image.digest });
    await program.pass();
    await second.take('module', { version: '2', state: 'confirmed' });
    expect(second.lines.all.map((line) => line.verb)).not.toContain('swapped');
  });

  it('that says nothing is not obeyed before it has said welcome', async () => {
    const agent = await listen(link, { welcome: false });
    const program = start();
    await agent.take('ready');
    agent.load(2, image);
    agent.send('welcome', { protocol: 1, agent: '0.1.0' });
    const nonce = agent.load(3, image);
    await agent.take('loaded', { nonce, version: '3' });
    expect(await program.pass()).toMatchObject({ version: '3' });
  });

  it('of another protocol is left', async () => {
    const agent = await listen(link, { welcome: false });
    start();
    await agent.take('ready');
    agent.send('welcome', { protocol: 2 });
    await agent.take('closed');
  });
});

const namespace = (pid: number | 'self'): string | undefined => /\d+/.exec(readlinkSync(`/proc/${pid}/ns/pid`))?.[0];
const unshared = ['unshare', '--pid', '--fork', '--kill-child'];
const mayUnshare = spawnSync('unshare', [...unshared.slice(1), 'true']).status === 0 || process.env['CI'] === 'true';

describe('a hello', () => {
  it('says which pid namespace its pid counts in', async () => {
    const agent = await listen();
    const program = start();
    const pid = String(program.pid);
    expect(await agent.take('hello')).toMatchObject({ pid, pidns: namespace('self') });
  });

  it.skipIf(!mayUnshare)('in a pid namespace of its own (which unshare may make) says that one', async () => {
    const agent = await listen();
    const program = new Program(built, { link, wrapper: unshared, env: { XDG_RUNTIME_DIR: folder } });
    open.push(program);
    const hello = await agent.take('hello');
    expect(hello['pid']).toBe('1');
    expect(hello['pidns']).toMatch(/^\d+$/);
    expect(hello['pidns']).not.toBe(namespace('self'));
    await program.end();
  });
});

describe('a peer that does not keep to the line format is left, and found again', () => {
  const bad: Record<string, string | Buffer> = {
    'a line without a verb': ' module=game\n',
    'a pair without a value': 'load module\n',
    'a byte that is not escaped': 'load module=ga\tme\n',
    'an escape that is none': 'load module=%zz\n',
    'a NUL': 'load module=%00\n',
    'two spaces': 'load  module=game\n',
    'an endless line': Buffer.alloc(70_000, 0x61),
  };
  for (const [name, text] of Object.entries(bad)) {
    it(name, async () => {
      const agent = await listen();
      const program = start();
      await agent.take('ready');
      agent.raw(text);
      await agent.take('closed');
      await agent.take('ready');
      expect(await program.pass()).toMatchObject({ version: '1', status: '0' });
    });
  }

  it('but unknown verbs, unknown keys and lines in pieces are fine', async () => {
    const agent = await listen();
    const program = start();
    await agent.take('ready');
    agent.raw(`sing song=la%20la\nload module=game versi`);
    await program.pass();
    agent.raw(`on=2 nonce=9 color=blue digest=${image.digest} path=${image.path}\n`);
    await agent.take('loaded', { nonce: '9' });
  });

  it('a line of 65,536 bytes with its end is the longest', async () => {
    const agent = await listen();
    start();
    await agent.take('ready');
    const line = `ping filler=${'x'.repeat(65_536 - 13)}`;
    agent.raw(`${line}\n`);
    await agent.take('pong');
    agent.raw(`${line}x\n`);
    await agent.take('closed');
  });
});

describe('where the link is', () => {
  it('without VAIS_HOT_LINK it is in $XDG_RUNTIME_DIR/vais-hot, if nobody else can write there', async () => {
    const runtime = join(folder, 'xdg');
    const inside = join(runtime, 'vais-hot');
    mkdirSync(inside, { recursive: true });
    chmodSync(inside, 0o700);
    const agent = await listen(join(inside, 'link.sock'));
    const env: Record<string, string> = { ...process.env, XDG_RUNTIME_DIR: runtime } as Record<string, string>;
    delete env['VAIS_HOT_LINK'];
    const clean = ['env', '-u', 'VAIS_HOT_LINK'];
    const program = new Program(built, { env, wrapper: clean });
    open.push(program);
    await agent.take('ready');
    agent.send('ping');
    await agent.take('pong');
    chmodSync(inside, 0o777);
    const refused = new Program(built, { env, wrapper: clean });
    open.push(refused);
    for (let i = 0; i < 20; i++) await refused.pass();
    const hellos = agent.lines.all.filter((line) => line.verb === 'hello');
    expect(hellos.map((line) => line['pid'])).toEqual([String(program.pid)]);
    chmodSync(inside, 0o700); // now it may, and does: it had been trying all the time
    await agent.take('hello', { pid: String(refused.pid) });
  });

  it('the program is named by its file or by VAIS_HOT_NAME', async () => {
    const agent = await listen();
    start();
    expect(await agent.take('hello')).toMatchObject({ program: 'game' });
    const other = join(folder, 'link-to-game');
    symlinkSync(built, other);
    start({ VAIS_HOT_NAME: 'a name/with %' }, other);
    expect(await agent.take('hello')).toMatchObject({ program: 'a name/with %' });
  });
});
