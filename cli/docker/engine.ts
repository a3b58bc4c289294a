import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { VaisError } from '../../common/error.ts';
import { within } from '../../common/within.ts';
import type { Endpoint } from './endpoints.ts';
import { engineError, statusOf, whyUnreachable } from './engine-error.ts';
import { type Command, ExecStream } from './exec-stream.ts';
import { SshAgent } from './ssh.ts';

/** How long an engine may take to answer that it is there, in milliseconds. */
const pingMs = 20_000;
/** How much of what a command prints is kept, in bytes. */
const maxOutput = 64 * 1024;

export type ListedContainer = Docker.ContainerInfo;
export type ContainerDetails = Docker.ContainerInspectInfo;

/** How a command in a container ended. */
export interface Executed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One container engine: Docker's, or Podman's, which speaks the same. All failures are VaisErrors. */
export class Engine {
  readonly endpoint: Endpoint;
  readonly #docker: Docker;
  readonly #ssh: SshAgent | undefined;
  #isPodman = false;

  private constructor(endpoint: Endpoint) {
    const url = new URL(endpoint.url);
    this.endpoint = endpoint;
    this.#ssh = url.protocol === 'ssh:' ? new SshAgent(url) : undefined;
    this.#docker = new Docker(optionsFor(endpoint, url, this.#ssh));
  }

  /** Connects. @throws VaisError `unreachable` with why, `usage` for a URL that is none */
  static async connect(endpoint: Endpoint): Promise<Engine> {
    let engine: Engine | undefined;
    try {
      engine = new Engine(endpoint);
      const late = (): VaisError => new VaisError('unreachable', `${endpoint.url} does not answer`);
      const version = await within(pingMs, engine.#docker.version(), late);
      const { Components: components = [] } = version as { Components?: readonly { readonly Name: string }[] };
      engine.#isPodman = components.some(({ Name: name }) => name.startsWith('Podman'));
      return engine;
    } catch (thrown) {
      throw whyUnreachable(endpoint, thrown, engine === undefined ? '' : (engine.#ssh?.said ?? ''));
    }
  }

  /** True where the containers' addresses may be reached from here. */
  get isLocal(): boolean {
    return this.endpoint.url.startsWith('unix:') && process.platform === 'linux';
  }

  /** The command that a person reaches it with. */
  get command(): 'docker' | 'podman' {
    return this.#isPodman ? 'podman' : 'docker';
  }

  /** Where published ports are: this machine, or that of the engine. */
  get host(): string {
    const { protocol, hostname } = new URL(this.endpoint.url);
    return protocol === 'tcp:' || protocol === 'ssh:' ? hostname : '127.0.0.1';
  }

  /** The containers that are running or paused, or all, that have all of these labels (`KEY` or `KEY=VALUE`). */
  list(labels: readonly string[] = [], all = false): Promise<ListedContainer[]> {
    return this.#ask(this.#docker.listContainers({ all, filters: { label: [...labels] } }));
  }

  /** All about a container; undefined when there is none of this name or id. */
  async inspect(name: string): Promise<ContainerDetails | undefined> {
    try {
      return await this.#docker.getContainer(name).inspect();
    } catch (thrown) {
      if (statusOf(thrown) === 404) return undefined;
      throw engineError(this.endpoint, thrown);
    }
  }

  /** The commands that run in a container by exec, with their arguments. */
  async running(container: ContainerDetails): Promise<string[][]> {
    const execs = await Promise.all(
      (container.ExecIDs ?? []).map((id) =>
        this.#docker
          .getExec(id)
          .inspect()
          .catch(() => undefined),
      ),
    );
    return execs
      .filter((exec) => exec?.Running === true)
      .map((exec) => [exec?.ProcessConfig.entrypoint ?? '', ...(exec?.ProcessConfig.arguments ?? [])]);
  }

  /** Starts a command in a container, with its streams. @throws VaisError `unreachable` */
  async stream(container: string, command: Command): Promise<ExecStream> {
    const { words, user, environment = [] } = command;
    try {
      const exec = await this.#docker.getContainer(container).exec({
        Cmd: [...words],
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Tty: false,
        Env: [...environment],
        ...(user === undefined ? {} : { User: user }),
      });
      const raw = await exec.start({ hijack: true, stdin: true, Tty: false });
      const output = new PassThrough();
      const errors = new PassThrough();
      this.#docker.modem.demuxStream(raw, output, errors);
      return new ExecStream(raw, output, errors, async () => (await exec.inspect()).ExitCode ?? -1);
    } catch (thrown) {
      throw engineError(this.endpoint, thrown);
    }
  }

  /** Runs a command in a container to its end. @throws VaisError `unreachable`, `timed_out` */
  async run(container: string, command: Command, timeoutMs: number, input?: Readable): Promise<Executed> {
    const stream = await this.stream(container, command);
    const late = setTimeout(() => stream.close(), timeoutMs);
    try {
      if (input === undefined) stream.input.end();
      else input.pipe(stream.input);
      const stdout = await text(stream.output);
      const code = await stream.exitCode();
      if (late.hasRef() && stream.closed)
        throw new VaisError('timed_out', `\`${command.words.join(' ')}\` did not end within ${timeoutMs / 1000} s`);
      return { code, stdout: stdout.slice(0, maxOutput), stderr: stream.errors };
    } finally {
      clearTimeout(late);
      stream.close();
    }
  }

  /** Starts a command that goes on by itself. */
  async start(container: string, command: Command): Promise<void> {
    const { words, user, environment = [] } = command;
    try {
      const exec = await this.#docker.getContainer(container).exec({
        Cmd: [...words],
        Env: [...environment],
        ...(user === undefined ? {} : { User: user }),
      });
      await exec.start({ Detach: true });
    } catch (thrown) {
      throw engineError(this.endpoint, thrown);
    }
  }

  /** Unpacks a tar into a folder that is there. @throws VaisError `unreachable`, with the engine's reason */
  async put(container: string, folder: string, tar: Readable): Promise<void> {
    await this.#ask(this.#docker.getContainer(container).putArchive(tar, { path: folder }));
  }

  /** A file or folder as a tar. Undefined: there is none. */
  async get(container: string, path: string): Promise<NodeJS.ReadableStream | undefined> {
    try {
      return await this.#docker.getContainer(container).getArchive({ path });
    } catch (thrown) {
      if (statusOf(thrown) === 404) return undefined;
      throw engineError(this.endpoint, thrown);
    }
  }

  /** What an image is for, in Docker's words: `linux`, `amd64`. */
  async platform(image: string): Promise<{ readonly os: string; readonly architecture: string }> {
    const { Os: os, Architecture: architecture } = await this.#ask(this.#docker.getImage(image).inspect());
    return { os, architecture };
  }

  /** What stands at a path, a link not followed: mode and time. Undefined: nothing. */
  async stat(container: string, path: string): Promise<PathStat | undefined> {
    try {
      const answer: unknown = await this.#docker.getContainer(container).infoArchive({ path });
      if (answer instanceof Readable) answer.resume(); // Empty; unread, it would keep its connection.
      return readStat(answer);
    } catch (thrown) {
      if (statusOf(thrown) === 404) return undefined;
      throw engineError(this.endpoint, thrown);
    }
  }

  async #ask<Answer>(asked: Promise<Answer>): Promise<Answer> {
    try {
      return await asked;
    } catch (thrown) {
      throw engineError(this.endpoint, thrown);
    }
  }
}

