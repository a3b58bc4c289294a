import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Contract } from '../../../artifact/contract/contract.ts';
import { formatContract } from '../../../artifact/contract/format.ts';
import { contractLimits, readContract } from '../../../artifact/contract/records.ts';
import { VaisError } from '../../../common/error.ts';
import { exampleContract } from '../build-library.ts';

const moduleRecord = {
  record: 'module',
  format: 1,
  name: 'game',
  triple: 'x86_64-linux-gnu',
  build: '0123456789abcdef0123456789abcdef',
  tier: 'fast',
  compiler: 'vaisc 0.1.0, tcc 0.9.27',
  source: 'game.vais',
};
const functionRecord = { record: 'function', name: 'f', type: 'fn() -> i64', text: 'F f() -> i64' };
const structRecord = {
  record: 'struct',
  name: 'S',
  size: 8,
  align: 8,
  held: true,
  fields: [{ name: 'x', type: 'i64', offset: 0 }],
};

const withField = (more: object) => ({ ...structRecord, fields: [{ name: 'x', type: 'i64', offset: 0, ...more }] });

function read(...records: unknown[]): Contract {
  return readContract(records.map((record) => JSON.stringify(record)));
}

function section(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe('a contract', () => {
  it('is written as the page in docs says', () => {
    expect(formatContract(exampleContract).slice(0, 2)).toEqual([
      '{"record":"module","format":1,"name":"game","triple":"x86_64-linux-gnu","build":"0123456789abcdef0123456789abcdef","tier":"fast","compiler":"vaisc 0.1.0, tcc 0.9.27","source":"game.vais"}',
      '{"record":"function","name":"update_game","type":"fn(*GameState, f64) -> i64","text":"F update_game(state: *GameState, dt: f64) -> i64","at":[9,3]}',
    ]);
  });

  it('reads back from its records', () => {
    expect(readContract(formatContract(exampleContract))).toEqual(exampleContract);
  });

  it('reads back what only debug information tells', () => {
    const [update] = exampleContract.functions;
    const [state] = exampleContract.structs;
    if (!update || !state) throw new Error('the example is incomplete');
    const contract: Contract = {
      ...exampleContract,
      origin: 'debug',
      functions: [{ ...update, symbol: '_Z6updatev', at: { file: 'src/state.h', line: 1, column: 2 } }],
      structs: [
        {
          ...state,
          passed: 'reference',
          fields: [
            { name: 'flags', type: 'u32', offset: 4, bits: { first: 35, count: 3 } },
            { name: 'Circle', type: 'Circle', offset: 8, when: 'any other' },
          ],
          virtuals: [{ name: 'tick', type: 'fn(*GameState)', slot: 0 }],
        },
      ],
      enums: [{ name: 'Mode', size: 8, values: [{ name: 'FAR', value: '18446744073709551615' }] }],
    };
    expect(readContract(formatContract(contract))).toEqual(contract);
  });

  it('reads back from a section, whatever the padding', () => {
    const records = formatContract(exampleContract);
    for (const padded of [
      records.join('\0'),
      `${records.join('\0\0\0')}\0`,
      `\0\0${records.join('\0')}${'\0'.repeat(9_999)}`,
    ]) {
      expect(readContract(section(padded))).toEqual(exampleContract);
    }
  });

  it('reads back whatever its names, types and sizes are', () => {
    const word = fc.stringMatching(/^[a-zA-Z_à-þ][\w:<>à-þ]{0,30}$/);
    const at = fc.option(fc.tuple(fc.integer({ min: 1, max: 99_999 }), fc.integer({ min: 1, max: 999 })));
    const place = (mark: [number, number] | null) =>
      mark ? { at: { file: 'game.vais', line: mark[0], column: mark[1] } } : {};
    const contract = fc.record({
      functions: fc.uniqueArray(
        fc.tuple(word, word, at).map(([name, type, mark]) => ({ name, type, text: `F ${name}`, ...place(mark) })),
        { selector: ({ name }) => name },
      ),
      globals: fc.uniqueArray(
        fc.tuple(word, word, fc.nat(), at).map(([name, type, size, mark]) => ({ name, type, size, ...place(mark) })),
        { selector: ({ name }) => name },
      ),
    });
    fc.assert(
      fc.property(contract, (parts) => {
        const whole: Contract = { ...exampleContract, ...parts };
        expect(readContract(section(formatContract(whole).join('\0')))).toEqual(whole);
      }),
    );
  });

  it('may leave out a text: the name and type of the function stand in for its text', () => {
    const { text: _, ...bare } = functionRecord;
    expect(read(moduleRecord, bare).functions).toEqual([{ name: 'f', type: 'fn() -> i64', text: 'f: fn() -> i64' }]);
  });

  it('may hold keys that a later version added', () => {
    expect(
      read({ ...moduleRecord, later: { than: ['this'] } }, { ...functionRecord, inline: true }).functions,
    ).toHaveLength(1);
  });
});

describe('a contract is refused', () => {
  it('when it is empty', () => {
    expect(() => readContract([])).toThrow(expect.objectContaining({ code: 'contract_missing' }));
    expect(() => readContract(new Uint8Array(64))).toThrow(expect.objectContaining({ code: 'contract_missing' }));
  });

  it.each([
    ['a record that is no JSON', ['{"record":'], 'record 1 is not JSON'],
    ['a record that is no object', ['[1]'], 'not a JSON object'],
    ['a record without a kind', ['{}'], '"record" is not a string'],
    ['a kind from a prototype', ['{"__proto__":{"record":"module"}}'], '"record" is not a string'],
  ])('for %s', (_, records, message) => {
    expect(() => readContract(records)).toThrow(message);
  });

  it.each<[string, unknown[], string]>([
    ['a function before the module', [functionRecord], 'the first record is not the module record'],
    ['two modules', [moduleRecord, moduleRecord], 'a second module record'],
    ['an unknown kind of record', [moduleRecord, { record: 'trait', name: 'E' }], 'the unknown kind "trait"'],
    ['a later format', [{ ...moduleRecord, format: 2 }], 'the format 2'],
    ['a module that names a folder', [{ ...moduleRecord, name: '../game' }], '"name" is not a module\'s name'],
    ['a build id that is none', [{ ...moduleRecord, build: 'xyz' }], '"build" is not 32 hex digits'],
    ['an unknown tier', [{ ...moduleRecord, tier: 'slow' }], '"tier" is not "fast" or "optimized"'],
    [
      'a name with an escape sequence',
      [moduleRecord, { ...functionRecord, name: '\u001b[2J' }],
      '"name" is not printable text',
    ],
    [
      'a text that turns the line round',
      [moduleRecord, { ...functionRecord, text: 'a\u202eb' }],
      '"text" is not printable text',
    ],
    [
      'a name that is too long',
      [moduleRecord, { ...functionRecord, name: 'n'.repeat(1_025) }],
      '"name" is not a string of 1 to 1024 bytes',
    ],
    ['a function without a type', [moduleRecord, { ...functionRecord, type: undefined }], '"type" is not a string'],
    ['a function stated twice', [moduleRecord, functionRecord, functionRecord], 'the hot function f twice'],
    [
      'a place that is none',
      [moduleRecord, { ...functionRecord, at: [0, 1] }],
      '"at" is not [line, column], both from 1',
    ],
    ['a size below zero', [moduleRecord, { ...structRecord, size: -8 }], '"size" is not a whole number from 0'],
    ['a size with a fraction', [moduleRecord, { ...structRecord, size: 0.5 }], '"size" is not a whole number from 0'],
    ['an odd alignment', [moduleRecord, { ...structRecord, align: 3 }], '"align" is not a power of two'],
    ['fields that are no list', [moduleRecord, { ...structRecord, fields: {} }], '"fields" is not a list'],
    [
      'a field outside its struct',
      [moduleRecord, { ...structRecord, size: 0, fields: [{ name: 'x', type: 'i64', offset: 8 }] }],
      'record 2, fields 1: the offset 8 in a struct of 0 bytes',
    ],
    [
      'a field stated twice',
      [moduleRecord, { ...structRecord, fields: [...structRecord.fields, ...structRecord.fields] }],
      'the field of S x twice',
    ],
    ['bits that are none', [moduleRecord, withField({ bits: [0, 0] })], '"bits" is not [first, count]'],
    ['a file that is none', [moduleRecord, { ...functionRecord, at: [1, 1, 1] }], 'with the number of a file'],
    ['an origin that is none', [{ ...moduleRecord, origin: 'hearsay' }], '"origin" is not "stated", "debug"'],
    [
      'too many fields',
      [moduleRecord, { ...structRecord, fields: Array.from({ length: 1_025 }, () => 0) }],
      'a list of at most 1024',
    ],
  ])('for %s', (_, records, message) => {
    expect(() => read(...records)).toThrow(message);
    expect(() => read(...records)).toThrow(expect.objectContaining({ code: 'image_invalid' }));
  });

  it('for bytes that are not UTF-8', () => {
    expect(() => readContract(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow('not UTF-8');
  });

  it('for more than its limits', () => {
    const many = Array.from({ length: contractLimits.records }, (_, index) => ({
      ...functionRecord,
      name: `f${index}`,
    }));
    expect(() => read(moduleRecord, ...many)).toThrow(`more than ${contractLimits.records} records`);
    expect(() => read({ ...moduleRecord, pad: 'x'.repeat(contractLimits.recordBytes) })).toThrow('bytes in one record');
    expect(() => readContract(new Uint8Array(contractLimits.bytes + 1).fill(0x20))).toThrow(
      `${contractLimits.bytes} bytes`,
    );
  });

  it('with a VaisError and nothing else, whatever the bytes', () => {
    const records = formatContract(exampleContract);
    const mutated = fc.tuple(fc.nat(records.length - 1), fc.nat(), fc.string()).map(([which, where, text]) =>
      records.map((record, index) => {
        if (index !== which) return record;
        const cut = where % record.length;
        return record.slice(0, cut) + text + record.slice(cut + text.length);
      }),
    );
    const anything = fc.oneof(mutated, fc.array(fc.json()), fc.array(fc.string()));
    fc.assert(
      fc.property(anything, (texts) => isTotal(texts)),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => isTotal(bytes)),
      { numRuns: 1_000 },
    );
  });
});

function isTotal(source: Uint8Array | string[]): boolean {
  try {
    readContract(source);
    return true;
  } catch (thrown) {
    return thrown instanceof VaisError;
  }
}
