/** From a token to code in a running program, over TLS, with the real commands. */
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PairedTarget } from '../../cli/targets/store.ts';
import { issueClient, makeRequest } from '../../rpc/certificate.ts';
import { counterSource, type Ended, parseCount, World } from './harness.ts';

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

const last = ({ json }: Ended) => json.at(-1);

/** The one target that is stored, and where. */
async function storedTarget(): Promise<{ path: string; target: PairedTarget }> {
  const folder = world.path('config', 'vais-remote', 'targets');
  const path = join(folder, (await readdir(folder))[0] ?? '');
  return { path, target: JSON.parse(await readFile(path, 'utf8')) as PairedTarget };
}

describe('a developer who paired', () => {
  it('pushes, watches, rolls back and looks, over TLS, until they are revoked', async () => {
    const source = await world.write('count.vais', counterSource());
    const path = await world.build('count.vais');
    // An address that others can reach, where this machine has one.
    const agent = await world.startGuarded('--listen', '0.0.0.0:0');
    const program = world.startProgram(path);
    const paired = await world.run('pair', agent.token, '--as', 'box', '--developer', 'ann', '--json');
    const others = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const host = others.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
    const port = agent.address.split(':').at(-1);
    expect(last(paired)).toMatchObject({ event: 'paired', name: 'box', developer: 'ann', address: `${host}:${port}` });
    await agent.process.event('linked');

    await world.write('count.vais', counterSource({ word: 'wild' }));
    const pushed = await world.run('push', source, '--to', 'box', '--json');
    expect(pushed).toMatchObject({ code: 0, stderr: '' });
    expect(last(pushed)).toMatchObject({ event: 'done', program: 'count', version: 2 });
    await program.line((line) => parseCount(line).word === 'wild');

    const status = await world.run('status', '--to', 'box/count', '--json');
    expect(status.json).toMatchObject([
      { event: 'agent', insecure: false, programs: 1 },
      { event: 'status', program: 'count', version: 2, state: 'confirmed' },
    ]);
    expect(last(await world.run('rollback', '--to', 'box', '--json'))).toMatchObject({ event: 'done', version: 3 });
    // The address of a paired target stands for it as well.
    const history = await world.run('history', '--to', `${host}:${port}`, '--json');
    expect(history.json.map(({ version, rollbackTo }) => [version, rollbackTo])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 1],
    ]);

    const watch = world.remote('watch', source, '--to', 'box', '--json');
    await watch.event('watching');
    await world.write('count.vais', counterSource({ word: 'odd' }));
    expect(await watch.event('done')).toMatchObject({ version: 4 });
    await program.line((line) => parseCount(line).word === 'odd');

    // The agent is killed and comes back: no act counts twice, and the next one counts.
    agent.process.kill('SIGKILL');
    await agent.process.exited;
    await watch.event('disconnected');
    const again = await world.startGuarded('--listen', `0.0.0.0:${port}`);
    await watch.event('connected');
    await again.process.event('linked');
    await world.write('count.vais', counterSource({ word: 'even' }));
    expect(await watch.event('done', ({ version }) => version === 5)).toMatchObject({ version: 5 });

    expect((await world.run('agent', 'revoke', 'ann', '--data', again.data, '--json')).json).toMatchObject([
      { event: 'revoked', name: 'ann', ended: 1 },
    ]);
    expect((await watch.exited).code).toBe(7);
    expect(watch.json.at(-1)).toMatchObject({ event: 'error', code: 'revoked' });
    await world.write('count.vais', counterSource({ word: 'late' }));
    const late = await world.run('push', source, '--to', 'box', '--json');
    expect(late.code).toBe(7);
    expect(last(late)).toMatchObject({ code: 'revoked', message: expect.stringContaining('ann') });

    const verified = await world.run('audit', '--data', again.data, '--verify', '--json');
    expect(last(verified)).toMatchObject({ event: 'verified', cut: 0 });
    const events = (await world.run('audit', '--data', again.data, '--json')).json.map(({ event }) => event);
    for (const event of ['identity_made', 'token_made', 'paired', 'push_confirmed', 'rollback_confirmed', 'revoked'])
      expect(events).toContain(event);
  });

  it('gets a new certificate before the old one ends, and is told when it is too late', async () => {
    const agent = await world.startGuarded('--certificate-days', '0.0002'); // 17 seconds
    expect((await world.run('pair', agent.token, '--as', 'box')).code).toBe(0);
    const before = await storedTarget();
    let after = before;
    while (after.target.certificate === before.target.certificate) {
      expect((await world.run('status', '--to', 'box')).code).toBe(0);
      after = await storedTarget();
    }
    expect(after.target.key).not.toBe(before.target.key);
    const { json } = await world.run('audit', '--data', agent.data, '--json');
    expect(json.at(-1)).toMatchObject({ event: 'renewed' });

    const text = await readFile(join(agent.data, 'identity', 'authority.pem'), 'utf8');
    const [authorityKey = '', certificate = ''] = text.split(/(?=-----BEGIN CERTIFICATE)/);
    const { key, request } = await makeRequest();
    for (const [from, until, code] of [
      [-7_200_000, -3_600_000, 'certificate_expired'],
      [3_600_000, 7_200_000, 'certificate_too_early'],
    ] as const) {
      const validity = { from: new Date(Date.now() + from), until: new Date(Date.now() + until) };
      const forged = await issueClient({ key: authorityKey, certificate }, request, '0'.repeat(32), validity);
      await writeFile(after.path, JSON.stringify({ ...after.target, key, certificate: forged }));
      const status = await world.run('status', '--to', 'box', '--json');
      expect(status.code).toBe(7);
      expect(last(status)).toMatchObject({ code });
    }
  });
});

