/** A program that opens a plain library with hot_open, and pushes of it: no line of contract is written by anybody. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Agent, type Running, World } from './harness.ts';

const runtime = join(packageRoot, 'runtime');
const host = `
#include "hot.h"
#include <stdio.h>
#include <unistd.h>
typedef struct World World;
int main(void) {
  hot_module *sim = hot_open("sim", "./libsim.so");
  if (sim == NULL) { fprintf(stderr, "%s\\n", hot_error()); return 1; }
  World *(*make)(void) = (World *(*)(void))hot_symbol(sim, "sim_make");
  int (*step)(World *, double) = (int (*)(World *, double))hot_symbol(sim, "sim_step");
  World *world = make();
  for (;;) { hot_check(); printf("step %d\\n", step(world, 0.5)); fflush(stdout); usleep(3000); }
}
`;
const module = `
#include <stdlib.h>
typedef struct World { double time; int steps; } World;
World *sim_make(void) { return calloc(1, sizeof(World)); }
int sim_step(World *w, double dt) { w->time += dt; w->steps++; return 1000 + w->steps % 2; }
`;

let world: World;
let agent: Agent;
let program: Running;

beforeEach(async () => {
  world = new World();
  await world.write('host.c', host);
  await world.write('sim.c', module);
  const built = await world.bash(
    `gcc -g -O1 -shared -fPIC sim.c -o libsim.so && gcc -O1 -I${runtime} host.c ${runtime}/?*.c -lpthread -ldl -lm -o host`,
  );
  expect(built.code, built.stdout).toBe(0);
  agent = await world.startAgent();
  program = world.startProgram(world.path('host'), { VAIS_HOT_PROBATION_CALLS: '2' });
  await world.until(agent.address, (rows) => rows.length === 1);
}, 60_000);
afterEach(() => world.close());

/** Writes the module with an edit, and pushes what comes of it. */
async function push(edit: (text: string) => string, flags = '-g', ...more: string[]) {
  await world.write('sim.c', edit(module));
  const build = `gcc ${flags} -O1 -shared -fPIC sim.c -o build.so`;
  return world.run(
    'push',
    '--build',
    build,
    '--image',
    'build.so',
    '--module',
    'sim',
    ...more,
    '--to',
    agent.address,
    '--json',
  );
}

describe('push of a plain library', () => {
  it('runs what fits, and refuses what does not by its field and place', async () => {
    const good = await push((text) => text.replace('1000 +', '2000 +'));
    expect(good.json.at(-1)).toMatchObject({ event: 'done', module: 'sim', version: 2 });
    expect(good.json.at(-1)).not.toHaveProperty('unchecked');
    await program.line((line) => line.startsWith('step 200'));

    const bad = await push((text) =>
      text.replace('int steps;', 'float steps;').replace('w->steps %', '(int)w->steps %'),
    );
    expect(bad.code).toBe(4);
    expect(bad.json.at(-1)).toMatchObject({
      code: 'contract_changed',
      differences: [
        {
          kind: 'struct_changed',
          name: 'World',
          field: 'steps',
          was: 'steps: i32',
          is: 'steps: f32',
          at: { file: 'sim.c', line: 3 },
        },
      ],
    });
    const people = await world.run('push', '--image', 'build.so', '--module', 'sim', '--to', agent.address);
    expect(people.stderr).toContain('World: the field steps changed');
    expect(people.stderr).toMatch(/at +sim\.c:3:/);
  });

  it('says everywhere that nothing was known', async () => {
    const refused = await push((text) => text, '-g0');
    expect(refused.json.at(-1)).toMatchObject({ code: 'contract_missing', exit: 4 });
    expect(String(refused.json.at(-1)?.['hint'])).toContain('--unchecked');
    const blind = await push((text) => text.replace('1000 +', '3000 +'), '-g0', '--unchecked');
    expect(blind.json.at(-1)).toMatchObject({ event: 'done', version: 2, unchecked: true });
    await program.line((line) => line.startsWith('step 300'));
    const status = await world.run('status', '--to', agent.address, '--json');
    expect(status.json).toContainEqual(expect.objectContaining({ event: 'status', version: 2, unchecked: true }));
    const history = await world.run('history', '--to', agent.address);
    expect(history.stdout).toMatch(/2 .*confirmed, unchecked/);
    const gone = await push((text) => text.replace('int sim_step', 'int sim_leap'), '-g', '--unchecked');
    expect(gone.json.at(-1)).toMatchObject({ code: 'contract_changed' });
  });
});
