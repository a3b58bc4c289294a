import { defined } from '../../common/defined.ts';
import { fromWire } from '../../rpc/event.ts';
import type { Event__Output } from '../../rpc/gen/vais/remote/v1/Event.ts';
import { originName } from '../../rpc/names.ts';
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
  const detail = fromWire(event);
  if (detail === undefined) return undefined;
  const { program, module, version, buildId, digest, pid, refines, developer } = event;
  const origin = originName(event.origin);
  const head = {
    program,
    module,
    ...defined({
      version: version === 0 ? undefined : version,
      buildId: buildId === '' ? undefined : buildId,
      digest: digest === '' ? undefined : digest,
      pid: pid === 0 ? undefined : pid,
      origin: origin === 'unspecified' || origin === 'push' ? undefined : origin,
      refines: refines === '' ? undefined : refines,
      developer: developer === '' ? undefined : developer,
    }),
    ms,
  };
  if (detail.event !== 'reverted') return { ...head, ...detail };
  const { symbol, trace, ...rest } = detail;
  const names = defined({
    symbol: symbol === undefined ? undefined : plainName(symbol),
    trace: trace?.map((address) => frame(address, nameOf)),
  });
  return { ...head, ...rest, ...names };
}

function frame(address: number, nameOf: NameOf): TraceFrame {
  const name = nameOf(address);
  return { address: `0x${address.toString(16)}`, ...(name === undefined ? {} : { function: plainName(name) }) };
}

/** A function without what a compiler that took it apart has put behind its name: `game_update` of `game_update.cold`. */
function plainName(name: string): string {
  return name.replace(/(?:\.(?:cold|part|isra|constprop|lto_priv|llvm)(?:\.\d+)?)+$/, '');
}
