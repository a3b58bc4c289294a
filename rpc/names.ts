import type { Event__Output } from './gen/vais/remote/v1/Event.ts';
import type { Loading__Output } from './gen/vais/remote/v1/Loading.ts';
import type { Origin__Output } from './gen/vais/remote/v1/Origin.ts';
import type { Outcome__Output } from './gen/vais/remote/v1/Outcome.ts';
import type { Tier__Output } from './gen/vais/remote/v1/Tier.ts';

/** What an agent says that a push has reached: the names of the details of an event. */
export type StageName = NonNullable<Event__Output['detail']>;

/** The words of the wire's enums, as they stand in JSON and on the terminal: ORIGIN_PUSH is `push`. */
export type OriginName = Word<'ORIGIN_', Origin__Output>;
export type OutcomeName = Word<'OUTCOME_', Outcome__Output>;
export type LoadingName = Word<'LOADING_', Loading__Output>;
export type TierName = Word<'TIER_', Tier__Output>;

export const originName = (origin: Origin__Output): OriginName => word('ORIGIN_', origin);
export const outcomeName = (outcome: Outcome__Output): OutcomeName => word('OUTCOME_', outcome);
export const loadingName = (loading: Loading__Output): LoadingName => word('LOADING_', loading);
export const tierName = (tier: Tier__Output): TierName => word('TIER_', tier);

export const originEnum = (name: OriginName): Origin__Output => constant('ORIGIN_', name);
export const outcomeEnum = (name: OutcomeName): Outcome__Output => constant('OUTCOME_', name);
export const loadingEnum = (name: LoadingName): Loading__Output => constant('LOADING_', name);
export const tierEnum = (name: TierName): Tier__Output => constant('TIER_', name);

type Word<Prefix extends string, Value> = Value extends `${Prefix}${infer Rest}` ? Lowercase<Rest> : never;

function word<Prefix extends string, Value extends string>(prefix: Prefix, value: Value): Word<Prefix, Value> {
  return value.slice(prefix.length).toLowerCase() as Word<Prefix, Value>;
}

function constant<Value extends string>(prefix: string, name: string): Value {
  return `${prefix}${name.toUpperCase()}` as Value;
}
