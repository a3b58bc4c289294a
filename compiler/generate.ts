import { createHash } from 'node:crypto';
import type { Contract } from '../artifact/contract.ts';
import type { Triple } from '../artifact/triple.ts';
import { packageVersion } from '../common/package-root.ts';
import { contractOf, recordsOf } from './contract.ts';
import { emitImage, type ImageFacts } from './emit/image.ts';
import { emitProgram } from './emit/program.ts';
import type { Module } from './modules.ts';
import { flagsOf } from './tool/build.ts';
import type { Toolchain } from './tool/find.ts';
import type { Program } from './tree.ts';

export interface GenerateOptions {
  readonly kind: 'image' | 'program';
  readonly triple: Triple;
  readonly tier: 'fast' | 'optimized';
  readonly toolchain: Toolchain;
  readonly opt: 0 | 1 | 2 | 3;
  readonly debug: boolean;
  readonly release: boolean;
}

/** Stands where the build id goes until the text that it is made of is complete. */
const placeholder = '@'.repeat(32);

/** Typed tree → C and contract. The build id names what was compiled and how. */
export function generate(
  program: Program,
  options: GenerateOptions,
): { c: string; contract: Contract; runtime: boolean } {
  const { kind, triple, tier, toolchain, debug, release } = options;
  const compiler = `vaisc ${packageVersion}, ${toolchain.name} ${toolchain.version}`;
  const emit = { kind, debug, release, lines: kind === 'image' && tier === 'fast' };
  const contracts = new Map<Module, Contract>();
  const describe = (module: Module): Contract => {
    const known = contracts.get(module);
    if (known !== undefined) return known;
    const made = contractOf(program, module, { triple, tier, compiler, buildId: placeholder });
    contracts.set(module, made);
    return made;
  };
  const facts = (module: Module): ImageFacts => ({
    module: module.name,
    triple,
    tier,
    buildId: placeholder,
    records: recordsOf(describe(module)),
  });
  let text: string;
  let runtime = false;
  if (kind === 'image') text = emitImage(program, program.root, emit, () => facts(program.root)).c;
  else {
    if (program.main === undefined) throw new Error('a program has a main');
    const made = emitProgram(program, program.main, emit, facts);
    text = made.c;
    runtime = made.runtime;
  }
  const how = [text, triple, tier, toolchain.name, toolchain.version, ...flagsOf({ ...options })];
  const buildId = createHash('sha256').update(how.join('\n')).digest('hex').slice(0, 32);
  return { c: text.replaceAll(placeholder, buildId), contract: { ...describe(program.root), buildId }, runtime };
}
