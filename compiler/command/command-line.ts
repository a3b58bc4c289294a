import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { triples } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { packageVersion } from '../../common/package-root.ts';
import { buildCommand } from './build.ts';
import { type CheckFlags, checkCommand } from './check.ts';
import { contractCommand } from './contract.ts';
import type { BuildFlags } from './flags.ts';
import { packageCommand } from './package.ts';
import { runCommand } from './run.ts';
import type { Terminal } from './terminal.ts';
import { type WatchFlags, watchCommand } from './watch.ts';

/** Runs `vaisc` with these arguments and gives its exit code: see the table in docs/cli.md. */
export async function vaisc(args: readonly string[], terminal: Terminal): Promise<number> {
  let exit: number | Promise<number> = 0;
  const program = new Command('vaisc')
    .description('Compiles Vais: programs, and hot modules that a running program takes up.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.warn });
  withBuildFlags(
    program.command('build').description('build a program, or with --hot the library of its hot functions'),
  )
    .argument('<files...>', 'sources; C files, objects and -l flags are passed on to the linker')
    .option('--hot', 'build the library of the hot functions')
    .addOption(new Option('--emit <what>', 'print instead of building').choices(['c', 'contract', 'ast']))
    .action((files: string[], flags: BuildFlags) => {
      exit = buildCommand([...files, ...libraries(args)], flags, terminal);
    });
  program
    .command('watch')
    .description('build the hot library at each save; a running program takes it up')
    .argument('<file>')
    .argument('[args...]', 'for the command of --exec, after --')
    .option('--exec <command>', 'start it after each build that worked, anew if it still runs')
    .option('--debounce <ms>', 'quiet that ends a burst of saves, in milliseconds', parseMilliseconds, 100)
    .option('-o, --output <path>', 'where the result goes')
    .option('-O, --optimize <level>', 'optimize: 0 to 3, as in -O2', parseLevel)
    .option('-g, --debug', 'debug information with the lines of the source')
    .option('--verbose', 'say what is done')
    .action((file: string, rest: string[], flags: WatchFlags) => {
      exit = watchCommand(file, rest, flags, terminal);
    });
  program
    .command('run')
    .description('build a program aside and run it')
    .argument('<file>')
    .argument('[args...]', 'for the program, after --')
    .option('-O, --optimize <level>', 'optimize: 0 to 3, as in -O2', parseLevel)
    .option('--release', 'no hot reloading, no bounds checks')
    .action((file: string, rest: string[], flags: BuildFlags) => {
      exit = runCommand(file, rest, flags, terminal);
    });
  program
    .command('check')
    .description('check without building')
    .argument('<files...>')
    .option('--json', 'one diagnostic a line, as JSON')
    .option('--stdin', 'read the text of the one file from the standard input')
    .action((files: string[], flags: CheckFlags) => {
      exit = checkCommand(files, flags, terminal);
    });
  program
    .command('contract')
    .description('show what a built library promises, without running it')
    .argument('<file>')
    .option('--json', 'its records, one a line')
    .action((file: string, flags: { json?: boolean }) => {
      exit = contractCommand(file, flags.json ?? false, terminal);
    });
  const pkg = program.command('pkg').description('a folder with a vais.toml');
  withBuildFlags(pkg.command('build').description('build the package, or with --hot its hot modules'))
    .argument('[folder]', 'where vais.toml is', '.')
    .option('--hot', 'build the libraries of the hot modules')
    .action((folder: string, flags: BuildFlags) => {
      exit = packageCommand(folder, flags, terminal);
    });
  try {
    // A word that is no command is a mistake with `--help` behind it too.
    const [word] = args;
    const isWrong =
      word !== undefined && !/^-|^help$/.test(word) && !program.commands.some((each) => each.name() === word);
    await program.parseAsync(isWrong ? [word] : spreadShort(args), { from: 'user' });
    return await exit;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    if (terminal.signal.aborted) return 130;
    const error = VaisError.from(thrown);
    terminal.warn(`error: ${error.message}\n  help: ${error.hint}\n`);
    return error.exitCode;
  }
}

function withBuildFlags(command: Command): Command {
  return command
    .option('-o, --output <path>', 'where the result goes')
    .option('-O, --optimize <level>', 'optimize: 0 to 3, as in -O2', parseLevel)
    .option('-g, --debug', 'debug information with the lines of the source')
    .addOption(new Option('--target <triple>', 'build for another platform').choices([...triples]))
    .addOption(
      new Option('--tier <tier>', 'fast: tcc where it can; optimized: gcc or clang').choices(['fast', 'optimized']),
    )
    .option('--release', 'no hot reloading: direct calls, no runtime, no bounds checks')
    .option('--verbose', 'say what is done, and how long it takes');
}

function parseLevel(text: string): number {
  if (!/^[0-3]$/.test(text)) throw new InvalidArgumentError('It is 0, 1, 2 or 3.');
  return Number(text);
}

function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 60_000) throw new InvalidArgumentError('It is 0 to 60000.');
  return value;
}

/** `-O2` is the way of C compilers; commander wants the value apart. `-lm` is for the linker alone. */
function spreadShort(args: readonly string[]): string[] {
  const end = args.indexOf('--');
  const own = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end);
  return [
    ...own.filter((arg) => !isLibrary(arg)).flatMap((arg) => (/^-O[0-9]$/.test(arg) ? ['-O', arg.slice(2)] : [arg])),
    ...rest,
  ];
}

const isLibrary = (arg: string): boolean => /^-[lL][\w./+-]+$/.test(arg);

function libraries(args: readonly string[]): string[] {
  return args.filter(isLibrary);
}
