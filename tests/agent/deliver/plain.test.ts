/** Plain libraries through a real agent: their contract comes from debug information and is compared before they run. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { imageToTravel } from '../../../artifact/dwarf/native-image.ts';
import {
  buildProgram,
  fixtures,
  type Image,
  makeFolder,
  Program,
  readImage,
  removeFolder,
} from '../../runtime/harness.ts';
import { type Ended, linked, type TestAgent, type TestSession, Yard } from '../harness.ts';

const folder = makeFolder();
const source = readFileSync(join(fixtures, 'plain.c'), 'utf8');
let host = '';
let yard = new Yard();
const programs: Program[] = [];

beforeAll(async () => {
  host = await buildProgram(folder, { source: 'plain-host.c', name: 'plain-host', flags: ['-O1'] });
  compile('first', source);
}, 120_000);
afterEach(async () => {
  for (const program of programs.splice(0)) program.kill();
  await yard.close();
  yard = new Yard();
});
afterAll(() => removeFolder(folder));

/** Builds the library from a text; returns its path. */
function compile(name: string, text: string, flags: readonly string[] = ['-g']): string {
  writeFileSync(join(folder, 'plain.c'), text);
  const path = join(folder, `${name}.so`);
  execFileSync('gcc', ['-O1', '-shared', '-fPIC', ...flags, 'plain.c', '-o', path], { cwd: folder });
  return path;
}

/** What is sent of a built library. */
function travelling(path: string, unchecked = false): Image {
  const to = path.replace('.so', '.travel');
  const bytes = imageToTravel(readFileSync(path), { module: 'plain', unchecked });
  writeFileSync(to, bytes);
  const notes = execFileSync('readelf', ['-n', to], { encoding: 'utf8' });
  return readImage(to, /Build ID: ([0-9a-f]{32})/.exec(notes)?.[1] ?? '');
}

async function start(library: string): Promise<{ agent: TestAgent; session: TestSession; program: Program }> {
  const agent = await yard.agent();
  const env = { XDG_RUNTIME_DIR: folder };
  const program = new Program(host, { link: yard.link, args: [library], env });
  programs.push(program);
  await program.take('started');
  await linked(agent, program.pid);
  return { agent, session: await agent.session(), program };
}

const manifest = { program: 'plain-host', module: 'plain', tier: 'TIER_OPTIMIZED' } as const;

/** Pushes, and lets the program make passes until that has ended. */
async function push({ session, program }: { session: TestSession; program: Program }, image: Image): Promise<Ended> {
  const { ended } = session.push(image, { manifest });
  let over = false;
  const end = ended.finally(() => {
    over = true;
  });
  while (!over) await Promise.race([program.pass(), end]);
  return await end;
}

describe('a plain library', () => {
  it('has a contract at the agent as soon as a program opened it, and takes new code that fits', async () => {
    const there = await start(join(folder, 'first.so'));
    const { programs: running } = await there.agent.client.getStatus(true);
    const records = running[0]?.modules[0]?.contract.map((record) => JSON.parse(record) as Record<string, unknown>);
    expect(records?.[0]).toMatchObject({ record: 'module', name: 'plain', origin: 'debug' });
    expect(records).toContainEqual(expect.objectContaining({ name: 'plain_step', type: 'fn(*State, f64)' }));
    expect(records).toContainEqual(expect.objectContaining({ record: 'struct', name: 'State', size: 16 }));

    const image = travelling(compile('second', `#define STEP 5\n${source}`));
    expect(image.size).toBeLessThan(readFileSync(join(folder, 'second.so')).length + 4_096);
    expect(await push(there, image)).toMatchObject({ kind: 'ack', version: 2 });
    expect(await there.program.pass()).toMatchObject({ version: '2' });
  });

  it('is refused with the field, the place and both forms when a layout changed', async () => {
    const there = await start(join(folder, 'first.so'));
    const changed = source.replace('long x; double d; } State', 'long x; float d; } State');
    const ended = await push(there, travelling(compile('changed', changed)));
    expect(ended).toMatchObject({ kind: 'nack', running: 1, code: 'contract_changed' });
    const message = ended.kind === 'nack' ? ended.message : '';
    for (const part of ['State: the field d changed', 'd: f64', 'd: f32', 'plain.c:10:38'])
      expect(message).toContain(part);
    expect(await there.program.pass()).toMatchObject({ version: '1' });
  });

  it('is compared with the version that runs, of which only the stripped image is kept', async () => {
    const there = await start(join(folder, 'first.so'));
    const more = `${source}\nint plain_more(int n) { return n; }\n`;
    expect(await push(there, travelling(compile('more', more)))).toMatchObject({ kind: 'ack', version: 2 });
    const changed = more.replace('plain_more(int n)', 'plain_more(float n)');
    expect(await push(there, travelling(compile('more-changed', changed)))).toMatchObject({ code: 'contract_changed' });
    expect(await push(there, travelling(compile('gone', source)))).toMatchObject({ code: 'contract_changed' });
  });

  it('without debug information is taken only unchecked, and by the names of its functions', async () => {
    const there = await start(join(folder, 'first.so'));
    const blind = compile('blind', source, ['-g0']);
    expect(() => travelling(blind)).toThrow(/no debug information/);
    expect(await push(there, travelling(blind, true))).toMatchObject({ kind: 'ack', version: 2 });
    const gone = compile('blind-gone', source.replace('void plain_jump', 'void plain_leap'), ['-g0']);
    const ended = await push(there, travelling(gone, true));
    expect(ended).toMatchObject({ kind: 'nack', code: 'contract_changed' });
    expect(ended.kind === 'nack' && ended.message).toContain('plain_jump: the hot function was removed');
  });

  it('that does not load never reaches the program', async () => {
    const there = await start(join(folder, 'first.so'));
    const broken = `${source}\nvoid nowhere(void);\nvoid plain_broken(void) { nowhere(); }\n`;
    expect(await push(there, travelling(compile('broken', broken)))).toMatchObject({
      kind: 'nack',
      code: 'check_failed',
    });
  });
});
