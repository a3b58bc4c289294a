import { beforeAll, describe } from 'vitest';

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
  describe.skipIf(process.env['CI'] !== 'true')(`${name} (skipped: ${missing})`, () => {
    beforeAll(() => {
      throw new Error(`CI must run this, and cannot: ${missing}`);
    });
    body();
  });
}
