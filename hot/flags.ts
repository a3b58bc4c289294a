import { VaisError } from '../common/error.ts';

/** What the arguments of a compiler mean to the built-in one. */
export interface BuildFlags {
  opt?: 0 | 1 | 2 | 3;
  debug?: boolean;
  tier?: 'fast' | 'optimized';
  /** C files, objects, archives and `-l` flags for the linker. */
  extra: string[];
}

/** @throws VaisError `usage` for an argument that the built-in compiler does not know */
export function parseFlags(args: readonly string[]): BuildFlags {
  const flags: BuildFlags = { extra: [] };
  for (const arg of args) {
    const opt = /^-O([0-3])$/.exec(arg)?.[1];
    const tier = /^--tier=(fast|optimized)$/.exec(arg)?.[1];
    if (opt !== undefined) flags.opt = Number(opt) as 0 | 1 | 2 | 3;
    else if (tier === 'fast' || tier === 'optimized') flags.tier = tier;
    else if (arg === '-g') flags.debug = true;
    else if (/^-[lL]./.test(arg) || !arg.startsWith('-')) flags.extra.push(arg);
    else {
      throw new VaisError('usage', `the compiler has no argument ${arg}`, {
        hint: 'It takes -O0 to -O3, -g, --tier=fast, --tier=optimized, C files, objects and -l flags.',
      });
    }
  }
  return flags;
}
