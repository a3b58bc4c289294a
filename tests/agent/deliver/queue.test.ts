import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Program } from '../../runtime/harness.ts';
import { historyOf, linked, runningIn, Stock, said, Yard } from '../harness.ts';

const stock = new Stock();
beforeAll(() => stock.build());
afterAll(() => stock.close());

let yard: Yard;
beforeEach(() => {
  yard = new Yard();
});
afterEach(() => yard.close());

async function oneProgram() {
  const agent = await yard.agent();
  const program = await yard.program(stock.program, agent);
  await program.pass(); // Before its first hot call it has no thread that a swap would wait for.
  const session = await agent.session();
  return { agent, program, session };
}

describe('versions of one instance', () => {
  it('are numbered without a gap, and what was refused has no number', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toEqual({ kind: 'ack', version: 2, unchanged: false });
    const refused = await session.push(await stock.image('a2', { FOREIGN: '"nobody"' })).ended;
    expect(refused).toMatchObject({ kind: 'nack', running: 2, code: 'load_refused' });
    expect(await session.push(await stock.image('a3')).ended).toEqual({ kind: 'ack', version: 3, unchanged: false });
    expect(await session.push(await stock.image('a3')).ended).toEqual({ kind: 'ack', version: 3, unchanged: true });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed', '0 refused', '3 confirmed *']);
    yard.stop(program);
    expect(await program.pass()).toMatchObject({ version: '3' });
  });

  it('that crash keep their number, and the one before runs on', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    const push = session.push(await stock.image('b1', { FAIL: 'fail_segv' }));
    expect(await push.ended).toMatchObject({ kind: 'nack', running: 1, code: 'reverted' });
    expect((await push.reached('reverted')).progress?.event?.reverted).toMatchObject({
      ...{ signal: 'SIGSEGV', line: 77, function: 'update_game', source: 'game.vais', undone: true },
      symbol: expect.stringMatching(/\w/),
      trace: expect.arrayContaining([expect.any(Number)]),
    });
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack', version: 3 });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 reverted', '3 confirmed *']);
    yard.stop(program);
    expect(await program.pass()).toMatchObject({ version: '3' });
  });

  it('name the thread that holds them back, and wait on', async () => {
    const { program, session } = await oneProgram();
    const push = session.push(await stock.image('a1'));
    const { event } = (await push.reached('waiting')).progress ?? {};
    expect(event).toMatchObject({ version: 2, pid: program.pid });
    expect(event?.waiting).toMatchObject({ thread: program.pid, threadName: expect.stringMatching(/\w/) });
    yard.run(program);
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 2 });
    expect(push.stages().slice(-4)).toEqual(['loaded', 'waiting', 'swapped', 'confirmed']);
  });

  it('are superseded while the program reaches no safe point: of many only the last runs', async () => {
    const { agent, program, session } = await oneProgram();
    const pushes = [];
    for (const build of ['c1', 'c2', 'c3', 'c4', 'c5']) {
      const push = session.push(await stock.image(build));
      pushes.push(push);
      await push.reached('checked');
    }
    const last = pushes.pop();
    await last?.reached('loaded');
    yard.run(program);
    for (const push of pushes) expect(await push.ended).toMatchObject({ kind: 'nack', code: 'superseded' });
    expect(await last?.ended).toMatchObject({ kind: 'ack', version: 2 });
    const history = await historyOf(agent);
    expect(history.filter((line) => !line.startsWith('0 superseded'))).toEqual(['1 confirmed', '2 confirmed *']);
    expect(await runningIn(agent)).toEqual(['2 of 2']);
  });

  it('that fail after they were confirmed are taken out of the history, and the version before is desired', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    const late = await stock.image('d1', { FAIL: 'fail_segv', FAIL_AT: '2000' });
    const pushed = session.push(late);
    expect(await pushed.ended).toMatchObject({ kind: 'ack', version: 3 });
    program.send('.'.repeat(2_500));
    await said(agent, 'reverted', { version: 3 });
    // Who pushed it hears of it, and the history says why.
    expect((await pushed.reached('reverted')).progress?.event?.reverted).toMatchObject({
      signal: 'SIGSEGV',
      undone: false,
    });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
    const { entries } = await agent.client.listHistory('game', 'game');
    expect(entries.at(-1)?.reason?.message).toContain('SIGSEGV in update_game');
    expect(await runningIn(agent)).toEqual(['2 of 2']);
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({ version: 4 });
  });
});

