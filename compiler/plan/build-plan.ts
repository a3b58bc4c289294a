/** How a source is to be built: decided here alone, for `build`, `--emit` and whoever compiles. */
import type { Program } from '../front/tree.ts';
import { passesHalves } from './convention.ts';

export type CompilerName = 'tcc' | 'gcc' | 'clang';
export type OptLevel = 0 | 1 | 2 | 3;

/** What was asked for; what is left out is decided by `planBuild`. */
export interface BuildWish {
  /** `image`: the hot part, a shared library. `program`: an executable with version 1 inside. */
  readonly kind: 'image' | 'program';
  /** The default is `fast` for an image, unless optimization or debug information is asked for. */
  readonly tier?: 'fast' | 'optimized';
  /** The default is 2, 1 in the fast tier, and 0 for what is to be debugged. */
  readonly opt?: OptLevel;
  readonly debug?: boolean;
  /** Direct calls, no runtime, no bounds checks. Of programs only. */
  readonly release?: boolean;
  /** This one and no other. */
  readonly compiler?: CompilerName;
}

export interface BuildPlan {
  readonly wish: BuildWish;
  /** The compilers that can build it, the best first. */
  readonly compilers: readonly CompilerName[];
  /** What a compiler has to know that tcc does not, as a person would say it; empty when tcc will do. */
  readonly needs: '' | 'that knows 128-bit integers' | 'that passes structs as others do';
}

/** A plan for the compiler that was found. */
export interface BuildSettings {
  readonly kind: 'image' | 'program';
  readonly tier: 'fast' | 'optimized';
  readonly opt: OptLevel;
  readonly debug: boolean;
  readonly release: boolean;
}

/**
 * tcc for speed, where it can: it has no 128-bit integers, and passes some structs in a way of its own. Those it never
 * gets, as another compiler may have built the other side, wherever that was: floats would be lost without a word.
 */
export function planBuild(program: Program, wish: BuildWish): BuildPlan {
  const needs = program.wide
    ? 'that knows 128-bit integers'
    : passesHalves(program)
      ? 'that passes structs as others do'
      : '';
  const all: CompilerName[] = wantsFast(wish) ? ['tcc', 'gcc', 'clang'] : ['gcc', 'clang', 'tcc'];
  const wanted = wish.compiler === undefined ? all : [wish.compiler];
  // One that was named may build structs in its own way: then both sides are said to be its own.
  const able = wanted.filter((name) => name !== 'tcc' || needs === '' || (!program.wide && wish.compiler === 'tcc'));
  return { wish, compilers: able, needs };
}

/** What follows from the compiler: tcc builds nothing but the fast tier. */
export function settleBuild({ wish }: BuildPlan, compiler: CompilerName): BuildSettings {
  const { kind, debug = false, release = false } = wish;
  const tier = wantsFast(wish) || compiler === 'tcc' ? 'fast' : 'optimized';
  return { kind, tier, opt: wish.opt ?? (debug ? 0 : tier === 'fast' ? 1 : 2), debug, release };
}

function wantsFast({ kind, tier, opt, debug }: BuildWish): boolean {
  return tier === 'fast' || (tier === undefined && kind === 'image' && !opt && !debug);
}
