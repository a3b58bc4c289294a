import type { TargetReport } from '../show/report.ts';
import { type PairedTarget, validityOf } from './store.ts';

/** A target as a report. */
export function targetReport(event: TargetReport['event'], target: PairedTarget): TargetReport {
  const { name, address, agentId, developer, programs } = target;
  const until = new Date(validityOf(target).until).toISOString();
  return { event, name, address, agentId, developer, allowed: programs, until };
}
