import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostTriple, type Triple } from '../../../../artifact/image/triple.ts';
import { VaisError } from '../../../../common/error.ts';
import { build } from './build.ts';
import { findToolchains, type Toolchain, type ToolchainReport } from './find.ts';
import { run } from './run.ts';

/** A toolchain, and what came of trying it. */
export interface TriedToolchain extends ToolchainReport {
  /** What it cannot build though it should, each with the reason; empty where it was not found. */
  readonly faults: readonly { readonly what: string; readonly reason: VaisError }[];
}

const image = 'int probe(int x) { return x + 1; }\n';
const program = '#include <stdio.h>\nint main(void) { return puts("probe") < 0; }\n';

/** Builds an image and a program for each target of each toolchain that is there, and runs what runs here. */
export async function tryToolchains(): Promise<TriedToolchain[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vais-probe-'));
  try {
    const tried: TriedToolchain[] = [];
    for (const report of await findToolchains()) {
      const { found } = report;
      tried.push({ ...report, faults: found === undefined ? [] : await faultsOf(found, report.images, folder) });
    }
    return tried;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function faultsOf(toolchain: Toolchain, images: readonly Triple[], folder: string) {
  const tries = [
    ...images.map((triple) => ({ what: `an image for ${triple}`, work: () => tryImage(toolchain, triple, folder) })),
    ...toolchain.triples
      .filter((triple) => !triple.endsWith('-macos') || process.platform === 'darwin')
      .map((triple) => ({ what: `a program for ${triple}`, work: () => tryProgram(toolchain, triple, folder) })),
  ];
  const faults: { what: string; reason: VaisError }[] = [];
  for (const { what, work } of tries) {
    try {
      await work();
    } catch (thrown) {
      faults.push({ what, reason: VaisError.from(thrown) });
    }
  }
  return faults;
}

async function tryImage(toolchain: Toolchain, triple: Triple, folder: string): Promise<void> {
  await buildProbe(toolchain, triple, 'image', image, join(folder, `${toolchain.command}-${triple}.so`));
}

async function tryProgram(toolchain: Toolchain, triple: Triple, folder: string): Promise<void> {
  const output = join(folder, `${toolchain.command}-${triple}.exe`);
  await buildProbe(toolchain, triple, 'program', program, output);
  if (triple !== hostTriple()) return;
  const { code, output: said } = await run(output, []);
  if (code !== 0)
    throw new VaisError('toolchain_missing', `what ${toolchain.command} builds does not run: ${said.trim()}`);
}

async function buildProbe(
  toolchain: Toolchain,
  triple: Triple,
  kind: 'image' | 'program',
  c: string,
  output: string,
): Promise<void> {
  const links = { math: false, helpers: false };
  await build(c, { toolchain, triple, kind, opt: 1, debug: false, runtime: false, links, extra: [], output });
}
