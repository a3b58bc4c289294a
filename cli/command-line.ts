import { Command, InvalidArgumentError, Option } from 'commander';
import { packageVersion } from '../common/package-root.ts';
import type { PairOptions } from './commands/pair.ts';
import type { CompileOptions } from './push/prepare.ts';
import type { Context } from './show/context.ts';

/** What every command can be told. */
export interface CommonFlags {
  readonly json: boolean;
}

/*
 * Each command is loaded when it is called, so that `status` does not wait for a compiler that it does not use.
 */

/** Carries a command out: gets the function, and what the flags say about how to show things. */
export type Run = (name: string, flags: CommonFlags, command: (context: Context) => Promise<number>) => Promise<void>;

/**
 * The command line of `vais-remote`, except `agent`, which has its own.
 *
 * @param defaultTo the target where `--to` is not given
 */
export function commandLine(run: Run, defaultTo: string | undefined): Command {
  const program = new Command('vais-remote')
    .description('Save a source file, and one frame later the new machine code runs inside your program.')
    .version(packageVersion, '-V, --version')
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText('after', helpAfter);

  const to = (): Option => {
    const option = new Option(
      '--to <target>',
      'NAME, HOST:PORT or docker://NAME, and /PROGRAM (default: VAIS_REMOTE_TO)',
    );
    return defaultTo === undefined ? option : option.default(defaultTo, defaultTo);
  };
  const json = (): Option => new Option('--json', 'one JSON object a line').default(false, 'off');
  const timeout = (): Option =>
    new Option('--timeout <seconds>', 'how long the program may take to swap').argParser(seconds).default(30, '30');

  program
    .command('demo')
    .description('see it work, in under 20 seconds: nothing to set up, nothing left behind')
    .addOption(json())
    .action((flags: CommonFlags) =>
      run('demo', flags, async (context) => (await import('./commands/demo.ts')).demo(context)),
    );

  program
    .command('agent')
    .description('stand beside programs and hand them the code that is pushed (see agent --help)');

  compiling(program.command('push').argument('<file...>', 'a .vais source, or a built .so, .dylib or .dll'))
    .description('compile for the target, and swap the new code into the running program')
    .addOption(to())
    .addOption(timeout())
    .addOption(json())
    .action((files: string[], flags: CommonFlags & CompileFlags & { to?: string; timeout: number }) =>
      run('push', flags, async (context) =>
        (await import('./commands/push.ts')).push(
          files,
          {
            ...compileOptions(flags),
            ...pick(flags),
            timeoutMs: flags.timeout * 1000,
            both: flags.tier === 'both',
          },
          context,
        ),
      ),
    );

  compiling(program.command('watch').argument('<file...>', 'a .vais source'))
    .description('push at each save, until Ctrl-C')
    .addOption(to())
    .addOption(
      new Option('--debounce <ms>', 'how long a burst of file events may pause before it is over')
        .argParser(milliseconds)
        .default(100, '100'),
    )
    .addOption(json())
    .action((files: string[], flags: CommonFlags & CompileFlags & { to?: string; debounce: number }) =>
      run('watch', flags, async (context) =>
        (await import('./commands/watch.ts')).watch(
          files,
          { ...compileOptions(flags), ...pick(flags), debounceMs: flags.debounce, both: flags.tier !== 'fast' },
          context,
        ),
      ),
    );

  program
    .command('status')
    .description('what each module of each connected program runs')
    .addOption(to())
    .addOption(json())
    .action((flags: CommonFlags & { to?: string }) =>
      run('status', flags, async (context) => (await import('./commands/status.ts')).status(pick(flags), context)),
    );

  program
    .command('history')
    .description('the versions that a module had, and the pushes that failed')
    .addOption(to())
    .addOption(moduleOption())
    .addOption(
      new Option('--line <n>', 'an older line of versions: 1 for the build of the program before the last, and so on')
        .argParser(whole)
        .default(0, '0'),
    )
    .addOption(json())
    .action((flags: CommonFlags & { to?: string; module?: string; line: number }) =>
      run('history', flags, async (context) =>
        (await import('./commands/history.ts')).history({ ...pick(flags), line: flags.line }, context),
      ),
    );

  program
    .command('rollback')
    .argument('[version]', 'the version to go back to; without it, the one before', version)
    .description('make an earlier version’s code the next version')
    .addOption(to())
    .addOption(moduleOption())
    .addOption(timeout())
    .addOption(json())
    .action((number: number | undefined, flags: CommonFlags & { to?: string; module?: string; timeout: number }) =>
      run('rollback', flags, async (context) =>
        (await import('./commands/rollback.ts')).rollback(
          number,
          { ...pick(flags), timeoutMs: flags.timeout * 1000 },
          context,
        ),
      ),
    );

  program
    .command('events')
    .description('what happens to all pushes from now on, until Ctrl-C')
    .addOption(to())
    .addOption(json())
    .action((flags: CommonFlags & { to?: string }) =>
      run('events', flags, async (context) => (await import('./commands/events.ts')).events(pick(flags), context)),
    );

  program
    .command('pair')
    .argument('<token>', 'what the agent printed, from `vais1-` to its end; or docker://NAME')
    .description('become known to an agent, and give it a name for --to')
    .option('--as <name>', 'what to call the agent (default: what it calls itself)')
    .option('--developer <name>', 'what the agent shall call you (default: user@host)')
    .option('--at <host:port>', 'where the agent is, when the token does not say it right')
    .addOption(json())
    .action((token: string, flags: CommonFlags & PairOptions) =>
      run('pair', flags, async (context) => (await import('./commands/pair.ts')).pair(token, flags, context)),
    );

  program
    .command('targets')
    .description('the agents that you are paired with, and the containers that have one')
    .option('--forget <name>', 'remove this one from the list; the agent keeps you until you are revoked there')
    .addOption(json())
    .action((flags: CommonFlags & { forget?: string }) =>
      run('targets', flags, async (context) => (await import('./commands/targets.ts')).targets(flags, context)),
    );

  program
    .command('attach')
    .argument('<container>', 'docker://NAME: one that runs and has no agent')
    .description('put an agent into a running container; it needs no Node, no shell and no root there')
    .option('--program <name[=command]>', 'a program to find there; with a command, one to start and keep running')
    .addOption(json())
    .action((container: string, flags: CommonFlags & { program?: string }) =>
      run('attach', flags, async (context) => (await import('./commands/attach.ts')).attach(container, flags, context)),
    );

  program
    .command('detach')
    .argument('<container>', 'docker://NAME')
    .description('take an agent that was attached out of its container, and leave nothing behind')
    .addOption(json())
    .action((container: string, flags: CommonFlags) =>
      run('detach', flags, async (context) => (await import('./commands/attach.ts')).detach(container, context)),
    );

  program
    .command('audit')
    .description('what an agent on this machine decided, and that nothing of it was changed (see audit --help)');

  program
    .command('doctor')
    .description('what this machine has, and what would make it better')
    .addOption(to())
    .addOption(json())
    .action((flags: CommonFlags & { to?: string }) =>
      run('doctor', flags, async (context) => (await import('./commands/doctor.ts')).doctor(pick(flags), context)),
    );

  return program;
}