describe('an agent that was just started', () => {
  it('says of a program that ran here before that it is being restored, and takes it when it is back', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    program.kill();
    await agent.close();
    const next = await yard.agent();
    const anew = await next.session();
    const early = anew.push(await stock.image('a3'));
    expect(await early.ended).toMatchObject({
      code: 'restoring',
      message: expect.stringContaining('has just started'),
    });
    const unknown = anew.push(await stock.image('a3'), { manifest: { program: 'other' } });
    expect(await unknown.ended).toMatchObject({ code: 'no_such_program' });
    yard.run(await yard.program(stock.program, next));
    expect(await anew.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 3 });
    expect((await next.client.getStatus(false)).awaited).toEqual([]);
  });
});

describe('a program that is killed', () => {
  it('before the version swapped: the version is not used again', async () => {
    const { agent, program, session } = await oneProgram();
    const push = session.push(await stock.image('a1'));
    await push.reached('loaded');
    program.kill();
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'reverted' });
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 reverted']);
    const again = await yard.program(stock.program, agent);
    yard.run(again);
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('in probation: the version before comes back with the program', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    yard.stop(program);
    await program.pass();
    const push = session.push(await stock.image('a3'));
    await push.reached('loaded');
    await program.pass();
    await push.reached('swapped');
    program.kill();
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'reverted' });
    expect(await historyOf(agent)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
    const mark = agent.notices.all.length;
    yard.run(await yard.program(stock.program, agent));
    await said(agent, 'confirmed', { version: 2, origin: 'restore' }, mark);
    expect(await runningIn(agent)).toEqual(['2 of 2']);
  });
});

describe('several instances', () => {
  it('get each version at once, and one that comes later gets the last', async () => {
    const { agent, program, session } = await oneProgram();
    const second = await yard.program(stock.program, agent);
    yard.run(program);
    yard.run(second);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ kind: 'ack', version: 2 });
    expect(await runningIn(agent)).toEqual(['2 of 2', '2 of 2']);
    const third = await yard.program(stock.program, agent);
    yard.run(third);
    await said(agent, 'confirmed', { pid: third.pid, origin: 'restore' });
    expect(await runningIn(agent)).toEqual(['2 of 2', '2 of 2', '2 of 2']);
  });

  it('all go back when a version does not hold in one of them', async () => {
    const { agent, program, session } = await oneProgram();
    const second = await yard.program(stock.program, agent);
    await second.pass();
    yard.run(program);
    // It confirms in the first one, while the second still waits; then the second is killed.
    const push = session.push(await stock.image('a1'));
    await said(agent, 'confirmed', { pid: program.pid });
    await said(agent, 'loaded', { pid: second.pid });
    second.kill();
    expect(await push.ended).toMatchObject({ kind: 'nack', code: 'reverted' });
    await said(agent, 'confirmed', { pid: program.pid, version: 1, origin: 'restore' });
    expect(await historyOf(agent)).toEqual(['1 confirmed *', '2 reverted']);
    expect(await runningIn(agent)).toEqual(['1 of 1']);
  });

  it('of two builds: a push is turned away, and each build finds its own versions again', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    const other = await yard.program(stock.rebuilt, agent);
    yard.run(other);
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({ kind: 'nack', code: 'busy' });
    expect(await runningIn(agent)).toEqual(['2 of 2', '1 of 1']);
    program.kill();
    await agent.notices.first(({ event }) => event === 'unlinked', 'the first to be gone');
    expect(await session.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 2 });
    other.kill();
    const again = await yard.program(stock.program, agent);
    yard.run(again);
    await said(agent, 'confirmed', { pid: again.pid, buildId: (await stock.image('a1')).build, origin: 'restore' });
  });
});

