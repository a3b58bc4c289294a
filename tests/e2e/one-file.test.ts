/** Modules in one file of C, C++ and Rust that know nothing of us, pushed and watched as they are. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { missingC } from '../platforms/tools.ts';
import { itWhere } from '../scenario/needs.ts';
import { type Agent, type Running, World } from './harness.ts';

const host = `#include <stdio.h>
#include <unistd.h>
#include "hot.h"
int main(void) {
    hot_module *game = hot_open("game", "./libgame.so");
    int (*step)(int) = (int (*)(int))hot_symbol(game, "step");
    int n = 0;
    for (;;) {
        hot_check();
        int next = step(n);
        printf("by %d\\n", next - n);
        fflush(stdout);
        n = next % 1000000;
        usleep(2000);
    }
}
`;
const sources = {
  c: (by: number): string => `static int calls;\nint step(int n) { calls++; return n + ${by}; }\n`,
  cpp: (by: number): string =>
    `#include <vector>\nstatic std::vector<int> seen;\nextern "C" int step(int n) { seen.push_back(n); return n + ${by}; }\n`,
  rs: (by: number): string => `#[no_mangle]\npub extern "C" fn step(n: i32) -> i32 { n + ${by} }\n`,
};

/** Why a language cannot be tried here: its compiler makes no library. */
const without = {
  c: missingC(['gcc', '-shared', '-fPIC']),
  cpp: missingC(['g++', '-shared', '-fPIC', '-x', 'c++']),
  rs: missingRust(),
};

/** Into a folder of its own: rustc renames a new file over its output, and root can replace /dev/null. */
function missingRust(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'vais-probe-'));
  const args = ['--crate-type', 'lib', '--emit', 'metadata', '-o', join(folder, 'probe'), '-'];
  const { status } = spawnSync('rustc', args, { input: '', stdio: ['pipe', 'ignore', 'ignore'] });
  rmSync(folder, { recursive: true });
  return status === 0 ? undefined : 'rustc makes no library';
}

let world: World;
let agent: Agent;
let program: Running;
beforeEach(() => {
  world = new World();
});

/** Starts the host with a first version that was built beside it. */
async function start(language: keyof typeof sources): Promise<void> {
  await world.write('host.c', host);
  await world.write(`game.${language}`, sources[language](1));
  const main = `${process.execPath} ${join(packageRoot, 'dist/cli/main.js')}`;
  const library = {
    c: `gcc $(${main} flags --module) game.c -o libgame.so`,
    cpp: `g++ $(${main} flags --module) game.cpp -o libgame.so`,
    rs: 'rustc --crate-type cdylib -g game.rs -o libgame.so',
  }[language];
  const built = await world.bash(
    `gcc -g host.c $(${main} flags --cflags) $(${main} flags --libs) -o host && ${library}`,
  );
  expect(built.code).toBe(0);
  agent = await world.startAgent();
  program = world.startProgram(world.path('host'));
  await world.until(agent.address, (rows) => rows.length === 1);
}
afterEach(() => world.close());

const by = (number: number): Promise<string> => program.line((line) => line === `by ${number}`);

for (const language of ['c', 'cpp', 'rs'] as const) {
  itWhere(`a .${language} file is pushed, watched, and refused where it does not fit`, without[language], () =>
    tryOne(language),
  );
}

async function tryOne(language: keyof typeof sources): Promise<void> {
  await start(language);
  const file = `game.${language}`;
  await by(1);
  await world.write(file, sources[language](7));
  const pushed = await world.run('push', file, '--to', agent.address, '--json');
  expect(pushed.json.at(-1)).toMatchObject({ event: 'done', module: 'game', version: 2 });
  await by(7);
  const watching = world.remote('watch', file, '--to', agent.address, '--json');
  await watching.event('watching');
  await world.write(file, sources[language](9));
  await watching.event('done', ({ version }) => version === 3);
  await by(9);
  const argument = { c: '(int n)', cpp: '(int n)', rs: '(n: i32)' }[language];
  const other = { c: '(int n, int m)', cpp: '(int n, int m)', rs: '(n: i32, _m: i32)' }[language];
  await world.write(file, sources[language](9).replace(argument, other));
  const refused = await watching.event('error');
  expect(refused).toMatchObject({ code: 'contract_changed', exit: 4 });
  expect(String(refused['message'])).toContain('step');
  await world.write(file, sources[language](11));
  await watching.event('done', ({ version }) => version === 4);
  await by(11);
}
