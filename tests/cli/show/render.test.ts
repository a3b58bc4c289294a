import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { jsonLine } from '../../../cli/show/json.ts';
import { HumanOutput } from '../../../cli/show/output.ts';
import { render } from '../../../cli/show/render.ts';
import { errorReport, type StageReport } from '../../../cli/show/report.ts';
import { formatMs, styleOf, wrap } from '../../../cli/show/style.ts';
import { VaisError } from '../../../common/error.ts';

const plain = styleOf({}, {});

const names = { program: 'game', module: 'game', push: 1 };
const stages: StageReport[] = [
  { event: 'compiled', ...names, ms: 3.2, file: 'game.vais', tier: 'fast', toolchain: 'tcc 0.9.27' },
  { event: 'received', ...names, ms: 4.4 },
  { event: 'verified', ...names, ms: 4.5 },
  { event: 'staged', ...names, ms: 4.9 },
  { event: 'checked', ...names, ms: 5.9 },
  { event: 'delivered', ...names, ms: 6.1, version: 2 },
  { event: 'loaded', ...names, ms: 6.9, version: 2, pid: 7 },
  { event: 'swapped', ...names, ms: 8.1, version: 2, pid: 7, pauseUs: 3.2 },
  { event: 'confirmed', ...names, ms: 60, version: 2, pid: 7 },
];
const done = { event: 'done', ...names, version: 2, unchanged: false, ms: 61 } as const;

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, then: () => void): void {
    this.text += chunk.toString();
    then();
  }
}

function human(compact: boolean): { out: Sink; err: Sink; output: HumanOutput } {
  const out = new Sink();
  const err = new Sink();
  return { out, err, output: new HumanOutput(out, err, plain, { compact, errStyle: plain }) };
}

describe('for people', () => {
  it('shows a push as a headline and a timeline in 80 columns', () => {
    const { out, output } = human(false);
    for (const stage of stages) output.show(stage);
    output.show(done);
    expect(out.text).toMatchInlineSnapshot(`
      "✓ game runs version 2, 8.1 ms after the push began
        compiled   ━━━━━━━━━━━━━━━                            3.2 ms  tcc 0.9.27
        received                  ━━━━━━                      4.4 ms
        verified                        ━                     4.5 ms
        staged                          ━━━                   4.9 ms
        checked                           ━━━━━               5.9 ms
        delivered                              ━              6.1 ms
        loaded                                  ━━━━          6.9 ms
        swapped                                     ━━━━━━    8.1 ms  pause 3 µs
        confirmed                                        ·   60.0 ms
      "
    `);
    expect(Math.max(...out.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows a push in one line in watch', () => {
    const { out, output } = human(true);
    for (const stage of stages) output.show(stage);
    output.show(done);
    expect(out.text.replace(/^\d\d:\d\d:\d\d/, 'hh:mm:ss')).toMatchInlineSnapshot(`
      "hh:mm:ss  ✓ game runs version 2 in 8.1 ms
                  compile 3.2 · send 1.2 · check 1.5 · load 1.0 · swap 1.2 ms
      "
    `);
  });

  it('says what happened, and what to do next, on standard error', () => {
    const { out, err, output } = human(false);
    output.show(errorReport(new VaisError('unreachable', 'no agent answers at 127.0.0.1:1: connection refused')));
    expect(out.text).toBe('');
    expect(err.text).toMatchInlineSnapshot(`
      "error: no agent answers at 127.0.0.1:1: connection refused
      hint:  Is the agent running there? Start it: \`vais-remote agent --listen
             HOST:PORT --data DIR\`.
      "
    `);
  });

  it('shows what a table is made of only when all of it is there', () => {
    const { out, output } = human(false);
    const row = {
      pid: 7,
      triple: 'x86_64-linux-gnu',
      supervised: false,
      source: 'game.vais',
      state: 'confirmed',
      loading: 'keeps',
      registered: { count: 2, bytes: 4096 },
    } as const;
    const version = { version: 2, desiredVersion: 2, buildId: 'abcdef0123456789', digest: 'f'.repeat(64) };
    output.show({ event: 'agent', address: '127.0.0.1:7777', agentVersion: '0.1.0', insecure: true, programs: 1 });
    output.show({ event: 'status', program: 'game', module: 'game', ...row, ...version });
    output.flush();
    expect(out.text).toMatchInlineSnapshot(`
      "agent 0.1.0 at 127.0.0.1:7777, not encrypted: 1 program
      PROGRAM  MODULE  VERSION  STATE      DIGEST        BUILD     PID  PLATFORM
      game     game          2  confirmed  ffffffffffff  abcdef01    7  x86_64-linux-gnu
      game (pid 7) keeps every version in memory until it ends: musl never unloads a library
      game (pid 7) has registered 2 pieces of state with hot_state, 4096 bytes
      "
    `);
  });

  it('uses color on a terminal alone, and never with NO_COLOR', () => {
    expect(styleOf({ isTTY: true }, { TERM: 'xterm' }).colors.isColorSupported).toBe(true);
    expect(styleOf({ isTTY: true }, { TERM: 'xterm', NO_COLOR: '1' }).colors.isColorSupported).toBe(false);
    expect(styleOf({ isTTY: false }, { TERM: 'xterm' }).colors.isColorSupported).toBe(false);
    expect(styleOf({ isTTY: true }, { TERM: 'dumb' }).live).toBe(false);
  });

  it('keeps to ASCII on a terminal that has no UTF-8', () => {
    const style = styleOf({ isTTY: true }, { TERM: 'xterm', LANG: 'C', NO_COLOR: '1' });
    const check = { event: 'check', name: 'tcc', state: 'ok', message: 'found' } as const;
    expect(render(check, style)).toBe('+ tcc                    found');
  });

  it('writes times so that they can be compared at a glance', () => {
    expect([0.04, 8.14, 99.6, 143.4, 999.6, 2_440, 12_300].map(formatMs)).toEqual([
      '0.0 ms',
      '8.1 ms',
      '100 ms',
      '143 ms',
      '1.0 s',
      '2.4 s',
      '12 s',
    ]);
  });

  it('wraps at spaces and keeps long words whole', () => {
    expect(wrap('one two three-and-a-half', 8)).toEqual(['one two', 'three-and-a-half']);
  });
});

describe('as JSON', () => {
  it('is one line with stable names, and times in microseconds at most', () => {
    expect(
      jsonLine({ event: 'swapped', program: 'game', module: 'game', version: 2, buildId: 'b', ms: 8.123456 }),
    ).toBe('{"event":"swapped","program":"game","module":"game","version":2,"buildId":"b","ms":8.123}');
  });

  it('states the exit code with each error', () => {
    expect(JSON.parse(jsonLine(errorReport(new VaisError('contract_changed', 'no', { hint: 'yes' }))))).toEqual({
      event: 'error',
      code: 'contract_changed',
      message: 'no',
      hint: 'yes',
      exit: 4,
    });
  });
});
