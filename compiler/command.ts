import { basename, dirname, extname, join } from 'node:path';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { hostTriple, libraryName, type Triple, triples } from '../artifact/triple.ts';
import { VaisError } from '../common/error.ts';
import { packageVersion } from '../common/package-root.ts';
import { type CompileOptions, compile, renderDiagnostics, tripleOf } from './compile.ts';
import { recordsOf } from './contract.ts';
import { analyse } from './front.ts';
import { generate } from './generate.ts';
import { moduleName } from './modules.ts';
import { toolchainFor } from './tool/find.ts';

/** Where a command's words go, and whether they may have colour. */
export interface Terminal {
  write(text: string): void;
  warn(text: string): void;
  readonly color: boolean;
  readonly signal: AbortSignal;
}

interface BuildFlags {
  hot?: boolean;
  output?: string;
  opt?: 0 | 1 | 2 | 3;
  debug?: boolean;
  target?: string;
  tier?: 'fast' | 'optimized';
  release?: boolean;
  verbose?: boolean;
  emit?: 'c' | 'contract' | 'ast';
}

/** Runs `vaisc` with these arguments and gives its exit code: see the table in docs/cli.md. */
export async function vaisc(args: readonly string[], terminal: Terminal): Promise<number> {
  let exit = 0;
  const program = new Command('vaisc')
    .description('Compiles Vais: programs, and hot modules that a running program takes up.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({ writeOut: terminal.write, writeErr: terminal.warn });
  buildFlags(program.command('build').description('build a program, or with --hot the library of its hot functions'))
    .argument('<files...>', 'sources; C files, objects and -l flags are passed on to the linker')
    .action(async (files: string[], flags: BuildFlags) => {
      exit = await buildAll(files, flags, terminal);
    });
  try {
    await program.parseAsync(spreadShort(args), { from: 'user' });
    return exit;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    return explain(VaisError.from(thrown), terminal);
  }
}

function explain(error: VaisError, terminal: Terminal): number {
  terminal.warn(`error: ${error.message}\n  help: ${error.hint}\n`);
  return error.exitCode;
}

function buildFlags(command: Command): Command {
  return command
    .option('--hot', 'build the library of the hot functions')
    .option('-o, --output <path>', 'where the result goes')
    .option('-O, --opt <level>', 'optimise: 0 to 3', parseLevel)
    .option('-g, --debug', 'debug information with the lines of the source')
    .addOption(new Option('--target <triple>', 'build for another platform').choices([...triples]))
    .addOption(new Option('--tier <tier>', 'fast: tcc; optimized: gcc or clang').choices(['fast', 'optimized']))
    .option('--release', 'no hot reloading: direct calls, no runtime, no bounds checks')
    .option('--verbose', 'say what is done, and how long it takes')
    .addOption(new Option('--emit <what>', 'print instead of building').choices(['c', 'contract', 'ast']));
}

function parseLevel(text: string): number {
  if (!/^[0-3]$/.test(text)) throw new InvalidArgumentError('it is 0, 1, 2 or 3.');
  return Number(text);
}

/** `-O2` is the way of C compilers; commander wants the value apart. */
function spreadShort(args: readonly string[]): string[] {
  return args.flatMap((arg) => (/^-O[0-9]$/.test(arg) ? ['-O', arg.slice(2)] : [arg]));
}

async function buildAll(files: readonly string[], flags: BuildFlags, terminal: Terminal): Promise<number> {
  const sources = files.filter((file) => extname(file) === '.vais');
  const extra = files.filter((file) => extname(file) !== '.vais');
  if (sources.length === 0)
    throw new VaisError('usage', 'no Vais source is named', { hint: 'A source ends in `.vais`.' });
  if (sources.length > 1 && flags.output !== undefined && flags.emit === undefined) {
    throw new VaisError('usage', '`-o` names one result, but there are several sources', {
      hint: 'Leave it out, or build one at a time.',
    });
  }
  if (flags.release && flags.hot) {
    throw new VaisError('usage', '`--release` leaves hot reloading out, `--hot` is for it', {
      hint: 'Give one of them.',
    });
  }
  let exit = 0;
  for (const file of sources) exit = Math.max(exit, await buildOne(file, extra, flags, terminal));
  return exit;
}

/** `libgame.so` beside the source, where a running program looks for it; a program in the current folder. */
export function outputOf(file: string, hot: boolean, triple: Triple): string {
  const name = moduleName(file);
  if (hot) return join(dirname(file), libraryName(name, triple));
  return triple === 'x86_64-windows-gnu' ? `${basename(file, '.vais')}.exe` : basename(file, '.vais');
}

async function buildOne(
  file: string,
  extra: readonly string[],
  flags: BuildFlags,
  terminal: Terminal,
): Promise<number> {
  const triple = tripleOf(flags.target);
  const hot = flags.hot ?? false;
  if (flags.emit !== undefined) return emitOne(file, flags, flags.emit, triple, terminal);
  const options: CompileOptions = {
    file,
    kind: hot ? 'image' : 'program',
    triple,
    debug: flags.debug ?? false,
    release: flags.release ?? false,
    extra,
    output: flags.output ?? outputOf(file, hot, triple),
    signal: terminal.signal,
    ...(flags.tier === undefined ? {} : { tier: flags.tier }),
    ...(flags.opt === undefined ? {} : { opt: flags.opt }),
  };
  const result = await compile(options);
  if (result.diagnostics.length > 0) terminal.warn(renderDiagnostics(result.diagnostics, { color: terminal.color }));
  if (!result.ok) return 3;
  if (flags.verbose) {
    const { ms, contract } = result;
    terminal.warn(
      `${file}: ${result.toolchain}, ${result.tier}; source to C ${ms.front.toFixed(1)} ms, C to ${hot ? 'library' : 'program'} ${ms.back.toFixed(1)} ms\n`,
    );
    terminal.warn(`${options.output}: build ${contract.buildId}, ${contract.functions.length} hot functions\n`);
  }
  return 0;
}

async function emitOne(
  file: string,
  flags: BuildFlags,
  what: 'c' | 'contract' | 'ast',
  triple: Triple,
  terminal: Terminal,
): Promise<number> {
  const kind = flags.hot ? 'image' : 'program';
  const front = analyse(file, what === 'c' ? { kind } : {});
  if (front.diagnostics.length > 0) terminal.warn(renderDiagnostics(front.diagnostics, { color: terminal.color }));
  if (!front.ok) return 3;
  if (what === 'ast') {
    terminal.write(`${showTree(front.program.root.file.items)}\n`);
    return 0;
  }
  const found = await toolchainFor(triple, flags.hot ? ['tcc', 'gcc', 'clang'] : ['gcc', 'clang', 'tcc']);
  const toolchain = found ?? { name: 'gcc' as const, command: 'gcc', version: '0', triples: [hostTriple()] };
  const options = {
    kind,
    triple,
    toolchain,
    opt: flags.opt ?? 2,
    debug: flags.debug ?? false,
    release: flags.release ?? false,
  } as const;
  const { c, contract } = generate(front.program, {
    ...options,
    tier: flags.tier ?? (toolchain.name === 'tcc' ? 'fast' : 'optimized'),
  });
  terminal.write(what === 'c' ? c : `${recordsOf(contract).join('\n')}\n`);
  return 0;
}

/** The syntax tree as indented JSON, places as `line:column`. */
function showTree(items: unknown): string {
  return JSON.stringify(
    items,
    (key, inner: unknown) => {
      if (typeof inner === 'bigint') return String(inner);
      if (
        (key === 'span' || key === 'opSpan') &&
        typeof inner === 'object' &&
        inner !== null &&
        'source' in inner &&
        'start' in inner
      ) {
        const span = inner as { source: { place(at: number): { line: number; column: number } }; start: number };
        const { line, column } = span.source.place(span.start);
        return `${line}:${column}`;
      }
      return inner;
    },
    2,
  );
}
