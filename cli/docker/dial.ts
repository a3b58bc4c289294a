import { createConnection, type Socket } from 'node:net';
import { VaisError } from '../../common/error.ts';
import type { Found } from './find.ts';
import type { Pipe } from './forward.ts';
import type { InsideAgent } from './inside.ts';

/** How long a port may take to take a connection before another way is tried, in milliseconds. */
const connectMs = 1_000;

/** How an agent was reached. */
export type TunnelKind = 'port' | 'address' | 'exec';

/**
 * Connects to the agent in a container: by the port that is published for it, else by the container's own address, else, with
 * no port at all, by a command in the container that joins its standard streams with the agent.
 *
 * @throws VaisError `unreachable`
 */
export async function dial(found: Found, agent: InsideAgent): Promise<Pipe & { readonly kind: TunnelKind }> {
  for (const { kind, host, port } of ports(found, agent)) {
    const socket = await connectTo(host, port);
    if (socket !== undefined)
      return { kind, input: socket, output: socket, errors: '', close: () => void socket.destroy() };
  }
  const words = [...agent.command, 'agent', 'connect', '--data', agent.data];
  const stream = await found.engine.stream(found.details.Id, { words });
  return {
    kind: 'exec',
    input: stream.input,
    output: stream.output,
    get errors() {
      return explain(found, stream.errors);
    },
    close: () => stream.close(),
  };
}

interface Place {
  readonly kind: TunnelKind;
  readonly host: string;
  readonly port: number;
}

function ports({ engine, details }: Found, { port }: InsideAgent): Place[] {
  if (port === undefined) return [];
  const { Ports: published, Networks: networks } = details.NetworkSettings;
  const outside = (published?.[`${port}/tcp`] ?? []).map(({ HostIp: ip, HostPort: at }) => ({
    kind: 'port' as const,
    host: ip === '' || ip === '0.0.0.0' || ip === '::' ? engine.host : ip,
    port: Number(at),
  }));
  const addresses = engine.isLocal ? Object.values(networks ?? {}).map(({ IPAddress: ip }) => ip) : [];
  const own = addresses.filter((ip) => ip !== '').map((host) => ({ kind: 'address' as const, host, port }));
  return [...outside, ...own];
}

function connectTo(host: string, port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, noDelay: true });
    const fail = (): void => {
      socket.destroy();
      resolve(undefined);
    };
    socket.setTimeout(connectMs, fail);
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** What a runtime says when a command cannot be started, in fewer words. */
export function explain({ name }: Found, said: string): string {
  const missing = /exec: "([^"]*)": (.*?)(?:: unknown)?$/m.exec(said);
  return missing === null ? said : `${name} cannot run ${missing[1]}: ${missing[2]}`;
}

/** That what came of a command in a container is not what was asked for. */
export function commandFailed(found: Found, what: string, said: string): VaisError {
  return new VaisError('unreachable', `${found.name}: ${what}: ${explain(found, said.trim()) || 'it said nothing'}`);
}
