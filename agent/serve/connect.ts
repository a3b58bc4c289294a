import { createConnection, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { VaisError } from '../../common/error.ts';
import { readAddressFile } from './address-file.ts';

/** How long an agent on this machine may take to take the connection, in milliseconds. */
const connectMs = 5_000;

/**
 * `agent connect`: joins two streams with the agent that runs on a data folder, so that whoever can start a command here
 * reaches it with no port open: over `docker exec`, or ssh. It looks at no byte: TLS goes through it from end to end.
 * Resolves when either side has ended.
 *
 * @throws VaisError `unreachable` when no agent runs there
 */
export async function connectAgent(dataFolder: string, input: Readable, output: Writable): Promise<void> {
  const { address } = await readAddressFile(dataFolder);
  const socket = await open(address, dataFolder);
  // What breaks on either side is the end of both.
  input.on('error', () => socket.destroy());
  output.on('error', () => socket.destroy());
  input.pipe(socket);
  socket.pipe(output);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()).on('error', () => undefined));
}

function open(address: string, dataFolder: string): Promise<Socket> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
  const socket = createConnection({ host, port: Number(address.slice(colon + 1)), noDelay: true });
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new VaisError('unreachable', `no agent runs on ${dataFolder}: ${address} ${why}`));
    };
    socket.setTimeout(connectMs, () => fail('does not answer'));
    socket.once('error', ({ message }) => fail(`does not answer: ${message}`));
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
