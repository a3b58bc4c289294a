/**
 * Programs that were written without knowing of us (tests/native/programs), each converted by its hot.diff: at most five
 * lines of source, and what its build has to say. They are built by their own builds, run, edited, built again, and run the new code
 * with their state.
 */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { itWhere } from '../scenario/needs.ts';

const run = promisify(execFile);
const programs = join(import.meta.dirname, 'programs');
const root = mkdtempSync(join(tmpdir(), 'vrp-'));
const deadline = 60_000;
const env = {
  ...process.env,
  PATH: `${join(root, 'bin')}:${process.env['PATH']}`,
  XDG_CACHE_HOME: join(root, 'cache'),
  XDG_RUNTIME_DIR: join(root, 'run'),
  VAIS_HOT_LINK: '',
  TERM: 'xterm',
};
let child: ChildProcessWithoutNullStreams | undefined;
let output = '';

beforeAll(() => {
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'run'), { mode: 0o700 });
  const command = join(root, 'bin', 'vais-remote');
  writeFileSync(
    command,
    `#!/bin/sh\nexec '${process.execPath}' '${join(packageRoot, 'dist', 'cli', 'main.js')}' "$@"\n`,
  );
  chmodSync(command, 0o755);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(async () => {
  const running = child;
  child = undefined;
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const closed = new Promise((resolve) => running.once('close', resolve));
  process.kill(-(running.pid ?? 0), 'SIGKILL');
  await closed;
});

/** Whether these commands carry out what is asked of them here. */
async function works(...commands: [string, ...string[]][]): Promise<boolean> {
  for (const [command, ...args] of commands) if (!(await run(command, args).catch(() => false))) return false;
  return true;
}

/** Copies a program and converts it. */
async function convert(name: string): Promise<string> {
  const folder = join(root, name);
  cpSync(join(programs, name), folder, { recursive: true });
  const diff = join(folder, 'hot.diff');
  writeFileSync(diff, readFileSync(diff, 'utf8').replaceAll('@bindings@', join(packageRoot, 'bindings')));
  await run('patch', ['-p0', '-s', '-i', 'hot.diff'], { cwd: folder });
  return folder;
}

/** Lines of source that a conversion changes or adds; what it only takes away is not counted. */
function changedLines(name: string): number {
  let isSource = false;
  let count = 0;
  for (const line of readFileSync(join(programs, name, 'hot.diff'), 'utf8').split('\n')) {
    if (line.startsWith('+++ ')) isSource = /\.(c|cpp|hpp|h|rs)$/.test(line);
    else if (isSource && line.startsWith('+')) count++;
  }
  return count;
}

async function make(folder: string, ...words: readonly string[]): Promise<void> {
  await run('make', words, { cwd: folder, env });
}

function start(folder: string, command: string, args: readonly string[] = []): ChildProcessWithoutNullStreams {
  output = '';
  child = spawn(command, args, { cwd: folder, env, detached: true });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return child;
}

/** Waits until the program has written what matches, after `from` characters. */
async function said(pattern: RegExp, from = 0, again: () => unknown = () => undefined): Promise<RegExpExecArray> {
  const end = Date.now() + deadline;
  for (;;) {
    const found = pattern.exec(output.slice(from));
    if (found !== null) return found;
    if (Date.now() > end || child?.exitCode !== null || child.signalCode !== null)
      throw new Error(`waited in vain for ${pattern}; it wrote ${output.slice(-2000)}`);
    await again();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function edit(folder: string, file: string, from: string, to: string): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

function page(port: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve(body));
    }).on('error', reject);
  });
}

const hasMake = await works(['make', '--version'], ['gcc', '--version'], ['g++', '--version'], ['patch', '--version']);
const hasCurses =
  hasMake && (await works(['gcc', '-E', '-include', 'ncurses.h', '-x', 'c', '/dev/null'], ['script', '--version']));
const hasCmake = hasMake && (await works(['cmake', '--version']));
const hasCargo = hasMake && (await works(['cargo', '--version']));

const without = (has: boolean, what: string): string | undefined => (has ? undefined : `${what} is missing`);
const noMake = without(hasMake, 'make, gcc, g++ or patch');
const noCurses = without(hasCurses, 'ncurses or script');
const noCmake = without(hasCmake, 'CMake');
const noCargo = without(hasCargo, 'Cargo');

