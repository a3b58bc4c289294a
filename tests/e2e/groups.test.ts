/** Modules of one program that are pushed together swap together: no pass of the program sees one new and one old. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Agent, type Line, type Running, World } from './harness.ts';

let world: World;
let agent: Agent;
let program: Running;

type Name = 'duo' | 'ai';

/** Both modules carry a stamp, and each pass of the program prints both. */
function source(name: Name, stamp: number, body = `${stamp}`, spare = 'by: i64'): string {
  const hot = `#[hot]\nF ${name}_stamp() -> i64 {\n    ${body}\n}\n`;
  if (name === 'ai') return `S Pair { left: i64, right: i64 }\n${hot}\n#[hot]\nF ai_spare(${spare}) -> i64 = by\n`;
  return `U std/hot
U ai
${hot}
F main() -> i64 {
    L true {
        hot_check()
        own := duo_stamp()
        other := ai_stamp()
        printf("%d %d\\n", own, other)
        fflush(0)
        usleep(500)
    }
    0
}
`;
}

const crash = 'none := 0 as *Pair\n    none.left';
const save = (name: Name, stamp: number, body?: string) => world.write(`${name}.vais`, source(name, stamp, body));

async function saveBoth(stamp: number): Promise<void> {
  await Promise.all([save('duo', stamp), save('ai', stamp)]);
}

/** Saves that the watching command finds all there: this machine may take longer for two than a burst may last. */
async function burst(watching: Running, saves: () => Promise<void>): Promise<void> {
  watching.kill('SIGSTOP');
  await saves();
  watching.kill('SIGCONT');
}

beforeEach(async () => {
  world = new World();
  await saveBoth(1);
  const path = await world.build('duo.vais');
  agent = await world.startAgent();
  program = world.startProgram(path);
  await world.until(agent.address, (rows) => rows.length === 2);
});
afterEach(() => world.close());

const push = (...more: string[]) => world.run('push', 'duo.vais', 'ai.vais', '--to', agent.address, '--json', ...more);

/** Waits for a pass with these stamps. */
const pass = (own: number, other: number) => program.line((line) => line === `${own} ${other}`);

function expectNoneMixed(): void {
  expect(program.lines.length).toBeGreaterThan(1);
  expect(program.lines.filter((line) => new Set(line.split(' ')).size > 1)).toEqual([]);
}

const versions = async (): Promise<string[]> =>
  (await world.until(agent.address, () => true)).map(
    ({ module, version, desiredVersion }) => `${module} ${version} ${desiredVersion}`,
  );

it('push: both swap in the same pass, every time', async () => {
  for (let stamp = 2; stamp < 12; stamp += 1) {
    await saveBoth(stamp);
    const { code, json } = await push('--tier', 'fast');
    expect(code).toBe(0);
    const done = json.filter(({ event }) => event === 'done');
    expect(done).toMatchObject([
      { module: 'duo', version: stamp, together: ['ai'] },
      { module: 'ai', version: stamp, together: ['duo'] },
    ]);
    await pass(stamp, stamp);
  }
  expectNoneMixed();
  const { json } = await world.run('history', '--module', 'ai', '--to', agent.address, '--json');
  expect(json.slice(0, 2)).toMatchObject([{ version: 1 }, { version: 2, together: ['duo'] }]);
  const { stdout } = await world.run('history', '--module', 'ai', '--to', agent.address);
  expect(stdout).toContain('push with duo');
});

it('push: one that does not fit or does not compile keeps the other from being pushed', async () => {
  await save('duo', 2);
  await world.write('ai.vais', source('ai', 2, '2', 'by: i64, to: i64'));
  const changed = await push();
  expect(changed.code).toBe(4);
  const errors = changed.json.filter(({ event }) => event === 'error');
  expect(errors.map(({ code }) => code)).toEqual(['contract_changed', 'contract_changed']);
  expect(String(errors[0]?.['message'])).toContain('duo.vais is not pushed, as ai.vais is not');
  await save('ai', 2, 'nobody');
  expect((await push()).code).toBe(3);
  expect(await versions()).toEqual(['duo 1 1', 'ai 1 1']);
  expectNoneMixed();
});

it('push: when one crashes both go back, and nothing of either is left', async () => {
  await saveBoth(2);
  expect((await push()).code).toBe(0);
  await save('duo', 3);
  await save('ai', 3, crash);
  const { code, json } = await push();
  expect(code).toBe(5);
  const errors = json.filter(({ event }) => event === 'error');
  expect(errors.map((error: Line) => error['code'])).toEqual(['reverted', 'reverted']);
  expect(json.find(({ event, module }) => event === 'reverted' && module === 'ai')).toMatchObject({
    signal: 'SIGSEGV',
  });
  await world.until(agent.address, (rows) => rows.every(({ version }) => version === 2));
  await saveBoth(4);
  expect((await push()).code).toBe(0);
  await pass(4, 4);
  // In the pass in which it failed the first call had returned: that is not undone. No other one is mixed.
  expect(program.lines.filter((line) => line.includes('3'))).toEqual(['3 2']);
});

it('rollback: one module of a group goes back alone, as it was asked', async () => {
  await saveBoth(2);
  expect((await push()).code).toBe(0);
  const { code } = await world.run('rollback', '--module', 'ai', '--to', agent.address);
  expect(code).toBe(0);
  await pass(2, 1);
  expect(await versions()).toEqual(['duo 2 2', 'ai 3 3']);
});

it('watch: what is saved in one burst goes together, also when it comes in haste', async () => {
  const watching = world.remote('watch', 'duo.vais', 'ai.vais', '--to', agent.address, '--tier', 'fast', '--json');
  await watching.event('watching', ({ module }) => module === 'duo');
  await watching.event('watching', ({ module }) => module === 'ai');
  for (let stamp = 2; stamp < 12; stamp += 1) {
    await burst(watching, () => saveBoth(stamp));
    await pass(stamp, stamp);
  }
  expectNoneMixed();
  const done = await watching.event('done', ({ together }) => together !== undefined);
  expect(done).toMatchObject({ unchanged: false });

  // The one that is right waits for the other.
  await burst(watching, async () => {
    await save('duo', 20);
    await save('ai', 20, 'nobody');
  });
  expect(await watching.event('error')).toMatchObject({ code: 'compile_failed' });
  await save('ai', 20);
  await pass(20, 20);
  expectNoneMixed();
  expect(watching.json.filter(({ event }) => event === 'error').every(({ code }) => code === 'compile_failed')).toBe(
    true,
  );
});
