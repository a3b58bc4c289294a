/** Whether a program has died, as the agent can tell from where it is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { type Instance, isSameProcess, ownPidNamespace, watchEnd } from '../../../agent/run/death.ts';

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
});

function sleeper(): { readonly child: ChildProcess; readonly pid: number } {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  children.push(child);
  return { child, pid: child.pid ?? 0 };
}

const never = (): AbortSignal => new AbortController().signal;
const nobody = (): readonly Instance[] => [];

describe.skipIf(process.platform !== 'linux')(
  'a program whose connection has ended (pid namespaces are of Linux)',
  () => {
    it('in our own pid namespace is alive as long as its process is', async () => {
      const { child, pid } = sleeper();
      const link = { pid, pidNamespace: await ownPidNamespace() };
      expect(link.pidNamespace).toMatch(/^\d+$/);
      expect(await watchEnd(link, nobody, AbortSignal.timeout(50))).toBe('alive');
      child.kill('SIGKILL');
      expect(await watchEnd(link, nobody, never())).toBe('ended');
    });

    it('that does not tell its namespace is looked for by its pid', async () => {
      const { child, pid } = sleeper();
      child.kill('SIGKILL');
      expect(await watchEnd({ pid, pidNamespace: undefined }, nobody, never())).toBe('ended');
    });

    it('in another pid namespace is not looked for: our process of that number is somebody else', async () => {
      const { pid } = sleeper();
      expect(await watchEnd({ pid, pidNamespace: '1' }, nobody, never())).toBe('away');
    });

    it('in another pid namespace is alive when it has dialled again, and no pid of ours says otherwise', async () => {
      const link = { pid: 999_999_999, pidNamespace: '1' };
      expect(await watchEnd(link, () => [{ ...link }], never())).toBe('alive');
      expect(await watchEnd(link, () => [{ ...link, pidNamespace: '2' }], never())).toBe('away');
      expect(await watchEnd(link, nobody, AbortSignal.abort())).toBe('alive');
    });

    it('is another process than that of the same number in another container', () => {
      expect(isSameProcess({ pid: 7, pidNamespace: '1' }, { pid: 7, pidNamespace: '1' })).toBe(true);
      expect(isSameProcess({ pid: 7, pidNamespace: '1' }, { pid: 7, pidNamespace: '2' })).toBe(false);
    });
  },
);
