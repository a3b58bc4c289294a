import { createHash } from 'node:crypto';
import type { Contract } from '../../../artifact/contract/contract.ts';
import { formatContract } from '../../../artifact/contract/format.ts';
import type { Triple } from '../../../artifact/image/triple.ts';
import { packageVersion } from '../../../common/package-root.ts';
import { builtins } from '../../front/builtins.ts';
import type { Module } from '../../front/modules.ts';
import type { Program } from '../../front/tree.ts';
import type { BuildSettings } from '../../plan/build-plan.ts';
import { contractOf } from '../../plan/contract.ts';
import { emitImage, type ImageFacts } from './emit/image.ts';
import { emitProgram } from './emit/program.ts';
import type { Unit } from './emit/unit.ts';
import type { Toolchain } from './tool/find.ts';
import { flagsOf, type Links } from './tool/flags.ts';

export interface GenerateOptions extends BuildSettings {
  readonly triple: Triple;
  readonly toolchain: Toolchain;
}

/** Stands where the build id goes until the text that it is made of is complete. */
const placeholder = '@'.repeat(32);

export interface Generated {
  readonly c: string;
  readonly contract: Contract;
  /** The runtime's C files belong to it. */
  readonly runtime: boolean;
  /** Libraries that it needs beside libc: libm, and the C compiler's own. */
  readonly links: Links;
}

/** Typed tree → C and contract. The build id names what was compiled and how. */
export function generate(program: Program, options: GenerateOptions): Generated {
  const { kind, triple, tier, toolchain, debug, release } = options;
  const compiler = `vaisc ${packageVersion}, ${toolchain.name} ${toolchain.version}`;
  const flags = { kind, debug, release, lines: kind === 'image' && tier === 'fast' };
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
    records: formatContract(describe(module)),
  });
  const made = emit();
  const how = [made.c, triple, tier, toolchain.name, toolchain.version, ...flagsOf({ ...options })];
  const buildId = createHash('sha256').update(how.join('\n')).digest('hex').slice(0, 32);
  return {
    c: made.c.replaceAll(placeholder, buildId),
    contract: { ...describe(program.root), buildId },
    runtime: made.runtime,
    links: linksOf(made.unit),
  };

  function emit(): { c: string; unit: Unit; runtime: boolean } {
    if (kind === 'image')
      return { ...emitImage(program, program.root, flags, () => facts(program.root)), runtime: false };
    if (program.main === undefined) throw new Error('a program has a main');
    return emitProgram(program, program.main, flags, facts);
  }
}

/** Of libc's functions those that give a float are libm's, but for one. */
function linksOf(unit: Unit): Links {
  const math = [...unit.libc].some((name) => builtins.get(name)?.result === 'd' && name !== 'atof');
  return { math, helpers: unit.links.helpers };
}
