import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import { VaisError } from '../common/error.ts';
import { printable, printableJson } from '../common/printable.ts';
import { parseTarget } from '../rpc/address.ts';
import { type AgentFlags, agentCommandLine, isAgentCommand } from './command-line.ts';
import type { Show } from './commands.ts';
import { defaultLinkPath } from './link/socket-path.ts';
import type { Notice } from './say/notice.ts';
import { noticeJson, renderNotice } from './say/render.ts';
import { connectAgent } from './serve/connect.ts';

/**
 * `vais-remote agent …` and `vais-remote audit …`: the edge of the agent. An agent runs until it is told to stop (SIGINT,
 * SIGTERM, SIGHUP); then, and after any other command, the process exits.
 *
 * @param argv what stands behind `agent` on the command line
 */
export async function main(argv: readonly string[]): Promise<void> {
  // Whoever read our output may go away; that is no reason to stop serving.
  process.stdout.on('error', () => undefined);
  const command = agentCommandLine(argv, { serve, run, connect }).exitOverride();
  try {
    // A word that is no command is a mistake with `--help` behind it too.
    const isWrong = argv[0] !== undefined && !argv[0].startsWith('-') && !isAgentCommand(argv[0]);
    const words = isAgentCommand(argv[0]) ? argv.slice(1) : isWrong ? argv.slice(0, 1) : argv;
    await command.parseAsync(words, { from: 'user' });
  } catch (thrown) {
    // commander has printed its message or the help.
    process.exit(thrown instanceof CommanderError && thrown.exitCode === 0 ? 0 : 2);
  }
}

async function serve(flags: AgentFlags): Promise<void> {
  // systemd says so where our output goes into its journal, which others may read, and which is kept.
  const isLogged = process.env['JOURNAL_STREAM'] !== undefined;
  const say = (said: Notice) => {
    const notice: Notice = isLogged && said.event === 'token' ? { event: 'unpaired', data: resolve(flags.data) } : said;
    process.stdout.write(`${flags.json ? noticeJson(notice) : renderNotice(notice)}\n`);
  };
  // Where files may only have a certain size (`ulimit -f`), a write fails then, and does not end the agent. Not on Windows.
  if (process.platform !== 'win32') process.on('SIGXFSZ', () => undefined);
  // A fault of ours in one push must not end the service for the others.
  process.on('unhandledRejection', (reason) => {
    say({ event: 'warning', message: `a fault in the agent: ${reason instanceof Error ? reason.stack : reason}` });
  });
  try {
    let asked = false;
    // Not `once`: while it writes, write-file-atomic listens too, and ends the process where it is the only one.
    const stop = new Promise<void>((done) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        process.on(signal, () => {
          if (asked) process.exit(1); // The hard way: what was started goes on.
          asked = true;
          done();
        });
    });
    const { startAgent } = await import('./agent.ts'); // The other commands start faster without it.
    const agent = await startAgent(
      {
        listen: flags.listen,
        data: resolve(flags.data),
        run: flags.run,
        insecure: flags.insecure,
        ...(flags.advertise === undefined ? {} : { advertise: parseTarget(flags.advertise).address }),
        certificateMs: flags.certificateDays * 86_400_000,
        defaultLink: flags.link === undefined ? defaultLinkPath(process.env['XDG_RUNTIME_DIR']) : resolve(flags.link),
        maxImageBytes: flags.maxImage * 1024 * 1024,
        maxDiskBytes: flags.maxDisk * 1024 * 1024,
        keep: flags.keep,
        environment: process.env,
        keepEnv: flags.keepEnv,
      },
      say,
    );
    await stop;
    await agent.close();
    say({ event: 'stopped' });
    process.exit(0);
  } catch (thrown) {
    fail(flags.json, thrown);
  }
}

/** Is a pipe to the agent until either side hangs up. */
async function connect(data: string): Promise<void> {
  try {
    await connectAgent(resolve(data), process.stdin, process.stdout);
    process.exit(0);
  } catch (thrown) {
    fail(false, thrown);
  }
}

/** Carries a command out that ends by itself. */
async function run(json: boolean, work: (show: Show) => Promise<void>): Promise<void> {
  try {
    await work((data, text) => {
      process.stdout.write(`${json ? printableJson(JSON.stringify(data)) : printable(text)}\n`);
    });
  } catch (thrown) {
    fail(json, thrown);
  }
}

function fail(json: boolean, thrown: unknown): never {
  const error = VaisError.from(thrown);
  if (json) process.stdout.write(`${JSON.stringify({ event: 'error', ...error.toJSON(), exit: error.exitCode })}\n`);
  else process.stderr.write(`error: ${printable(error.message)}\nhint:  ${error.hint}\n`);
  process.exit(error.exitCode);
}
