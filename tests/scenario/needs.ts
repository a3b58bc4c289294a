import { beforeAll, describe, it } from 'vitest';

const inCi = process.env['CI'] === 'true';

/**
 * A suite that needs something of the machine. Where that is missing, it is skipped and its name says why; in CI, where
 * nothing that is promised may be skipped, it fails.
 *
 * @param missing what is missing, and how to get it; undefined where all is there
 */
export function describeWhere(name: string, missing: string | undefined, body: () => void): void {
  if (missing === undefined) {
    describe(name, body);
    return;
  }
  describe.skipIf(!inCi)(`${name} (skipped: ${missing})`, () => {
    beforeAll(() => {
      throw new Error(`CI must run this, and cannot: ${missing}`);
    });
    body();
  });
}

/** A test that needs something of the machine, as `describeWhere`. */
export function itWhere(name: string, missing: string | undefined, run: () => unknown, timeout?: number): void {
  if (missing === undefined) {
    it(name, async () => void (await run()), timeout);
    return;
  }
  it.skipIf(!inCi)(`${name} (skipped: ${missing})`, () => {
    throw new Error(`CI must run this, and cannot: ${missing}`);
  });
}
