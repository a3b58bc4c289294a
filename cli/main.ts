#!/usr/bin/env node
/** The one edge of `vais-remote`: argv, environment, signals, standard streams and the exit code meet here and nowhere else. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommanderError } from 'commander';
import { VaisError } from '../common/error.ts';
import { printable } from '../common/printable.ts';
import { calledOf, isAnswered, runCommandLine } from './command-line.ts';
import type { Run } from './commands/flags.ts';
import { type Context, interruptedExit } from './show/context.ts';
import { HumanOutput, JsonOutput, type Output } from './show/output.ts';
import { errorReport } from './show/report.ts';
import { styleOf } from './show/style.ts';

async function main(argv: readonly string[]): Promise<void> {
  const [word, ...rest] = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv;
  if (word === 'agent' || word === 'audit') {
    // The one door from `cli/` into `agent/`: the process becomes an agent altogether and shares nothing with the rest of
    // the command line, so that an agent loads no compiler and a push no agent.
    const agent = await import('../agent/main.ts');
    await agent.main(word === 'agent' ? rest : [word, ...rest]);
    return;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    // Not `once`: while it writes, write-file-atomic listens too, and ends the process where it is the only one.
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(interruptedExit); // A second Ctrl-C ends the process the hard way.
      interrupted.abort();
    });
  }
  // Where files may only have a certain size (`ulimit -f`), a write fails then and says so. Not on Windows.
  if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);
  // Whoever read our output has gone (`| head`): there is nothing left to say, and it is no error.
  process.stdout.on('error', () => interrupted.abort());
  process.stderr.on('error', () => undefined);
  try {
    const edge = { run: runWith(interrupted.signal), defaultTo: process.env['VAIS_REMOTE_TO'] || undefined };
    await runCommandLine(argv, edge);
  } catch (thrown) {
    if (isAnswered(thrown)) return; // --help and --version have said it.
    if (thrown instanceof CommanderError && thrown.code === 'commander.help') {
      process.exitCode = 2; // No command: the help has been shown.
      return;
    }
    const error = thrown instanceof CommanderError ? usageError(thrown, calledOf(argv)) : VaisError.from(thrown);
    outputFor(argv.includes('--json')).show(errorReport(error));
    process.exitCode = error.exitCode;
  }
}

function runWith(signal: AbortSignal): Run {
  return async (name, flags, command) => {
    const output = outputFor(flags.json, name);
    const say = (text: string): void => {
      process.stderr.write(`vais-remote: ${printable(text)}\n`);
    };
    const print = (text: string): void => {
      process.stdout.write(`${text}\n`);
    };
    const context: Context = {
      output,
      print,
      signal,
      say,
      env: process.env,
      style: styleOf(process.stdout, process.env),
      clear: () => {
        if (!flags.json && process.stdout.isTTY) process.stdout.write('\x1b[2J\x1b[3J\x1b[H');
      },
      secret: (prompt) => readSecret(prompt, signal),
      keys: (onKey) => (flags.json ? undefined : readKeys(onKey)),
    };
    try {
      process.exitCode = await command(context);
      output.flush();
    } catch (thrown) {
      const error = VaisError.from(thrown);
      output.flush();
      output.show(errorReport(error));
      process.exitCode = error.exitCode;
    }
  };
}

/** Hears the keys of a terminal. Ctrl-C and Ctrl-Z, which come as keys then, do what they do else. */
function readKeys(onKey: (key: string) => void): (() => void) | undefined {
  const { stdin } = process;
  if (!stdin.isTTY || !process.stdout.isTTY) return undefined;
  const goOn = (): void => {
    stdin.setRawMode(true);
  };
  const hear = (keys: string): void => {
    for (const key of keys) {
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else if (key === '\x1a' && process.platform !== 'win32') {
        stdin.setRawMode(false);
        process.kill(process.pid, 'SIGTSTP');
      } else onKey(key);
    }
  };
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', hear);
  process.on('SIGCONT', goOn);
  return () => {
    process.off('SIGCONT', goOn);
    stdin.off('data', hear);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

/** What is typed is not shown; what stands in the arguments of a process, every user of a machine can read. */
async function readSecret(prompt: string, signal: AbortSignal): Promise<string> {
  const { stdin, stderr } = process;
  const silent = new Writable({ write: (_bytes, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY === true, signal });
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  if (stdin.isTTY) stderr.write(prompt);
  try {
    for await (const line of lines) return line.trim();
    return '';
  } finally {
    lines.close();
    if (stdin.isTTY) stderr.write('\n');
    stdin.pause();
  }
}

function outputFor(json: boolean, name = ''): Output {
  if (json) return new JsonOutput(process.stdout);
  const errStyle = styleOf(process.stderr, process.env);
  const options = { compact: name === 'watch', story: name === 'demo', errStyle, buildsTo: 2 };
  return new HumanOutput(process.stdout, process.stderr, styleOf(process.stdout, process.env), options);
}

/** commander's complaint as ours: what is wrong, and the nearest right word, or where to look. */
function usageError({ message }: CommanderError, called: string): VaisError {
  const [what = message, guess] = message.replace(/^error: /, '').split('\n');
  const near = guess === undefined ? '' : `${guess.replace(/^\(|\)$/g, '')} `;
  return new VaisError('usage', what, { hint: `${near}See \`${called} --help\` for what there is.` });
}

await main(process.argv.slice(2));
// All is said. A connection that is still being made to a machine that does not answer would keep the process for
// minutes, until the system gives it up.
process.stdout.write('', () => process.stderr.write('', () => process.exit()));
