import { linkerFolder } from './folder.ts';

/** What a C or C++ module has to be compiled and linked with, so that its variables keep their values and addresses. */
export interface ModuleFlags {
  readonly compile: readonly string[];
  readonly link: readonly string[];
}

/** Compilers differ in what keeps a variable in one piece. */
export type CompilerFamily = 'gcc' | 'clang';

/**
 * The flags for a module. `-fdata-sections` gives each variable a section of its own, by which references to it can be told
 * apart. Without `-fno-toplevel-reorder`, gcc drops variables that it sees no use for, and takes those that are only read for
 * constants; without `-fno-gnu-unique`, the loader never lets go of an image with inline variables. clang merges variables on
 * arm64 unless it is told not to.
 *
 * @throws VaisError `toolchain_missing` where there is no C compiler for what stands in for the linker
 */
export function moduleFlags(
  family: CompilerFamily,
  environment: NodeJS.ProcessEnv,
  machine: 'x86_64' | 'aarch64' = 'x86_64',
): ModuleFlags {
  const arm = machine === 'aarch64' ? ['-mno-global-merge'] : [];
  const one = family === 'gcc' ? ['-fno-toplevel-reorder', '-fno-gnu-unique'] : arm;
  return {
    compile: ['-DHOT_MODULE', '-g', '-fPIC', '-fdata-sections', ...one],
    link: ['-shared', ...(machine === 'aarch64' ? ['-Wl,--no-relax'] : []), `-B${linkerFolder(environment)}`],
  };
}

/** Which kind of compiler a command is, by its name and by what it says of its version. */
export function compilerFamily(command: string, version: string): CompilerFamily {
  return /clang|zig/i.test(`${command} ${version}`) ? 'clang' : 'gcc';
}
