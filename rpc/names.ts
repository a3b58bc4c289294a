import type { Loading__Output } from './gen/vais/remote/v1/Loading.ts';
import type { Origin__Output } from './gen/vais/remote/v1/Origin.ts';
import type { Outcome__Output } from './gen/vais/remote/v1/Outcome.ts';
import type { Stage__Output } from './gen/vais/remote/v1/Stage.ts';
import type { Tier__Output } from './gen/vais/remote/v1/Tier.ts';

/** The words of the wire's enums, as they stand in JSON and on the terminal: STAGE_SWAPPED is `swapped`. */
export type StageName = Word<'STAGE_', Stage__Output>;
export type OriginName = Word<'ORIGIN_', Origin__Output>;
export type OutcomeName = Word<'OUTCOME_', Outcome__Output>;
export type LoadingName = Word<'LOADING_', Loading__Output>;
export type TierName = Word<'TIER_', Tier__Output>;

export const stageName = (stage: Stage__Output): StageName => word('STAGE_', stage);
export const originName = (origin: Origin__Output): OriginName => word('ORIGIN_', origin);
export const outcomeName = (outcome: Outcome__Output): OutcomeName => word('OUTCOME_', outcome);
export const loadingName = (loading: Loading__Output): LoadingName => word('LOADING_', loading);
export const tierName = (tier: Tier__Output): TierName => word('TIER_', tier);

export const stageEnum = (name: StageName): Stage__Output => constant('STAGE_', name);
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
