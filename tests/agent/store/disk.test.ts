/** An agent whose disk fails, at each operation of a push in turn; and in which order it writes what it confirms. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { digestOf } from '../../../common/digest.ts';
import { seal } from '../../../common/sealed.ts';
import { Ground } from '../agent-process.ts';
import { Stock } from '../harness.ts';
import { Oracle } from '../oracle.ts';
import { variantOf } from '../variants.ts';
import { Disk, type errors, type Operation } from './disk.ts';

const here = process.platform === 'linux' ? '' : ' (needs Linux: faults are put in with LD_PRELOAD)';
const stock = new Stock();
let ground: Ground;
beforeAll(() => stock.build());
afterAll(() => stock.close());
beforeEach(() => {
  ground = new Ground();
});
afterEach(() => ground.close());

/** An image that no agent has had before. */
const image = async (count: number) => variantOf(await stock.image('d1'), count, ground.folder);

describe.skipIf(here !== '')(`a disk that fails under an agent${here}`, () => {
  it('has the image and the history whole and synced before anybody hears that a push is confirmed', async () => {
    const disk = new Disk(ground.folder, ground.data);
    const agent = await ground.start(['--insecure'], disk.environment).ready();
    const program = await ground.program(stock.program);
    await agent.linked(program.pid);
    const session = await agent.session();
    const pushed = await image(0);
    disk.heal();
    expect(await session.push(pushed).ended).toMatchObject({ kind: 'ack', version: 2 });
    await agent.said.first(({ event, version }) => event === 'confirmed' && version === 2, 'confirmed');
    const done = disk.done();
    const at = (op: string, path: RegExp, from = 0) => {
      const index = done.findIndex((each, place) => place >= from && each.op === op && path.test(each.path));
      if (index < 0) throw new Error(`no ${op} of ${path} from ${from} on in ${JSON.stringify(done, null, 1)}`);
      return index;
    };
    const said = at('out', /"event":"confirmed"/);
    // The bytes, the name, then the folder that has the name.
    const placed = at('r', new RegExp(`^/images/${pushed.digest}$`));
    const image1 = at('s', new RegExp(`^/images/${pushed.digest}$`), placed);
    const image2 = at('s', /^\/images$/, image1);
    const history1 = at('s', /^\/history\/[0-9a-f]{32}\.json\.\d+$/, image2);
    const history2 = at('r', /^\/history\/[0-9a-f]{32}\.json$/, history1);
    const history3 = at('s', /^\/history$/, history2);
    expect(history3).toBeLessThan(said);
    // And that it was admitted is on the disk before the program hears of it.
    const admitted = at('s', /^\/audit\.log$/);
    expect(admitted).toBeLessThan(at('out', /"event":"delivered"/));
    expect(at('r', /^\/history\/[0-9a-f]{32}\.json\.ahead$/)).toBeLessThan(at('out', /"event":"delivered"/));
    await agent.kill();
    ground.kill(program);
  });

  const faults: [keyof typeof errors, boolean][] = [
    ['ENOSPC', true],
    ['EIO', false],
    ['EROFS', true],
  ];
  it.each(faults)(
    'with %s (for good: %s) from each operation of a push on: refused or reverted, nothing lost, and well again',
    async (error, forGood) => {
      const disk = new Disk(ground.folder, ground.data);
      const agent = await ground.start(['--insecure'], disk.environment).ready();
      const program = await ground.program(stock.program);
      await agent.linked(program.pid);
      const session = await agent.session();
      const oracle = new Oracle();
      let count = 1;
      const push = async () => {
        count += 1;
        const pushed = await image(count);
        const ended = await session.push(pushed).ended;
        if (ended.kind === 'ack') oracle.acknowledged(ended.version, pushed.digest);
        return ended;
      };
      await push();
      let steps = 0;
      const met: Operation[] = [];
      for (let first = 1; ; first += 1) {
        disk.fail(error, first, forGood ? undefined : first);
        const ended = await push();
        const done = disk.done().filter(({ op }) => op !== 'out');
        const hit = done.find(({ n }) => n === first);
        disk.heal();
        if (ended.kind === 'nack')
          expect(ended).toMatchObject({ code: 'storage', message: expect.stringContaining(error) });
        if (hit === undefined) break; // The push has fewer operations.
        met.push(hit);
        steps += 1;
        expect(agent.over).toBe(false);
        await oracle.check(agent, program, ground.data);
      }
      expect(steps).toBeGreaterThan(8);
      for (const what of ['/images/', '/audit.log', '/history/'])
        expect(met.map(({ path }) => path)).toContainEqual(expect.stringContaining(what));
      expect(await push()).toMatchObject({ kind: 'ack' });
      await oracle.check(agent, program, ground.data);
      // The next agent finds what this one said.
      await agent.kill();
      const next = await ground.start().ready();
      await next.linked(program.pid);
      await oracle.check(next, program, ground.data);
      await next.kill();
      ground.kill(program);
      expect(existsSync(join(ground.data, 'quarantine'))).toBe(false);
    },
  );

  it('that takes no large file refuses those, and takes the small ones', async () => {
    const small = await image(1);
    const blocks = Math.ceil(small.size / 512) + 8;
    const agent = await ground.start(['--insecure'], {}, `ulimit -f ${blocks}`).ready();
    const program = await ground.program(stock.program);
    await agent.linked(program.pid);
    const session = await agent.session();
    const padding = stock.source('padding.h', `const char padding[${small.size + 100_000}] = {1};`);
    const large = await stock.image('d3', {}, padding);
    expect(await session.push(large).ended).toMatchObject({
      code: 'storage',
      message: expect.stringContaining('EFBIG'),
    });
    expect(await session.push(small).ended).toMatchObject({ kind: 'ack', version: 2 });
    await new Oracle().check(agent, program, ground.data);
  });

  const every = process.env['VAIS_LONG'] === '1' ? 1 : 12;
  it('or an agent that is killed at any operation of its first start leaves nothing that the next one trips over', async () => {
    let last = 0;
    for (let at = 1; ; at += every) {
      const place = new Ground();
      try {
        const disk = new Disk(place.folder, place.data);
        disk.kill(at);
        const killed = place.start([], disk.environment);
        if ((await killed.begun()).event === 'ready') break; // It has fewer operations.
        expect(await killed.ended).toBe('SIGKILL');
        last = at;
        disk.heal();
        const next = await place.start([], disk.environment).ready();
        await next.said.first(({ event }) => event === 'token', 'a token');
        expect(next.said.all.filter(({ event }) => event === 'warning')).toEqual([]);
        expect(existsSync(join(place.data, 'quarantine'))).toBe(false);
      } finally {
        await place.close();
      }
    }
    expect(last).toBeGreaterThan(20);
  });

  it('with the history of one program in a newer format turns that program away, and goes on for the others', async () => {
    const agent = await ground.start().ready();
    const game = await ground.program(stock.program);
    const other = await ground.program(stock.program, { VAIS_HOT_NAME: 'other' });
    for (const { pid } of [game, other]) await agent.linked(pid);
    const [one, two] = [await image(1), await image(2)];
    const session = await agent.session();
    expect(await session.push(one).ended).toMatchObject({ kind: 'ack' });
    expect(await session.push(one, { manifest: { program: 'other' } }).ended).toMatchObject({ kind: 'ack' });
    await agent.kill();
    const name = `${digestOf('other\0game').slice(0, 32)}.json`;
    const path = join(ground.data, 'history', name);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, seal({ format: 3, program: 'other', module: 'game' }));
    const next = await ground.start().ready();
    await next.linked(game.pid);
    await next.said.first(({ message = '' }) => message.includes(name) && message.includes('format 3'), 'a warning');
    await next.said.first(
      ({ message = '' }) => message.startsWith('other ') && message.includes('turned away'),
      'that',
    );
    expect(await (await next.session()).push(two).ended).toMatchObject({ kind: 'ack', version: 3 });
    // Nothing was written over.
    writeFileSync(path, text);
    await next.linked(other.pid);
    const again = (await next.client.listHistory('other', 'game')).entries;
    expect(again.map(({ version, outcome }) => `${version} ${outcome}`)).toEqual([
      '1 OUTCOME_CONFIRMED',
      '2 OUTCOME_CONFIRMED',
    ]);
  });
});