interface CompileFlags {
  readonly optimize?: 0 | 1 | 2 | 3;
  readonly debug?: true;
  readonly tier?: 'fast' | 'optimized' | 'both';
}

function compiling(command: Command): Command {
  const tiers =
    'fast: tcc where it can, and knows the line of a crash; optimized: gcc or clang; both: one after the other';
  return command
    .addOption(new Option('-O, --optimize <level>', 'optimize: 0 to 3, as in -O2').argParser(level))
    .option('-g, --debug', 'with debug information')
    .addOption(new Option('--tier <tier>', tiers).choices(['fast', 'optimized', 'both']));
}

function compileOptions({ optimize, debug, tier }: CompileFlags): CompileOptions {
  return {
    ...(tier === undefined || tier === 'both' ? {} : { tier }),
    ...(optimize === undefined ? {} : { opt: optimize }),
    ...(debug === undefined ? {} : { debug }),
  };
}

const moduleOption = (): Option => new Option('--module <name>', 'which module, where the program has several');

/** The flags that say what is meant, where they were given. */
function pick({ to, module }: { readonly to?: string; readonly module?: string }): { to?: string; module?: string } {
  return { ...(to === undefined ? {} : { to }), ...(module === undefined ? {} : { module }) };
}

function level(text: string): number {
  if (/^[0-3]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a level from 0 to 3.');
}

function version(text: string): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text) && number >= 1) return number;
  throw new InvalidArgumentError('A version is a whole number from 1: see `vais-remote history`.');
}

function seconds(text: string): number {
  const number = Number(text);
  if (number > 0 && number <= 86_400) return number;
  throw new InvalidArgumentError('Give seconds, up to a day.');
}

function whole(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number.');
}

function milliseconds(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 60_000) return number;
  throw new InvalidArgumentError('Give milliseconds, up to 60000.');
}

const helpAfter = `
Try it:
  vais-remote demo

Then with your own program:
  vaisc build game.vais                                   a program with version 1 inside
  vais-remote agent --listen 127.0.0.1:7777 --data ./agent-data --insecure --run game=./game
  vais-remote watch game.vais --to 127.0.0.1:7777         edit, save, see

Exit codes: 0 done, 1 unexpected, 2 wrong usage, 3 does not compile, 4 refused, 5 reverted,
6 not reachable or no such program, 7 not authorized, 8 timed out.`;
