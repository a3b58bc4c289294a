import { Command, Option } from 'commander';
import { type ModuleFlags, moduleFlags } from '../../linker/flags.ts';
import { amalgamationFolder, hostFlags } from '../../linker/host.ts';
import type { Edge } from './flags.ts';

interface Given {
  readonly module?: boolean;
  readonly cflags?: boolean;
  readonly ldflags?: boolean;
  readonly libs?: boolean;
  readonly cmake?: boolean;
  readonly pkgconfig?: boolean;
  readonly compiler: 'gcc' | 'clang';
  readonly machine: 'x86_64' | 'aarch64';
}

/** Prints what a Makefile or CMake has to give the compiler. */
export function command(edge: Edge): Command {
  return new Command('flags')
    .description('print the flags that a C or C++ program, or a module of one, is built with')
    .option('--module', 'for a module that is loaded anew: its variables keep their values and addresses')
    .option('--cflags', 'what it is compiled with')
    .option('--ldflags', 'what it is linked with')
    .option('--libs', 'the same')
    .option('--cmake', 'the folder that find_package(vais) wants as vais_DIR')
    .option('--pkgconfig', 'the folder with vais.pc, for PKG_CONFIG_PATH')
    .addOption(new Option('--compiler <name>', 'which compiler').choices(['gcc', 'clang']).default('gcc'))
    .addOption(new Option('--machine <name>', 'what it is built for').choices(['x86_64', 'aarch64']).default('x86_64'))
    .addHelpText('after', help)
    .action((given: Given) =>
      edge.run('flags', { json: false }, async ({ print, env }) => {
        print(flagsFor(given, env).map(quoted).join(' '));
        return 0;
      }),
    );
}

function forModule({ compiler, machine }: Given, env: NodeJS.ProcessEnv): ModuleFlags {
  const { compile, link } = moduleFlags(compiler, env, machine);
  return { compile: [`-I${amalgamationFolder}`, ...compile], link };
}

function flagsFor(given: Given, env: NodeJS.ProcessEnv): readonly string[] {
  if (given.cmake || given.pkgconfig) return [hostFlags(env).folder];
  const { compile, link } = given.module ? forModule(given, env) : hostFlags(env);
  const linking = given.ldflags === true || given.libs === true;
  const all = !linking && given.cflags !== true;
  return [...(all || given.cflags ? compile : []), ...(all || linking ? link : [])];
}

/** As make and the shell take it for one word. */
function quoted(word: string): string {
  return /^[\w./=+,:@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const help = `
In a Makefile, for the program and for a module of it:
  program: main.c
  \tcc $(shell vais-remote flags --cflags) $< $(shell vais-remote flags --libs) -o $@
  libgame.so: game.c
  \tcc $(shell vais-remote flags --module) $< -o $@
With CMake: cmake -Dvais_DIR="$(vais-remote flags --cmake)" …, then find_package(vais), vais_hot_module(), vais_hot_program().`;
