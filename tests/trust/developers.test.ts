import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../agent/store/data-folder.ts';
import { ImageStore } from '../../agent/store/images.ts';
import { DeveloperStore } from '../../agent/trust/developers.ts';
import { digestOf } from '../../common/digest.ts';
import { seal } from '../../common/sealed.ts';
import { Fort, refused } from './harness.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vd-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const agentId = 'a'.repeat(32);
const aKey = () => generateKeyPairSync('ed25519').publicKey;
const what = (name: string) => ({ name, programs: [], expiresAt: Date.now() + 1_000 });

describe('the developers of an agent', () => {
  it('are known after a restart, those who were revoked as well', async () => {
    const store = await DeveloperStore.open(folder, agentId);
    const [ann, bob] = [await store.add(what('ann'), aKey()), await store.add(what('bob'), aKey())];
    await store.revoke('bob');
    const again = await DeveloperStore.open(folder, agentId);
    expect(again.require(ann.id).name).toBe('ann');
    expect(() => again.require(bob.id)).toThrow(refusedBy('revoked'));
    expect(() => again.signer(bob.keyId)).toThrow(refusedBy('revoked'));
    expect(() => again.require('f'.repeat(32))).toThrow(refusedBy('not_authorized'));
    // A name is free again when its owner was revoked, and the old certificate still counts for nothing.
    const other = await again.add(what('bob'), aKey());
    expect(again.require(other.id).name).toBe('bob');
    expect(() => again.require(bob.id)).toThrow(refusedBy('not_authorized'));
    await expect(DeveloperStore.open(folder, 'b'.repeat(32))).rejects.toEqual(refused('identity_lost'));
  });

  it('are at most a thousand, and those who were revoked are forgotten first', async () => {
    const store = await DeveloperStore.open(folder, agentId);
    await store.add(what('first'), aKey());
    await store.revoke('first');
    const file = JSON.parse(await readFile(join(folder, 'developers.json'), 'utf8'));
    const [revoked] = file.developers;
    const { revokedAt: _at, ...active } = revoked;
    const many = Array.from({ length: 999 }, (_, index) => ({
      ...active,
      id: String(index).padStart(32, '0'),
      name: `d${index}`,
      keyId: String(index).padStart(64, '0'),
    }));
    await writeFile(
      join(folder, 'developers.json'),
      seal({ format: 2, agentId: file.agentId, developers: [revoked, ...many] }),
    );
    const full = await DeveloperStore.open(folder, agentId);
    await full.add(what('last'), aKey());
    expect(full.all.map(({ name }) => name)).not.toContain('first');
    await expect(full.add(what('over'), aKey())).rejects.toEqual(refused('too_many'));
    expect(full.all).toHaveLength(1_000);
  });

  it('stay revoked where somebody else could not be taken in at the same time', async () => {
    const store = await DeveloperStore.open(folder, agentId);
    const bob = await store.add(what('bob'), aKey());
    await rm(join(folder, 'developers.json'));
    await mkdir(join(folder, 'developers.json', 'x'), { recursive: true }); // Nothing can be written from now on.
    const ends = await Promise.allSettled([store.add(what('ann'), aKey()), store.revoke('bob')]);
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(() => store.require(bob.id)).toThrow(refusedBy('revoked'));
  });

  it('can be revoked where no agent runs', async () => {
    const fort = new Fort();
    try {
      const agent = await fort.agent();
      const ann = await fort.developer(agent);
      await expect(fort.revoke(agent, 'nobody')).rejects.toEqual(refused('usage', 'paired: ann'));
      await agent.close();
      await fort.revoke(agent, 'ann');
      expect(await fort.developers(agent)).toMatchObject([{ name: 'ann', connections: 0 }]);
      const again = await fort.agent({ listen: agent.address });
      await expect(ann.client(again.target).getStatus(false)).rejects.toEqual(refused('revoked'));
    } finally {
      await fort.close();
    }
  });
});

describe('images', () => {
  it('take no more room than they may, and what is there may come again', async () => {
    const images = await ImageStore.open(await DataFolder.open(folder, () => undefined), 1_000);
    const [small, large] = [Buffer.alloc(600, 1), Buffer.alloc(600, 2)];
    await images.put(digestOf(small), small);
    await expect(images.put(digestOf(large), large)).rejects.toEqual(refused('no_room', '1200 bytes'));
    await images.put(digestOf(small), small);
    await images.put(digestOf('x'), Buffer.from('x'));
  });
});

function refusedBy(code: string): unknown {
  return expect.objectContaining({ code });
}
