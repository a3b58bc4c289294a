/**
 * A container with systemd as its first process and this machine's own `/usr`, in which the unit is installed as docs/systemd.md
 * says. SYS_ADMIN is what systemd itself takes to set up what the unit asks for; the unit has no capability.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../common/package-root.ts';
import { docker } from '../containers/docker.ts';

const systemd = '/lib/systemd/systemd';
const cgroups = '/sys/fs/cgroup/systemd';
export const unit = 'vais-remote-agent.service';

/** What is missing to run systemd in a container; undefined when nothing is. It is started once to find out. */
export async function missingSystemd(): Promise<string | undefined> {
  if (!existsSync(systemd)) return 'there is no systemd: apt-get install systemd';
  if (spawnSync('docker', ['version'], { timeout: 20_000 }).status !== 0) return 'no Docker engine answers';
  const container = new SystemdContainer();
  try {
    await container.start();
    return undefined;
  } catch (thrown) {
    return `systemd does not start in a container: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  } finally {
    container.close();
  }
}

export class SystemdContainer {
  readonly folder = mkdtempSync(join(tmpdir(), 'vais-systemd-'));
  readonly name = `vais-systemd-${process.pid}-${Date.now().toString(36)}`;
  readonly #image = `vais-remote-test/systemd:${this.name}`;

  constructor() {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    mkdirSync(join(this.folder, 'drop-in'));
    writeFileSync(
      join(bin, 'vais-remote'),
      `#!/bin/sh\nexec ${process.execPath} /opt/vais-remote/dist/cli/main.js "$@"\n`,
    );
    chmodSync(join(bin, 'vais-remote'), 0o755);
    chmodSync(this.folder, 0o755);
  }

  /** Adds settings to the unit, before `start`. */
  dropIn(text: string): void {
    writeFileSync(join(this.folder, 'drop-in', 'test.conf'), text);
  }

  async start(): Promise<void> {
    this.#makeImage();
    const mounts = [
      ['/usr', '/usr', 'ro'],
      [join(this.folder, 'bin'), '/usr/local/sbin', 'ro'],
      [join(this.folder, 'drop-in'), `/etc/systemd/system/${unit}.d`, 'ro'],
      [this.folder, '/srv/test', 'ro'],
      [packageRoot, '/opt/vais-remote', 'ro'],
      [join(packageRoot, 'deploy', unit), `/etc/systemd/system/${unit}`, 'ro'],
      ...(existsSync(cgroups) ? [[cgroups, cgroups, 'rw']] : []),
      ...(process.execPath.startsWith('/usr/') ? [] : [[dirname(process.execPath), dirname(process.execPath), 'ro']]),
    ];
    const rights = ['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined', '--cgroupns=private'];
    const volumes = mounts.flatMap((mount) => ['-v', mount.join(':')]);
    const rest = ['--tmpfs', '/run', '--tmpfs', '/tmp', '-e', 'container=docker', '--stop-signal', 'SIGRTMIN+3'];
    docker('run', '-d', '--name', this.name, ...rights, ...volumes, ...rest, this.#image, systemd);
    // `running`, or `degraded` where a unit of the system finds no hardware: it has started either way.
    const { stdout } = await this.#until(() => this.run('systemctl', 'is-system-running'), /^(?:running|degraded)$/m);
    if (stdout === '') throw new Error(docker('logs', this.name));
  }

  /** Runs a command inside. */
  run(...command: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
    return spawnSync('docker', ['exec', this.name, ...command], { encoding: 'utf8', timeout: 60_000 });
  }

  /** What the unit has printed. */
  journal(): string {
    return this.run('journalctl', '-u', unit, '--no-pager', '-o', 'cat').stdout;
  }

  /** Waits until the unit has printed what is wanted, so many times. Returns the journal. */
  async printed(pattern: RegExp, times = 1): Promise<string> {
    const wanted = new RegExp(pattern.source, 'gm');
    const { stdout } = await this.#until(() => {
      const text = this.journal();
      return { stdout: Array.from(text.matchAll(wanted)).length >= times ? text : '' };
    }, /\S/);
    if (stdout === '') throw new Error(`the unit never printed ${pattern}:\n${this.journal()}`);
    return stdout;
  }

  /** The pids inside whose command line contains this. */
  pidsOf(words: string): string[] {
    return this.run('/usr/bin/pgrep', '-f', words)
      .stdout.split('\n')
      .filter((line) => line !== '');
  }

  close(): void {
    spawnSync('docker', ['rm', '-f', '-v', this.name]);
    spawnSync('docker', ['rmi', '-f', this.#image]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Links as a merged `/usr` has them, and who there is. */
  #makeImage(): void {
    const root = mkdtempSync(join(tmpdir(), 'vais-systemd-root-'));
    try {
      const folders = [
        'usr',
        'etc/systemd/system',
        'tmp',
        'run',
        'var/lib',
        'proc',
        'sys',
        'dev',
        'root',
        'opt',
        'srv',
      ];
      for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
      for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(root, name));
      const service = 'vais-remote:x:998:998::/var/lib/vais-remote:/usr/sbin/nologin';
      writeFileSync(join(root, 'etc/passwd'), `root:x:0:0::/root:/bin/sh\n${service}\n`);
      writeFileSync(join(root, 'etc/group'), 'root:x:0:\nvais-remote:x:998:\n');
      writeFileSync(join(root, 'etc/nsswitch.conf'), 'passwd: files\ngroup: files\n');
      writeFileSync(join(root, 'etc/machine-id'), '');
      const tar = execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', '-', '.'], { maxBuffer: 1 << 24 });
      execFileSync('docker', ['import', '-', this.#image], { input: tar, stdio: ['pipe', 'ignore', 'inherit'] });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  async #until<T extends { readonly stdout: string }>(look: () => T, wanted: RegExp): Promise<T | { stdout: '' }> {
    const until = Date.now() + 90_000;
    for (;;) {
      const seen = look();
      if (wanted.test(seen.stdout)) return seen;
      if (Date.now() > until) return { stdout: '' };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
