import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { VaisError } from '../../common/error.ts';

/** A connection to an agent, however it was made. */
export interface Pipe {
  readonly input: Writable;
  readonly output: Readable;
  /** What the way itself said when it did not work. */
  readonly errors: string;
  /** Hangs up. Idempotent. */
  close(): void;
}

/**
 * A place on this machine that leads to an agent elsewhere: gRPC dials it, and each connection becomes one that `dial`
 * makes. A Unix socket in a folder of this user alone; on Windows, where gRPC has none, a port of the loopback.
 */
export class Forward {
  readonly #server: Server;
  readonly #folder: string;
  readonly #sockets = new Set<Socket>();
  /** As gRPC dials it. */
  readonly address: string;
  /** Why the last connection could not be made, or ended. */
  failure: VaisError | undefined;

  private constructor(server: Server, folder: string, address: string, dial: () => Promise<Pipe>) {
    this.#server = server;
    this.#folder = folder;
    this.address = address;
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined); // Seen by its end.
      void this.#join(socket, dial);
    });
  }

  /** Opens it. @throws VaisError `storage` */
  static async open(dial: () => Promise<Pipe>): Promise<Forward> {
    const folder = await mkdtemp(join(tmpdir(), 'vais-way-'));
    const server = createServer();
    try {
      const path = join(folder, 's');
      const isWindows = process.platform === 'win32';
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        if (isWindows) server.listen(0, '127.0.0.1', resolve);
        else server.listen(path, resolve);
      });
      const address = isWindows ? `127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`;
      return new Forward(server, folder, address, dial);
    } catch (cause) {
      await rm(folder, { recursive: true, force: true });
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new VaisError('storage', `cannot listen in ${folder}: ${why}`, { cause });
    }
  }

  /** Ends all that goes through it. Idempotent. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#folder, { recursive: true, force: true }); // At once: the process may be about to end.
  }

  async #join(socket: Socket, dial: () => Promise<Pipe>): Promise<void> {
    let stream: Pipe;
    try {
      stream = await dial();
    } catch (thrown) {
      this.failure = VaisError.from(thrown);
      socket.destroy();
      return;
    }
    socket.once('close', () => stream.close());
    stream.input.on('error', () => socket.destroy());
    socket.pipe(stream.input);
    stream.output.pipe(socket);
    let heard = false;
    stream.output.once('data', () => {
      heard = true;
    });
    stream.output.once('end', () => {
      const said = stream.errors.trim();
      if (!heard && said !== '') this.failure = new VaisError('unreachable', said.split('\n')[0] ?? said);
    });
  }
}
