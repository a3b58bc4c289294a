import { Command, Option } from 'commander';
import { VaisError } from '../../common/error.ts';
import { moduleFlags } from '../../linker/flags.ts';
import type { Edge } from './flags.ts';

interface Given {
  readonly module?: boolean;
  readonly cflags?: boolean;
  readonly ldflags?: boolean;
  readonly compiler: 'gcc' | 'clang';
  readonly machine: 'x86_64' | 'aarch64';
}

/** Prints what a Makefile or CMake has to give the compiler. */
export function command(edge: Edge): Command {
  return new Command('flags')
    .description('print the flags that a C or C++ module is built with')
    .option('--module', 'for a module that is loaded anew: its variables keep their values and addresses')
    .option('--cflags', 'what it is compiled with')
    .option('--ldflags', 'what it is linked with')
    .addOption(new Option('--compiler <name>', 'which compiler').choices(['gcc', 'clang']).default('gcc'))
    .addOption(new Option('--machine <name>', 'what it is built for').choices(['x86_64', 'aarch64']).default('x86_64'))
    .addHelpText('after', help)
    .action((given: Given) =>
      edge.run('flags', { json: false }, async ({ print }) => {
        if (given.module !== true) throw new VaisError('usage', 'flags wants to know what for: --module');
        const { compile, link } = moduleFlags(given.compiler, given.machine);
        const all = given.cflags !== true && given.ldflags !== true;
        print([...(all || given.cflags ? compile : []), ...(all || given.ldflags ? link : [])].map(quoted).join(' '));
        return 0;
      }),
    );
}

/** As make and the shell take it for one word. */
function quoted(word: string): string {
  return /^[\w./=+,:@%-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const help = `
In a Makefile:
  CFLAGS  += $(shell vais-remote flags --module --cflags)
  LDFLAGS += $(shell vais-remote flags --module --ldflags)`;
