import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Checker } from '../../agent/check/check.ts';
import type { CheckRequest } from '../../agent/check/check-protocol.ts';
import { digestOf } from '../../common/digest.ts';
import { packageRoot } from '../../common/package-root.ts';
import { compilers, exampleContract, imageSource, Workshop } from '../artifact/build-library.ts';
import { missingC } from '../platforms/tools.ts';
import { itWhere } from '../scenario/needs.ts';

let workshop: Workshop;
let good: CheckRequest;
beforeAll(() => {
  workshop = new Workshop();
  good = build(imageSource(exampleContract));
});
afterAll(() => workshop.close());

let checker: Checker;
beforeEach(() => {
  checker = new Checker();
});
afterEach(() => checker.close());

function build(source: string, command: readonly string[] = compilers.gcc): CheckRequest {
  return requestFor(workshop.compile(command, source));
}

function requestFor(path: string): CheckRequest {
  return {
    path,
    module: exampleContract.module,
    buildId: exampleContract.buildId,
    digest: digestOf(workshop.read(path)),
  };
}

/** The example with more C behind it. */
function buildWith(more: string): CheckRequest {
  return build(imageSource(exampleContract, { more }));
}

function buildWithConstructor(body: string): CheckRequest {
  return buildWith(`#include <stdlib.h>\n#include <unistd.h>\n#include <stdio.h>
__attribute__((constructor)) static void at_load(void) { ${body} }`);
}

