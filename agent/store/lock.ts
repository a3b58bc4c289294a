import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../common/digest.ts';
import { VaisError } from '../../common/error.ts';
import { storageError } from '../../common/files.ts';
import { systemFlock } from '../../common/flock.ts';
import { isAlive } from '../run/process.ts';

/** A lock that this process holds. The system takes it away when the process ends, however it does. */
export interface Lock {
  /** Idempotent. */
  release(): void;
}

/** How long it is waited for the holder to say who it is: it may have taken the lock this instant. */
const nameMs = 1_000;

/**
 * Takes the lock that a file stands for, for this process alone: what it starts does not inherit it. The file stays.
 *
 * @param what is locked, for the error
 * @throws VaisError `busy` that names who holds it, `storage`
 */
export async function takeLock(path: string, what: string): Promise<Lock> {
  const taken = process.platform === 'win32' ? await takePipe(path) : await takeFile(path);
  if (typeof taken !== 'string') return taken;
  throw new VaisError('busy', `another agent (${taken}) has ${what}`);
}

/** `flock`: of the open file, so that it ends with the last descriptor of it, and holds between containers as well. */
async function takeFile(path: string): Promise<Lock | string> {
  const flock = await systemFlock();
  for (;;) {
    const file = open(path);
    const error = flock(file);
    if (error === undefined && isStill(path, file)) return hold(file);
    closeSync(file);
    if (error === undefined) continue; // Somebody removed the file meanwhile: what we have locks nobody out.
    if (error !== 'EAGAIN')
      throw new VaisError('storage', `${path} cannot be locked: ${error}`, {
        hint: 'Put it on a local file system that supports locks.',
      });
    const holder = await holderOf(path);
    if (holder !== undefined) return holder;
  }
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (thrown) {
    throw storageError(`cannot open ${path}`, thrown);
  }
}

function hold(file: number): Lock {
  const name = (text: string) => {
    try {
      ftruncateSync(file, 0);
      writeSync(file, text, 0);
    } catch {
      // Only the name of the holder: the lock is there without it.
    }
  };
  name(`${process.pid} ${hostname()}\n`);
  let isHeld = true;
  return {
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      name('');
      closeSync(file);
    },
  };
}

function isStill(path: string, file: number): boolean {
  try {
    const [there, ours] = [statSync(path), fstatSync(file)];
    return there.ino === ours.ino && there.dev === ours.dev;
  } catch {
    return false;
  }
}

/** Who holds it. Undefined when the one that is named has ended, so that it may be free by now. */
async function holderOf(path: string): Promise<string | undefined> {
  const until = performance.now() + nameMs;
  for (;;) {
    const [, pid, host] = /^(\d{1,10}) (\S+)\n$/.exec(nameIn(path)) ?? [];
    if (pid !== undefined && host !== hostname()) return `pid ${pid} on ${host}`;
    if (pid !== undefined && (await isAlive(Number(pid)))) return `pid ${pid}`;
    if (performance.now() > until) return 'it does not say which';
    await sleep(10);
    if (pid !== undefined) return undefined;
  }
}

function nameIn(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** On Windows: the first instance of a named pipe, of which there is one. It tells whoever asks who holds it. */
function takePipe(path: string): Promise<Lock | string> {
  const pipe = `\\\\.\\pipe\\vais-remote-${digestOf(resolve(path).toLowerCase()).slice(0, 32)}`;
  return new Promise((done, failed) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).end(`pid ${process.pid}`);
    }).unref();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') done(askPipe(pipe));
      else failed(storageError(`cannot lock ${path}`, error));
    });
    server.listen(pipe, () => done({ release: () => void server.close() }));
  });
}

function askPipe(pipe: string): Promise<string> {
  return new Promise((done) => {
    let text = '';
    const socket = createConnection(pipe);
    socket.setTimeout(nameMs, () => socket.destroy());
    socket
      .on('error', () => undefined)
      .on('data', (bytes) => {
        text += bytes;
      });
    socket.on('close', () => done(text || 'it does not say which'));
  });
}
