import { describe, expect, it } from 'vitest';
import { chooseModule } from '../../../cli/push/destination.ts';
import { VaisError } from '../../../common/error.ts';
import type { Module__Output } from '../../../rpc/gen/vais/remote/v1/Module.ts';
import type { Program__Output } from '../../../rpc/gen/vais/remote/v1/Program.ts';

const address = '127.0.0.1:7777';

function module(name: string, version = 1): Module__Output {
  const ids = { buildId: 'b', baseBuildId: 'b', digest: '', contract: [], unchecked: false };
  return { name, source: `${name}.vais`, version, desiredVersion: version, state: 'MODULE_STATE_CONFIRMED', ...ids };
}

function program(name: string, modules: string[], pid = 1, triple = 'x86_64-linux-gnu'): Program__Output {
  return {
    name,
    pid,
    triple,
    runtimeVersion: '0.1.0',
    supervised: false,
    stateCount: 0,
    stateBytes: 0,
    loading: 'LOADING_UNLOADS',
    modules: modules.map((each) => module(each)),
  };
}

function choose(programs: Program__Output[], wanted: { program?: string; module: string }, at: string) {
  return chooseModule({ programs, awaited: ['tide'] }, wanted, at);
}

function errorOf(work: () => unknown): VaisError {
  try {
    work();
  } catch (thrown) {
    return VaisError.from(thrown);
  }
  throw new Error('nothing was thrown');
}

describe('chooseModule', () => {
  it('takes the only program that has the module', () => {
    const programs = [program('game', ['game', 'ai']), program('tool', ['tool'])];
    const { program: found, module: name, triple } = choose(programs, { module: 'ai' }, address);
    expect({ found, name, triple }).toEqual({ found: 'game', name: 'ai', triple: 'x86_64-linux-gnu' });
  });

  it('says of one that ran before the agent was started that it is being restored', () => {
    expect(errorOf(() => choose([], { module: 'game' }, address))).toMatchObject({ code: 'restoring', exitCode: 6 });
    const named = () => choose([program('game', ['game'])], { program: 'tide', module: 'tide' }, address);
    expect(errorOf(named).message).toContain('tide is being restored');
    const other = () => choose([], { program: 'other', module: 'game' }, address);
    expect(errorOf(other).code).toBe('no_such_program');
  });

  it('takes all processes of one name', () => {
    const programs = [program('game', ['game'], 1), program('game', ['game'], 2)];
    expect(choose(programs, { module: 'game' }, address).instances).toHaveLength(2);
  });

  it('asks which one is meant when several programs have the module', () => {
    const error = errorOf(() => choose([program('a', ['m']), program('b', ['m'])], { module: 'm' }, address));
    expect(error.exitCode).toBe(6);
    expect(error.message).toContain('a, b');
    expect(error.hint).toBe('Say which one: --to 127.0.0.1:7777/a or --to 127.0.0.1:7777/b');
    expect(choose([program('a', ['m']), program('b', ['m'])], { program: 'b', module: 'm' }, address).program).toBe(
      'b',
    );
  });

  it('names what is there when the program is not', () => {
    const error = errorOf(() => choose([program('game', ['game'])], { program: 'gmae', module: 'game' }, address));
    expect(error.toJSON()).toEqual({
      code: 'no_such_program',
      message: 'no program `gmae` is connected to the agent at 127.0.0.1:7777 (connected: game)',
      hint: 'Push to one of those: --to 127.0.0.1:7777/game. A program’s name is VAIS_HOT_NAME, else that of its executable.',
    });
    expect(errorOf(() => chooseModule({ programs: [], awaited: [] }, { module: 'game' }, address)).hint).toContain(
      'VAIS_HOT_LINK',
    );
  });

  it('names the modules that there are when the file is of none', () => {
    const error = errorOf(() => choose([program('game', ['game'])], { module: 'other' }, address));
    expect(error.exitCode).toBe(6);
    expect(error.message).toBe('no module `other` at 127.0.0.1:7777; there is game (game)');
  });

  it('refuses platforms that differ or that nobody knows', () => {
    const two = [program('game', ['game'], 1), program('game', ['game'], 2, 'aarch64-linux-gnu')];
    expect(errorOf(() => choose(two, { module: 'game' }, address)).code).toBe('wrong_platform');
    const odd = [program('game', ['game'], 1, 'riscv64-linux-gnu')];
    expect(errorOf(() => choose(odd, { module: 'game' }, address)).exitCode).toBe(4);
  });
});
