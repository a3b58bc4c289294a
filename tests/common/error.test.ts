import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodes, isErrorCode, VaisError } from '../../common/error.ts';

describe('the table of codes', () => {
  it('has the exit codes of the design, with a hint for each code', () => {
    for (const [code, { exit, grpc, hint }] of Object.entries(errorCodes)) {
      expect(exit, code).toBeGreaterThanOrEqual(1);
      expect(exit, code).toBeLessThanOrEqual(8);
      // google.rpc.Code, without OK.
      expect(grpc, code).toBeGreaterThanOrEqual(1);
      expect(grpc, code).toBeLessThanOrEqual(16);
      expect(hint, code).toMatch(/[.?]$/);
    }
  });

  it.each<[ErrorCode, number]>([
    ['internal', 1],
    ['usage', 2],
    ['compile_failed', 3],
    ['contract_changed', 4],
    ['reverted', 5],
    ['unreachable', 6],
    ['not_authorized', 7],
    ['timed_out', 8],
  ])('ends a process that failed with %s with %d', (code, exit) => {
    expect(new VaisError(code, 'x').exitCode).toBe(exit);
  });

  it('is closed', () => {
    expect(isErrorCode('image_invalid')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
    expect(isErrorCode('')).toBe(false);
  });
});

describe('a VaisError', () => {
  it('takes its hint from the table, unless told a better one', () => {
    expect(new VaisError('busy', 'x').hint).toBe(errorCodes.busy.hint);
    expect(new VaisError('busy', 'x', { hint: 'Wait.' }).hint).toBe('Wait.');
  });

  it('keeps its cause to itself when it travels', () => {
    const error = new VaisError('storage', 'the disk is full', { cause: new Error('ENOSPC: /home/me') });
    expect(error.cause).toBeInstanceOf(Error);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'storage',
      message: 'the disk is full',
      hint: errorCodes.storage.hint,
    });
  });

  it('has no cause where there is none', () => {
    expect('cause' in new VaisError('busy', 'x')).toBe(false);
  });

  it('is made of whatever was thrown', () => {
    const known = new VaisError('busy', 'x');
    expect(VaisError.from(known)).toBe(known);
    const thrown = new TypeError('no');
    expect(VaisError.from(thrown)).toMatchObject({ code: 'internal', message: 'no', cause: thrown });
    expect(VaisError.from('text')).toMatchObject({ code: 'internal', message: 'text' });
    expect(VaisError.from(undefined)).toMatchObject({ code: 'internal', message: 'undefined' });
  });
});
