/** Real containers for tests: what is started here is removed at the end, and nothing else is touched. */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { packageRoot } from '../../common/package-root.ts';
import type { Running, World } from '../e2e/harness.ts';

/** What is missing to run containers, in the words of a person who could get it; undefined when nothing is. */
export function missingDocker(): string | undefined {
  const engine = spawnSync('docker', ['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (engine.error !== undefined) return 'there is no docker command';
  if (engine.status !== 0) return `no Docker engine answers: ${engine.stderr.trim().split('\n').at(-1)}`;
  if (engine.stdout.trim() !== 'linux/amd64')
    return `the engine is ${engine.stdout.trim()}, and the base image is made of an x86-64 Linux`;
  if (spawnSync('docker-compose', ['version'], { timeout: 20_000 }).status !== 0)
    return 'there is no docker-compose command';
  if (spawnSync('tcc', ['-v']).error !== undefined) return 'there is no tcc, which the base image is made with';
  return undefined;
}

/** Runs `docker`, and returns what it printed. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Containers of one test: named after it, so that runs at the same time do not meet. */
export class Yard {
  readonly project = `vaist${randomBytes(4).toString('hex')}`;
  readonly #env: NodeJS.ProcessEnv;
  readonly #composed: string[] = [];
  readonly #names: string[] = [];

  constructor(base: string) {
    this.#env = { ...process.env, VAIS_BASE: base, VAIS_RUNTIME: base };
  }

  /** A name for a container. */
  name(short: string): string {
    return `${this.project}-${short}`;
  }

  compose(file: string, ...args: string[]): string {
    if (!this.#composed.includes(file)) this.#composed.push(file);
    const all = ['-p', this.project, '-f', file, ...args];
    return execFileSync('docker-compose', all, {
      cwd: packageRoot,
      env: this.#env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Starts a container in the background. Returns its name. */
  run(short: string, ...args: string[]): string {
    const name = this.name(short);
    this.#names.push(name);
    docker('run', '-d', '--name', name, ...args);
    return name;
  }

  /** What a container prints, as it comes, from `since` on (all unless given). */
  logs(world: World, name: string, ...since: string[]): Running {
    return world.start('docker', ['logs', '-f', ...since, name]);
  }

  /** Waits until the agent in a container says that a program has found it. */
  async linked(world: World, name: string, ...since: string[]): Promise<void> {
    await this.logs(world, name, ...since).line((line) => line.includes('is connected'));
  }

  close(): void {
    if (this.#names.length > 0) spawnSync('docker', ['rm', '-f', '-v', ...this.#names]);
    for (const file of this.#composed)
      this.compose(file, 'down', '-v', '-t', '1', '--remove-orphans', '--rmi', 'local');
  }
}
