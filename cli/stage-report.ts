import type { Event__Output } from '../rpc/gen/vais/remote/v1/Event.ts';
import { originName, stageName } from '../rpc/names.ts';
import { fromFailure } from '../rpc/status.ts';
import type { StageReport } from './report.ts';

/** An event from the wire as a report; what the wire leaves empty is left out. Undefined for a stage we do not know. */
export function stageReport(event: Event__Output, ms: number): StageReport | undefined {
  const stage = stageName(event.stage);
  if (stage === 'unspecified') return undefined;
  const origin = originName(event.origin);
  return {
    event: stage,
    program: event.program,
    module: event.module,
    ...(event.version === 0 ? {} : { version: event.version }),
    ...(event.buildId === '' ? {} : { buildId: event.buildId }),
    ...(event.digest === '' ? {} : { digest: event.digest }),
    ...(event.pid === 0 ? {} : { pid: event.pid }),
    ms,
    ...(stage === 'swapped' ? { pauseUs: event.pauseUs } : {}),
    ...(event.reason === null ? {} : { reason: fromFailure(event.reason).toJSON() }),
    ...(origin === 'unspecified' || origin === 'push' ? {} : { origin }),
    ...(event.signal === '' ? {} : { signal: event.signal }),
    ...(event.function === '' ? {} : { function: event.function }),
    ...(event.line === 0 ? {} : { line: event.line }),
  };
}
