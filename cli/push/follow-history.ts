import type { Contract } from '../../artifact/contract/contract.ts';
import type { HistoryEntry__Output } from '../../rpc/gen/vais/remote/v1/HistoryEntry.ts';
import { originName, tierName } from '../../rpc/names.ts';
import type { ConnectionReport } from '../show/report.ts';
import type { Destination } from './destination.ts';
import type { Record } from './follow-state.ts';

/** What the agent has written down of a module, read by whoever follows it. */
type Entries = readonly HistoryEntry__Output[];

/** Whether a build runs already; undefined where the builds cannot be compared, as with a program's own code. */
export function runsAlready(entries: Entries, { buildId, tier }: Contract): boolean | undefined {
  const now = entries.find(({ desired }) => desired);
  if (now === undefined || (now.fastBuildId === '' && tierName(now.tier) !== tier)) return undefined;
  return now.buildId === buildId || now.fastBuildId === buildId;
}

/** What became of a version that was this image. */
export function recordOf(
  entries: Entries,
  version: number,
  digest: string,
): { readonly ours: HistoryEntry__Output | undefined; readonly record: Record } {
  const ours = entries.findLast(
    (entry) => entry.version === version && (entry.digest === digest || entry.fastDigest === digest),
  );
  const record = ours === undefined ? 'unknown' : ours.outcome === 'OUTCOME_REVERTED' ? 'reverted' : 'known';
  return { ours, record };
}

/** Something else runs than what was pushed from here: somebody pushed it, or rolled back. */
export function replacedReport(entries: Entries, { program, module }: Destination): ConnectionReport | undefined {
  const entry = entries.find(({ desired }) => desired);
  if (entry === undefined || entry.origin === 'ORIGIN_START') return undefined;
  const { version, developer } = entry;
  const by = developer === '' ? {} : { developer };
  return { event: 'replaced', program, module, version, origin: originName(entry.origin), ...by };
}
