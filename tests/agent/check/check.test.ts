import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Checker } from '../../../agent/check/check.ts';
import type { CheckRequest } from '../../../agent/check/check-protocol.ts';
import { type LinkListener, listenForPrograms } from '../../../agent/link/listener.ts';
import { ProgramLink } from '../../../agent/link/program-link.ts';
import { digestOf } from '../../../common/digest.ts';
import { VaisError } from '../../../common/error.ts';
import { packageRoot } from '../../../common/package-root.ts';
import { compilers, exampleContract, imageSource, Workshop } from '../../artifact/build-library.ts';
import { missingC } from '../../platforms/tools.ts';
import { buildProgram, Program } from '../../runtime/harness.ts';
import { itWhere } from '../../scenario/needs.ts';

let workshop: Workshop;
let good: CheckRequest;
beforeAll(() => {
  workshop = new Workshop();
  good = build(imageSource(exampleContract));
});
afterAll(() => workshop.close());

function build(source: string, command: readonly string[] = compilers.gcc): CheckRequest {
  return requestFor(workshop.compile(command, source));
}

function requestFor(path: string): CheckRequest {
  const bytes = workshop.read(path);
  return {
    size: bytes.byteLength,
    path,
    module: exampleContract.module,
    buildId: exampleContract.buildId,
    digest: digestOf(bytes),
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
function processes(): number[] {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', `${process.pid}`], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes('check-child.js')).map((line) => Number.parseInt(line, 10));
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

const ofAgent = 'a process of the agent';
const ofProgram = 'the program itself';
const anybody = { developer: 'ada', requireRights: () => undefined };

describe.each([ofAgent, ofProgram])('checked by %s', (name) => {
  let checker: Checker;
  let listener: LinkListener | undefined;
  let program: Program | undefined;
  let link: ProgramLink | undefined;
  let folder = '';

  beforeAll(async () => {
    if (name === ofAgent) return;
    folder = mkdtempSync(join(tmpdir(), 'vais-check-'));
    const path = await buildProgram(folder);
    const linked = new Promise<ProgramLink>((resolve) => {
      void listenForPrograms(join(folder, 'link.sock'), (socket) => {
        const one = new ProgramLink(socket);
        one.once('ready', () => {
          one.welcome();
          resolve(one);
        });
      }).then((it) => {
        listener = it;
        program = new Program(path, { link: join(folder, 'link.sock'), env: { XDG_RUNTIME_DIR: folder } });
      });
    });
    link = await linked;
    expect(link.checks).toBe(true);
  });
  afterAll(async () => {
    program?.child.kill('SIGKILL');
    await program?.ended;
    await listener?.close();
    if (folder !== '') rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    checker = new Checker({ deadlineMs: 2_000 });
  });
  afterEach(async () => {
    await checker.close();
    if (name === ofProgram) expect(program?.child.exitCode).toBe(null);
  });

  /** What holds for one of the two. */
  const only = (way: string, title: string, run: () => Promise<void>): void => {
    if (name === way) it(title, run);
  };
  const check = (request: CheckRequest) => checker.check(request, { ...anybody, program: link });

  describe('an image that loads', () => {
    it('passes', async () => {
      await check(good);
    });

    itWhere('passes, built by tcc too', missingC(compilers.tcc), async () => {
      await expect(check(build(imageSource(exampleContract), compilers.tcc))).resolves.toBeUndefined();
    });

    it('passes many times, each in a process of its own, and none is left', async () => {
      for (let round = 0; round < 20; round += 1) await check(good);
      await expect.poll(processes).toEqual([]);
    });

    it('passes when many are checked at once', async () => {
      const results = await Promise.all(Array.from({ length: 50 }, () => check(good)));
      expect(results).toHaveLength(50);
    });

    it('is unloaded again: its destructor has run when it passed', async () => {
      const mark = join(workshop.folder, 'unloaded');
      const request = buildWith(`#include <stdio.h>
  __attribute__((destructor)) static void at_unload(void) { FILE *file = fopen(${JSON.stringify(mark)}, "w"); fclose(file); }`);
      await check(request);
      expect(existsSync(mark)).toBe(true);
    });

    only(ofAgent, 'sees nothing of the agent: no environment, no folder, no streams', async () => {
      const seen = join(workshop.folder, 'seen');
      process.env['VAIS_TEST_SECRET'] = 'hunter2';
      try {
        await check(
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
      await expect(check(buildWithConstructor(body))).rejects.toMatchObject({
        code: 'check_failed',
        message: `the library crashed with ${signal} while it was loaded`,
      });
      await check(good);
    });

    it('for a crash in its destructor', async () => {
      const request = buildWith('__attribute__((destructor)) static void at_unload(void) { *(volatile int *)0 = 1; }');
      await expect(check(request)).rejects.toThrow('crashed with SIGSEGV while it was unloaded');
    });

    it('for exit() in a constructor', async () => {
      await expect(check(buildWithConstructor('_exit(3);'))).rejects.toThrow(
        /^the library ended the process .*while it was loaded$/,
      );
      await expect(check(buildWithConstructor('exit(0);'))).rejects.toMatchObject({ code: 'check_failed' });
      await check(good);
    });

    it('for a hang in a constructor, and what it started is ended too', async () => {
      const mark = join(workshop.folder, 'started');
      const request = buildWithConstructor(`
        int pid = fork(); if (pid == 0) { pause(); _exit(0); }
        FILE *file = fopen(${JSON.stringify(mark)}, "w"); fprintf(file, "%d", pid); fclose(file); for (;;) pause();`);
      await expect(check(request)).rejects.toMatchObject({
        code: 'check_failed',
        message: expect.stringMatching(/^the library hung while it was loaded/),
      });
      await expect.poll(() => isAlive(Number(readFileSync(mark, 'utf8')))).toBe(false);
    });

    it('for a symbol that is nowhere, by its name', async () => {
      const request = buildWith(
        'extern int nowhere_to_be_found(void); int use(void) { return nowhere_to_be_found(); }',
      );
      const refused = check(request);
      await expect(refused).rejects.toMatchObject({ code: 'check_failed' });
      await expect(refused).rejects.toThrow('the library does not load: undefined symbol: nowhere_to_be_found');
    });

    it('for a library that is needed and not there, by its name', async () => {
      const needed = workshop.compile(
        [...compilers.gcc, '-Wl,-soname,libmissing.so'],
        'int needed(void) { return 1; }',
      );
      const source = imageSource(exampleContract, {
        more: 'extern int needed(void); int use(void) { return needed(); }',
      });
      const path = workshop.compile([...compilers.gcc, '-Wl,--no-as-needed', needed], source);
      const refused = check(requestFor(path));
      await expect(refused).rejects.toThrow('libmissing.so');
      if (name === ofProgram) await expect(refused).rejects.toMatchObject({ hint: expect.stringContaining('$ORIGIN') });
    });

    it('without the export', async () => {
      const request = build(imageSource(exampleContract, { exported: false }));
      await expect(check(request)).rejects.toThrow('the library does not export vais_hot_image');
    });

    it('for another build or module than announced', async () => {
      await expect(check({ ...good, buildId: 'f'.repeat(32) })).rejects.toThrow(
        `the loaded library is the build ${exampleContract.buildId}, not ${'f'.repeat(32)}`,
      );
      await expect(check({ ...good, module: 'menu' })).rejects.toThrow(
        'the loaded library is the module game, not menu',
      );
    });

    only(ofAgent, 'for a contract in memory that is another than the build', async () => {
      const other = imageSource({ ...exampleContract, buildId: 'e'.repeat(32) });
      const source = other.replaceAll(`"${'e'.repeat(32)}"`, `"${exampleContract.buildId}"`);
      await expect(check(build(source))).rejects.toThrow(`the contract of the build ${'e'.repeat(32)}`);
    });

    it('for another interface of the runtime', async () => {
      const source = imageSource(exampleContract).replace('HOT_ABI, sizeof(hot_image)', '99, sizeof(hot_image)');
      await expect(check(build(source))).rejects.toThrow("version 99 of the runtime's interface");
    });

    it('for a description that points nowhere', async () => {
      const source = imageSource(exampleContract).replace(
        'contract, sizeof contract',
        '(const char *)8, sizeof contract',
      );
      await expect(check(build(source))).rejects.toThrow('crashed with SIGSEGV while its description was read');
    });

    it('for bytes that are not those announced', async () => {
      const request = build(imageSource(exampleContract));
      writeFileSync(request.path, workshop.read(request.path).subarray(0, 9_999));
      await expect(check(request)).rejects.toMatchObject({ code: 'digest_mismatch' });
    });

    it('for a file that is not there, or is no library', async () => {
      await expect(check({ ...good, path: '/nowhere/at/all.so' })).rejects.toBeInstanceOf(VaisError);
      const text = join(workshop.folder, 'text.so');
      writeFileSync(text, 'F main() -> i64 { 0 }\n');
      await expect(check(requestFor(text))).rejects.toBeInstanceOf(VaisError);
    });

    it('for what it writes to the pipe, with the agent unharmed', async () => {
      await expect(check(buildWithConstructor('dprintf(3, "{]\\n");'))).rejects.toThrow(
        /the library wrote to the (?:pipe of the check process|socket of the check) while it was loaded/,
      );
      await expect(check(buildWithConstructor('for (;;) write(3, "xxxxxxxxxxxxxxxx", 16);'))).rejects.toMatchObject({
        code: 'check_failed',
      });
      await check(good);
    });
  });

  it('is not given by a process that an earlier image has damaged', async () => {
    // The first image passes, and leaves a library behind that ends the process when the next one calls it.
    const saboteur = workshop.compile(compilers.gcc, '#include <stdlib.h>\nint sabotage(void) { abort(); }');
    const trap = buildWith(`#include <stdlib.h>\n#include <dlfcn.h>
__attribute__((constructor)) static void at_load(void) { dlopen(${JSON.stringify(saboteur)}, RTLD_NOW | RTLD_GLOBAL); }`);
    await check(trap);
    const victim = buildWith(`extern int sabotage(void) __attribute__((weak));
__attribute__((constructor)) static void at_load(void) { if (sabotage) sabotage(); }`);
    await expect(check(victim)).resolves.toBeUndefined();
  });

  only(ofProgram, 'ends what a library has started and left, in a session of its own too', async () => {
    const left = join(workshop.folder, `left-${name.length}`);
    const request = buildWithConstructor(`
      if (fork() == 0) { setsid(); FILE *file = fopen(${JSON.stringify(left)}, "w"); fprintf(file, "%d", getpid()); fclose(file);
        for (;;) pause(); }
      while (access(${JSON.stringify(left)}, F_OK) != 0) usleep(1000);`);
    await check(request);
    await expect.poll(() => isAlive(Number(readFileSync(left, 'utf8')))).toBe(false);
  });

  only(ofProgram, 'remembers an image that did not load', async () => {
    const count = join(workshop.folder, 'count');
    const request = buildWithConstructor(
      `FILE *file = fopen(${JSON.stringify(count)}, "a"); fputc('x', file); fclose(file); abort();`,
    );
    for (let round = 0; round < 3; round += 1)
      await expect(check(request)).rejects.toMatchObject({ code: 'check_failed' });
    expect(readFileSync(count, 'utf8')).toBe('x');
  });

  it('holds up no other developer while one hangs', async () => {
    const ended: string[] = [];
    const hangs = Array.from({ length: 3 }, () =>
      checker
        .check(buildWithConstructor('for (;;) pause();'), { ...anybody, developer: 'eve', program: link })
        .catch(() => ended.push('eve')),
    );
    await check(good).then(() => ended.push('ada'));
    expect(ended[0]).toBe('ada');
    await checker.close();
    await Promise.all(hangs);
  });

  it('asks for the rights when it is its turn, before anything runs', async () => {
    const ran = join(workshop.folder, `ran-${name.length}`);
    const request = buildWithConstructor(`fclose(fopen(${JSON.stringify(ran)}, "w"));`);
    const revoked = new VaisError('revoked', 'the rights are gone');
    const requireRights = (): void => {
      throw revoked;
    };
    await expect(checker.check(request, { developer: 'eve', requireRights, program: link })).rejects.toBe(revoked);
    expect(existsSync(ran)).toBe(false);
  });
});

describe('the checker', () => {
  const alone = { ...anybody, program: undefined };

  it('rejects what runs and waits when it is closed', async () => {
    const other = new Checker();
    const hanging = buildWithConstructor('for (;;) pause();');
    const results = Promise.allSettled([other.check(hanging, alone), other.check(good, alone)]);
    await other.close();
    expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(other.check(good, alone)).rejects.toThrow('closing');
  });

  it('asks a process of the agent where the program cannot start one', async () => {
    const other = new Checker();
    const program = {
      checks: true,
      check: () => Promise.reject(new VaisError('internal', 'the program cannot start itself for a check')),
    };
    await other.check(good, { ...anybody, program });
    await other.close();
  });

  it('dies by SIGKILL while its process hangs in a library, and the process ends as well', async () => {
    const agent = join(workshop.folder, 'agent.mjs');
    const entered = join(workshop.folder, 'entered');
    const hanging = buildWithConstructor(
      `FILE *file = fopen(${JSON.stringify(entered)}, "w"); fprintf(file, "%d", getpid()); fclose(file); for (;;) pause();`,
    );
    writeFileSync(
      agent,
      `import { Checker } from ${JSON.stringify(join(packageRoot, 'dist', 'agent', 'check', 'check.js'))};
       await new Checker({ deadlineMs: 100_000 }).check(${JSON.stringify(hanging)}, { developer: '', requireRights() {} });`,
    );
    const child = spawn(process.execPath, [agent], { stdio: ['ignore', 'pipe', 'inherit'] });
    await expect
      .poll(() => existsSync(entered) && readFileSync(entered, 'utf8') !== '', { timeout: 30_000 })
      .toBe(true);
    const pid = Number(readFileSync(entered, 'utf8'));
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
  });
});
