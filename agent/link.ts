import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { VaisError } from '../common/error.ts';
import { isPrivateFolder, makePrivateFolder } from '../common/files.ts';
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
 * Listens for programs on a Unix socket in a folder that nobody else can write to; on Windows on a named pipe, to which
 * nobody else can write.
 *
 * @throws VaisError `busy` when another agent listens there, `storage` when the folder is not safe
 */
export async function listenForPrograms(path: string, onProgram: (socket: Socket) => void): Promise<LinkListener> {
  if (process.platform === 'win32') requirePipe(path);
  else await makePlace(path);
  if (await answers(path)) throw busy(path);
  const server = createServer(onProgram);
  if (isPipe(path)) {
    await listen(server, path);
  } else {
    await rm(path, { force: true }); // Left by an agent that was killed: nobody answers.
    await listen(server, path);
    await chmod(path, 0o600);
  }
  let closed = false;
  return {
    path,
    close: async () => {
      if (closed) return;
      closed = true;
      server.close(); // Removes the socket too, at once: a moment later it may be another agent's.
    },
  };
}

function busy(path: string): VaisError {
  return new VaisError('busy', `another agent listens on ${path}`);
}

function requirePipe(path: string): void {
  if (isPipe(path)) return;
  throw new VaisError('usage', `${path} is no named pipe`, {
    hint: 'On Windows the link is called \\\\.\\pipe\\NAME.',
  });
}

async function makePlace(path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new VaisError('storage', `the link's path is longer than ${maxSocketPath} bytes: ${path}`, {
      hint: 'Give the agent a data folder with a shorter path, or name the socket with --link.',
    });
  }
  const folder = dirname(path);
  await makePrivateFolder(folder);
  if (!(await isPrivateFolder(folder))) {
    throw new VaisError('storage', `${folder} can be written to by other users, so they could pose as the agent`);
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      // Only the first may make a pipe of a name.
      reject(
        isPipe(path) && error.code === 'EADDRINUSE'
          ? busy(path)
          : new VaisError('storage', `cannot listen on ${path}: ${error.message}`, { cause: error }),
      );
    server.once('error', fail);
    server.listen(path, () => {
      server.off('error', fail);
      server.on('error', () => undefined); // A connection that could not be taken: the program dials again.
      resolve();
    });
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
