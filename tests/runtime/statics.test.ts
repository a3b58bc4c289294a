/** Variables with static storage keep their values and addresses when their library is loaded anew. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildProgram, makeFolder, removeFolder } from './harness.ts';
import { buildStatics, StaticsHost } from './statics-host.ts';

const folder = makeFolder();
let program = '';
let host: StaticsHost | undefined;

beforeAll(async () => {
  mkdirSync(join(folder, 'run'));
  program = await buildProgram(folder, { source: 'statics-host.c', name: 'statics-host' });
}, 120_000);
afterAll(() => removeFolder(folder));
afterEach(async () => {
  await host?.close();
  host = undefined;
});

const gcc = { compiler: 'gcc', flags: ['-O2'] };
const build = (body: string, how = gcc) => buildStatics(folder, `${head}${body}`, how);
const head = `#include <stdio.h>
static char said[1 << 16];
static char *end;
#define SAY(name, value, place) end += sprintf(end, " %s=%ld@%p", name, (long)(value), (void *)(place))
`;

async function start(library: string): Promise<StaticsHost> {
  host = await StaticsHost.start(program, folder, library);
  return host;
}

describe('variables of a plain library', () => {
  it('keep value and address', async () => {
    const source = (step: number) => `
      static int counter = 7;
      static int next(void) { static int n = 100; n += ${step}; SAY("n", n, &n); return n; }
      const char *report(void) { end = said; counter += ${step}; SAY("counter", counter, &counter); next(); return said; }`;
    const running = await start(await build(source(1)));
    const first = await running.report();
    expect(first.get('counter')?.value).toBe(8);
    expect(await running.push(await build(source(10)))).toBeUndefined();
    const second = await running.report();
    expect(second.get('counter')).toEqual({ value: 18, address: first.get('counter')?.address });
    expect(second.get('n')).toEqual({ value: 111, address: first.get('n')?.address });
  });
});
