import { formatContract } from '../../artifact/contract/format.ts';
import { toWire } from '../../rpc/event.ts';
import type { Event } from '../../rpc/gen/vais/remote/v1/Event.ts';
import type { HistoryEntry as WireEntry } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import type { Program } from '../../rpc/gen/vais/remote/v1/Program.ts';
import type { Warning as WireWarning } from '../../rpc/gen/vais/remote/v1/Warning.ts';
import { loadingEnum, originEnum, outcomeEnum, tierEnum } from '../../rpc/names.ts';
import { hideInternals, toFailure } from '../../rpc/status.ts';
import { isHeld, type Outcome } from '../deliver/outcome.ts';
import type { Programs } from '../deliver/programs.ts';
import type { PushEvent, Warning } from '../say/notice.ts';
import type { HistoryEntry, LineageRecord } from '../store/history-file.ts';

/** The agent's data as the messages of `proto/vais/remote/v1/agent.proto`. */

export function wireEvent(event: PushEvent): Event {
  const { program, module, version, buildId, digest, pid, origin, refines, developer, ms, at, ...detail } = event;
  const head = { program, module, version, buildId, digest, pid, origin: originEnum(origin) };
  return {
    ...head,
    ...(refines === undefined ? {} : { refines }),
    ...(developer === undefined ? {} : { developer }),
    elapsedUs: Math.round(ms * 1000),
    atUnixMs: at,
    ...toWire(detail),
  };
}

/** A warning as it is said now. */
export function wireWarning({ message }: Warning): WireWarning {
  return { message: message.slice(0, 4_096), atUnixMs: Date.now() };
}

export function wirePrograms(
  programs: Programs,
  includeContracts: boolean,
  supervised: { has(name: string): boolean },
): Program[] {
  return programs.links.map((link) => ({
    name: link.name,
    pid: link.pid,
    triple: link.triple,
    runtimeVersion: link.runtimeVersion,
    supervised: supervised.has(link.name),
    stateCount: link.registered.count,
    stateBytes: link.registered.bytes,
    loading: loadingEnum(link.loading),
    modules: [...link.modules.values()].map((module) => ({
      name: module.name,
      source: module.source,
      version: module.version,
      buildId: module.buildId,
      baseBuildId: module.base,
      digest: module.digest ?? '',
      state: module.state === 'confirmed' ? ('MODULE_STATE_CONFIRMED' as const) : ('MODULE_STATE_PROBATION' as const),
      desiredVersion: programs.queueFor(link, module.name)?.lineage.desired ?? module.version,
      unchecked: module.contract.origin === 'unchecked',
      contract: includeContracts ? formatContract(module.contract) : [],
    })),
  }));
}

export function wireEntry(entry: HistoryEntry, { desired }: Pick<LineageRecord, 'desired'>): WireEntry {
  return {
    version: entry.version,
    outcome: outcomeEnum(entry.outcome),
    origin: originEnum(entry.origin),
    digest: entry.digest ?? '',
    buildId: entry.buildId,
    ...(entry.tier === undefined ? {} : { tier: tierEnum(entry.tier) }),
    atUnixMs: entry.at,
    reason: entry.reason ?? null,
    desired: entry.version > 0 && entry.version === desired,
    rollbackTo: entry.rollbackTo ?? 0,
    cleaned: entry.cleaned === true,
    developer: entry.developer ?? '',
    unchecked: entry.unchecked === true,
    together: [...(entry.group?.together ?? [])],
    ...(entry.fast === undefined ? {} : { fastDigest: entry.fast.digest, fastBuildId: entry.fast.buildId }),
  };
}

/** How a push ended, as the part of a message that ends it. */
export function wireOutcome(nonce: number, outcome: Outcome) {
  if (isHeld(outcome)) return { ack: { nonce, version: outcome.version, unchanged: outcome.kind === 'unchanged' } };
  return { nack: { nonce, runningVersion: outcome.running ?? 0, reason: toFailure(hideInternals(outcome.reason)) } };
}