/** What an engine says of a path. */
export interface PathStat {
  /** As Go's `os.FileMode`: bit 31 for a folder, bit 27 for a link. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

function readStat(answer: unknown): PathStat | undefined {
  const { headers } = answer as { headers?: Record<string, string> };
  const encoded = headers?.['x-docker-container-path-stat'];
  return encoded === undefined ? undefined : (JSON.parse(Buffer.from(encoded, 'base64').toString()) as PathStat);
}

/** Everything said, so that nothing of the environment is mixed in. */
function optionsFor({ tls }: Endpoint, url: URL, ssh: SshAgent | undefined): Docker.DockerOptions {
  const none = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  const options: Record<string, unknown> = { ...none, protocol: 'http', pathPrefix: '/', socketPath: undefined };
  switch (url.protocol) {
    case 'unix:':
      return { ...options, socketPath: decodeURIComponent(url.pathname) };
    case 'npipe:':
      return { ...options, socketPath: url.href.replace(/^npipe:\/\//, '').replace(/^\/\/\/\./, '//.') };
    case 'ssh:':
      return { ...options, host: 'docker', port: 80, agent: ssh } as Docker.DockerOptions;
    case 'tcp:':
    case 'http:':
    case 'https:': {
      const secure = tls !== undefined || url.protocol === 'https:';
      const port = url.port === '' ? (secure ? 2376 : 2375) : Number(url.port);
      return { ...options, ...tls, host: url.hostname, port, protocol: secure ? 'https' : 'http' };
    }
    default:
      throw new VaisError('usage', `${url.protocol}// is no way to an engine`, {
        hint: 'DOCKER_HOST takes unix://, tcp://, ssh:// and, on Windows, npipe://.',
      });
  }
}
