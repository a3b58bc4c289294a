import type { ErrorShape } from '../common/error.ts';
import type { Event, Event__Output } from './gen/vais/remote/v1/Event.ts';
import type { StageName } from './names.ts';
import { fromFailure } from './status.ts';

/**
 * What one stage of a push says besides what all of them say: the fields of its message in `agent.proto`, with the name of
 * the stage. A union by `event`, for both ends. A field that is added to a message is here, on the wire and in JSON
 * without another word; only its producer and its renderer have to know it.
 */
export type Detail<Stage extends StageName = StageName> = Stage extends StageName
  ? { readonly event: Stage } & Fields<NonNullable<Event__Output[Stage]>>
  : never;

/** The fields of a message. What is not known is left out; why something failed is always known. */
type Fields<Message> = {
  readonly [Name in Exclude<keyof Message, 'reason' | `_${string}`>]?: Exclude<Message[Name], undefined>;
} & (Message extends { readonly reason: unknown } ? { readonly reason: ErrorShape } : unknown);

/** A detail as the part of the wire's event that it is. */
export function toWire({ event, ...fields }: Detail): Pick<Event, StageName> {
  return { [event]: fields };
}

/** The detail of an event from the wire; what the wire leaves empty is left out. Undefined for a stage that we do not know. */
export function fromWire(event: Event__Output): Detail | undefined {
  const { detail: stage } = event;
  const message = stage === undefined ? undefined : event[stage];
  if (message === undefined || message === null) return undefined;
  const fields = Object.entries(message).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'reason') return [[name, fromFailure(value as Parameters<typeof fromFailure>[0]).toJSON()]];
    return name.startsWith('_') || isEmpty(value) ? [] : [[name, value]];
  });
  return { event: stage, ...Object.fromEntries(fields) } as Detail;
}

/** Numbers that may be missing are optional on the wire, so that 0 is one. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
