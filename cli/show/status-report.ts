import type { GetStatusResponse__Output } from '../../rpc/gen/vais/remote/v1/GetStatusResponse.ts';
import { loadingName } from '../../rpc/names.ts';
import type { StatusReport, StorageReport } from './report.ts';

/** What the agent says of its data folder. */
export function storageReport({ storage }: Pick<GetStatusResponse__Output, 'storage'>): StorageReport | undefined {
  if (storage === null) return undefined;
  const { quarantined, ...rest } = storage;
  return { ...rest, quarantined: quarantined.map(({ file, aside, why }) => ({ file, aside, why })) };
}

/** One report for each module of each program. */
export function statusReports({ programs }: Pick<GetStatusResponse__Output, 'programs'>): StatusReport[] {
  return programs.flatMap(({ name, pid, triple, supervised, modules, stateCount, stateBytes, loading }) =>
    modules.map((module) => ({
      event: 'status' as const,
      program: name,
      pid,
      triple,
      supervised,
      module: module.name,
      source: module.source,
      version: module.version,
      desiredVersion: module.desiredVersion,
      buildId: module.buildId,
      digest: module.digest,
      state: stateName(module.state),
      ...(module.unchecked ? { unchecked: true as const } : {}),
      loading: loadingName(loading),
      registered: { count: stateCount, bytes: stateBytes },
    })),
  );
}

function stateName(
  state: GetStatusResponse__Output['programs'][number]['modules'][number]['state'],
): StatusReport['state'] {
  if (state === 'MODULE_STATE_CONFIRMED') return 'confirmed';
  return state === 'MODULE_STATE_PROBATION' ? 'probation' : 'unspecified';
}