describe('a link that is cut', () => {
  it('in the middle of a push: the push goes on when the program is back', async () => {
    const { agent, program, session } = await oneProgram();
    const push = session.push(await stock.image('a1'));
    await push.reached('loaded');
    program.child.kill('SIGSTOP');
    await agent.close();
    // The agent ended with the push under way; the next one goes on with it.
    const next = await yard.agent();
    program.child.kill('SIGCONT');
    await linked(next, program.pid);
    yard.run(program);
    await said(next, 'confirmed', { version: 2 });
    expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed *']);
    expect(await runningIn(next)).toEqual(['2 of 2']);
  });

  it('costs nothing: an agent that restarts finds the program and its versions', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    await agent.close();
    const next = await yard.agent();
    await linked(next, program.pid);
    expect(await runningIn(next)).toEqual(['2 of 2']);
    const again = await next.session();
    expect(await again.push(await stock.image('a3')).ended).toMatchObject({ kind: 'ack', version: 3 });
    expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed', '3 confirmed *']);
  });

  it('a version that failed meanwhile is known to have failed', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await session.push(await stock.image('a1')).ended).toMatchObject({ version: 2 });
    yard.stop(program);
    const late = await stock.image('d2', { FAIL: 'fail_segv', FAIL_AT: '2000' });
    const push = session.push(late);
    await push.reached('loaded');
    program.send('....');
    expect(await push.ended).toMatchObject({ kind: 'ack', version: 3 });
    await agent.close();
    program.send('.'.repeat(2_500));
    await program.pass();
    const next = await yard.agent();
    await linked(next, program.pid);
    await said(next, 'reverted', { version: 3 });
    expect(await historyOf(next)).toEqual(['1 confirmed', '2 confirmed *', '3 reverted']);
    yard.run(program);
    expect((await runningIn(next))[0]).toBe('2 of 2');
  });

  it('between a push and its end in a program that was started anew: the push goes on there', async () => {
    const { agent, program, session } = await oneProgram();
    const push = session.push(await stock.image('a1'));
    await push.reached('loaded');
    await agent.close();
    program.kill();
    const next = await yard.agent();
    const again = new Program(stock.program, { link: yard.link });
    await linked(next, again.pid);
    yard.run(again);
    await said(next, 'confirmed', { version: 2 });
    yard.stop(again);
    again.kill();
  });
});

describe('a rollback', () => {
  const rollback = async (agent: Awaited<ReturnType<Yard['agent']>>, version: number) => {
    const request = { program: '', module: '', version, elapsedUs: 0 };
    for await (const { ack, nack } of agent.client.rollback(request, AbortSignal.timeout(20_000))) {
      if (ack) return ack.version;
      if (nack) return nack.reason?.code;
    }
    return 'nothing';
  };

  it('is one more version with the code of an earlier one', async () => {
    const { agent, program, session } = await oneProgram();
    yard.run(program);
    expect(await rollback(agent, 0)).toBe('no_such_version');
    for (const build of ['a1', 'a3', 'c1']) await session.push(await stock.image(build)).ended;
    expect(await rollback(agent, 0)).toBe(5);
    expect(await rollback(agent, 0)).toBe(6);
    expect(await rollback(agent, 1)).toBe(7);
    expect(await rollback(agent, 4)).toBe(8);
    expect(await rollback(agent, 99)).toBe('no_such_version');
    expect(await rollback(agent, -1)).toBe('no_such_version');
    const { entries } = await agent.client.listHistory('', '');
    expect(entries.map(({ version, rollbackTo }) => [version, rollbackTo])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [5, 3],
      [6, 2],
      [7, 1],
      [8, 4],
    ]);
    yard.stop(program);
    expect(await program.pass()).toMatchObject({ version: '8' });
  });
});
