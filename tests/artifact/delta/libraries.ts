import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { editedUnit, type LibraryPlan, unitSource } from '../../../bench/delta-source.ts';
import { missingC } from '../../platforms/tools.ts';
import type { Workshop } from '../build-library.ts';

/** The same library, before and after a change of one function in one of its units. */
export interface Pair {
  readonly old: Uint8Array;
  readonly next: Uint8Array;
}

/** A way to make a library of several sources. */
export interface Way {
  /** Compiles the file named last to the one before it. */
  readonly compile: readonly string[];
  /** Links the files named last to the one before them. */
  readonly link: readonly string[];
  /** Takes the symbols away, for a second pair. */
  readonly strip?: string;
}

const gcc = { compile: ['gcc', '-O1', '-fPIC', '-c', '-o'], link: ['gcc', '-shared', '-o'] };
const macho = (arch: string): Way => ({
  compile: ['clang-14', `--target=${arch}-apple-macos11`, '-O2', '-c', '-o'],
  link: [
    'ld64.lld-14',
    ...['-dylib', '-arch', arch, '-platform_version', 'macos', '11', '11', '-undefined', 'dynamic_lookup', '-o'],
  ],
});
// Without a base of its own, ld makes one of the file's name.
const mingw = {
  compile: ['x86_64-w64-mingw32-gcc', '-O1', '-c', '-o'],
  link: ['x86_64-w64-mingw32-gcc', '-shared', '-Wl,--image-base=0x180000000', '-o'],
};

/** The ways that libraries of ours and of others are made. */
export const ways: Readonly<Record<string, Way>> = {
  gcc: { ...gcc, strip: 'strip' },
  'gcc -g': { ...gcc, compile: ['gcc', '-O1', '-g', '-fPIC', '-c', '-o'] },
  tcc: { compile: ['tcc', '-c', '-o'], link: ['tcc', '-shared', '-o'] },
  'clang, lld, packed relocations': {
    compile: ['clang-14', '-O2', '-fPIC', '-c', '-o'],
    link: ['clang-14', '-shared', '-fuse-ld=lld-14', '-Wl,--pack-dyn-relocs=relr', '-o'],
  },
  'aarch64 gcc': {
    compile: ['aarch64-linux-gnu-gcc', '-O2', '-fPIC', '-c', '-o'],
    link: ['aarch64-linux-gnu-gcc', '-shared', '-o'],
  },
  'aarch64 clang, lld': {
    compile: ['clang-14', '--target=aarch64-linux-gnu', '-O2', '-fPIC', '-c', '-o'],
    link: ['ld.lld-14', '-shared', '-o'],
  },
  mingw: { ...mingw, strip: 'x86_64-w64-mingw32-strip' },
  'Mach-O x86-64': macho('x86_64'),
  'Mach-O arm64': macho('arm64'),
};

/** What is missing to build in this way; undefined when nothing is. */
export function missingFor({ compile, link }: Way): string | undefined {
  return missingC(compile.slice(0, -1), link.slice(0, -1));
}

/** The library of the plan, and the one with its edit. */
export function buildPlan(workshop: Workshop, way: Way, plan: LibraryPlan): Pair {
  const units = Array.from({ length: plan.units }, (_, unit) => unitSource(plan, unit));
  const edited = editedUnit(plan);
  return buildPair(workshop, way, units, edited, unitSource(plan, edited, true));
}

/** The library of these sources, and the one in which one of them is another. */
export function buildPair(
  workshop: Workshop,
  way: Way,
  units: readonly string[],
  edited: number,
  source: string,
  extension = 'c',
): Pair {
  const folder = join(workshop.folder, `pair${count++}`);
  mkdirSync(folder);
  const run = ([tool = '', ...flags]: readonly string[], ...files: string[]): void => {
    execFileSync(tool, [...flags, ...files], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const compile = (text: string, name: string): string => {
    writeFileSync(join(folder, `${name}.${extension}`), text);
    run(way.compile, `${name}.o`, `${name}.${extension}`);
    return `${name}.o`;
  };
  const link = (objects: readonly string[]): Uint8Array => {
    // The same name for both, as some linkers write it into the file.
    run(way.link, 'library.so', ...objects);
    return workshop.read(join(folder, 'library.so'));
  };
  const objects = units.map((text, index) => compile(text, `unit${index}`));
  const old = link(objects);
  return { old, next: link(objects.with(edited, compile(source, 'edited'))) };
}

/** The pair without symbols. */
export function stripPair(workshop: Workshop, tool: string, { old, next }: Pair): Pair {
  const strip = (bytes: Uint8Array): Uint8Array => {
    const path = join(workshop.folder, `strip${count++}.so`);
    writeFileSync(path, bytes);
    execFileSync(tool, [path]);
    return workshop.read(path);
  };
  return { old: strip(old), next: strip(next) };
}

let count = 0;

/** C++ with what C has not: virtual functions, templates, exceptions. */
export function cppSource(classes: number, edited: boolean): string {
  const one = (index: number): string => `
struct Shape${index} : Shape {
  double side = ${index}.5;
  std::vector<int> seen;
  double area(int n) override {
    ${edited && index === Math.floor(classes / 3) ? 'for (int k = 0; k < n; k++) { seen.push_back(k * 3); side += seen.back() * 0.25; }' : ''}
    if (n > ${1000 + index}) throw std::out_of_range("shape ${index}");
    seen.push_back(n);
    return side * n + scale<${index % 17}>(n);
  }
  std::string name() override { return std::string("shape ${index} of ") + std::to_string(seen.size()); }
};
`;
  const cases = Array.from({ length: classes }, (_, index) => `    case ${index}: return new Shape${index};`);
  return `#include <stdexcept>
#include <string>
#include <vector>
struct Shape { virtual double area(int) = 0; virtual std::string name() = 0; virtual ~Shape() {} };
template <int N> static double scale(int n) { static double last = N; last = last * 0.5 + n; return last / (N + 1); }
${Array.from({ length: classes }, (_, index) => one(index)).join('')}
Shape *make(int kind) {
  switch (kind) {
${cases.join('\n')}
    default: throw std::invalid_argument("no such shape");
  }
}
double total(int n) {
  double sum = 0;
  for (int kind = 0; kind < ${classes}; kind++) {
    Shape *shape = make(kind);
    try { sum += shape->area(n); } catch (const std::exception &error) { sum -= std::string(error.what()).size(); }
    delete shape;
  }
  return sum;
}
`;
}

/** Plain C whose edit adds a function, a variable, a string, an export and an import. */
export function plainSource(functions: number, edited: boolean): string {
  const one = (index: number): string => `
static int seen_${index};
int work_${index}(int n) {
  printf("work ${index}: %d of %d\\n", n, seen_${index}++);
  ${edited && index === Math.floor(functions / 3) ? 'if (n > 3) return helper(n);' : ''}
  return n > ${index} ? work_${(index * 7 + 3) % functions}(n - 1) + total : n;
}`;
  const declared = Array.from({ length: functions }, (_, index) => `int work_${index}(int);`).join('\n');
  const helper = `
static int helped; long labs(long); int puts(const char *);
int helper(int n) { helped += labs(n); puts("a helper that was not there"); return helped; }`;
  return `int printf(const char *, ...);
${declared}
int total;
${edited ? helper : ''}
${Array.from({ length: functions }, (_, index) => one(index)).join('')}
`;
}
