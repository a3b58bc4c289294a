/** Modules in one file of C, C++ and Rust that know nothing of us, pushed and watched as they are. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
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

/** Whether a language cannot be tried here: its compiler makes no library. In CI all of them are there. */
function missing(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { input: '', stdio: ['pipe', 'ignore', 'ignore'] }).status !== 0;
}
const without = {
  c: missing('gcc', '-shared', '-fPIC', '-x', 'c', '-', '-o', '/dev/null'),
  cpp: missing('g++', '-shared', '-fPIC', '-x', 'c++', '-', '-o', '/dev/null'),
  rs: missing('rustc', '--crate-type', 'lib', '--emit', 'metadata', '-o', '/dev/null', '-'),
};

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

const languages = (['c', 'cpp', 'rs'] as const).filter((language) => !without[language]);

it.each(languages)('a .%s file is pushed, watched, and refused where it does not fit', async (language) => {
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
});
