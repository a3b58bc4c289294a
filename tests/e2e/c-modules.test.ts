/** The examples in C and C++: built by the real compilers, and pushed with the real agent and command. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { type Agent, type Ended, type Running, World } from './harness.ts';

const run = promisify(execFile);
const paths = (process.env['PATH'] ?? '').split(':');
const isThere = ([compiler = '']: readonly string[]): boolean => paths.some((path) => existsSync(join(path, compiler)));
const crash = '*(volatile int *)0 = 1;';

/** An example, copied and built; its program, connected to an agent. */
class Example {
  readonly #world = new World();
  readonly #variables: readonly string[];
  readonly #source: string;
  readonly #module: string;
  #text = '';
  #agent: Agent | undefined;
  #program: Running | undefined;

  constructor(source: string, ...variables: string[]) {
    this.#source = source;
    this.#module = source.replace(/\.\w+$/, '');
    this.#variables = [...variables, `RUNTIME=${join(packageRoot, 'runtime')}`];
  }

  async start(folder: string): Promise<void> {
    await cp(join(packageRoot, 'examples', folder), this.#world.folder, { recursive: true });
    this.#text = await readFile(this.#world.path(this.#source), 'utf8');
    await this.make('all');
    this.#agent = await this.#world.startAgent();
    this.#program = this.#world.startProgram(this.#world.path(this.#module), { VAIS_HOT_PROBATION_CALLS: '4' });
    await this.#world.until(this.#agent.address, (rows) => rows.length === 1);
  }

  get program(): Running {
    if (this.#program === undefined) throw new Error('the example was not started');
    return this.#program;
  }

  async make(target: string): Promise<string> {
    const { stderr } = await run('make', ['-s', target, ...this.#variables], { cwd: this.#world.folder });
    return stderr;
  }

  /** Pushes the library, built from the source with these replacements. */
  async push(...changes: (readonly [string, string])[]): Promise<Ended> {
    let text = this.#text;
    for (const [from, to] of changes) {
      if (!text.includes(from)) throw new Error(`${this.#source} has no ${from}`);
      text = text.replaceAll(from, to);
    }
    await writeFile(this.#world.path(this.#source), text);
    expect(await this.make(`lib${this.#module}.so`)).toBe('');
    return this.#world.run('push', `lib${this.#module}.so`, '--to', this.#agent?.address ?? '', '--json');
  }

  /** Waits for output that is not there yet. */
  said(what: RegExp): Promise<string> {
    return this.program.line((line) => what.test(line), this.program.lines.length);
  }

  /** No pass was lost, made twice, or begun from another state. */
  expectWholeCount(): void {
    const counts = this.program.lines.map((line) => / (?:frame|round) (\d+)/.exec(line)?.[1]).filter((n) => n);
    expect(counts.map(Number)).toEqual(counts.map((_, index) => index + 1));
    expect(counts.length).toBeGreaterThan(0);
  }

  mapped(): string[] {
    const maps = readFileSync(`/proc/${this.program.pid}/maps`, 'utf8');
    return [...new Set(maps.match(/lib\w+\.v\d+/g) ?? [])];
  }

  close(): Promise<void> {
    return this.#world.close();
  }
}

const messageOf = ({ json }: Ended): string => String(json.find(({ event }) => event === 'error')?.['message']);

describe.each([['gcc'], ['clang-14']].filter(isThere))('the example in C, built by %s', (compiler) => {
  const example = new Example('game.c', `CC=${compiler}`);
  beforeAll(() => example.start('c'));
  afterAll(() => example.close());

  it('runs its new version with its state', async () => {
    await example.said(/^version 1 frame/);
    const ended = await example.push(['9.81', '4.0'], ['"o"', '"O"']);
    expect(ended.code, ended.stderr).toBe(0);
    await example.said(/^version 2 frame \d+ +O$/);
    example.expectWholeCount();
  });

  it('refuses a changed signature with both forms', async () => {
    const ended = await example.push(
      ['fn(*Game, f64) -> i64', 'fn(*Game, f64, i64) -> i64'],
      ['game_step(Game *game, double dt)', 'game_step(Game *game, double dt, long long times)'],
      ['game->frames++', 'game->frames += times'],
    );
    expect(ended.code).toBe(4);
    expect(messageOf(ended)).toContain('game_step: fn(*Game, f64) -> i64');
    expect(messageOf(ended)).toContain('game_step: fn(*Game, f64, i64) -> i64');
  });

  it('refuses a struct with another layout by name, with both forms', async () => {
    const ended = await example.push(
      ['    double x, speed;', '    long long lives;\n    double x, speed;'],
      ['Game, 24, 8', 'Game, 32, 8'],
      ['NEXT(Game, x, "f64", 8)', 'NEXT(Game, lives, "i64", 8) NEXT(Game, x, "f64", 16)'],
      ['"f64", 16) END', '"f64", 24) END'],
    );
    expect(ended.code).toBe(4);
    expect(messageOf(ended)).toContain('Game');
    expect(messageOf(ended)).toContain('lives');
  });

  it('does not compile a struct whose figures are wrong', async () => {
    const wrong = example.push(['    double x, speed;', '    float x, speed;']);
    await expect(wrong).rejects.toThrow(/sizeof\(Game\) == 24|static assertion|static_assert/);
  });

  it('takes back a version that crashes, and names the function', async () => {
    const ended = await example.push(['    return game->frames;', `    ${crash}\n    return game->frames;`]);
    expect(ended.code, ended.stderr).toBe(5);
    const reverted = ended.json.find(({ event }) => event === 'reverted');
    expect(reverted).toMatchObject({ signal: 'SIGSEGV', function: 'game_step', undone: true });
    await example.said(/^version 2 frame/);
    example.expectWholeCount();
  });

  it('refuses a library whose constructor crashes, before the program has it', async () => {
    const ended = await example.push([
      'HOT_MODULE_IMAGE(',
      `static int *volatile none;\n__attribute__((constructor)) static void begin(void) { *none = 1; }\nHOT_MODULE_IMAGE(`,
    ]);
    expect(ended.code, ended.stderr).toBe(4);
    expect(messageOf(ended)).toMatch(/while it was loaded/);
    await example.said(/^version 2 frame/);
  });

  it('keeps a thread-local variable for each thread, and unloads what had one', async () => {
    const own = ['    game->frames++;', '    static __thread int own;\n    own++;\n    game->frames++;'] as const;
    expect((await example.push(own)).code).toBe(0);
    expect((await example.push(['9.81', '5.0'])).code).toBe(0);
    expect((await example.push(['9.81', '6.0'])).code).toBe(0);
    expect(example.mapped()).toHaveLength(1);
    example.expectWholeCount();
  });

  it('keeps a library loaded whose thread runs on, and tells so', async () => {
    const ended = await example.push(
      ['#include <stdio.h>', '#include <stdio.h>\n#include <pthread.h>\n#include <time.h>'],
      [
        'static long long game_step(',
        `static void *tick(void *none) {
    struct timespec pause = {0, 5000000};
    for (;;) {
        puts("tick");
        fflush(stdout);
        nanosleep(&pause, 0);
    }
    return none;
}
static long long game_step(`,
      ],
      [
        '    game->frames++;',
        '    static int begun;\n    pthread_t thread;\n    if (!begun) begun = !pthread_create(&thread, 0, tick, 0);\n    game->frames++;',
      ],
    );
    expect(ended.code, ended.stderr).toBe(0);
    const loaded = ended.json.find(({ event }) => event === 'loaded');
    expect(loaded).toMatchObject({ resident: 'pthread_create' });
    const [image = ''] = example.mapped();
    for (const gravity of ['7.0', '8.0', '9.0']) expect((await example.push(['9.81', gravity])).code).toBe(0);
    expect(example.mapped()).toContain(image);
    expect(example.mapped()).toHaveLength(2);
    await example.said(/^tick$/);
    example.expectWholeCount();
  });
});

const cpp = [
  ['g++', 'gcc'],
  ['clang++-14', 'clang-14'],
].filter(isThere);
describe.each(cpp)('the example in C++, built by %s', (compiler, ofC) => {
  const example = new Example('board.cpp', `CXX=${compiler}`, `CC=${ofC}`);
  beforeAll(() => example.start('cpp'));
  afterAll(() => example.close());

  it('runs its new version with its state', async () => {
    await example.said(/^version 1 round/);
    const ended = await example.push(['points = 1.5', 'points = 100']);
    expect(ended.code, ended.stderr).toBe(0);
    await example.said(/^version 2 round \d+ Ann=\d{3}/);
    example.expectWholeCount();
  });

  it('takes back a version that crashes, and names the function', async () => {
    const ended = await example.push([
      '    return ++board->rounds;',
      `    ++board->rounds;\n    ${crash}\n    return 0;`,
    ]);
    expect(ended.code, ended.stderr).toBe(5);
    expect(ended.json.find(({ event }) => event === 'reverted')).toMatchObject({
      function: 'board_play',
      undone: true,
    });
    await example.said(/^version 2 round/);
    example.expectWholeCount();
  });

  it('refuses a changed signature by name', async () => {
    const ended = await example.push(
      ['fn(*Board, i64) -> i64', 'fn(*Board) -> i64'],
      ['board_play(Board *board, long long player)', 'board_play(Board *board)'],
      ['player % 3', '0'],
    );
    expect(ended.code).toBe(4);
    expect(messageOf(ended)).toContain('board_play');
  });

  it('runs constructors as it loads, and destructors as it unloads', async () => {
    const once = `struct Once {
    Once() { std::puts("born"); std::fflush(stdout); }
    ~Once() { std::puts("gone"); std::fflush(stdout); }
};
static Once once;
static long long board_show(`;
    const born = example.said(/^born$/);
    expect((await example.push(['static long long board_show(', once])).code).toBe(0);
    await born;
    const gone = example.said(/^gone$/);
    for (const points of ['2', '3', '4'])
      expect((await example.push(['points = 1.5', `points = ${points}`])).code).toBe(0);
    await gone;
    expect(example.mapped()).toHaveLength(1);
    example.expectWholeCount();
  });
});
