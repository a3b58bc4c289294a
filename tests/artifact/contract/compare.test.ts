import { describe, expect, it } from 'vitest';
import { compareContracts } from '../../../artifact/contract/compare.ts';
import type { Contract, ContractStruct } from '../../../artifact/contract/contract.ts';
import { renderDifferences } from '../../../artifact/contract/differences.ts';
import { contractChanged, requireTransition, transitionOf } from '../../../artifact/contract/transition.ts';
import { exampleContract } from '../build-library.ts';

const running = exampleContract;
const [update, render] = running.functions;
const [state, scratch] = running.structs;
const [score] = running.globals;
if (!update || !render || !state || !scratch || !score) throw new Error('the example is incomplete');

const at = (line: number, column: number) => ({ file: 'game.vais', line, column });
const withState = (fields: Partial<ContractStruct>): Contract => ({
  ...running,
  structs: [{ ...state, ...fields }, scratch],
});

describe('what fits', () => {
  it('is the same contract from another build', () => {
    const next = { ...running, buildId: 'f'.repeat(32), tier: 'optimized', compiler: 'gcc' } as const;
    expect(compareContracts(running, next)).toEqual([]);
  });

  it('is an added function, struct and global', () => {
    const next: Contract = {
      ...running,
      functions: [...running.functions, { name: 'pause_game', type: 'fn() -> i64', text: 'F pause_game() -> i64' }],
      structs: [...running.structs, { ...scratch, name: 'More', held: true }],
      globals: [...running.globals, { ...score, name: 'lives' }],
    };
    expect(compareContracts(running, next)).toEqual([]);
  });

  it('is a removed global', () => {
    expect(compareContracts(running, { ...running, globals: [] })).toEqual([]);
  });

  it('is any change of a struct that nothing outside the image holds', () => {
    expect(compareContracts(running, { ...running, structs: [state, { ...scratch, size: 16 }] })).toEqual([]);
    expect(compareContracts(running, { ...running, structs: [state] })).toEqual([]);
    // Nothing is known of it any more, so no code of the new version can look into it.
    expect(compareContracts(running, { ...running, structs: [scratch] })).toEqual([]);
  });

  it('is a signature whose parameters have other names', () => {
    const renamed = { ...update, text: 'F update_game(s: *GameState, seconds: f64) -> i64' };
    expect(compareContracts(running, { ...running, functions: [renamed, render] })).toEqual([]);
  });

  it('is another order of functions, structs and globals', () => {
    const next = { ...running, functions: [render, update], structs: [scratch, state] };
    expect(() => requireTransition(running, next)).not.toThrow();
  });
});

describe('a function', () => {
  it('keeps its name for the linker when an overload gives it another one for people', () => {
    const was = { ...running, functions: [{ ...update, symbol: '_Z4stepi', name: 'step' }] };
    const is = { ...running, functions: [{ ...update, symbol: '_Z4stepi', name: 'step [_Z4stepi]' }] };
    expect(compareContracts(was, is)).toEqual([]);
    const other = { ...running, functions: [{ ...update, symbol: '_Z4stepd', name: 'step', type: 'fn(f64) -> i64' }] };
    expect(compareContracts(was, other)).toMatchObject([{ kind: 'function_changed', name: 'step' }]);
  });
});

describe('an image that tells nothing', () => {
  it('is compared by platform and names of functions alone', () => {
    const blind: Contract = { ...running, origin: 'unchecked', structs: [], globals: [] };
    expect(compareContracts(running, { ...blind, functions: [{ ...update, type: 'unknown' }, render] })).toEqual([]);
    expect(compareContracts(running, { ...blind, functions: [] })).toMatchObject([
      { kind: 'function_removed' },
      { kind: 'function_removed' },
    ]);
  });
});

describe('a transition', () => {
  it('tells what is refused and what is added', () => {
    const more = { ...render, name: 'pause_game' };
    expect(transitionOf(running, { ...running, functions: [update, more] })).toMatchObject({
      refused: [{ kind: 'function_removed', name: 'render_game' }],
      added: [{ kind: 'function', name: 'pause_game' }],
      migrated: [],
    });
  });
});

