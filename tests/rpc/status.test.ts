import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, errorCodes, VaisError } from '../../common/error.ts';
import { parseTarget, requireLoopback } from '../../rpc/address.ts';
import { fromFailure, fromStatus, toFailure, toStatus } from '../../rpc/status.ts';

function travel(error: unknown): VaisError {
  const status = toStatus(error);
  return fromStatus(Object.assign(new Error('x'), status), '127.0.0.1:1');
}

describe('errors on the wire', () => {
  it.each(Object.keys(errorCodes) as ErrorCode[])('%s arrives as what it was', (code) => {
    const error = new VaisError(code, `something about ${code} — ünïcode`, { hint: 'do this next' });
    expect(travel(error).toJSON()).toEqual(error.toJSON());
    expect(toStatus(error).code).toBe(errorCodes[code].grpc);
  });

  it('keeps the cause at home', () => {
    const status = toStatus(new VaisError('storage', 'cannot write', { cause: new Error('/secret/path') }));
    expect(JSON.stringify([status.details, status.metadata?.toJSON()])).not.toContain('secret');
  });

  it('makes of foreign statuses what a person can act on', () => {
    const of = (code: grpc.status) =>
      fromStatus(Object.assign(new Error('x'), { code, details: 'd', metadata: new grpc.Metadata() }), 'h:1').code;
    expect(of(grpc.status.UNAVAILABLE)).toBe('unreachable');
    expect(of(grpc.status.DEADLINE_EXCEEDED)).toBe('unreachable');
    expect(of(grpc.status.UNIMPLEMENTED)).toBe('unreachable');
    expect(of(grpc.status.PERMISSION_DENIED)).toBe('not_authorized');
    expect(of(grpc.status.OUT_OF_RANGE)).toBe('internal');
  });

  it('reads details that are broken as none', () => {
    const metadata = new grpc.Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff, 0xff, 0xff]));
    const error = Object.assign(new Error('x'), { code: grpc.status.UNAVAILABLE, details: 'gone', metadata });
    expect(fromStatus(error, 'h:1').code).toBe('unreachable');
  });

  it('travels inside messages too, and an unknown code is internal', () => {
    const error = new VaisError('contract_changed', 'update: was, is', { hint: 'keep it' });
    expect(fromFailure({ code: '', message: '', hint: '', ...toFailure(error) }).toJSON()).toEqual(error.toJSON());
    expect(fromFailure({ code: 'from_the_future', message: 'm', hint: '' }).code).toBe('internal');
    expect(fromFailure(null).code).toBe('internal');
  });
});

describe('parseTarget', () => {
  it('reads addresses and programs', () => {
    expect(parseTarget('127.0.0.1:7777')).toEqual({ address: '127.0.0.1:7777', host: '127.0.0.1', port: 7777 });
    expect(parseTarget('[::1]:80/game')).toEqual({ address: '[::1]:80', host: '::1', port: 80, program: 'game' });
  });

  it.each(['', 'localhost', ':80', 'a:b', 'a:99999', 'a:1/', 'http://a:1', '::1:80'])('refuses %j', (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('keeps plain text on this machine', () => {
    for (const text of ['127.0.0.1:1', '127.8.9.1:1', 'localhost:1', '[::1]:1']) requireLoopback(parseTarget(text));
    for (const text of ['10.0.0.1:1', '0.0.0.0:1', 'example.org:1', '127.0.0.1.example.org:1', '[::]:1'])
      expect(() => requireLoopback(parseTarget(text))).toThrow(expect.objectContaining({ code: 'not_authorized' }));
  });
});
