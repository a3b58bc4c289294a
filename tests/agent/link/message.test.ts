import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLine, maxLineBytes, parseLine } from '../../../agent/link/message.ts';
import { LineReader } from '../../../agent/link/message-reader.ts';

describe('a line of the link', () => {
  it('reads back what it wrote, whatever the value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const line = formatLine('refused', { module: 'game', reason: value });
        expect(line.endsWith('\n')).toBe(true);
        expect(line.slice(0, -1)).not.toMatch(/[\n\r\t\0]/);
        expect(parseLine(line.slice(0, -1))?.fields.get('reason')).toBe(value);
      }),
    );
  });

  it('leaves out fields that are undefined', () => {
    expect(formatLine('load', { module: 'game', digest: undefined, version: 2 })).toBe('load module=game version=2\n');
  });

  it.each([
    '',
    ' ',
    'Load',
    'load module',
    'load =x',
    'load a=1  b=2',
    'load a=1 a=2',
    'load a=%zz',
    'load a=%ff',
    'load a=\t',
  ])('refuses %j', (text) => {
    expect(parseLine(text)).toBeUndefined();
  });

  it('never throws, whatever comes', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseLine(text)));
  });
});

describe('LineReader', () => {
  it('finds the same lines however the bytes are cut', () => {
    const text = Array.from({ length: 20 }, (_, i) => formatLine('loaded', { module: `mödule ${i}`, version: i })).join(
      '',
    );
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 })), (cuts) => {
        const bytes = Buffer.from(text);
        const reader = new LineReader();
        const names: (string | undefined)[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          const read = reader.push(bytes.subarray(at, at + cut));
          expect(read.complaint).toBeUndefined();
          names.push(...read.lines.map(({ fields }) => fields.get('module')));
          at += cut;
        }
        expect(names).toEqual(Array.from({ length: 20 }, (_, i) => `mödule ${i}`));
      }),
    );
  });

  it('complains of a line without end before it fills the memory', () => {
    const reader = new LineReader();
    expect(reader.push(Buffer.alloc(maxLineBytes - 1, 0x61)).complaint).toBeUndefined();
    expect(reader.push(Buffer.from('a')).complaint).toMatch(/over 65536 bytes/);
  });

  it('gives the lines before a broken one', () => {
    const read = new LineReader().push(Buffer.from('ping\npong\nNO!\nping\n'));
    expect(read.lines.map(({ verb }) => verb)).toEqual(['ping', 'pong']);
    expect(read.complaint).toMatch(/not a verb/);
  });
});
