import { Command, CommanderError } from 'commander';
import { packageVersion } from '../common/package-root.ts';
import type { Edge } from './commands/flags.ts';

/** A file of `commands/`: the whole of a command, its flags, its help and what it does. */
interface CommandFile {
  readonly command: (edge: Edge) => Command;
}

/**
 * The commands, in the order of the help. Each is loaded when it is called, so that `status` does not wait for a compiler
 * that it does not use.
 */
const commands: Readonly<Record<string, () => Promise<CommandFile>>> = {
  demo: () => import('./commands/demo.ts'),
  init: () => import('./commands/init.ts'),
  agent: () => import('./commands/agent.ts'),
  push: () => import('./commands/push.ts'),
  watch: () => import('./commands/watch.ts'),
  status: () => import('./commands/status.ts'),
  history: () => import('./commands/history.ts'),
  rollback: () => import('./commands/rollback.ts'),
  events: () => import('./commands/events.ts'),
  logs: () => import('./commands/logs.ts'),
  pair: () => import('./commands/pair.ts'),
  targets: () => import('./commands/targets.ts'),
  attach: () => import('./commands/attach.ts'),
  detach: () => import('./commands/detach.ts'),
  audit: () => import('./commands/audit.ts'),
  doctor: () => import('./commands/doctor.ts'),
  flags: () => import('./commands/module-flags.ts'),
  completion: () => import('./commands/completion.ts'),
};

/** Whether there is such a command. */
export function isCommand(word: string): boolean {
  return Object.hasOwn(commands, word);
}

/** The command line with all commands: for the help and for completion. */
async function whole(edge: Edge): Promise<Command> {
  const program = bare();
  for (const load of Object.values(commands)) program.addCommand((await load()).command(edge));
  return program;
}

/**
 * Carries out what the words say.
 *
 * @throws CommanderError where they make no sense, or were a call for help that has been answered
 */
export async function runCommandLine(words: readonly string[], surroundings: Omit<Edge, 'whole'>): Promise<void> {
  const edge: Edge = { ...surroundings, whole: () => whole(edge) };
  const { word, rest } = asked(words);
  const load = word === undefined ? undefined : commands[word];
  const isVersion = rest[0] === '-v' || rest[0] === '--version';
  const program =
    load !== undefined ? bare().addCommand((await load()).command(edge)) : isVersion ? bare() : await edge.whole();
  for (const each of [program, ...program.commands]) {
    each.exitOverride();
    each.configureOutput({ outputError: () => undefined });
  }
  // An unknown command is one with `--help` behind it too.
  const unknown = load === undefined && word !== undefined;
  await program.parseAsync(unknown ? [word] : load === undefined ? [...rest] : [word ?? '', ...rest], { from: 'user' });
}

/** `help push` is `push --help`. */
function asked([word, ...rest]: readonly string[]): { word?: string; rest: readonly string[] } {
  if (word === undefined || word.startsWith('-')) return { rest: word === undefined ? rest : [word, ...rest] };
  if (word !== 'help') return { word, rest };
  const [about] = rest;
  return about === undefined ? { rest: ['--help'] } : { word: about, rest: ['--help'] };
}

function bare(): Command {
  return new Command('vais-remote')
    .description('Save a source file, and one frame later the new machine code runs inside your program.')
    .version(packageVersion, '-v, --version')
    .showSuggestionAfterError(true)
    .helpCommand('help [command]', 'show what a command takes')
    .addHelpText('after', helpAfter);
}

/** The command whose words these are, as a reader calls it: `vais-remote push`, or the whole. */
export function calledOf(words: readonly string[]): string {
  const { word } = asked(words);
  return word !== undefined && isCommand(word) ? `vais-remote ${word}` : 'vais-remote';
}

/** True for an error that was no error: help or the version has been shown. */
export function isAnswered(thrown: unknown): boolean {
  return thrown instanceof CommanderError && thrown.exitCode === 0;
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
