/** The corners of the link that a real program seldom shows: the program's side is spoken by the test, line by line. */
import { once } from 'node:events';
import { readdir, rename, symlink } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatLine, type Line, parseLine } from '../../runtime/harness.ts';
import { Heard, historyOf, runningIn, Stock, said, type TestAgent, Yard } from '../harness.ts';

const stock = new Stock();
afterAll(() => stock.close());

let yard: Yard;
let agent: TestAgent;
beforeEach(async () => {
  yard = new Yard();
  agent = await yard.agent();
});
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.socket.destroy();
  await yard.close();
});
beforeAll(async () => {
  await stock.image('a1'); // Needs no program.
});

const base = '1'.padStart(32, '0');
const record = `{"record":"module","format":1,"name":"game","triple":"x86_64-linux-gnu","build":"${base}","tier":"fast","compiler":"c","source":"game.vais"}`;
const functionRecord = '{"record":"function","name":"update_game","type":"fn(*GameState, f64) -> i64"}';

const peers: Peer[] = [];

/** A program, played. */
class Peer {
  readonly socket: Socket;
  readonly lines = new Heard<Line>('agent');

  constructor(socket: Socket) {
    this.socket = socket;
    let rest = '';
    socket.setEncoding('utf8').on('error', () => undefined);
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.lines.put(parseLine(line));
    });
  }

  say(verb: string, pairs: Readonly<Record<string, string | number>> = {}): void {
    this.socket.write(formatLine(verb, pairs));
  }

  hear(verb: string, from = 0): Promise<Line> {
    return this.lines.first((line) => line['verb'] === verb, verb, from);
  }

  hello(pid = process.pid): void {
    this.say('hello', { protocol: 1, program: 'game', pid, triple: 'x86_64-linux-gnu', runtime: '0.1.0', modules: 1 });
  }

  module(pairs: Readonly<Record<string, string | number>> = {}): void {
    const running = { version: 1, build: base, digest: '-', state: 'confirmed', ...pairs };
    this.say('module', { name: 'game', source: 'game.vais', base, ...running });
  }

  contract(): void {
    for (const text of [record, functionRecord]) this.say('contract', { module: 'game', record: text });
  }

  /** Answers a load up to this word. */
  answer(load: Line, ...verbs: string[]): void {
    const { version = '', nonce = '', build = '' } = load;
    for (const verb of verbs) this.say(verb, { module: 'game', version, nonce, build, us: 1 });
  }
}

async function dial(path = agent.link): Promise<Peer> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  const peer = new Peer(socket);
  peers.push(peer);
  return peer;
}

async function joined(pid = process.pid, pairs: Readonly<Record<string, string | number>> = {}): Promise<Peer> {
  const peer = await dial();
  peer.hello(pid);
  peer.module(pairs);
  peer.contract();
  peer.say('ready');
  await peer.hear('welcome');
  return peer;
}

