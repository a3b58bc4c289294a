import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { PushClock } from '../../cli/push/clock.ts';
import { chooseModule } from '../../cli/push/destination.ts';
import { pushOnce } from '../../cli/push/push-once.ts';
import { vaisUnit } from '../../cli/push/vais.ts';
import { ImageCache } from '../../cli/session/image-cache.ts';
import { PushSession } from '../../cli/session/push-session.ts';
import { readFromDisk } from '../../compiler/front/modules.ts';
import { parseTarget } from '../../rpc/address.ts';
import { AgentClient } from '../../rpc/client.ts';
import { counterSource, parseCount, World } from './harness.ts';

const pushes = 200;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.close());

/** What a process has mapped that it loaded from a file of its own, and that is gone or lies in a temporary folder. */
const images = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => /r-xp/.test(line) && /memfd|deleted|\.so(?!\S*\/(?:usr|lib))/.test(line))
    .map((line) => line.slice(line.indexOf('/')))
    .filter((path) => !path.startsWith('/usr/') && !path.startsWith('/lib'));

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

it(`takes ${pushes} pushes of alternating sources, loses no state and leaves nothing behind`, {
  timeout: 240_000,
}, async () => {
  const sources = await Promise.all(
    ['calm', 'wild'].map((word, index) => world.write(`${word}.txt`, counterSource({ word, by: index + 1 }))),
  );
  const [calm = '', wild = ''] = sources.map((path) => readFileSync(path, 'utf8'));
  await world.write('count.vais', calm);
  const agent = await world.startAgent();
  const program = world.startProgram(await world.build('count.vais'));
  await world.until(agent.address, (rows) => rows.length === 1);

  const client = new AgentClient(parseTarget(agent.address));
  const signal = new AbortController().signal;
  const session = await PushSession.open(client, agent.address, signal);
  const output = { show: () => undefined, flush: () => undefined };
  const bench = {
    output,
    options: {},
    folder: world.folder,
    cache: new ImageCache(world.path('cache')),
    timeoutMs: 30_000,
  };
  let early: { files: number; agentFiles: number; images: number; children: number } | undefined;
  for (let count = 1; count <= pushes; count += 1) {
    const file = await world.write('count.vais', count % 2 === 1 ? wild : calm);
    const push = { id: count, unit: vaisUnit(file), clock: new PushClock(), read: readFromDisk };
    const ending = await pushOnce(push, session, { address: agent.address }, bench, signal);
    expect(ending).toMatchObject({ event: 'done', version: count + 1, unchanged: false });
    if (count === 10) {
      early = {
        files: openFiles(program.pid),
        agentFiles: openFiles(agent.process.pid),
        images: images(program.pid).length,
        children: children(agent.process.pid).length,
      };
    }
  }
  expect(chooseModule(session.state, { module: 'count' }, agent.address).instances[0].version).toBe(pushes + 1);
  client.close();

  await program.line((line) => parseCount(line).version === pushes + 1);
  const counts = program.lines.map(parseCount);
  expect(counts.map(({ steps }) => steps)).toEqual(counts.map((_count, index) => index + 1));
  expect([...new Set(counts.map(({ version }) => version))].sort((a, b) => a - b).at(-1)).toBe(pushes + 1);
  let total = 0;
  for (const count of counts) {
    total += count.word === 'wild' ? 2 : 1;
    expect(count.total).toBe(total);
  }

  // As many open files, mappings and processes as after the tenth push.
  expect(openFiles(program.pid)).toBeLessThanOrEqual(early?.files ?? 0);
  expect(openFiles(agent.process.pid)).toBeLessThanOrEqual((early?.agentFiles ?? 0) + 2);
  expect(images(program.pid).length).toBeLessThanOrEqual(Math.max(2, early?.images ?? 0));
  // The check process, and after 64 libraries the next one beside it for a while.
  expect(children(agent.process.pid).length).toBeLessThanOrEqual(Math.max(2, early?.children ?? 0));
  expect(readdirSync(world.temporary)).toEqual([]);

  const { json } = await world.run('history', '--to', agent.address, '--json');
  expect(json.map(({ version }) => version)).toEqual(Array.from({ length: pushes + 1 }, (_, index) => index + 1));
});
