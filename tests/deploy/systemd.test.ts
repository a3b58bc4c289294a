/** The unit, as systemd itself reads and rates it. Nothing is started. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { describeWhere } from '../scenario/needs.ts';

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
