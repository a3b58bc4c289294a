import { VaisError } from '../common/error.ts';

/** Where an agent listens, and which of its programs is meant. */
export interface Target {
  /** As grpc-js takes it, and as it is shown: `127.0.0.1:7777`, `[::1]:7777`. */
  readonly address: string;
  /** What is dialled where that is another place than the address: `unix:/…` or `HOST:PORT`, of a forward to there. */
  readonly dial?: string;
  readonly host: string;
  readonly port: number;
  /** The program's name, when the target names one. */
  readonly program?: string;
}

/**
 * Reads `HOST:PORT[/PROGRAM]`.
 *
 * @throws VaisError `usage` when the text has another form
 */
export function parseTarget(text: string): Target {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:/[\]]+):(\d{1,5})(?:\/(.+))?$/.exec(text);
  const [, host, digits, program] = match ?? [];
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new VaisError('usage', `\`${text}\` is no target`, {
      hint: 'Write HOST:PORT or HOST:PORT/PROGRAM, as in 127.0.0.1:7777/game.',
    });
  }
  const target = { address: `${host}:${port}`, host: host.replace(/^\[|\]$/g, ''), port };
  return program === undefined ? target : { ...target, program };
}

/** True for what `parseTarget` reads, and false for the name of a target. */
export function isAddress(text: string): boolean {
  return /^(?:\[[^\]]*\]|[^/]*):\d+(?:\/|$)/.test(text);
}

/**
 * Holds a connection without TLS to this machine.
 *
 * @throws VaisError `not_authorized` when the host is not a loopback address
 */
export function requireLoopback(target: Target): void {
  if (isLoopback(target.host)) return;
  throw new VaisError(
    'not_authorized',
    `${target.address} is not on this machine, and was not paired: nothing is sent there in plain text`,
    {
      hint: 'Pair with the agent there: start it without --insecure, and `vais-remote pair` the token that it prints.',
    },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
