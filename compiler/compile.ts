/**
 * Read this first. Source → tokens → tree → typed tree → C → library, one stage a file:
 * `lex.ts`, `parse.ts`, `modules.ts`, `check.ts`, `contract.ts`, `emit/`, `tool/`. Messages are data (`diagnostic.ts`)
 * until `render.ts`.
 */
import { resolve } from 'node:path';
import type { Contract } from '../artifact/contract/contract.ts';
import { hostTriple, parseTriple, type Triple, triples } from '../artifact/image/triple.ts';
import { VaisError } from '../common/error.ts';
import { generate } from './back/c/generate.ts';
import { build } from './back/c/tool/build.ts';
import { type CompilerName, installHint, type Toolchain, toolchainFor } from './back/c/tool/find.ts';
import type { Diagnostic } from './front/diagnostic.ts';
import { analyse, type FrontOptions } from './front/front.ts';
import { searchPathOf } from './front/package.ts';
import type { Program } from './front/tree.ts';
import { passesHalves } from './plan/convention.ts';

export { findToolchains, type ToolchainReport } from './back/c/tool/find.ts';
export type { Diagnostic } from './front/diagnostic.ts';
export { renderDiagnostics } from './front/render.ts';

export interface CompileOptions extends FrontOptions {
  /** The source's path. */
  file: string;
  /** `image`: the hot part, a shared library. `program`: an executable with version 1 inside. */
  kind: 'image' | 'program';
  /** The platform to build for; the default is this machine's. */
  triple?: string;
  /**
   * `fast` is built by the quickest compiler that there is, tcc where it can, and keeps the source line for reports of
   * crashes. It is the default for an image where no optimization is asked for.
   */
  tier?: 'fast' | 'optimized';
  /** Optimization, 0 to 3; the default is 2, 1 in the fast tier, and 0 for what is to be debugged. */
  opt?: 0 | 1 | 2 | 3;
  /** Debug information with the lines of the source. */
  debug?: boolean;
  /** Direct calls, no runtime, no bounds checks. Of programs only. */
  release?: boolean;
  /** C files, objects, archives and `-l` flags for the linker. */
  extra?: readonly string[];
  /** Where the result goes; it appears there whole, in one step. */
  output: string;
  /** Which C compiler; the default is the best one that is there. */
  compiler?: CompilerName;
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
  const { toolchain, tier } = await choose(options, triple, front.program);
  const opt = options.opt ?? (options.debug ? 0 : tier === 'fast' ? 1 : 2);
  const { c, contract, runtime, links } = generate(front.program, {
    kind: options.kind,
    triple,
    tier,
    toolchain,
    opt,
    debug: options.debug ?? false,
    release: options.release ?? false,
  });
  const written = performance.now();
  options.signal?.throwIfAborted();
  await build(c, {
    toolchain,
    triple,
    kind: options.kind,
    opt,
    debug: options.debug ?? false,
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
    tier,
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

/**
 * tcc for speed, where it can: it has no 128-bit integers, passes some structs in a way of its own, and builds only for
 * the machine it runs on.
 */
async function choose(
  options: CompileOptions,
  triple: Triple,
  program: Program,
): Promise<{ toolchain: Toolchain; tier: 'fast' | 'optimized' }> {
  const { wide } = program;
  const wantsFast =
    options.tier === 'fast' ||
    (options.tier === undefined && options.kind === 'image' && !options.opt && !options.debug);
  const halves = !wide && passesHalves(program);
  const names: CompilerName[] = ['gcc', 'clang'];
  if (wantsFast) names.unshift('tcc');
  else names.push('tcc');
  // Never where another compiler may have built the other side, wherever that was: floats would be lost without a word.
  const fits = names.filter((name) => name !== 'tcc' || !halves);
  const wantedNames = options.compiler === undefined ? fits : [options.compiler];
  const able = wide ? wantedNames.filter((name) => name !== 'tcc') : wantedNames;
  const toolchain = await toolchainFor(triple, able, options.kind);
  if (toolchain !== undefined) return { toolchain, tier: wantsFast || toolchain.name === 'tcc' ? 'fast' : 'optimized' };
  const why = wide ? ' that knows 128-bit integers' : halves ? ' that passes structs as others do' : '';
  throw new VaisError('toolchain_missing', `no C compiler for ${triple}${why} was found`, {
    hint: `Install one: \`${wide || halves ? 'apt-get install gcc' : installHint(triple)}\`.`,
  });
}
