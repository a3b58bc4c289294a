import { chmodSync, existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { isPrivateFolder, makePrivateFolder } from '../../common/files.ts';
import { takeLock } from '../store/lock.ts';
import { isPipe } from './socket-path.ts';

/** A socket that programs dial. */
export interface LinkListener {
  readonly path: string;
  /** Stops listening and removes the socket. Connections stay. Idempotent. */
  close(): Promise<void>;
}

/** The longest path that a Unix socket can have on every system, in bytes. */
const maxSocketPath = 100;

/**
 * Listens for programs on a Unix socket that nobody else can use, in a folder that nobody else can write to; on Windows on
 * a named pipe, to which nobody else can write.
 *
 * @throws VaisError `busy` when another agent listens there, `storage` when the folder is not safe
 */
export async function listenForPrograms(path: string, onProgram: (socket: Socket) => void): Promise<LinkListener> {
  const server = createServer(onProgram);
  const release = await (process.platform === 'win32' ? takePipe(server, path) : takeSocket(server, path));
  let closed = false;
  return {
    path,
    close: async () => {
      if (closed) return;
      closed = true;
      server.close(); // Removes the socket too, at once: a moment later it may be another agent's.
      release();
    },
  };
}

/** A lock beside the socket keeps two agents that start at the same instant from taking it from each other. */
async function takeSocket(server: Server, path: string): Promise<() => void> {
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new VaisError('storage', `the path of a socket is longer than ${maxSocketPath} bytes: ${path}`, {
      hint: 'Give the agent a data folder with a shorter path, or name the socket with --link.',
    });
  }
  const folder = dirname(path);
  await makePrivateFolder(folder);
  if (!(await isPrivateFolder(folder))) {
    throw new VaisError('storage', `${folder} can be written to by other users, so they could pose as the agent`);
  }
  const lock = await takeLock(`${path}.lock`, `the link ${path}`);
  try {
    if (await answers(path)) throw new VaisError('busy', `another process listens on ${path}`);
    await rm(path, { force: true }); // Left by an agent that was killed: nobody answers.
    await listen(server, path);
  } catch (thrown) {
    server.close();
    lock.release();
    throw thrown;
  }
  return () => lock.release();
}

/** Node makes the first instance of the pipe or none, and Windows lets nobody but its maker write to one. */
async function takePipe(server: Server, path: string): Promise<() => void> {
  if (!isPipe(path)) {
    throw new VaisError('usage', `${path} is no named pipe`, {
      hint: 'On Windows programs find their agent at a name like \\\\.\\pipe\\NAME.',
    });
  }
  await listen(server, path).catch((thrown: VaisError) => {
    const { code } = thrown.cause as NodeJS.ErrnoException;
    throw code === 'EADDRINUSE' ? new VaisError('busy', `another process listens on ${path}`) : thrown;
  });
  return () => undefined;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) =>
      reject(new VaisError('storage', `cannot listen on ${path}: ${error.message}`, { cause: error }));
    server.once('error', fail);
    server.listen(path, () => {
      server.off('error', fail);
      server.on('error', () => undefined); // A connection that could not be taken: the program dials again.
      resolve();
    });
    // The socket was made within the call. Whatever the agent's umask: nobody else may use it.
    if (!isPipe(path) && existsSync(path)) chmodSync(path, 0o600);
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
