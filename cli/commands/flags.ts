/** What several commands are told in the same words: their options, and how the values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CompileOptions } from '../push/unit.ts';
import type { BuildWish } from '../push/wish.ts';
import type { Context } from '../show/context.ts';

/** What each command's file gets from the edge. */
export interface Edge {
  /** Carries a command out and makes its exit code the process's. */
  readonly run: Run;
  /** The command line with all commands in it. */
  readonly whole: () => Promise<Command>;
  /** The target where `--to` is not given. */
  readonly defaultTo: string | undefined;
}

/** Gets the command's name, its flags as far as they say how to show things, and the command itself. */
export type Run = (name: string, flags: CommonFlags, command: (context: Context) => Promise<number>) => Promise<void>;

/** What every command can be told. */
export interface CommonFlags {
  readonly json: boolean;
}

export interface TargetFlags extends CommonFlags {
  readonly to?: string;
}

export const jsonOption = (): Option => new Option('--json', 'one JSON object a line').default(false, 'off');

/** One target or several; those that are given one by one are put together with commas. */
export const toOption = (): Option =>
  new Option(
    '--to <target>',
    'NAME, HOST:PORT or docker://NAME, each with /PROGRAM or without; several with commas or repeated (default: VAIS_REMOTE_TO)',
  ).argParser((text: string, before: string | undefined) => (before === undefined ? text : `${before},${text}`));

export const moduleOption = (): Option => new Option('--module <name>', 'which module, where the program has several');

export const timeoutOption = (): Option =>
  new Option('--timeout <seconds>', 'how long the program may take to swap').argParser(seconds).default(30, '30');

/** The target and the module that are meant, where they were given. */
export function wanted(
  { to, module }: { readonly to?: string; readonly module?: string },
  { defaultTo }: Pick<Edge, 'defaultTo'>,
): { to?: string; module?: string } {
  const where = to ?? defaultTo;
  return { ...(where === undefined ? {} : { to: where }), ...(module === undefined ? {} : { module }) };
}

/** How a source is compiled, as the user said it. */
export interface CompileFlags {
  readonly optimize?: 0 | 1 | 2 | 3;
  readonly debug?: true;
  readonly tier?: 'fast' | 'optimized' | 'both';
}

/** Adds the options of `CompileFlags`. */
export function compiling(command: Command): Command {
  const tiers =
    'fast: tcc where it can, and knows the line of a crash; optimized: gcc or clang; both: one after the other';
  return command
    .addOption(new Option('-O, --optimize <level>', 'optimize: 0 to 3, as in -O2').argParser(level))
    .option('-g, --debug', 'with debug information')
    .addOption(new Option('--tier <tier>', tiers).choices(['fast', 'optimized', 'both']));
}

export function compileOptions({ optimize, debug, tier, unchecked }: CompileFlags & BuildFlags): CompileOptions {
  return {
    ...(unchecked === undefined ? {} : { unchecked }),
    ...(tier === undefined || tier === 'both' ? {} : { tier }),
    ...(optimize === undefined ? {} : { opt: optimize }),
    ...(debug === undefined ? {} : { debug }),
  };
}

/** What the user's own build is, as they say it. */
export interface BuildFlags {
  readonly build?: string;
  readonly image?: string;
  readonly watch?: readonly string[];
  readonly module?: string;
  readonly unchecked?: true;
}

/** Adds the options of `BuildFlags`. */
export function building(command: Command): Command {
  return command
    .option('--build <command>', 'the line for the shell that builds --image; it finds the platform in VAIS_TRIPLE')
    .option('--image <path>', 'the library that is built')
    .addOption(
      new Option('--watch <path>', 'a file or folder that --build depends on (repeatable; default: the sources here)')
        .argParser((text: string, before: readonly string[] = []) => [...before, text])
        .default(undefined),
    )
    .option('--module <name>', 'what module --image is, if its name does not say it')
    .option('--unchecked', 'push a library without debug information: nothing but names of functions is compared');
}

/** What is to be built, by the words and flags. */
export function buildWish(names: readonly string[], { build, image, watch = [], module }: BuildFlags): BuildWish {
  return {
    names,
    watch,
    ...(build === undefined ? {} : { build }),
    ...(image === undefined ? {} : { image }),
    ...(module === undefined ? {} : { module }),
  };
}

function level(text: string): number {
  if (/^[0-3]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a level from 0 to 3.');
}

function seconds(text: string): number {
  const number = Number(text);
  if (number > 0 && number <= 86_400) return number;
  throw new InvalidArgumentError('Give seconds, up to a day.');
}

export function whole(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give a whole number.');
}

export function version(text: string): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text) && number >= 1) return number;
  throw new InvalidArgumentError('A version is a whole number from 1: see `vais-remote history`.');
}

export function milliseconds(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 60_000) return number;
  throw new InvalidArgumentError('Give milliseconds, up to 60000.');
}
