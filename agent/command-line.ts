import { Command, InvalidArgumentError } from 'commander';
import type { Show } from './commands.ts';
import { parseRunOrder, type RunOrder } from './run/run-order.ts';
import { tokenSeconds } from './trust/tokens.ts';

/** What an agent is started with. */
export interface AgentFlags {
  readonly listen: string;
  readonly data: string;
  readonly run: readonly RunOrder[];
  readonly insecure: boolean;
  readonly link?: string;
  readonly advertise?: string;
  readonly certificateDays: number;
  readonly json: boolean;
  readonly maxImage: number;
  readonly maxDisk: number;
  readonly keep: number;
  readonly keepEnv: readonly string[];
}

/**
 * What the commands need of their surroundings: `serve` starts an agent, `connect` joins the standard streams with one,
 * `run` carries one of the others out.
 */
export interface Edge {
  readonly serve: (flags: AgentFlags) => Promise<void>;
  readonly connect: (data: string) => Promise<void>;
  readonly run: (json: boolean, work: (show: Show) => Promise<void>) => Promise<void>;
}

/** The command line behind `vais-remote agent`, and that of `vais-remote audit`. */
export function agentCommandLine(argv: readonly string[], edge: Edge): Command {
  const make = others(edge)[argv[0] ?? ''];
  return make === undefined ? agent(edge) : make().name(`vais-remote agent ${argv[0]}`);
}

/** Whether what stands behind `agent` names one of its commands, which then has no more to say about the rest. */
export function isAgentCommand(word: string | undefined): boolean {
  return word !== undefined && /^(token|developers|revoke|new-identity|audit|health|connect)$/.test(word);
}

function agent({ serve }: Edge): Command {
  return new Command('vais-remote agent')
    .description('Run the agent that delivers pushed code to programs on this machine.')
    .option('--listen <host:port>', 'where to listen for pushes; port 0 takes a free one', '127.0.0.1:0')
    .requiredOption('--data <dir>', 'folder for identity, images and history; made when it is missing')
    .option('--run <name=command>', 'start this program, and again when it dies (repeatable)', collectRun, [])
    .option('--keep-env <name>', 'hand this variable on to programs of --run (repeatable)', collect, [])
    .option('--insecure', 'serve without encryption, authentication and signatures, on loopback only', false)
    .option('--link <path>', 'the default socket for programs (see docs/link.md)')
    .option('--advertise <host:port>', 'where developers reach this agent; goes into pairing tokens')
    .option('--certificate-days <n>', 'how long a developer’s certificate holds; it renews automatically', days, 30)
    .option('--max-image <mib>', 'largest library that is taken, in MiB', positive, 256)
    .option('--max-disk <mib>', 'what all kept libraries may take together, in MiB', positive, 4_096)
    .option('--keep <n>', 'how many versions of each module are kept to roll back to', positive, 20)
    .option('--json', 'one JSON object a line', false)
    .addHelpText('after', help)
    .action((flags: AgentFlags) => serve(flags));
}

function others({ run, connect }: Edge): Readonly<Record<string, () => Command>> {
  const command = (description: string): Command =>
    new Command()
      .description(description)
      .requiredOption('--data <dir>', 'the data folder of the agent')
      .option('--json', 'one JSON object a line', false);
  const commands = () => import('./commands.ts'); // When one is called: `connect` is on the way to a push.
  return {
    connect: () =>
      command('Join standard input and output with the agent: what `docker exec` runs.').action(({ data }: DataFlags) =>
        connect(data),
      ),
    health: () =>
      command('Ask the agent whether it serves, over its port and TLS; exit 0 when it does.').action(
        ({ data, json }: DataFlags) => run(json, async (show) => (await commands()).health(data, show)),
      ),
    token: () =>
      command('Print a token with which one developer can pair, once.')
        .option('--program <name>', 'a program that the developer may touch; without it, all (repeatable)', collect, [])
        .option('--developer <name>', 'what the developer is called; without it, as they say')
        .option('--minutes <n>', 'how long the token holds', minutes, tokenSeconds.usual / 60)
        .action((flags: DataFlags & { program: string[]; developer?: string; minutes: number }) => {
          const { data, json, program: programs, developer, minutes: holds } = flags;
          const named = developer === undefined ? {} : { developer };
          return run(json, async (show) =>
            (await commands()).token(data, { ...named, programs, minutes: holds }, show),
          );
        }),
    developers: () =>
      command('Say who is paired with the agent.').action(({ data, json }: DataFlags) =>
        run(json, async (show) => (await commands()).developers(data, show)),
      ),
    revoke: () =>
      command('Take a developer’s rights, and end their connections at once.')
        .argument('<name>', 'who: see `vais-remote agent developers`')
        .action((name: string, { data, json }: DataFlags) =>
          run(json, async (show) => (await commands()).revoke(data, name, show)),
        ),
    'new-identity': () =>
      command('Set the agent’s identity and developers aside: for an agent that lost its key.').action(
        ({ data, json }: DataFlags) => run(json, async (show) => (await commands()).newIdentity(data, show)),
      ),
    audit: () =>
      command('Show and verify the audit log.')
        .option('--verify', 'only say whether the log is whole', false)
        .action(({ data, json, verify }: DataFlags & { verify: boolean }) =>
          run(json, async (show) => (await commands()).audit(data, verify, show)),
        ),
  };
}

interface DataFlags {
  readonly data: string;
  readonly json: boolean;
}

function collectRun(text: string, before: readonly RunOrder[]): RunOrder[] {
  const order = parseRunOrder(text);
  if (order === undefined) throw new InvalidArgumentError('Write NAME=COMMAND, as in game=./game.');
  return [...before, order];
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return number;
}

function days(text: string): number {
  const number = Number(text);
  if (number > 0 && number <= 3_650) return number;
  throw new InvalidArgumentError('Give days, up to ten years.');
}

function minutes(text: string): number {
  const number = positive(text);
  if (number * 60 <= tokenSeconds.most) return number;
  throw new InvalidArgumentError('Give minutes, up to a day.');
}

const help = `
Its other commands, each with --help:
  vais-remote agent health --data DIR         does it serve?
  vais-remote agent connect --data DIR        join standard input and output with it, as over \`docker exec\`
  vais-remote agent token --data DIR          a token with which one more developer can pair
  vais-remote agent developers --data DIR     who is paired
  vais-remote agent revoke NAME --data DIR    take a developer's rights, at once
  vais-remote agent new-identity --data DIR   for an agent that lost its key
  vais-remote audit --data DIR                show the audit log; --verify: check that it was not changed`;
