import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Agent, type ClientRequestArgs } from 'node:http';
import { Duplex } from 'node:stream';

/** How much of what ssh says is kept, in characters. */
const maxSaid = 2_000;

/**
 * Connections to an engine on another machine, as the `docker` command makes them: the system's own ssh runs `docker system
 * dial-stdio` there. So the user's keys, agent and ~/.ssh/config count, and the host's key must be in known_hosts: nobody is
 * asked, and an unknown or changed key is refused.
 */
export class SshAgent extends Agent {
  readonly #args: readonly string[];
  /** What ssh said last, for when it fails. */
  said = '';

  constructor(url: URL) {
    super({ keepAlive: false }); // Nobody has to close what is kept.
    const user = url.username === '' ? [] : ['-l', decodeURIComponent(url.username)];
    const port = url.port === '' ? [] : ['-p', url.port];
    const how = ['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'ConnectTimeout=15', '-T'];
    this.#args = [...how, ...user, ...port, '--', url.hostname, 'docker', 'system', 'dial-stdio'];
  }

  override createConnection(_options: ClientRequestArgs, done?: (error: Error | null, stream: Duplex) => void): Duplex {
    const child = spawn('ssh', this.#args, { stdio: 'pipe', windowsHide: true });
    const stream = new ProcessStream(child);
    this.said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-maxSaid);
    });
    done?.(null, stream);
    return stream;
  }
}

/** A process as a connection: what is written goes to its input, what it prints comes out. */
class ProcessStream extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams) {
    super();
    this.#child = child;
    child.stdout.on('data', (data: Buffer) => this.push(data) || child.stdout.pause());
    child.stdin.on('error', () => undefined); // Seen by its end.
    child.on('error', (error) => this.destroy(error));
    // Not at the end of its output: only then is it clear how it ended, and all is heard that it had to say.
    child.on('close', (code) => {
      if (code === 0) this.push(null);
      else this.destroy(new Error(`ssh ended with exit code ${code}`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(data: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#child.stdin.write(data, () => done()); // A failure shows in how it ends.
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  // What `http` asks of a socket.
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setTimeout(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
