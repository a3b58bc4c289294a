/** What the messages of a program become: see docs/link.md. */
import { describe, expect, it } from 'vitest';
import { parseLine } from '../../../agent/link/message.ts';
import { isEnd, isReport, type LinkReport, readReport } from '../../../agent/link/report.ts';

function read(line: string): LinkReport | undefined {
  const { verb, fields } = parseLine(line) ?? { verb: '', fields: new Map<string, string>() };
  return isReport(verb) ? readReport(verb, fields, (module) => (module === 'game' ? 'game.vais' : '-')) : undefined;
}

describe('a report of a program', () => {
  it.each([
    ['loaded module=game version=4 nonce=1', { event: 'loaded' }],
    ['loaded module=game version=4 resident=pthread_create', { event: 'loaded', resident: 'pthread_create' }],
    ['waiting module=game version=4 thread=7 name=pool%201', { event: 'waiting', thread: 7, threadName: 'pool 1' }],
    ['swapped module=game version=4 us=12.5', { event: 'swapped', pauseUs: 12.5 }],
    ['swapped module=game version=4 us=-1', { event: 'swapped' }],
    ['confirmed module=game version=4', { event: 'confirmed' }],
  ])('%s', (line, detail) => {
    expect(read(line)?.detail).toEqual(detail);
    expect(isEnd(read(line)?.detail ?? { event: 'loaded' })).toBe(detail.event === 'confirmed');
  });

  it('of a crash says where, in which file, and what runs', () => {
    const line =
      'reverted module=game version=4 running=3 signal=SIGSEGV function=step line=12 undone=1 symbol=f trace=1185,zz,135c';
    expect(read(line)).toMatchObject({ module: 'game', version: 4, running: 3 });
    expect(read(line)?.detail).toEqual({
      event: 'reverted',
      reason: expect.objectContaining({ code: 'reverted', message: 'version 4 crashed with SIGSEGV in step, line 12' }),
      ...{ signal: 'SIGSEGV', function: 'step', line: 12, source: 'game.vais', undone: true, symbol: 'f' },
      trace: [0x1185, 0x135c],
    });
    // A library of plain C has no source of ours.
    expect(read(line.replace('module=game', 'module=plain'))?.detail).not.toHaveProperty('source');
  });

  it('that refuses has a code that we know, and a hint for its cause', () => {
    const refused = read('refused module=game version=4 code=made_up reason=no')?.detail;
    expect(refused).toMatchObject({ event: 'refused', reason: { code: 'load_refused', message: 'no' } });
    const text = '/d/x: failed to map segment from shared object'.replaceAll(' ', '%20');
    expect(read(`refused module=game version=4 reason=${text}`)?.detail).toMatchObject({
      reason: { hint: expect.stringContaining('noexec') },
    });
  });

  it('without a version is none', () => {
    expect(read('swapped module=game')).toBeUndefined();
    expect(isReport('toString')).toBe(false);
  });
});
