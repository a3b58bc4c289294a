/** An agent whose wall clock jumps, by a year back and forth. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseTarget } from '../../../rpc/address.ts';
import { parseToken } from '../../../rpc/token.ts';
import type { Image } from '../../runtime/harness.ts';
import { Fort, refused } from '../../trust/harness.ts';
import { Ground } from '../agent-process.ts';
import { Stock } from '../harness.ts';
import { Oracle } from '../oracle.ts';
import { variantOf } from '../variants.ts';
import { Disk } from './disk.ts';

const here = process.platform === 'linux' ? '' : ' (needs Linux: the clock is moved with LD_PRELOAD)';
const year = 365 * 86_400;
const stock = new Stock();
let ground: Ground;
let fort: Fort;
beforeAll(() => stock.build());
afterAll(() => stock.close());
beforeEach(() => {
  ground = new Ground();
  fort = new Fort();
});
afterEach(async () => {
  await fort.close();
  await ground.close();
});

const image = async (n: number): Promise<Image> => variantOf(await stock.image('a1'), n, ground.folder);

describe.skipIf(here !== '')(`a clock that jumps by a year${here}`, () => {
  it('numbers and orders versions as before, also over a restart, and cleans away none too many', async () => {
    const disk = new Disk(ground.folder, ground.data);
    const args = ['--insecure', '--keep', '3'];
    let agent = await ground.start(args, disk.environment).ready();
    const program = await ground.program(stock.program);
    const oracle = new Oracle();
    let version = 1;
    for (const seconds of [0, -year, year, -2 * year, 0]) {
      await disk.setClock(seconds);
      for (const restarts of [false, true]) {
        if (restarts) {
          await agent.kill();
          agent = await ground.start(args, disk.environment).ready();
        }
        await agent.linked(program.pid);
        version += 1;
        const pushed = await image(version);
        expect(await (await agent.session()).push(pushed).ended).toEqual({ kind: 'ack', version, unchanged: false });
        oracle.acknowledged(version, pushed.digest);
        const entries = await oracle.check(agent, program, ground.data);
        const at = entries.at(-1)?.atUnixMs ?? 0;
        expect(Math.abs(at - Date.now() - seconds * 1_000)).toBeLessThan(600_000); // The clock had jumped.
      }
    }
    const kept = (await agent.history()).filter(({ version: each, cleaned }) => each > 1 && !cleaned);
    expect(kept.map(({ version: each }) => each).slice(-3)).toEqual([9, 10, 11]);
  });

  it('tells developers whose certificates do not hold then, and takes them when it is right again', async () => {
    const disk = new Disk(ground.folder, ground.data);
    const agent = await ground.start([], disk.environment).ready();
    const program = await ground.program(stock.program);
    await agent.linked(program.pid);
    const { token = '' } = await agent.said.first(({ event }) => event === 'token', 'a token');
    const target = parseTarget(agent.address);
    await disk.setClock(-year); // A token holds as long as it was given for, whatever the clock says.
    await disk.setClock(0);
    const ann = await fort.pair(target, parseToken(token), 'ann');
    expect(await ann.push(await image(1))).toMatchObject({ kind: 'ack', version: 2 });
    await disk.setClock(-year);
    await expect(ann.client().getStatus(false)).rejects.toEqual(
      refused('certificate_too_early', 'the agent’s clock says'),
    );
    await disk.setClock(year);
    await expect(ann.client().getStatus(false)).rejects.toEqual(
      refused('certificate_expired', 'the agent’s clock says'),
    );
    await disk.setClock(0);
    expect(await ann.push(await image(2))).toMatchObject({ kind: 'ack', version: 3 });
  });
});