/** The check processes of this test file that live now. */
function checkProcesses(): number[] {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${process.pid}`], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes('check-child.js')).map((line) => Number.parseInt(line, 10));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

describe('an image that loads', () => {
  it('passes', async () => {
    expect((await checker.check(good)).ms).toBeGreaterThan(0);
  });

  itWhere('passes, built by tcc too', missingC(compilers.tcc), async () => {
    await expect(checker.check(build(imageSource(exampleContract), compilers.tcc))).resolves.toBeDefined();
  });

  it('passes many times, and the process is replaced on the way', async () => {
    const before = new Set(checkProcesses());
    for (let round = 0; round < 200; round += 1) await checker.check(good);
    const now = checkProcesses().filter((pid) => !before.has(pid));
    expect(now.length).toBeGreaterThan(0);
    expect(now.length).toBeLessThanOrEqual(2);
  });

  it('passes when many are checked at once', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => checker.check(good)));
    expect(results).toHaveLength(50);
  });

  it('is unloaded again: its destructor has run when it passed', async () => {
    const mark = join(workshop.folder, 'unloaded');
    const request = buildWith(`#include <stdio.h>
__attribute__((destructor)) static void at_unload(void) { FILE *file = fopen(${JSON.stringify(mark)}, "w"); fclose(file); }`);
    await checker.check(request);
    expect(existsSync(mark)).toBe(true);
  });

  it('sees nothing of the agent: no environment, no folder, no streams', async () => {
    const seen = join(workshop.folder, 'seen');
    process.env['VAIS_TEST_SECRET'] = 'hunter2';
    try {
      await checker.check(
        buildWithConstructor(`
          extern char **environ; char place[999]; FILE *file = fopen(${JSON.stringify(seen)}, "w");
          for (char **entry = environ; *entry; entry += 1) fprintf(file, "%s\\n", *entry);
          fprintf(file, "cwd=%s\\n", getcwd(place, sizeof place)); fclose(file);
          puts("on standard output"); fflush(stdout); fputs("on standard error", stderr); getchar();`),
      );
    } finally {
      delete process.env['VAIS_TEST_SECRET'];
    }
    expect(readFileSync(seen, 'utf8')).toBe('cwd=/\n');
  });
});

describe('an image is refused', () => {
  it.each([
    ['SIGSEGV', '*(volatile int *)0 = 1;'],
    ['SIGABRT', 'abort();'],
    ['SIGFPE', 'volatile int zero = 0; zero = 7 / zero;'],
    ['SIGILL', '__builtin_trap();'],
    [
      'SIGSEGV',
      'volatile char *stack = __builtin_alloca(1 << 30); for (long at = (1 << 30) - 1; at > 0; at -= 4096) stack[at] = 1;',
    ],
  ])('for a crash with %s in a constructor', async (signal, body) => {
    await expect(checker.check(buildWithConstructor(body))).rejects.toMatchObject({
      code: 'check_failed',
      message: `the library crashed with ${signal} while it was loaded`,
    });
    await checker.check(good);
  });

  it('for a crash in its destructor', async () => {
    const request = buildWith('__attribute__((destructor)) static void at_unload(void) { *(volatile int *)0 = 1; }');
    await expect(checker.check(request)).rejects.toThrow('crashed with SIGSEGV while it was unloaded');
  });

  it('for exit() in a constructor', async () => {
    await expect(checker.check(buildWithConstructor('_exit(3);'))).rejects.toThrow(
      'the library ended the process with exit code 3 while it was loaded',
    );
    await expect(checker.check(buildWithConstructor('exit(0);'))).rejects.toMatchObject({ code: 'check_failed' });
    await checker.check(good);
  });

  it('for a hang in a constructor, and what it started is ended too', async () => {
    await checker.close();
    checker = new Checker({ deadlineMs: 300 });
    const mark = join(workshop.folder, 'started');
    const request = buildWithConstructor(`
      int pid = fork(); if (pid == 0) { pause(); _exit(0); }
      FILE *file = fopen(${JSON.stringify(mark)}, "w"); fprintf(file, "%d", pid); fclose(file); for (;;) pause();`);
    await expect(checker.check(request)).rejects.toMatchObject({
      code: 'check_failed',
      message: 'the library hung while it was loaded: not done within 300 ms',
    });
    await checker.close();
    await expect.poll(() => isAlive(Number(readFileSync(mark, 'utf8')))).toBe(false);
  });

  it('for a symbol that is nowhere, by its name', async () => {
    const request = buildWith('extern int nowhere_to_be_found(void); int use(void) { return nowhere_to_be_found(); }');
    const refused = checker.check(request);
    await expect(refused).rejects.toMatchObject({ code: 'check_failed' });
    await expect(refused).rejects.toThrow('the library does not load: undefined symbol: nowhere_to_be_found');
  });

  it('for a library that is needed and not there, by its name', async () => {
    const needed = workshop.compile([...compilers.gcc, '-Wl,-soname,libmissing.so'], 'int needed(void) { return 1; }');
    const source = imageSource(exampleContract, {
      more: 'extern int needed(void); int use(void) { return needed(); }',
    });
    const path = workshop.compile([...compilers.gcc, '-Wl,--no-as-needed', needed], source);
    await expect(checker.check(requestFor(path))).rejects.toThrow('libmissing.so');
  });

  it('without the export', async () => {
    const request = build(imageSource(exampleContract, { exported: false }));
    await expect(checker.check(request)).rejects.toThrow('the library does not export vais_hot_image');
  });

  it('for another build or module than announced', async () => {
    await expect(checker.check({ ...good, buildId: 'f'.repeat(32) })).rejects.toThrow(
      `the loaded library is the build ${exampleContract.buildId}, not ${'f'.repeat(32)}`,
    );
    await expect(checker.check({ ...good, module: 'menu' })).rejects.toThrow(
      'the loaded library is the module game, not menu',
    );
  });

  it('for a contract in memory that is another than the build', async () => {
    const other = imageSource({ ...exampleContract, buildId: 'e'.repeat(32) });
    const source = other.replaceAll(`"${'e'.repeat(32)}"`, `"${exampleContract.buildId}"`);
    await expect(checker.check(build(source))).rejects.toThrow(`the contract of the build ${'e'.repeat(32)}`);
  });

  it('for another interface of the runtime', async () => {
    const source = imageSource(exampleContract).replace('HOT_ABI, sizeof(hot_image)', '99, sizeof(hot_image)');
    await expect(checker.check(build(source))).rejects.toThrow("version 99 of the runtime's interface");
  });

  it('for a description that points nowhere', async () => {
    const source = imageSource(exampleContract).replace(
      'contract, sizeof contract',
      '(const char *)8, sizeof contract',
    );
    await expect(checker.check(build(source))).rejects.toThrow('crashed with SIGSEGV while its description was read');
  });

  it('for bytes that are not those announced', async () => {
    const request = build(imageSource(exampleContract));
    writeFileSync(request.path, workshop.read(request.path).subarray(0, 9_999));
    await expect(checker.check(request)).rejects.toMatchObject({ code: 'digest_mismatch' });
  });

  it('for a file that is not there, or is no library', async () => {
    await expect(checker.check({ ...good, path: '/nowhere/at/all.so' })).rejects.toThrow('ENOENT');
    const text = join(workshop.folder, 'text.so');
    writeFileSync(text, 'F main() -> i64 { 0 }\n');
    await expect(checker.check(requestFor(text))).rejects.toMatchObject({ code: 'check_failed' });
  });

  it('for what it writes to the pipe, with the agent unharmed', async () => {
    await expect(checker.check(buildWithConstructor('dprintf(3, "{]\\n");'))).rejects.toThrow(
      'the library wrote to the pipe of the check process while it was loaded',
    );
    await expect(
      checker.check(buildWithConstructor('for (;;) write(3, "xxxxxxxxxxxxxxxx", 16);')),
    ).rejects.toMatchObject({
      code: 'check_failed',
    });
    await checker.check(good);
  });
});

describe('a verdict', () => {
  it('against an image is not given by a process that an earlier image has damaged', async () => {
    // The first image passes, and leaves a library behind that ends the process when the next one calls it.
    const trap = buildWith(`#include <stdlib.h>\n#include <dlfcn.h>
__attribute__((constructor)) static void at_load(void) { dlopen(${JSON.stringify(saboteur())}, RTLD_NOW | RTLD_GLOBAL); }`);
    await checker.check(trap);
    const victim = buildWith(`extern int sabotage(void) __attribute__((weak));
__attribute__((constructor)) static void at_load(void) { if (sabotage) sabotage(); }`);
    await expect(checker.check(victim)).resolves.toBeDefined();
  });

  function saboteur(): string {
    return workshop.compile(compilers.gcc, '#include <stdlib.h>\nint sabotage(void) { abort(); }');
  }
});

describe('the checker', () => {
  it('leaves no process behind, however often it is closed', async () => {
    const before = new Set(checkProcesses());
    const other = new Checker();
    await other.check(good);
    const mine = checkProcesses().filter((pid) => !before.has(pid));
    expect(mine).not.toHaveLength(0);
    await Promise.all([other.close(), other.close()]);
    await other.close();
    expect(mine.filter(isAlive)).toEqual([]);
    await expect(other.check(good)).rejects.toThrow('closing');
  });

  it('rejects what runs and waits when it is closed', async () => {
    const other = new Checker();
    const hanging = buildWithConstructor('for (;;) pause();');
    const results = Promise.allSettled([other.check(hanging), other.check(good)]);
    await other.close();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('recovers when its process is killed from outside', async () => {
    const before = new Set(checkProcesses());
    const other = new Checker();
    await other.check(good);
    for (const pid of checkProcesses().filter((pid) => !before.has(pid))) process.kill(pid, 'SIGKILL');
    await expect(other.check(good)).resolves.toBeDefined();
    await other.close();
  });

  it.each([
    ['waits', false],
    ['hangs in a library', true],
  ])('dies by SIGKILL while its process %s, and the process ends as well', async (_, hangs) => {
    const agent = join(workshop.folder, 'agent.mjs');
    const entered = join(workshop.folder, 'entered');
    const hanging = buildWithConstructor(`fclose(fopen(${JSON.stringify(entered)}, "w")); for (;;) pause();`);
    writeFileSync(
      agent,
      `import { execFileSync } from 'node:child_process';
       import { Checker } from ${JSON.stringify(join(packageRoot, 'dist', 'agent', 'check', 'check.js'))};
       const checker = new Checker({ deadlineMs: 100_000 });
       await checker.check(${JSON.stringify(good)});
       const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' }).split('\\n');
       console.log(lines.filter((line) => line.includes('check-child')).map((line) => Number.parseInt(line)).join(' '));
       if (${hangs}) await checker.check(${JSON.stringify(hanging)});`,
    );
    const child = spawn(process.execPath, [agent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const pids = line.split(' ').map(Number);
    expect(pids).toHaveLength(1);
    if (hangs) await expect.poll(() => existsSync(entered)).toBe(true);
    expect(pids.every(isAlive)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => pids.filter(isAlive), { timeout: 5_000 }).toEqual([]);
  });
});
