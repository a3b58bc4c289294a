/** What other machines send reaches a terminal as text, and never as an order to it. */
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { noticeJson, renderNotice } from '../../agent/say/render.ts';
import { jsonLine } from '../../cli/show/json.ts';
import { HumanOutput } from '../../cli/show/output.ts';
import type { Report, StageReport } from '../../cli/show/report.ts';
import { styleOf } from '../../cli/show/style.ts';

const plain = styleOf({}, {});
/** Clears the screen, in the two ways there are; turns the line around; overwrites it. */
const orders = '\u001b[2J\u009b2J\u202e\r\u0007';
/** All but line ends and tabs that a terminal obeys. */
const obeyed = /(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, then: () => void): void {
    this.text += chunk.toString();
    then();
  }
}

function shown(...reports: Report[]): string {
  const sink = new Sink();
  const output = new HumanOutput(sink, sink, plain, { compact: false, errStyle: plain });
  for (const report of reports) output.show(report);
  output.flush();
  return sink.text;
}

const names = { program: `game${orders}`, module: `game${orders}`, push: 1 };
const reverted: StageReport = {
  event: 'reverted',
  ...names,
  ms: 3,
  version: 2,
  signal: `SIGSEGV${orders}`,
  function: `step${orders}`,
  source: `game.vais${orders}`,
  symbol: `helper${orders}`,
  line: 3,
  trace: [{ address: '0x1', function: `helper${orders}` }],
  reason: { code: 'reverted', message: `it crashed${orders}`, hint: '' },
};
const failed: Report = {
  event: 'error',
  push: 1,
  code: 'reverted',
  message: `it crashed${orders}\nand more`,
  hint: `look${orders}`,
  exit: 5,
};
const waiting: StageReport = {
  event: 'waiting',
  ...names,
  ms: 1,
  thread: 7,
  threadName: `worker${orders}\nfaked line`,
};

describe('for people', () => {
  it('shows what would be an order as an escape', () => {
    const text = shown(reverted, failed, waiting);
    expect(text).not.toMatch(obeyed);
    expect(text).toContain('\\u001b[2J\\u009b2J\\u202e\\u000d\\u0007');
    expect(text).toContain('and more'); // A message may have lines,
    expect(text).not.toMatch(/^faked line/m); // and a name is on one.
  });

  it('does so for what an agent says too, and leaves a program its own output', () => {
    const event = {
      ...reverted,
      at: 0,
      origin: 'push',
      buildId: '',
      digest: '',
      version: 2,
      pid: 1,
      trace: [],
    } as const;
    const reason = { code: 'load_refused', message: `no${orders}`, hint: '' } as const;
    expect(renderNotice({ ...event, event: 'refused', reason })).not.toMatch(obeyed);
    expect(renderNotice({ event: 'warning', message: `a program was turned away${orders}` })).not.toMatch(obeyed);
    expect(renderNotice({ event: 'output', program: 'game', text: '\u001b[1mbold' })).toBe('game | \u001b[1mbold');
  });
});

describe('for machines', () => {
  it('says the same without what a terminal would obey', () => {
    const line = jsonLine(waiting);
    expect(line).not.toMatch(obeyed);
    expect(JSON.parse(line)).toEqual(waiting);
    const notice = { event: 'warning', message: orders } as const;
    expect(noticeJson(notice)).not.toMatch(obeyed);
    expect(JSON.parse(noticeJson(notice))).toEqual(notice);
  });
});
