import { resolve } from 'node:path';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { VaisError } from '../common/error.ts';
import { startAgent } from './agent.ts';
import { defaultLinkPath } from './link.ts';
import type { Notice } from './notice.ts';
import { noticeJson, renderNotice } from './render.ts';
import { parseRunOrder, type RunOrder } from './supervisor.ts';

interface Flags {
  readonly listen: string;
  readonly data: string;
  readonly run: readonly RunOrder[];
  readonly insecure: boolean;
  readonly json: boolean;
  readonly maxImage: number;
}

/**
 * `vais-remote agent …`: the edge of the agent. Runs until it is told to stop (SIGINT, SIGTERM, SIGHUP), then exits.
 *
 * @param argv what stands behind `agent` on the command line
 */
export async function main(argv: readonly string[]): Promise<void> {
  const flags = readFlags(argv);
  const say = (notice: Notice) => {
    process.stdout.write(`${flags.json ? noticeJson(notice) : renderNotice(notice)}\n`);
  };
  // Whoever read our output may go away; that is no reason to stop serving.
  process.stdout.on('error', () => undefined);
  // A fault of ours in one push must not end the service for the others.
  process.on('unhandledRejection', (reason) => {
    say({ event: 'warning', message: `a fault in the agent: ${reason instanceof Error ? reason.stack : reason}` });
  });
  try {
    const stop = new Promise<void>((done) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => done());
    });
    const agent = await startAgent(
      {
        listen: flags.listen,
        data: resolve(flags.data),
        run: flags.run,
        insecure: flags.insecure,
        defaultLink: defaultLinkPath(process.env['XDG_RUNTIME_DIR']),
        maxImageBytes: flags.maxImage * 1024 * 1024,
        environment: process.env,
      },
      say,
    );
    await stop;
    await agent.close();
    say({ event: 'stopped' });
    process.exit(0);
  } catch (thrown) {
    const error = VaisError.from(thrown);
    if (flags.json)
      process.stdout.write(`${JSON.stringify({ event: 'error', ...error.toJSON(), exit: error.exitCode })}\n`);
    else process.stderr.write(`vais-remote agent: ${error.message}\n  ${error.hint}\n`);
    process.exit(error.exitCode);
  }
}

function readFlags(argv: readonly string[]): Flags {
  const command = new Command('vais-remote agent')
    .description('Stand beside programs on this machine and hand them the code that is pushed.')
    .requiredOption('--listen <host:port>', 'where to listen for pushes; port 0 takes a free one')
    .requiredOption('--data <dir>', 'folder for images and history; made when it is missing')
    .option('--run <name=command>', 'start this program, and again when it dies (repeatable)', collectRun, [])
    .option('--insecure', 'serve without encryption and authentication, on loopback only', false)
    .option('--max-image <mib>', 'largest library that is taken, in MiB', positive, 256)
    .option('--json', 'one JSON object a line', false)
    .exitOverride();
  try {
    command.parse(argv, { from: 'user' });
  } catch (thrown) {
    // commander has printed its message or the help.
    process.exit(thrown instanceof CommanderError && thrown.exitCode === 0 ? 0 : 2);
  }
  return command.opts<Flags>();
}

function collectRun(text: string, before: readonly RunOrder[]): RunOrder[] {
  const order = parseRunOrder(text);
  if (order === undefined) throw new InvalidArgumentError('Write NAME=COMMAND, as in game=./game.');
  return [...before, order];
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return number;
}
