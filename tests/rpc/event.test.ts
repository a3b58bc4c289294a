import { describe, expect, it } from 'vitest';
import { type Detail, fromWire, toWire } from '../../rpc/event.ts';
import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import type { StageName } from '../../rpc/names.ts';
import { packageDefinition } from '../../rpc/protos.ts';

interface Message {
  readonly type: { readonly field: readonly { readonly name: string; readonly oneofIndex?: number }[] };
  serialize(value: object): Buffer;
  deserialize(bytes: Buffer): Event__Output;
}
const event = packageDefinition['vais.remote.v1.Event'] as unknown as Message;
const reason = { code: 'reverted', message: 'it crashed', hint: 'Fix it.' } as const;

/** One detail of each stage, with all of its fields. */
const details: { readonly [Stage in StageName]: Required<Detail<Stage>> } = {
  received: { event: 'received' },
  verified: { event: 'verified' },
  staged: { event: 'staged' },
  checked: { event: 'checked' },
  delivered: { event: 'delivered' },
  loaded: { event: 'loaded', resident: 'pthread_create' },
  waiting: { event: 'waiting', thread: 4711, threadName: 'worker', function: 'step' },
  swapped: { event: 'swapped', pauseUs: 3.25 },
  confirmed: { event: 'confirmed' },
  refused: { event: 'refused', reason },
  reverted: {
    ...{ event: 'reverted', reason, signal: 'SIGSEGV', function: 'step', line: 12, source: 'game.vais' },
    ...{ symbol: 'helper', trace: [4533, 5170], undone: false },
  },
  superseded: { event: 'superseded', reason, by: 'bob' },
  unchanged: { event: 'unchanged' },
};

const overTheWire = (detail: Detail) => fromWire(event.deserialize(event.serialize(toWire(detail))));

describe('the detail of an event', () => {
  it.each(Object.values(details))('$event comes as it was sent', (detail) => {
    expect(overTheWire(detail)).toEqual(detail);
  });

  it.each(Object.values(details))('$event leaves out what is not known', (detail) => {
    const bare = 'reason' in detail ? { event: detail.event, reason: detail.reason } : { event: detail.event };
    expect(overTheWire(bare as Detail)).toEqual(bare);
  });

  it('keeps a number that is 0', () => {
    expect(overTheWire({ event: 'swapped', pauseUs: 0 })).toEqual({ event: 'swapped', pauseUs: 0 });
  });

  it('is one of each stage that the wire has, and nothing for one that it has not', () => {
    const stages = event.type.field.filter(({ name }) => Object.hasOwn(details, name));
    expect(stages).toHaveLength(Object.keys(details).length);
    expect(stages.map(({ oneofIndex }) => oneofIndex)).toEqual(stages.map(() => stages[0]?.oneofIndex));
    expect(fromWire(event.deserialize(event.serialize({ program: 'game' })))).toBeUndefined();
  });
});
