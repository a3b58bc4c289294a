import { VaisError } from '../../common/error.ts';
import type { GetStatusResponse__Output } from '../../rpc/gen/vais/remote/v1/GetStatusResponse.ts';
import { loadingName } from '../../rpc/names.ts';
import type { Context } from '../show/context.ts';
import type { StatusReport, StorageReport } from '../show/report.ts';
import { connect, readTarget } from '../targets/connect.ts';

/** `status`: what each module of each connected program runs. */
export async function status(options: { readonly to?: string }, context: Context): Promise<number> {
  const target = await readTarget(options.to, context);
  const client = await connect(target, context);
  try {
    const answer = await client.getStatus(false);
    const { agentVersion, insecure, programs } = answer;
    const rows = statusReports(answer).filter(
      ({ program }) => target.program === undefined || program === target.program,
    );
    if (rows.length === 0 && target.program !== undefined) {
      throw new VaisError(
        'no_such_program',
        `no program \`${target.program}\` is connected to the agent at ${target.address}`,
      );
    }
    const storage = storageReport(answer);
    const { address } = target;
    context.output.show({
      ...{ event: 'agent', address, agentVersion, insecure, programs: programs.length },
      ...(storage === undefined ? {} : { storage }),
    });
    for (const row of rows) context.output.show(row);
    return 0;
  } finally {
    client.close();
  }
}

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
