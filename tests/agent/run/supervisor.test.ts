import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startAgent } from '../../../agent/agent.ts';
import { isAlive } from '../../../agent/run/process.ts';
import { Supervisor } from '../../../agent/run/supervisor.ts';
import type { Notice } from '../../../agent/say/notice.ts';
import { eventually, Heard, historyOf, linked, runningIn, Stock, said, type TestAgent, Yard } from '../harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

let yard: Yard;
const supervisors: Supervisor[] = [];
beforeEach(() => {
  yard = new Yard();
});
afterEach(async () => {
  for (const supervisor of supervisors.splice(0)) await supervisor.close();
  await yard.close();
});

/** A command that runs the program and has it make passes. */
const running = () => `(while printf .; do sleep 0.005; done) | exec '${stock.program}'`;

function linkedPid(agent: TestAgent, from = 0): Promise<number> {
  return agent.notices.first((notice) => notice.event === 'linked', 'a program', from).then((notice) => pidOf(notice));
}

function pidOf(notice: Notice): number {
  return 'pid' in notice ? notice.pid : 0;
}

async function supervise(command: string): Promise<Heard<Notice>> {
  const notices = new Heard<Notice>('supervisor');
  const supervisor = new Supervisor({ name: 'game', command }, yard.folder, process.env, (notice) =>
    notices.put(notice),
  );
  supervisors.push(supervisor);
  await supervisor.start();
  return notices;
}

const exited = (notice: Notice): notice is Notice & { event: 'exited' } => notice.event === 'exited';
const started = (notice: Notice): notice is Notice & { event: 'started'; pid: number } => notice.event === 'started';

