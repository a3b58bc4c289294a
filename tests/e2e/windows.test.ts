/** An agent on Windows that starts its program, with keys and signatures: paired with, pushed to, killed and back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { windows } from '../platforms/windows.ts';
import { describeWhere } from '../scenario/needs.ts';
import { type Agent, counterSource, type Running, World } from './harness.ts';

/** Wine is slow to start things, on a busy machine above all. */
const stepMs = 300_000;
const machine = windows({ cli: 'windows' });

describeWhere('an agent on Windows', machine.missing, () => {
  let world: World;
  let agent: Agent & { readonly token: string };
  let back: Running;
  let program = 0;
  let order: string;

  const started = async (process: Running): Promise<number> => Number((await process.event('started'))['pid']);

  beforeAll(async () => {
    world = new World(machine);
    await machine.open?.(world.folder);
    await world.write('count.vais', counterSource());
    order = `count=Z:${(await world.build('count.vais', 'count.exe')).replaceAll('/', '\\')}`;
  }, stepMs);

  afterAll(async () => {
    // Wine ends an agent without a word to it, so its program goes on.
    if (program !== 0) await world.start('wine', ['taskkill', '/f', '/pid', String(program)]).exited;
    await world?.close();
  }, stepMs);

  it(
    'starts its program, and pairs',
    async () => {
      agent = await world.startGuarded('--run', order);
      program = await started(agent.process);
      const stranger = await world.run('status', '--to', agent.address, '--json');
      expect(stranger.code, stranger.stderr).toBe(7); // It speaks no plain text, and says so.
      const { code, stderr } = await world.run('pair', agent.token, '--as', 'box');
      expect(code, stderr).toBe(0);
    },
    stepMs,
  );

  it(
    'takes what is signed, and tells whoever runs it who may',
    async () => {
      await world.write('count.vais', counterSource({ by: 100, word: 'wild' }));
      await world.vaisc('build', '--hot', 'count.vais', '-o', 'libcount.dll', ...(machine.build ?? []));
      const { code, json, stderr } = await world.run('push', 'libcount.dll', '--to', 'box', '--json');
      expect(code, stderr).toBe(0);
      expect(json.at(-1)).toMatchObject({ event: 'done', version: 2 });
      const developers = await world.run('agent', 'developers', '--data', agent.data, '--json');
      expect(developers.json[0]).toMatchObject({ event: 'developer' });
    },
    stepMs,
  );

  it(
    'is killed, and the next one takes the program over',
    async () => {
      agent.process.kill('SIGKILL');
      await agent.process.exited;
      back = world.remote(...['agent', '--listen', agent.address, '--data', agent.data, '--json', '--run', order]);
      const taken = await back.event('started');
      expect(taken).toMatchObject({ pid: program, adopted: true });
      await back.event('linked', () => true);
      const { json } = await world.run('status', '--to', 'box', '--json');
      expect(json.find(({ event }) => event === 'status')).toMatchObject({ program: 'count', version: 2 });
    },
    stepMs,
  );

  it(
    'stops when it is told to, and its program with it',
    async () => {
      back.kill('SIGINT'); // Ctrl-C, as Wine takes it.
      await back.exited;
      expect(back.json.at(-1)).toMatchObject({ event: 'stopped' });
      expect(back.json.find(({ event }) => event === 'exited')).toMatchObject({ program: 'count' });
      program = 0;
    },
    stepMs,
  );
});