describe('programs that were written without knowing of us', () => {
  it.each(['edit', 'arena', 'flock', 'httpd', 'plugins', 'orbit'])('%s is converted by at most five lines', (name) => {
    expect(changedLines(name)).toBeGreaterThan(0);
    expect(changedLines(name)).toBeLessThanOrEqual(5);
  });

  itWhere('a terminal editor in one file keeps its text and takes new code at the next key', noCurses, async () => {
    const folder = await convert('edit');
    await make(folder);
    const editor = start(folder, 'script', ['-qfc', './edit', '/dev/null']);
    await said(/line 1 of 0/);
    editor.stdin.write('int main');
    await said(/line 1 of 1, column 9/);
    edit(folder, 'edit.c', '| line %d of %d, column %d ', '| ROW %d OF %d, AT %d ');
    await make(folder, 'libedit.so');
    await said(/ROW 1 OF 1, AT \d+/, 0, () => editor.stdin.write('!'));
    expect(output).toContain('int');
  });

  itWhere('a game of several files with ncurses and Make goes on where it is', noCurses, async () => {
    const folder = await convert('arena');
    await make(folder);
    start(folder, 'script', ['-qfc', './arena', '/dev/null']);
    await said(/score/);
    edit(folder, 'draw.c', 'score %d  lives %d', 'points %d  lives %d');
    edit(folder, 'arena.c', 'a->score += 1;', 'a->score += 1000;');
    await make(folder, 'libarena.so');
    await said(/points/);
    await said(/000/, output.length);
  });

  itWhere('a C++ game with vectors and CMake keeps them', noCmake, async () => {
    const folder = await convert('flock');
    const vais = (await run('vais-remote', ['flags', '--cmake'], { env })).stdout.trim();
    await run('cmake', ['-B', 'build', `-Dvais_DIR=${vais}`], { cwd: folder, env });
    await run('cmake', ['--build', 'build'], { cwd: folder, env });
    start(join(folder, 'build'), './flock');
    await said(/frame \d+: \d\d birds/);
    edit(folder, 'flock.cpp', ' birds, first at ', ' BIRDS, first at ');
    await run('cmake', ['--build', 'build', '--target', 'birds'], { cwd: folder, env });
    const [, before = ''] = await said(/frame (\d+): \d\d birds(?![\s\S]* birds)/);
    const [, after = ''] = await said(/frame (\d+): \d\d BIRDS/);
    expect(Number(after)).toBeGreaterThan(Number(before) - 1);
  });

  itWhere(
    'a C++ server with a pool of threads serves new code with its notes, while threads wait',
    noMake,
    async () => {
      const folder = await convert('httpd');
      await make(folder);
      start(folder, './httpd');
      const [, port = ''] = await said(/port (\d+)/);
      expect(await page(port, '/add/one')).toBe('kept 1\n');
      edit(folder, 'handler.cpp', '"kept "', '"stored "');
      await make(folder, 'libweb.so');
      let count = 1;
      for (let answer = ''; !answer.startsWith('stored'); count++) answer = await page(port, `/add/${count}`);
      expect((await page(port, '/notes')).split('\n')).toHaveLength(count + 1);
    },
  );

  itWhere('a host of plugins by dlopen exchanges one of two', noMake, async () => {
    const folder = await convert('plugins');
    await make(folder);
    const host = start(folder, './host', ['./count.so', './shout.so']);
    host.stdin.write('hello\n');
    await said(/1: HELLO/);
    edit(folder, 'count.c', '"%d: %s"', '"%d) %s"');
    await make(folder, 'count.so');
    const [, number = ''] = await said(/(\d+)\) AGAIN/, 0, () => host.stdin.write('again\n'));
    expect(Number(number)).toBeGreaterThan(1);
  });

  itWhere(
    'a Rust program with a cdylib keeps its strings and vectors',
    noCargo,
    async () => {
      const folder = await convert('orbit');
      const cargo = async (...words: readonly string[]): Promise<void> => {
        await run('cargo', ['build', '--offline', '-q', ...words], { cwd: folder, env });
      };
      await cargo();
      await cargo('-p', 'physics');
      start(folder, './target/debug/orbit');
      await said(/step \d+: sun, earth, mars/);
      edit(folder, 'physics/src/lib.rs', 'step {}: {}', 'STEP {}: {}');
      await cargo('-p', 'physics');
      const [, step = ''] = await said(/STEP (\d+): sun, earth, mars/);
      expect(Number(step)).toBeGreaterThan(1);
    },
    240_000,
  );
});
