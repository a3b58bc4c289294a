import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debugContract } from '../artifact/dwarf/contract.ts';
import { ByteReader } from '../artifact/image/byte-reader.ts';
import { readSections } from '../artifact/image/sections.ts';
import { withFolder } from '../cli/show/context.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);
const facts = { module: 'game', triple: 'x86_64-linux-gnu', buildId: '0'.repeat(32) } as const;
/** So many copies of the large unit have 50 MB of debug information and more. */
const copies = 64;
const times = 15;

const small = `
typedef struct Item { struct Item *next; int count; } Item;
typedef struct State { int hp; double x, y; Item *items; enum { IDLE, RUN } mode; } State;
static int calls;
int step(State *s, double dt) { s->x += dt; return ++calls; }
`;

/** A unit as games and servers have them: most of its debug information is the standard library's. */
const large = `
#include <bits/stdc++.h>
namespace part {
struct Item { int id; std::string name; std::vector<double> values; std::map<std::string, std::vector<int>> index; };
struct World {
  std::vector<Item> items;
  std::unordered_map<int, std::shared_ptr<Item>> byId;
  std::function<int(Item &)> callback;
  std::set<std::string> names;
  std::deque<Item> queue;
};
static std::regex pattern("a(b|c)*");
static int counter = 1;
static int work(World &w, const std::string &s) {
  std::smatch found;
  std::regex_search(s, found, pattern);
  std::sort(w.items.begin(), w.items.end(), [](const Item &a, const Item &b) { return a.id < b.id; });
  w.byId[counter] = std::make_shared<Item>(w.items[0]);
  w.names.insert(s);
  w.queue.push_back(w.items[0]);
  std::thread thread([&] { w.items[0].id++; });
  thread.join();
  std::ostringstream out;
  out << s << ++counter;
  std::future<int> later = std::async([] { return 1; });
  std::variant<int, std::string, Item> one = w.items[0];
  std::visit([](auto &&x) { (void)x; }, one);
  std::mt19937 numbers(1);
  std::normal_distribution<> distribution;
  return w.callback(w.items[0]) + (int)out.str().size() + later.get() + (int)distribution(numbers);
}
}
extern "C" int step(part::World *w) { static int calls = 0; return part::work(*w, "x") + ++calls; }
`;

/**
 * Debug information → contract: of a small library of C, and of one of C++ with more than 50 MB of it, in which every unit has
 * hot functions, and so every unit is reached. The first read in a process compiles our code as well.
 */
export async function contractBench(
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await withFolder(async (folder) => {
    await writeFile(join(folder, 'small.c'), small);
    await run('gcc', ['-g', '-shared', '-fPIC', 'small.c', '-o', 'small.so'], { cwd: folder, signal });
    measure('contract_small', await readFile(join(folder, 'small.so')), add);

    tell(`contract_large: compiling one unit of C++, and linking ${copies} copies of it`);
    await writeFile(join(folder, 'large.cc'), large);
    await run('g++', ['-std=c++17', '-g', '-fPIC', '-c', 'large.cc', '-o', 'large.o'], { cwd: folder, signal });
    const objects = Array.from({ length: copies }, (_, index) => `${index}.o`);
    for (const [index, object] of objects.entries())
      await run('objcopy', ['--redefine-sym', `step=step${index}`, 'large.o', object], { cwd: folder, signal });
    await run('g++', ['-shared', ...objects, '-o', 'large.so'], { cwd: folder, signal });
    measure('contract_large', await readFile(join(folder, 'large.so')), add);
  });
}

function measure(name: string, bytes: Uint8Array, add: (row: Row) => void): void {
  const file = new ByteReader(bytes);
  const debug = readSections(file).filter((section) => section.name.startsWith('.debug_'));
  const size = debug.reduce((sum, section) => sum + section.size, 0);
  const milliseconds = Array.from({ length: times + 1 }, () => {
    const start = performance.now();
    debugContract(file, facts);
    return performance.now() - start;
  });
  const [first = Number.NaN, ...others] = milliseconds;
  const note = `${(size / 1e6).toFixed(2)} MB of debug information; the first took ${first.toFixed(0)} ms`;
  add(rowOf(name, 'ms', others, note));
}
