import { readContract } from '../../artifact/contract/records.ts';
import { VaisError } from '../../common/error.ts';
import type { LinkedModule, ProgramLink } from '../link/program-link.ts';
import type { LinkReport } from '../link/report.ts';
import type { ImageStore } from '../store/images.ts';
import type { Code } from './code.ts';
import type { Lineage } from './lineage.ts';
import { whyGone } from './retention.ts';

/** From the number of a version to its code, and from what a program says to what it runs. */

/** The code of a version that there was. @throws VaisError `no_such_version` */
export async function codeOf(lineage: Lineage, module: string, version: number, images: ImageStore): Promise<Code> {
  const entry = lineage.entry(version);
  if (entry === undefined) throw gone(lineage, module, version);
  const { digest, buildId, tier } = entry;
  if (digest === undefined) {
    const records = lineage.contract;
    return records === undefined ? { buildId } : { buildId, contract: readContract(records) };
  }
  const image = await images.inspect(digest);
  if (image === undefined) throw gone(lineage, module, version);
  const code = { image: { digest, size: image.size }, buildId, contract: image.contract };
  return tier === undefined ? code : { ...code, tier };
}

/** The version before the one that is desired. @throws VaisError `no_such_version` when there is none */
export function versionBefore({ before, desired, desiredEntry }: Lineage, module: string): number {
  if (before !== undefined) return before;
  const to = desiredEntry?.rollbackTo;
  const which = to === undefined ? '' : ` is the code of version ${to}, which`;
  throw new VaisError('no_such_version', `version ${desired} of ${module}${which} has none before it`, {
    hint: 'Name the version that you want: `vais-remote rollback VERSION`; see `vais-remote history`.',
  });
}

function gone(lineage: Lineage, module: string, version: number): VaisError {
  return new VaisError('no_such_version', whyGone(lineage, module, version));
}

/** Keeps that an instance runs this code, by its own word. */
export function note(link: ProgramLink, code: Code, report: LinkReport): void {
  const module = link.modules.get(report.module);
  if (module === undefined) return;
  module.version = report.version;
  module.buildId = report.buildId ?? code.buildId;
  module.digest = code.image?.digest;
  module.state = report.detail.event === 'confirmed' ? 'confirmed' : 'probation';
  module.contract = code.contract ?? module.contract;
}

/** Keeps that an instance went back to a version by itself. */
export async function noteReturn(
  module: LinkedModule | undefined,
  running: number | undefined,
  lineage: Lineage,
  images: ImageStore,
): Promise<void> {
  const entry = running === undefined ? undefined : lineage.entry(running);
  if (module === undefined || entry === undefined) return;
  const { version, buildId, digest } = entry;
  Object.assign(module, { version, buildId, digest, state: 'confirmed' });
  await learnContract(module, lineage, images);
}

/** Finds the contract of the version that a module said it runs; without its image the last known one stands. */
export async function learnContract(module: LinkedModule, lineage: Lineage, images: ImageStore): Promise<void> {
  const { version, digest } = module;
  if (lineage.entry(version)?.digest !== digest) return;
  const { contract } = await codeOf(lineage, module.name, version, images).catch((): Partial<Code> => ({}));
  if (contract !== undefined && module.version === version && module.digest === digest) module.contract = contract;
}