describe('a watch', () => {
  it('outlives its certificate', async () => {
    const source = await world.write('count.vais', counterSource());
    const path = await world.build('count.vais');
    const agent = await world.startGuarded('--certificate-days', '0.0002'); // 17 seconds
    expect((await world.run('pair', agent.token, '--as', 'box')).code).toBe(0);
    const { target } = await storedTarget();
    const program = world.startProgram(path);
    await agent.process.event('linked');
    const watch = world.remote('watch', source, '--to', 'box', '--json');
    await watch.event('disconnected'); // The agent ends what came with the old certificate when that expires,
    await watch.event('connected'); // and the new one was there in time.
    expect((await storedTarget()).target.certificate).not.toBe(target.certificate);
    await world.write('count.vais', counterSource({ word: 'wild' }));
    expect(await watch.event('done')).toMatchObject({ version: 2 });
    await program.line((line) => parseCount(line).word === 'wild');
  });
});

describe('a command', () => {
  it('does not use keys that others can read', async () => {
    const agent = await world.startGuarded();
    expect((await world.run('pair', agent.token, '--as', 'box')).code).toBe(0);
    const { path } = await storedTarget();
    const signing = world.path('config', 'vais-remote', 'developer.pem');
    for (const file of [path, signing]) {
      await chmod(file, 0o644);
      const status = await world.run('status', '--to', 'box', '--json');
      expect(last(status)).toMatchObject({ code: 'key_exposed', exit: 7, message: expect.stringContaining('0644') });
      await chmod(file, 0o600);
    }
    expect((await world.run('status', '--to', 'box')).code).toBe(0);
  });

  it('gives its token to nobody but the agent that made it', async () => {
    const agent = await world.startGuarded();
    const other = world.remote('agent', '--listen', '127.0.0.1:0', '--data', world.path('other'), '--json');
    const address = String((await other.event('ready'))['address']);
    const stopped = await world.run('pair', agent.token, '--at', address, '--json');
    expect(stopped.code).toBe(7);
    expect(last(stopped)).toMatchObject({ code: 'identity_changed', hint: expect.stringContaining('was not sent') });
    const { json } = await world.run('audit', '--data', world.path('other'), '--json');
    expect(json.map(({ event }) => event)).not.toContain('pairing_refused');
    expect((await world.run('pair', agent.token, '--json')).code).toBe(0);
  });

  it('says loudly that an agent has another identity, and sends nothing', async () => {
    const agent = await world.startGuarded();
    expect((await world.run('pair', agent.token, '--as', 'box')).code).toBe(0);
    agent.process.kill('SIGTERM');
    await agent.process.exited;
    const lost = await world.run('agent', 'new-identity', '--data', agent.data, '--json');
    expect(last(lost)).toMatchObject({ event: 'identity' });
    const again = await world.startGuarded('--listen', agent.address);
    const status = await world.run('status', '--to', 'box', '--json');
    expect(status.code).toBe(7);
    expect(last(status)).toMatchObject({ code: 'identity_changed', message: expect.stringMatching(/^WHAT LISTENS/) });
    expect((await world.run('pair', again.token, '--as', 'box')).code).toBe(0);
    expect((await world.run('status', '--to', 'box')).code).toBe(0);
  });

  it('says of an agent with TLS that one has to be paired with it, whatever is asked of it', async () => {
    const agent = await world.startGuarded();
    await world.write('count.vais', counterSource());
    for (const command of [['status'], ['push', 'count.vais'], ['watch', 'count.vais'], ['events'], ['rollback']]) {
      const ended = await world.run(...command, '--to', agent.address, '--json');
      expect([command[0], ended.code, last(ended)?.['code']]).toEqual([command[0], 7, 'not_authorized']);
    }
  });

  it('names the targets that there are', async () => {
    const agent = await world.startGuarded();
    expect(last(await world.run('status', '--to', 'box', '--json'))).toMatchObject({ code: 'usage', exit: 2 });
    for (const name of ['../box', 'a:1', ''])
      expect((await world.run('pair', agent.token, '--as', name)).code, name).toBe(2);
    expect((await world.run('pair', agent.token, '--as', 'box')).code).toBe(0);
    expect((await world.run('targets', '--json')).json).toMatchObject([{ event: 'target', name: 'box', allowed: [] }]);
    const unknown = await world.run('status', '--to', 'bix', '--json');
    expect(last(unknown)).toMatchObject({ code: 'usage', message: expect.stringContaining('paired: box') });
    expect((await world.run('targets', '--forget', 'box')).code).toBe(0);
    expect((await world.run('targets', '--json')).json).toEqual([]);
  });
});