describe('a supervised program', () => {
  it('comes back when it is killed, and gets its last version by itself', async () => {
    const agent = await yard.agent({ run: running() });
    const pid = await linkedPid(agent);
    const session = await agent.session();
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack', version: 2 });
    const mark = agent.notices.all.length;
    process.kill(pid, 'SIGKILL');
    await agent.notices.first(exited, 'its end', mark);
    const again = await linkedPid(agent, mark);
    expect(again).not.toBe(pid);
    await said(agent, 'confirmed', { version: 2, origin: 'restore', pid: again }, mark);
    expect(await runningIn(agent)).toEqual(['2 of 2']);
  });

  it('that is killed before a version is confirmed comes back with the one before', async () => {
    const agent = await yard.agent({ run: running() });
    const pid = await linkedPid(agent);
    const session = await agent.session();
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    const mark = agent.notices.all.length;
    const slow = session.push(await stock.image('f1', { SLOW_LOAD: '300000' }));
    await slow.reached('delivered');
    process.kill(pid, 'SIGKILL');
    expect(await slow.ended).toMatchObject({ kind: 'nack', code: 'reverted', message: /died of SIGKILL/ });
    const again = await linkedPid(agent, mark);
    await said(agent, 'confirmed', { version: 2, origin: 'restore', pid: again }, mark);
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
  });

  it('goes on when its agent is gone, is taken over by the next one, and ends with that', async () => {
    const supervised = new Supervisor({ name: 'game', command: 'exec sleep 1000' }, yard.folder, process.env, () => {});
    await supervised.start(); // And is never closed: as if its agent had been killed.
    await eventually(
      async () => (await readdir(join(yard.folder, 'run'))).some((name) => name.endsWith('.pid')),
      'run',
    );
    const notices = await supervise('exec sleep 2000');
    const { pid, adopted } = (await notices.first(started, 'the start')) as { pid: number; adopted: boolean };
    expect(adopted).toBe(true);
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('1000');
    await supervisors.pop()?.close();
    expect(await isAlive(pid)).toBe(false);
    await supervised.close();
  });

  it('is not mistaken for another process that has its number now', async () => {
    await mkdir(join(yard.folder, 'run'), { mode: 0o700 });
    const notices = await supervise('exec sleep 1000');
    const { pid } = (await notices.first(started, 'the start')) as { pid: number };
    await supervisors.pop()?.close();
    const [name = ''] = (await readdir(join(yard.folder, 'run'))).filter((each) => each.endsWith('.log'));
    const pidFile = join(yard.folder, 'run', name.replace('.log', '.pid'));
    await writeFile(pidFile, JSON.stringify({ pid: process.pid, startTime: '1' }));
    const again = await supervise('exec sleep 1000');
    expect(await again.first(started, 'the start')).toMatchObject({ adopted: false });
    expect(await isAlive(pid)).toBe(false);
  });

  it('that ends is started again, later each time, and ends at once when told', async () => {
    const notices = await supervise('exit 3');
    await notices.first((notice) => exited(notice) && notice.restartMs === 400, 'the third failure');
    const waits = notices.all.filter(exited).map((notice) => ('restartMs' in notice ? notice.restartMs : 0));
    expect(waits).toEqual([100, 200, 400]);
    const begin = performance.now();
    await supervisors.pop()?.close();
    expect(performance.now() - begin).toBeLessThan(300);
  });

  it.each([
    ['/nowhere/at/all', 'cannot be run: there is no /nowhere/at/all'],
    ['/etc/passwd', 'cannot be run: /etc/passwd may not be executed'],
    ['nobody-has-this --flag', 'cannot be run: the shell finds no such command (exit code 127)'],
  ])('that is no program is said once to be none: %s', async (command, how) => {
    const notices = await supervise(command);
    expect(await notices.first(exited, 'its failure')).toMatchObject({ how, restartMs: 10_000 });
  });

  it('is started by a shell where its command needs one, and by none where not', async () => {
    const shell = await supervise('TEXT=one; echo "$TEXT"; exit 3');
    expect(await shell.first(exited, 'its end')).toMatchObject({ how: 'ended with exit code 3' });
    expect(shell.all).toContainEqual({ event: 'output', program: 'game', text: 'one' });
    const plain = await supervise('/bin/sleep 1000');
    const { pid } = (await plain.first(started, 'the start')) as { pid: number };
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).toBe('/bin/sleep\x001000\0');
  });

  it('has its output told line by line, in any language, down to a last line without an end', async () => {
    const long = 'ä'.repeat(40_000);
    const notices = await supervise(`printf 'one\\n\\ntwo – ${long}\\nlast'; exit 3`);
    await notices.first(exited, 'its end');
    const lines = notices.all.flatMap((notice) => (notice.event === 'output' ? [notice.text] : []));
    expect(lines.slice(0, 2)).toEqual(['one', '']);
    expect(lines.join('')).toBe(`onetwo – ${long}last`);
    expect(notices.all.find(exited)).toMatchObject({ how: 'ended with exit code 3' });
  });

  it('has a log that is begun anew when it is large, more than once', async () => {
    const notices = await supervise(
      `for i in 1 2 3; do head -c 17000000 /dev/zero | tr '\\0' x; echo; sleep 0.2; done; sleep 1000`,
    );
    const folder = join(yard.folder, 'run');
    let length = 0;
    const counted = (notice: Notice) => {
      length += notice.event === 'output' ? notice.text.length : 0;
      return length >= 3 * 17_000_000;
    };
    await notices.first(counted, 'all output');
    const [log = ''] = (await readdir(folder)).filter((name) => name.endsWith('.log'));
    await eventually(() => existsSync(join(folder, `${log}.1`)), 'the log was begun anew');
    expect((await readFile(join(folder, `${log}.1`))).length).toBeGreaterThan(16_000_000);
    expect((await readFile(join(folder, log))).length).toBeLessThan(40_000_000);
  });

  it('ends with everything that its command started, also when it does not listen', async () => {
    const mark = join(yard.folder, 'pids');
    const notices = await supervise(`trap '' TERM; sleep 1000 & echo $! > ${mark}; exec sleep 2000`);
    await notices.first(started, 'the start');
    await eventually(async () => existsSync(mark) && (await readFile(mark, 'utf8')) !== '', 'it has started another');
    const child = Number(await readFile(mark, 'utf8'));
    expect(await isAlive(child)).toBe(true);
    await supervisors.pop()?.close();
    await eventually(async () => !(await isAlive(child)), 'what it started is gone'); // A killed process ends in its own time.
  });

  it('leaves nothing of a command whose shell has ended running beside the next start', async () => {
    const mark = join(yard.folder, 'pids');
    const notices = await supervise(`sleep 1000 & echo $! >> ${mark}`);
    await notices.first((notice) => exited(notice) && notice.restartMs === 200, 'the second end');
    const pids = (await readFile(mark, 'utf8')).trim().split('\n').map(Number);
    await eventually(async () => !(await isAlive(pids[0] ?? 0)), 'the first is gone');
  });

  it('whose folder cannot be written is a clear error at the start', async () => {
    await writeFile(join(yard.folder, 'run'), '');
    await expect(supervise('true')).rejects.toMatchObject({ code: 'storage' });
    await rm(join(yard.folder, 'run'));
  });

  it('whose log becomes a folder is tried again, and the agent lives', async () => {
    const notices = await supervise('sleep 0.1');
    await notices.first(started, 'the start');
    const [log = ''] = (await readdir(join(yard.folder, 'run'))).filter((name) => name.endsWith('.log'));
    await rm(join(yard.folder, 'run', log));
    await mkdir(join(yard.folder, 'run', log));
    await notices.first((notice) => exited(notice) && notice.how.startsWith('could not be started'), 'a failure');
    await rm(join(yard.folder, 'run', log), { recursive: true });
    const mark = notices.all.length;
    await notices.first(started, 'the next start', mark);
  });
});

describe('an agent with programs to run', () => {
  it('refuses a name that is none, and the same name twice', async () => {
    const start = (...names: string[]) =>
      startAgent(
        {
          listen: '127.0.0.1:0',
          data: yard.data,
          run: names.map((name) => ({ name, command: 'true' })),
          insecure: true,
          defaultLink: join(yard.folder, 'default', 'link.sock'),
          maxImageBytes: 1_000,
          environment: {},
        },
        () => undefined,
      );
    await expect(start('../x')).rejects.toMatchObject({ code: 'usage' });
    await expect(start('a', 'b', 'a')).rejects.toMatchObject({ code: 'usage', message: /a twice/ });
  });

  it('that is closed in the middle of a push leaves it to the next one', async () => {
    const agent = await yard.agent({ run: running() });
    await linkedPid(agent);
    const session = await agent.session();
    const slow = session.push(await stock.image('f1', { SLOW_LOAD: '300000' }));
    await slow.reached('delivered');
    await agent.close();
    const next = await yard.agent({ run: running() });
    await linked(next, await linkedPid(next));
    await said(next, 'confirmed', { version: 2 });
    expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed *']);
  });
});
