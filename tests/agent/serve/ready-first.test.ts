import { expect, it } from 'vitest';
import type { Notice } from '../../../agent/say/notice.ts';
import { ReadyFirst } from '../../../agent/serve/ready-first.ts';

const ready: Notice = { event: 'ready', address: 'a', link: 'l', insecure: true, data: 'd' };
const linked: Notice = { event: 'linked', program: 'game', pid: 1 };

it('says that the agent is ready before a program that was faster', () => {
  const said: Notice[] = [];
  const first = new ReadyFirst((notice) => said.push(notice));
  first.say(linked);
  expect(said).toEqual([]);
  first.say(ready);
  first.say({ ...linked, pid: 2 });
  expect(said).toEqual([ready, linked, { ...linked, pid: 2 }]);
});

it('keeps nothing to itself when the agent never becomes ready', () => {
  const said: Notice[] = [];
  const first = new ReadyFirst((notice) => said.push(notice));
  first.say({ event: 'warning', message: 'set aside' });
  first.release();
  first.release();
  expect(said).toEqual([{ event: 'warning', message: 'set aside' }]);
});