describe('what does not fit', () => {
  it('is a changed signature: by name, both forms, and the place in the new source', () => {
    const changed = {
      ...update,
      type: 'fn(*GameState) -> i64',
      text: 'F update_game(state: *GameState) -> i64',
      at: at(12, 3),
    };
    expect(compareContracts(running, { ...running, functions: [changed, render] })).toEqual([
      {
        kind: 'function_changed',
        name: 'update_game',
        was: 'F update_game(state: *GameState, dt: f64) -> i64',
        is: 'F update_game(state: *GameState) -> i64',
        at: at(12, 3),
        why: 'the running program still calls it in its old form',
      },
    ]);
  });

  it('is a changed type, shown as such where the texts are equal', () => {
    const changed = { ...update, type: 'fn(*GameState, f32) -> i64' };
    expect(compareContracts(running, { ...running, functions: [changed, render] })).toMatchObject([
      { was: 'fn(*GameState, f64) -> i64', is: 'fn(*GameState, f32) -> i64' },
    ]);
  });

  it('is a removed function: with the place in the old source', () => {
    expect(compareContracts(running, { ...running, functions: [render] })).toEqual([
      {
        kind: 'function_removed',
        name: 'update_game',
        was: 'F update_game(state: *GameState, dt: f64) -> i64',
        is: 'removed',
        at: at(9, 3),
        why: 'the running program still calls it',
      },
    ]);
  });

  it('is a field of another type, a removed and an added field, each by name', () => {
    const next = withState({
      size: 32,
      fields: [
        { name: 'x', type: 'f64', offset: 0, at: at(2, 5) },
        { name: 'hp', type: 'i64', offset: 8, at: at(3, 5) },
        { name: 'score', type: 'i64', offset: 24 },
      ],
    });
    expect(compareContracts(running, next)).toMatchObject([
      { kind: 'struct_changed', name: 'GameState', field: 'x', was: 'x: i64', is: 'x: f64', at: at(2, 5) },
      { kind: 'struct_changed', name: 'GameState', field: 'y', was: 'y: i64', is: 'removed', at: at(3, 5) },
      { kind: 'struct_changed', name: 'GameState', field: 'hp', was: 'no such field', is: 'hp: i64', at: at(3, 5) },
    ]);
  });

  it('is another order of fields', () => {
    const [x, y, score] = state.fields;
    if (!x || !y || !score) throw new Error('the example is incomplete');
    const next = withState({ fields: [{ ...y, offset: 0 }, { ...x, offset: 8 }, score] });
    expect(compareContracts(running, next)).toMatchObject([
      { field: 'y', was: 'y: i64 at byte 8', is: 'y: i64 at byte 0' },
      { field: 'x', was: 'x: i64 at byte 0', is: 'x: i64 at byte 8' },
    ]);
  });

  it('is another size or alignment alone', () => {
    const [difference, ...more] = compareContracts(running, withState({ size: 32, align: 16 }));
    expect(more).toEqual([]);
    expect(difference).toMatchObject({ was: '24 bytes, aligned to 8', is: '32 bytes, aligned to 16', at: at(1, 3) });
    expect(difference).not.toHaveProperty('field');
  });

  it('is a changed bit-field, variant or virtual function', () => {
    const [x] = state.fields;
    if (!x) throw new Error('the example is incomplete');
    const was: ContractStruct = {
      ...state,
      fields: [
        { ...x, bits: { first: 0, count: 3 } },
        { name: 'Circle', type: 'Circle', offset: 8, when: '0' },
      ],
      virtuals: [{ name: 'tick', type: 'fn(*GameState)', slot: 2 }],
    };
    const with3 = withState(was);
    const change = (edit: Partial<ContractStruct>) => compareContracts(with3, withState({ ...was, ...edit }));
    const [, circle] = was.fields;
    if (!circle) throw new Error('the example is incomplete');
    expect(change({})).toEqual([]);
    expect(change({ fields: [{ ...x, bits: { first: 0, count: 4 } }, circle] })).toMatchObject([
      { field: 'x', was: 'x: i64, 3 bits', is: 'x: i64, 4 bits' },
    ]);
    expect(change({ fields: [{ ...x, bits: { first: 1, count: 3 } }, circle] })).toMatchObject([
      { field: 'x', was: 'x: i64, 3 bits at bit 0', is: 'x: i64, 3 bits at bit 1' },
    ]);
    expect(
      change({
        fields: [
          { ...x, bits: { first: 0, count: 3 } },
          { ...circle, when: '1' },
        ],
      }),
    ).toMatchObject([
      { field: 'Circle', was: 'Circle: Circle when the tag is 0', is: 'Circle: Circle when the tag is 1' },
    ]);
    expect(change({ virtuals: [{ name: 'tick', type: 'fn(*GameState)', slot: 3 }] })).toMatchObject([
      { field: 'tick', was: 'virtual tick: fn(*GameState) in slot 2', is: 'virtual tick: fn(*GameState) in slot 3' },
    ]);
    expect(change({ passed: 'reference' })).toMatchObject([{ was: 'passed by value', is: 'passed by reference' }]);
  });

  it('is an enum with a value renumbered or removed, or of another size; an added value is not', () => {
    const mode = {
      name: 'Mode',
      size: 4,
      values: [
        { name: 'IDLE', value: '0' },
        { name: 'RUN', value: '1' },
      ],
    };
    const change = (values: typeof mode.values, size = 4) =>
      compareContracts({ ...running, enums: [mode] }, { ...running, enums: [{ ...mode, values, size }] });
    const [idle, run] = mode.values;
    if (!idle || !run) throw new Error('the example is incomplete');
    expect(change([idle, run, { name: 'STOP', value: '2' }])).toEqual([]);
    expect(change([idle, { ...run, value: '2' }])).toMatchObject([
      { kind: 'enum_changed', name: 'Mode', value: 'RUN', was: 'RUN = 1', is: 'RUN = 2' },
    ]);
    expect(change([idle])).toMatchObject([{ value: 'RUN', is: 'removed' }]);
    expect(change([idle, run], 1)).toMatchObject([{ was: '4 bytes', is: '1 bytes' }]);
  });

  it('is a global of another type or size', () => {
    expect(compareContracts(running, { ...running, globals: [{ ...score, type: 'f64' }] })).toMatchObject([
      { kind: 'global_changed', name: 'score', was: 'score: i64', is: 'score: f64', at: at(7, 3) },
    ]);
    expect(compareContracts(running, { ...running, globals: [{ ...score, size: 16 }] })).toMatchObject([
      { was: 'score: i64, 8 bytes', is: 'score: i64, 16 bytes' },
    ]);
  });

  it('is another platform or module', () => {
    const next = { ...running, triple: 'aarch64-linux-gnu', module: 'menu' };
    expect(compareContracts(running, next)).toMatchObject([
      { kind: 'module_changed', was: 'game', is: 'menu' },
      { kind: 'triple_changed', was: 'x86_64-linux-gnu', is: 'aarch64-linux-gnu' },
    ]);
  });
});

describe('the refusal', () => {
  it('shows each difference and says what to do', () => {
    const changed = { ...update, type: 'fn() -> i64', text: 'F update_game() -> i64', at: at(12, 3) };
    const error = contractChanged(compareContracts(running, { ...running, functions: [changed] }));
    expect(error.exitCode).toBe(4);
    expect(error.message).toBe(`update_game: the signature changed
  was  F update_game(state: *GameState, dt: f64) -> i64
  is   F update_game() -> i64
  at   game.vais:12:3
  why  the running program still calls it in its old form
render_game: the hot function was removed
  was  F render_game(state: *GameState) -> i64
  is   removed
  why  the running program still calls it`);
    expect(error.hint).toContain('rebuild the program and restart it');
  });

  it('names the field of a struct', () => {
    const next = withState({ fields: state.fields.slice(0, 2) });
    expect(renderDifferences(compareContracts(running, next))).toContain('GameState: the field score changed');
  });

  it('of another platform says to look for another target', () => {
    const error = contractChanged(compareContracts(running, { ...running, triple: 'x86_64-macos' }));
    expect(error.hint).toContain('target');
  });
});
