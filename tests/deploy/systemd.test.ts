/** The unit, as systemd itself reads and rates it, and as it runs under a systemd in a container. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { World } from '../e2e/harness.ts';
import { describeWhere } from '../scenario/needs.ts';
import { missingSystemd, SystemdContainer, unit as unitName } from './systemd-container.ts';

const unit = join(packageRoot, 'deploy', 'vais-remote-agent.service');

function analyze(...args: string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: 60_000 });
  return { status, text: stdout + stderr };
}

const missing =
  spawnSync('systemd-analyze', ['--version']).error === undefined ? undefined : 'there is no systemd-analyze';

describeWhere('the unit for systemd', missing, () => {
  it('is understood whole', () => {
    expect(analyze('verify', unit)).toEqual({ status: 0, text: '' });
  });

  it('is as closed as docs/systemd.md says', () => {
    const [, exposure] =
      /Overall exposure level for \S+: ([\d.]+)/.exec(analyze('security', '--offline=true', unit).text) ?? [];
    expect(Number(exposure)).toBeLessThan(2);
    const page = readFileSync(join(packageRoot, 'docs', 'systemd.md'), 'utf8');
    expect(page).toContain(`Overall exposure level for vais-remote-agent.service: ${exposure}`);
  });
});

describeWhere('the unit under systemd', await missingSystemd(), () => {
  const container = new SystemdContainer();
  const world = new World();

  beforeAll(async () => {
    await world.write(
      'beat.vais',
      `#[hot]
F beat(n: i64) -> i64 { n + 1 }
F main() -> i64 {
    n := mut 0
    L true {
        n = beat(n)
        usleep(20000)
    }
    0
}
`,
    );
    const program = await world.build('beat.vais');
    copyFileSync(program, join(container.folder, 'beat'));
    chmodSync(join(container.folder, 'beat'), 0o755);
    container.dropIn(
      '[Service]\nExecStart=\nExecStart=/usr/bin/env vais-remote agent --listen 127.0.0.1:7777 --data /var/lib/vais-remote --run beat=/srv/test/beat\n',
    );
    await container.start();
  });

  afterAll(async () => {
    container.close();
    await world.close();
  });

  it('starts, and a program that it runs finds it', async () => {
    expect(container.run('systemctl', 'start', unitName)).toMatchObject({ status: 0, stderr: '' });
    await container.printed(/agent ready on/);
    await container.printed(/beat .*is connected/);
    expect(container.run('systemctl', 'is-active', unitName).stdout.trim()).toBe('active');
  });

  it('is killed: the program goes on, and the next agent has it, with no second copy', async () => {
    const before = container.pidsOf('^/srv/test/beat$');
    expect(before).toHaveLength(1);
    expect(container.run('systemctl', 'kill', '--kill-who=main', '-s', 'SIGKILL', unitName).status).toBe(0);
    await container.printed(/agent ready on/, 2);
    await container.printed(/beat .*is connected/, 2);
    expect(container.pidsOf('^/srv/test/beat$')).toEqual(before);
  });

  it('is stopped: what it ran ends with it', async () => {
    expect(container.run('systemctl', 'stop', unitName).status).toBe(0);
    expect(container.pidsOf('^/srv/test/beat$')).toEqual([]);
    expect(container.pidsOf('dist/cli/main.js')).toEqual([]);
  });
});
