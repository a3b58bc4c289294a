import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import { originName, stageName } from '../../rpc/names.ts';
import { fromFailure } from '../../rpc/status.ts';
import type { StageReport, TraceFrame } from './report.ts';

type NameOf = (address: number) => string | undefined;

/**
 * An event from the wire as a report; what the wire leaves empty is left out. Undefined for a stage we do not know.
 *
 * @param nameOf names the functions of the image, where it is at hand
 */
export function stageReport(
  event: Event__Output,
  ms: number,
  nameOf: NameOf = () => undefined,
): StageReport | undefined {
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
    ...(event.source === '' ? {} : { source: event.source }),
    ...(event.line === 0 ? {} : { line: event.line }),
    ...(event.symbol === '' ? {} : { symbol: plainName(event.symbol) }),
    ...(event.trace.length === 0 ? {} : { trace: event.trace.map((address) => frame(address, nameOf)) }),
    ...(event.undo === 'UNDO_UNSPECIFIED' ? {} : { undone: event.undo === 'UNDO_DONE' }),
    ...(event.thread === 0 ? {} : { thread: event.thread }),
    ...(event.threadName === '' ? {} : { threadName: event.threadName }),
    ...(event.refines === '' ? {} : { refines: event.refines }),
    ...(event.resident === '' ? {} : { resident: event.resident }),
  };
}

function frame(address: number, nameOf: NameOf): TraceFrame {
  const name = nameOf(address);
  return { address: `0x${address.toString(16)}`, ...(name === undefined ? {} : { function: plainName(name) }) };
}

/** A function without what a compiler that took it apart has put behind its name: `game_update` of `game_update.cold`. */
function plainName(name: string): string {
  return name.replace(/(?:\.(?:cold|part|isra|constprop|lto_priv|llvm)(?:\.\d+)?)+$/, '');
}
