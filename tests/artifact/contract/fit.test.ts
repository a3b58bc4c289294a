/** Which layouts fit is decided in TypeScript and, in local mode, in C: both judge the same pairs here. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareContracts } from '../../../artifact/contract/compare.ts';
import type { Contract, ContractEnum, ContractStruct } from '../../../artifact/contract/contract.ts';
import { formatContract } from '../../../artifact/contract/format.ts';
import { buildProgram, makeFolder, removeFolder } from '../../runtime/harness.ts';
import { exampleContract } from '../build-library.ts';

const folder = makeFolder();
let judge = '';
beforeAll(async () => {
  judge = await buildProgram(folder, { source: 'fit.c', name: 'fit', flags: ['-O1', '-Wall', '-Wextra'] });
}, 120_000);
afterAll(() => removeFolder(folder));

type Pair = readonly [running: Contract, next: Contract];

function inC(pairs: readonly Pair[]): boolean[] {
  const sized = (contract: Contract) => {
    const bytes = Buffer.from(`${formatContract(contract).join('\0')}\0`);
    return Buffer.concat([Buffer.from(`${bytes.length} `), bytes]);
  };
  const input = Buffer.concat(pairs.flatMap((pair) => pair.map(sized)));
  const output = execFileSync(judge, { input, encoding: 'utf8', maxBuffer: 1 << 26 });
  return output
    .trimEnd()
    .split('\n')
    .map((line) => line.startsWith('1'));
}

function inTypeScript([running, next]: Pair): boolean {
  return !compareContracts(running, next).some(({ kind }) => kind === 'struct_changed' || kind === 'enum_changed');
}

const withLayouts = (structs: readonly ContractStruct[], enums: readonly ContractEnum[] = []): Contract => ({
  ...exampleContract,
  structs,
  enums,
});
const base: ContractStruct = {
  name: 'S',
  size: 16,
  align: 8,
  held: true,
  fields: [
    { name: 'a', type: 'u32', offset: 0, bits: { first: 0, count: 3 } },
    { name: 'b', type: 'f64', offset: 8 },
  ],
  virtuals: [{ name: 'tick', type: 'fn(*S)', slot: 0 }],
};
const [a, b] = base.fields;
if (!a || !b) throw new Error('the example is incomplete');
const mode: ContractEnum = {
  name: 'M',
  size: 4,
  values: [
    { name: 'A', value: '0' },
    { name: 'B', value: '1' },
  ],
};
const struct = (edit: Partial<ContractStruct>): Pair => [withLayouts([base]), withLayouts([{ ...base, ...edit }])];
const values = (edit: Partial<ContractEnum>): Pair => [
  withLayouts([], [mode]),
  withLayouts([], [{ ...mode, ...edit }]),
];

const corpus: readonly (readonly [what: string, pair: Pair, fits: boolean])[] = [
  ['the same', struct({}), true],
  ['another size', struct({ size: 24 }), false],
  ['another alignment', struct({ align: 4 }), false],
  ['passed in another way', struct({ passed: 'reference' }), false],
  ['a field removed', struct({ fields: [a] }), false],
  ['a field added', struct({ fields: [a, b, { name: 'c', type: 'u8', offset: 4 }] }), false],
  ['fields told in another order', struct({ fields: [b, a] }), true],
  ['another type at the same place', struct({ fields: [a, { ...b, type: 'i64' }] }), false],
  ['another place', struct({ fields: [a, { ...b, offset: 4 }] }), false],
  ['another width', struct({ fields: [{ ...a, bits: { first: 0, count: 4 } }, b] }), false],
  ['another bit', struct({ fields: [{ ...a, bits: { first: 1, count: 3 } }, b] }), false],
  ['no bit-field any more', struct({ fields: [{ name: 'a', type: 'u32', offset: 0 }, b] }), false],
  ['another tag', struct({ fields: [a, { ...b, when: '1' }] }), false],
  ['a virtual function removed', struct({ virtuals: [] }), false],
  ['a virtual function in another slot', struct({ virtuals: [{ name: 'tick', type: 'fn(*S)', slot: 1 }] }), false],
  [
    'a struct that nobody holds',
    [withLayouts([{ ...base, held: false }]), withLayouts([{ ...base, size: 1_024 }])],
    true,
  ],
  ['a struct that is not described any more', [withLayouts([base]), withLayouts([])], true],
  ['a struct that is new', [withLayouts([]), withLayouts([base])], true],
  [
    'names with quotes and backslashes',
    [withLayouts([{ ...base, name: 'S<"\\">' }]), withLayouts([{ ...base, name: 'S<"\\">', size: 8 }])],
    false,
  ],
  [
    'a value renumbered',
    values({
      values: [
        { name: 'A', value: '0' },
        { name: 'B', value: '2' },
      ],
    }),
    false,
  ],
  ['a value removed', values({ values: [{ name: 'A', value: '0' }] }), false],
  ['a value added', values({ values: [...mode.values, { name: 'C', value: '7' }] }), true],
  ['values in another order', values({ values: mode.values.toReversed() }), true],
  ['an enum of another size', values({ size: 1 }), false],
];

describe('which layouts fit', () => {
  it.each(corpus)('%s', (_, pair, fits) => {
    expect(inTypeScript(pair)).toBe(fits);
    expect(inC([pair])).toEqual([fits]);
  });

  it('is decided alike whatever the layouts are', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd"e', 'f\\', 'é');
    const type = fc.constantFrom('i32', 'f64', '*S', 'fn(i32, [u8; 3]) -> {x}');
    const optional = {
      bits: fc.record({ first: fc.nat(3), count: fc.integer({ min: 1, max: 2 }) }),
      when: fc.constantFrom('0', 'any other'),
    };
    const field = fc.record(
      { name, type, offset: fc.nat(2), ...optional },
      { requiredKeys: ['name', 'type', 'offset'] },
    );
    const slot = fc.record({ name, type, slot: fc.nat(1) });
    const one = fc.record(
      {
        name: fc.constantFrom('S', 'T'),
        size: fc.constantFrom(8, 16),
        align: fc.constantFrom(4, 8),
        held: fc.boolean(),
        passed: fc.constant('reference' as const),
        fields: fc.uniqueArray(field, { selector: ({ name }) => name, maxLength: 3 }),
        virtuals: fc.uniqueArray(slot, { selector: ({ name }) => name, maxLength: 2 }),
      },
      { requiredKeys: ['name', 'size', 'align', 'held', 'fields'] },
    );
    const value = fc.record({ name, value: fc.constantFrom('0', '1', '-1') });
    const numbers = fc.record({
      name: fc.constantFrom('M', 'N'),
      size: fc.constantFrom(1, 4),
      values: fc.uniqueArray(value, { selector: ({ name }) => name, maxLength: 3 }),
    });
    const contract = fc
      .tuple(
        fc.uniqueArray(one, { selector: ({ name }) => name, maxLength: 2 }),
        fc.uniqueArray(numbers, { selector: ({ name }) => name, maxLength: 2 }),
      )
      .map(([structs, enums]) => withLayouts(structs, enums));
    const pairs = fc.sample(fc.tuple(contract, contract), { numRuns: 3_000, seed: 42 });
    const close = fc.sample(contract, { numRuns: 500, seed: 43 }).map((same): Pair => [same, same]);
    const all: readonly Pair[] = [...pairs, ...close];
    const judged = inC(all);
    expect(judged).toEqual(all.map(inTypeScript));
    expect(new Set(judged).size).toBe(2);
  });
});
