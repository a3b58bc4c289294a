import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Triple, triples } from '../../artifact/image/triple.ts';
import { arm64 } from '../platforms/arm64.ts';
import { musl } from '../platforms/musl.ts';
import { missingBuild } from '../platforms/tools.ts';
import { type Machine, thisMachine } from '../scenario/machine.ts';
import { describeWhere, itWhere } from '../scenario/needs.ts';
import { type Agent, counterSource, type Ended, parseCount, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;

async function begin(machine: Machine): Promise<void> {
  world = new World(machine);
  await machine.open?.(world.folder);
  await world.write('count.vais', counterSource());
  const path = await world.build('count.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 1);
  await world.write('count.vais', counterSource({ word: 'wild' }));
}

async function pushBuiltFor(triple: Triple): Promise<Ended> {
  const built = await world.vaisc('build', '--hot', 'count.vais', '--target', triple, '-o', `lib-${triple}.so`);
  expect(built.code, built.stderr).toBe(0);
  return world.run('push', `lib-${triple}.so`, '--to', agent.address, '--json');
}

/** Refused by the command itself, naming both platforms: nothing was sent, and the program goes on as it is. */
async function expectRefusal({ code, json, stderr }: Ended, built: Triple, target: Triple): Promise<void> {
  expect(code, stderr).toBe(4);
  expect(json.map(({ event }) => event)).toEqual(['error']);
  expect(json[0]).toMatchObject({ code: 'wrong_platform', exit: 4 });
  expect(json[0]?.['message']).toContain(`is built for ${built}, and count runs on ${target}`);
  expect(json[0]?.['hint']).toContain(`build it for ${target}`);
  const { steps } = parseCount(program.lines.at(-1) ?? '0');
  await program.line((line) => parseCount(line).steps > steps + 3);
  expect(program.lines.every((line) => parseCount(line).version === 1)).toBe(true);
}

const others = new Map<Triple, string | undefined>();
for (const triple of triples.filter((each) => each !== thisMachine.triple))
  others.set(triple, await missingBuild({ kind: 'image', triple }));

describe('a library for another platform, pushed to a program for this machine', () => {
  beforeAll(() => begin(thisMachine));
  afterAll(() => world.close());

  for (const [triple, missing] of others)
    itWhere(`${triple} is refused`, missing, async () =>
      expectRefusal(await pushBuiltFor(triple), triple, thisMachine.triple),
    );
});

const alpine = musl();
describeWhere('a library for glibc, pushed to a program for musl', alpine.missing, () => {
  beforeAll(() => begin(alpine));
  afterAll(() => world.close());

  it('is refused', async () => {
    await expectRefusal(await pushBuiltFor('x86_64-linux-gnu'), 'x86_64-linux-gnu', 'x86_64-linux-musl');
  });
});

const arm = arm64();
describeWhere('an agent on another platform than its program', arm.missing, () => {
  // The program runs under qemu, the agent on this machine.
  beforeAll(() => begin({ ...arm, node: thisMachine.node }));
  afterAll(() => world.close());

  it('says that it cannot look at libraries for it', async () => {
    const { code, json } = await world.run('push', 'count.vais', '--to', agent.address, '--json');
    expect(code).toBe(4);
    expect(json.at(-1)).toMatchObject({ code: 'wrong_platform', hint: expect.stringContaining('Run the agent') });
    expect(json.at(-1)?.['message']).toContain(`for ${arm.triple}, and its agent runs on ${thisMachine.triple}`);
  });
});