describe('the link', () => {
  it('takes a record of the contract in parts', async () => {
    const peer = await dial();
    peer.hello();
    peer.module();
    const [middle, end] = [Math.floor(record.length / 2), record.length];
    peer.say('contract', { module: 'game', record: record.slice(0, middle), more: 1 });
    peer.say('contract', { module: 'game', record: record.slice(middle, end) });
    peer.say('contract', { module: 'game', record: functionRecord });
    peer.say('ready');
    await peer.hear('welcome');
    const { programs } = await agent.client.getStatus(true);
    expect(programs[0]?.modules[0]?.contract).toEqual([record, expect.stringContaining('update_game')]);
  });

  it('states contracts that are larger together than what a client may send', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `field_${index}_of_a_rather_long_name`);
    const types = names.map((name, index) => `{"name":"${name}","type":"i64","offset":${8 * index}}`).join();
    const struct = (index: number) =>
      `{"record":"struct","name":"S${index}","size":8000,"align":8,"held":true,"fields":[${types.slice(0, 45_000).replace(/,\{[^}]*$/, '')}]}`;
    for (let count = 0; count < 6; count += 1) {
      const peer = await dial();
      peer.hello();
      peer.module();
      peer.contract();
      for (let index = 0; index < 20; index += 1) {
        const text = struct(index);
        const half = text.length / 2;
        peer.say('contract', { module: 'game', record: text.slice(0, half), more: 1 });
        peer.say('contract', { module: 'game', record: text.slice(half) });
      }
      peer.say('ready');
      await peer.hear('welcome');
    }
    const session = await agent.session();
    expect(session.heard.all[0]?.state?.programs).toHaveLength(6);
    expect(JSON.stringify(session.heard.all[0]).length).toBeGreaterThan(5_000_000);
  });

  it('lets a program say that it runs what nobody asked for, and keeps that as a version', async () => {
    const peer = await joined();
    peer.module({ version: 2, build: 'f'.repeat(32), digest: 'e'.repeat(64) });
    await expect.poll(() => runningIn(agent)).toEqual(['2 of 2']);
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
    peer.say('module', { name: 'nothing', version: 1, build: base });
    await once(peer.socket, 'close');
  });

  it('has nonces that no other connection had', async () => {
    const first = await joined();
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    const load = await first.hear('load');
    first.socket.destroy();
    const second = await joined();
    const again = await second.hear('load');
    expect(again['nonce']).not.toBe(load['nonce']);
    expect(again).toMatchObject({ version: '2', digest: load['digest'] });
    second.answer(again, 'loaded', 'swapped', 'confirmed');
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
  });

  it('believes what is said after the hello of a load that ended while it was cut', async () => {
    const first = await joined();
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    const { nonce = '' } = await first.hear('load');
    first.socket.destroy();
    const second = await dial();
    second.hello();
    second.module();
    second.contract();
    second.say('ready');
    second.say('reverted', { module: 'game', version: 2, nonce, running: 1, signal: 'SIGSEGV', reason: 'it crashed' });
    expect(await push.ended).toMatchObject({ kind: 'nack', running: 1, code: 'reverted', message: 'it crashed' });
    await second.hear('welcome');
    expect(second.lines.all.filter((line) => line['verb'] === 'load')).toEqual([]);
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 reverted']);
  });

  it('lets no order that crossed a last word run on unseen', async () => {
    const first = await joined();
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    const { nonce = '' } = await first.hear('load');
    first.socket.destroy();
    const second = await joined();
    const load = await second.hear('load'); // On its way while the version fails, under the order before.
    second.module({ version: 2, build: load['build'] ?? '', digest: load['digest'] ?? '', state: 'probation' });
    second.say('reverted', { module: 'game', version: 2, nonce, running: 1, reason: 'it crashed' });
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'reverted' });
    second.answer(load, 'loaded', 'swapped', 'confirmed');
    expect(await second.hear('load', second.lines.all.indexOf(load) + 1)).toMatchObject({ version: '1', builtin: '1' });
  });

  it('gives a version up that each new process of one pid dies of, as in a container', async () => {
    const session = await agent.session();
    let peer = await joined(); // Our own pid: it lives on, whatever becomes of the connection.
    const push = session.push(await stock.image('a1'));
    for (let start = 0; start < 4; start += 1) {
      await peer.hear('load');
      peer.socket.destroy();
      await once(peer.socket, 'close');
      peer = await joined();
    }
    expect(await push.ended).toMatchObject({ kind: 'nack', running: 1, code: 'reverted' });
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 reverted']);
  });

  it('tells two instances apart that have the same pid, as two containers do', async () => {
    const [one, two] = [await joined(), await joined()];
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    const [load, other] = [await one.hear('load'), await two.hear('load')];
    one.answer(load, 'loaded', 'swapped', 'confirmed');
    await said(agent, 'confirmed', { version: 2 });
    two.say('refused', {
      module: 'game',
      version: 2,
      nonce: other['nonce'] ?? '',
      running: 1,
      code: 'load_refused',
      reason: 'no',
    });
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'load_refused', message: 'no' });
    expect(await one.hear('load', one.lines.all.indexOf(load) + 1)).toMatchObject({ version: '1', builtin: '1' });
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 refused']);
  });

  it('gives way to a newer push although the program is away, and does not order the old one again', async () => {
    const first = await joined();
    const session = await agent.session();
    const old = session.push(await stock.image('a1'));
    await first.hear('load');
    const newer = session.push(await stock.image('a3'));
    await newer.reached('checked');
    first.socket.destroy();
    expect(await old.ended).toMatchObject({ kind: 'nack', code: 'superseded' });
    const second = await joined();
    const last = session.push(await stock.image('a3'));
    const load = await second.hear('load');
    expect(load['digest']).toBe((await stock.image('a3')).digest);
    second.answer(load, 'loaded', 'swapped', 'confirmed');
    const ends = await Promise.all([newer.ended, last.ended]);
    expect(ends.some(({ kind }) => kind === 'ack')).toBe(true);
  });

  it('restores again what a failed push overtook on its way back', async () => {
    const first = await joined();
    const session = await agent.session();
    const held = session.push(await stock.image('a1'));
    first.answer(await first.hear('load'), 'loaded', 'swapped', 'confirmed');
    expect(await held.ended).toMatchObject({ version: 2 });
    first.socket.destroy();
    const second = await joined();
    const restore = await second.hear('load');
    second.answer(restore, 'loaded', 'swapped'); // And is still in probation when the next one comes.
    const push = session.push(await stock.image('a3'));
    const load = await second.hear('load', second.lines.all.indexOf(restore) + 1);
    second.answer(load, 'loaded', 'swapped');
    second.say('reverted', { module: 'game', version: 3, nonce: load['nonce'] ?? '', running: 1, reason: 'no' });
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'reverted' });
    const again = await second.hear('load', second.lines.all.indexOf(load) + 1);
    expect(again).toMatchObject({ version: '2', digest: restore['digest'] });
  });

  it('answers a superseded push at once, while another one is still in probation', async () => {
    const peer = await joined();
    const session = await agent.session();
    const first = session.push(await stock.image('a1'));
    const load = await peer.hear('load');
    peer.answer(load, 'loaded', 'swapped');
    await first.reached('swapped');
    const second = session.push(await stock.image('a3'));
    await second.reached('checked');
    const third = session.push(await stock.image('c1'));
    expect(await second.ended).toMatchObject({ kind: 'nack', code: 'superseded' });
    peer.answer(load, 'confirmed');
    expect(await first.ended).toMatchObject({ kind: 'ack', version: 2 });
    peer.answer(await peer.hear('load', peer.lines.all.indexOf(load) + 1), 'loaded', 'swapped', 'confirmed');
    expect(await third.ended).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('does not restore for ever what kills each new instance', async () => {
    const peer = await joined();
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    peer.answer(await peer.hear('load'), 'loaded', 'swapped', 'confirmed');
    expect(await push.ended).toMatchObject({ version: 2 });
    peer.socket.destroy();
    const nobody = 4_194_303; // A pid that no process has.
    for (let death = 1; death <= 3; death += 1) {
      const next = await joined(nobody);
      expect(await next.hear('load')).toMatchObject({ version: '2' });
      next.socket.destroy();
    }
    await said(agent, 'reverted', { version: 2 });
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 reverted']);
    const healed = await joined(nobody);
    healed.say('ping');
    await healed.hear('pong');
    expect(healed.lines.all.some((line) => line['verb'] === 'load')).toBe(false);
  });

  it('turns a program away whose history cannot be read, and loses nothing of it', async () => {
    const peer = await joined();
    const session = await agent.session();
    const push = session.push(await stock.image('a1'));
    peer.answer(await peer.hear('load'), 'loaded', 'swapped', 'confirmed');
    expect(await push.ended).toMatchObject({ version: 2 });
    await agent.close();
    const folder = join(yard.data, 'history');
    const [name = ''] = (await readdir(folder)).filter((each) => each.endsWith('.json'));
    const aside = join(yard.folder, 'aside.json');
    await rename(join(folder, name), aside);
    // A link that leads to itself: reading fails, and not since it is missing.
    await symlink(name, join(folder, name));
    agent = await yard.agent();
    const away = await dial();
    away.hello();
    away.module();
    away.contract();
    away.say('ready');
    await once(away.socket, 'close');
    expect(away.lines.all).toEqual([]);
    await rename(aside, join(folder, name)); // In one step: whoever reads meanwhile finds one of the two.
    const back = await joined();
    expect(await back.hear('load')).toMatchObject({ version: '2' });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *']);
  });
});
