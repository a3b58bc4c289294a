/**
 * `compiler/` makes Vais sources into images and programs. It may import `common/` and `artifact/`. Read this first: `front/`
 * knows a program (source → typed tree), `plan/` what an image of it has to have, `back/c/` how that is written in C and built;
 * `command/` is `vaisc`. Messages are data (`front/diagnostic.ts`) until `front/render.ts`.
 */
import { resolve } from 'node:path';
import type { Contract } from '../artifact/contract/contract.ts';
import { hostTriple, parseTriple, type Triple, triples } from '../artifact/image/triple.ts';
import { VaisError } from '../common/error.ts';
import { generate } from './back/c/generate.ts';
import { build } from './back/c/tool/build.ts';
import { installHint, type Toolchain, toolchainFor } from './back/c/tool/find.ts';
import type { Diagnostic } from './front/diagnostic.ts';
import { analyse, type FrontOptions } from './front/front.ts';
import { searchPathOf } from './front/package.ts';
import { type BuildPlan, type BuildWish, planBuild, settleBuild } from './plan/build-plan.ts';

export { type TriedToolchain, tryToolchains } from './back/c/tool/probe.ts';
export type { Diagnostic } from './front/diagnostic.ts';
export { renderDiagnostics } from './front/render.ts';

export interface CompileOptions extends FrontOptions, BuildWish {
  /** The source's path. */
  file: string;
  /** The platform to build for; the default is this machine's. */
  triple?: string;
  /** C files, objects, archives and `-l` flags for the linker. */
  extra?: readonly string[];
  /** Where the result goes; it appears there whole, in one step. */
  output: string;
  /** Of the C compiler: TMPDIR is where one that is stopped may leave a file. This process's own unless given. */
  environment?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
}

export type CompileResult =
  | {
      ok: true;
      output: string;
      contract: Contract;
      /** Warnings. */
      diagnostics: Diagnostic[];
      /** Milliseconds for source to C, and for C to library. */
      ms: { front: number; back: number };
      tier: 'fast' | 'optimized';
      /** What built it: `tcc 0.9.27`. */
      toolchain: string;
      /** The files that went into it, imports included; what to watch. */
      sources: string[];
    }
  | { ok: false; diagnostics: Diagnostic[]; sources: string[] };

/**
 * Compiles a source to a library or program. Faults of the source come back as diagnostics. Throws `toolchain_missing`
 * when no C compiler for the triple is there, `usage` for a triple that is none, `compile_failed` when no library has
 * a foreign function.
 */
export async function compile(options: CompileOptions): Promise<CompileResult> {
  const triple = tripleOf(options.triple);
  const started = performance.now();
  const front = analyse(options.file, { search: searchPathOf(options.file), ...options, kind: options.kind });
  if (!front.ok) return front;
  const plan = planBuild(front.program, options);
  const toolchain = await findToolchain(plan, triple);
  const settings = settleBuild(plan, toolchain.name);
  const { c, contract, runtime, links } = generate(front.program, { ...settings, triple, toolchain });
  const written = performance.now();
  options.signal?.throwIfAborted();
  await build(c, {
    ...settings,
    toolchain,
    triple,
    runtime,
    links,
    extra: options.extra ?? [],
    output: options.output,
    environment: options.environment,
    signal: options.signal,
  });
  return {
    ok: true,
    output: resolve(options.output),
    contract,
    diagnostics: front.diagnostics,
    ms: { front: written - started, back: performance.now() - written },
    tier: settings.tier,
    toolchain: `${toolchain.name} ${toolchain.version}`,
    sources: front.sources,
  };
}

export function tripleOf(text: string | undefined): Triple {
  if (text === undefined) return hostTriple();
  const triple = parseTriple(text);
  if (triple !== undefined) return triple;
  throw new VaisError('usage', `there is no target \`${text}\``, { hint: `Known are ${triples.join(', ')}.` });
}

/** The best compiler that is there. @throws VaisError `toolchain_missing` with what to install */
async function findToolchain({ compilers, wish, needs }: BuildPlan, triple: Triple): Promise<Toolchain> {
  const toolchain = await toolchainFor(triple, compilers, wish.kind);
  if (toolchain !== undefined) return toolchain;
  const why = needs === '' ? '' : ` ${needs}`;
  throw new VaisError('toolchain_missing', `no C compiler for ${triple}${why} was found`, {
    hint: `Install one: \`${needs === '' ? installHint(triple) : 'apt-get install gcc'}\`.`,
  });
}
