/** A Podman of the tests' own: its images, containers and socket stand in a folder, and nothing of the machine's is touched. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Without SYS_RESOURCE no container can be given more than we have; without systemd the cgroups are files. */
const settings = `[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`;

export class Podman {
  readonly folder = mkdtempSync(join(tmpdir(), 'vais-podman-'));
  readonly #service: ChildProcess;

  private constructor() {
    writeFileSync(join(this.folder, 'containers.conf'), settings);
    for (const name of ['root', 'run']) mkdirSync(join(this.folder, name));
    const where = ['--root', join(this.folder, 'root'), '--runroot', join(this.folder, 'run')];
    this.#service = spawn('podman', [...where, 'system', 'service', '--time=0', this.host], {
      stdio: 'ignore',
      env: { ...process.env, CONTAINERS_CONF: join(this.folder, 'containers.conf') },
    });
  }

  /** Starts it, and waits until it answers. @throws Error when it does not */
  static async start(): Promise<Podman> {
    const podman = new Podman();
    for (let tries = 0; tries < 300; tries += 1) {
      if (existsSync(podman.#socket) && podman.docker('version').status === 0) return podman;
      if (podman.#service.exitCode !== null) break;
      await sleep(100);
    }
    podman.close();
    throw new Error('podman does not answer');
  }

  get host(): string {
    return `unix://${this.#socket}`;
  }

  /** Runs `docker`, talking to this engine. */
  docker(...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    return this.dockerWith(undefined, ...args);
  }

  dockerWith(input: Buffer | undefined, ...args: string[]) {
    const env = { ...process.env, DOCKER_HOST: this.host };
    return spawnSync('docker', args, { env, encoding: 'utf8', timeout: 120_000, ...(input ? { input } : {}) });
  }

  close(): void {
    if (this.#service.exitCode === null) {
      for (const id of this.docker('ps', '-aq').stdout.split('\n')) if (id !== '') this.docker('rm', '-f', id);
      this.#service.kill();
    }
    for (const folder of ['root/overlay', 'root/vfs']) spawnSync('umount', [join(this.folder, folder)]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.folder, 'podman.sock');
  }
}

/** What is missing to run containers by Podman; undefined when nothing is. A container is run once to find out. */
export async function missingPodman(tar: () => Buffer): Promise<string | undefined> {
  if (spawnSync('podman', ['--version']).error !== undefined) return 'there is no podman: apt-get install podman runc';
  if (spawnSync('docker', ['--version']).error !== undefined) return 'there is no docker command to ask it with';
  let podman: Podman | undefined;
  try {
    podman = await Podman.start();
    podman.dockerWith(tar(), 'import', '-', 'probe');
    const { status, stderr } = podman.docker('run', '--rm', 'probe', '/probe');
    return status === 0 ? undefined : `podman runs no container: ${stderr.trim()}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } finally {
    podman?.close();
  }
}
