/** How somebody becomes known to an agent, and how nobody else does. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newIdentity, token } from '../../agent/commands.ts';
import { Tokens } from '../../agent/trust/tokens.ts';
import { secureChannel } from '../../rpc/credentials.ts';
import { greet } from '../../rpc/greet.ts';
import { PairService } from '../../rpc/protos.ts';
import { fromStatus } from '../../rpc/status.ts';
import { formatToken, parseToken } from '../../rpc/token.ts';
import { askToPair } from '../../rpc/trust-client.ts';
import { Fort, refused } from './harness.ts';

let fort: Fort;
beforeEach(() => {
  fort = new Fort();
});
afterEach(() => fort.close());

describe('a token', () => {
  it('is printed by an agent that nobody is paired with, and comes back as it was', async () => {
    const agent = await fort.agent();
    const notice = await agent.notices.first(({ event }) => event === 'token', 'the token');
    const text = 'token' in notice ? notice.token : '';
    expect(parseToken(text)).toMatchObject({ address: agent.address });
    expect(formatToken(parseToken(text))).toBe(text);
    await fort.pair(agent.target, parseToken(text), 'ann');
    await agent.close();
    const again = await fort.agent();
    expect(again.notices.all.map(({ event }) => event)).not.toContain('token');
  });

  it.each(['', 'vais1-', 'vais2-AAAA', `vais1-${'A'.repeat(60)}`, `vais1-${'A'.repeat(600)}`, 'vais1-../../etc'])(
    'is not %j',
    (text) => {
      expect(() => parseToken(text)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );

  it('works once, for whom it was made, and not when it is wrong', async () => {
    const agent = await fort.agent();
    const { secret } = await fort.token(agent, ['game'], 'ann@work');
    const ann = await fort.pair(agent.target, { secret }, 'whoever');
    expect(await ann.client().getStatus(false)).toMatchObject({ developer: 'ann@work' });
    expect((await fort.developers(agent))[0]).toMatchObject({ name: 'ann@work', programs: ['game'] });
    await expect(fort.pair(agent.target, { secret }, 'bob')).rejects.toEqual(refused('token_refused', 'used already'));
    for (const wrong of [randomBytes(16), Buffer.alloc(0), Buffer.alloc(5_000)])
      await expect(fort.pair(agent.target, { secret: wrong }, 'bob')).rejects.toEqual(
        refused('token_refused', 'no such'),
      );
    expect(await fort.developers(agent)).toHaveLength(1);
  });

  it('ends with its time and with the agent', async () => {
    const tokens = new Tokens();
    const secret = tokens.make({ programs: [] }, 0);
    expect(() => tokens.use(secret)).toThrow('this token has expired');
    const agent = await fort.agent();
    const given = await fort.token(agent);
    await agent.close();
    const again = await fort.agent({ listen: agent.address });
    await expect(fort.pair(again.target, given, 'ann')).rejects.toEqual(refused('token_refused'));
    await again.close();
    await expect(token(again.data, { programs: [], minutes: 1 }, () => undefined)).rejects.toEqual(
      refused('unreachable', 'no agent runs on'),
    );
  });

  it('cannot be guessed at any speed that matters, and others go on', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const { agentId, authority } = await greet(agent.target);
    const { credentials, options } = secureChannel({ agentId, authority });
    const client = new PairService(agent.address, credentials, options);
    fort.onClose(() => client.close());
    const guess = () =>
      new Promise<string>((resolve) =>
        client.pair({ secret: randomBytes(16) }, (error) => resolve(fromStatus(error, '').code)),
      );
    const codes = await Promise.all(Array.from({ length: 100 }, guess));
    expect(codes.filter((code) => code === 'token_refused').length).toBeLessThan(30);
    expect(codes.filter((code) => code === 'rate_limited').length).toBeGreaterThan(70);
    expect(await ann.client().getStatus(false)).toMatchObject({ developer: 'ann' });
  });
});

describe('a pairing', () => {
  it('is of whoever has the signing key, and gives nobody another one’s name', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    const given = await fort.token(agent);
    await expect(fort.pair(agent.target, given, 'ann')).rejects.toEqual(refused('usage', 'another developer'));
    for (const name of ['../x', 'a\0b', '', 'x'.repeat(5_000)])
      await expect(fort.pair(agent.target, given, name)).rejects.toEqual(refused('usage'));
    const identity = await greet(agent.target);
    const { own: _own, ...guest } = ann.identity;
    const stolen = {
      secret: given.secret,
      certificateRequest: Buffer.alloc(100),
      signingKey: generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
      developer: 'bob',
      proof: randomBytes(64),
    };
    expect(identity.agentId).toBe(guest.agentId);
    await expect(askToPair(agent.target, guest, stolen)).rejects.toEqual(refused('signature_invalid'));
    await expect(askToPair(agent.target, guest, { ...stolen, signingKey: Buffer.alloc(44) })).rejects.toEqual(
      refused('usage', 'Ed25519'),
    );
    // A message that a guest may not send is too large, not too much to bear.
    const huge = { ...stolen, developer: 'x'.repeat(1_000_000) };
    await expect(askToPair(agent.target, guest, huge)).rejects.toEqual(refused('too_large'));
    // After all that the token still works for bob, and ann pairs again with the same key and name.
    await fort.pair(agent.target, given, 'bob');
    const again = await fort.pair(agent.target, await fort.token(agent), 'ann', ann.key);
    expect(await again.client().getStatus(false)).toMatchObject({ developer: 'ann' });
    await expect(ann.client().getStatus(false)).rejects.toEqual(refused('not_authorized'));
    expect(await fort.developers(agent)).toHaveLength(2);
  });
});

describe('an agent’s identity', () => {
  it('stays over restarts, in files that nobody else can read', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    for (const file of ['identity/authority.pem', 'identity/server.pem', 'developers.json', 'audit.log'])
      expect((await stat(join(agent.data, file))).mode & 0o777, file).toBe(0o600);
    await agent.close();
    await rm(join(agent.data, 'identity', 'server.pem')); // That it can make again by itself.
    const again = await fort.agent({ listen: agent.address });
    expect(await ann.client(again.target).getStatus(false)).toMatchObject({ developer: 'ann' });
  });

  it.each(['identity/authority.pem', 'identity/server.pem', 'developers.json', 'acts.json'])(
    'is not used when others can read %s',
    async (file) => {
      const agent = await fort.agent();
      await agent.close();
      if (file === 'acts.json') await writeFile(join(agent.data, file), '{"format":1,"accounts":[]}');
      await chmod(join(agent.data, file), 0o644);
      await expect(fort.agent()).rejects.toEqual(refused('key_exposed', 'mode 0644'));
    },
  );

  it('is not recreated in silence when it is lost', async () => {
    const agent = await fort.agent();
    const ann = await fort.developer(agent);
    await agent.close();
    await rm(join(agent.data, 'identity'), { recursive: true });
    await expect(fort.agent()).rejects.toEqual(refused('identity_lost', 'is gone'));
    await newIdentity(agent.data, () => undefined);
    const again = await fort.agent({ listen: agent.address });
    await expect(ann.client(again.target).getStatus(false)).rejects.toEqual(refused('identity_changed'));
    expect(await fort.developers(again)).toEqual([{ event: 'nobody' }]);
  });

  it.each([
    ['identity/authority.pem', 'rubbish', 'identity_lost'],
    ['developers.json', '{"format":1', 'damaged'],
    ['developers.json', '{"format":9,"agentId":"","developers":[]}', 'damaged'],
    ['acts.json', '[]', 'damaged'],
  ])('does not start with %s that holds %s', async (file, content, code) => {
    const agent = await fort.agent();
    await agent.close();
    await writeFile(join(agent.data, file), content, { mode: 0o600 });
    await expect(fort.agent()).rejects.toEqual(refused(code));
    expect(await readFile(join(agent.data, file), 'utf8')).toBe(content);
  });
});
