import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readImage } from '../../artifact/contract/image.ts';
import { libraryName, type Triple, triples } from '../../artifact/image/triple.ts';
import { packageRoot } from '../../common/package-root.ts';
import { missingBuild } from '../platforms/tools.ts';
import { itWhere } from '../scenario/needs.ts';
import { say, sayWith } from './support/terminal.ts';
import { missingCompilers, runProgram, workFolder } from './support/work.ts';

const work = workFolder();
const game = join(work, 'game.vais');
const source = `S GameState { x: i64, y: i64 }
G score: i64 = 0
#[hot]
F update(state: *GameState, dt: f64) -> i64 {
    state.x += (dt * 10.0) as i64
    score += 1
    0
}
F main(argc: i64, argv: **i8) -> i64 {
    state := GameState { x: 0, y: 0 }
    update(&state, 0.5)
    printf("%d %d %s\\n", state.x, argc, argc > 1 ? argv[1] as str : "-")
    argc + 6
}
`;

beforeAll(() => writeFileSync(game, source));

const missing = new Map<Triple, string | undefined>();
for (const triple of triples) missing.set(triple, await missingBuild({ kind: 'image', triple }));

it.each([
  [['bild'], 2],
  [['bild', '--help'], 2],
  [['--help'], 0],
  [['help', 'build'], 0],
  [['build', '--help'], 0],
])('%j ends with %d', async (words, code) => {
  expect((await say(...words)).exit).toBe(code);
});

describe('vaisc build', () => {
  it('makes a program that runs alone, in the current folder unless told', async () => {
    const output = join(work, 'out/game');
    expect(await say('build', game, '-o', output)).toEqual({ exit: 0, out: '', err: '' });
    expect(await runProgram(output, ['hello'])).toEqual({ code: 8, signal: null, output: '5 2 hello\n' });
  });

  for (const triple of triples)
    itWhere(`--hot makes the library for ${triple} beside the source`, missing.get(triple), () => makesLibrary(triple));

  async function makesLibrary(triple: Triple): Promise<void> {
    expect(await say('build', '--hot', '--target', triple, game)).toMatchObject({ exit: 0, err: '' });
    const image = readImage(readFileSync(join(work, libraryName('game', triple))));
    expect(image).toMatchObject({ triple, exportsImage: true });
    expect(image.contract).toMatchObject({
      module: 'game',
      source: 'game.vais',
      functions: [{ name: 'update', type: 'fn(*GameState, f64) -> i64', at: { line: 4, column: 3 } }],
      structs: [{ name: 'GameState', size: 16, held: true }],
      globals: [{ name: 'score', type: 'i64', size: 8 }],
    });
  }

  const tcc = missingCompilers.tcc;
  itWhere('takes no tcc for what tcc passes in its own way, also where there is nothing else', tcc, () => {
    const bin = join(work, 'tcc-alone');
    mkdirSync(bin);
    symlinkSync(execFileSync('sh', ['-c', 'command -v tcc']).toString().trim(), join(bin, 'tcc'));
    const build = (text: string, ...args: string[]) => {
      const file = join(bin, 'halves.vais');
      writeFileSync(file, text);
      const command = [join(packageRoot, 'dist/compiler/main.js'), 'build', file, '-o', join(bin, 'out'), ...args];
      const { status, stderr } = spawnSync(process.execPath, command, { env: { PATH: bin }, encoding: 'utf8' });
      return { status, stderr };
    };
    const halves =
      'S R { a: i64, b: f64 }\n#[hot]\nF f(r: R) -> f64 { r.b }\nF main() -> i64 { f(R { a: 1, b: 2.0 }) as i64 }';
    const refused = {
      status: 1,
      stderr: expect.stringMatching(/that passes structs as others do.*\n.*apt-get install gcc/),
    };
    expect(build(halves)).toEqual(refused);
    expect(build(halves, '--hot')).toEqual(refused);
    expect(build(halves.replace('a: i64', 'a: f64'), '--hot')).toEqual({ status: 0, stderr: '' });
  });

  it.each(['-O1', '-O2', '-O3', '-g'])('--hot %s makes a library', async (flag) => {
    const output = join(work, `lib${flag}.so`);
    expect(await say('build', '--hot', flag, game, '-o', output)).toMatchObject({ exit: 0 });
    expect(readImage(readFileSync(output)).contract.tier).toBe('optimized');
  });

  it('names the same build by the same id, and another by another', async () => {
    const id = async (...flags: string[]): Promise<string> => {
      const output = join(work, 'id.so');
      await say('build', '--hot', game, '-o', output, ...flags);
      return readImage(readFileSync(output)).contract.buildId;
    };
    expect(await id()).toBe(await id());
    expect(await id('-O1')).not.toBe(await id('-O2'));
  });

  it('--release leaves the runtime out', async () => {
    const output = join(work, 'release');
    expect(await say('build', '--release', game, '-o', output)).toMatchObject({ exit: 0 });
    expect((await runProgram(output)).output).toBe('5 1 -\n');
    expect(readFileSync(output).includes('vais_contract')).toBe(false);
  });

  it('links C files that foreign functions live in, and says when one lives nowhere', async () => {
    const file = join(work, 'uses-c.vais');
    writeFileSync(file, '@[extern "C"]\nF triple(x: i64) -> i64\nF main() -> i64 = triple(14)\n');
    writeFileSync(join(work, 'triple.c'), 'long long triple(long long x) { return 3 * x; }\n');
    const output = join(work, 'uses-c');
    expect(await say('build', file, join(work, 'triple.c'), '-o', output)).toMatchObject({ exit: 0 });
    expect((await runProgram(output)).code).toBe(42);
    const lacking = await say('build', file, '-o', output);
    expect(lacking.exit).toBe(3);
    expect(lacking.err).toContain('no library has the foreign function `triple`');
  });

  it('-g shows debuggers the lines of the source', async () => {
    const output = join(work, 'debug');
    expect(await say('build', '-g', game, '-o', output)).toMatchObject({ exit: 0 });
    const { output: lines } = await runProgram('objdump', ['--dwarf=decodedline', output]);
    expect(lines).toMatch(/game\.vais\s+5\s+0x/);
  });

  it('--emit prints a stage', async () => {
    expect((await say('build', '--emit', 'c', game)).out).toContain('int main(int argc, char **argv)');
    expect((await say('build', '--hot', '--emit', 'c', game)).out).toContain('vais_hot_image');
    expect((await say('build', '--emit', 'contract', game)).out).toMatch(/^\{"record":"module"/);
    expect(JSON.parse((await say('build', '--emit', 'ast', game)).out)).toMatchObject([{ kind: 'struct' }, {}, {}, {}]);
  });

  it('shows all faults of a source and ends with 3, leaving what was built before', async () => {
    const file = join(work, 'faulty.vais');
    const output = join(work, 'libfaulty.so');
    writeFileSync(file, '#[hot]\nF f() -> i64 = 1\n');
    await say('build', '--hot', file);
    const before = readFileSync(output);
    writeFileSync(file, '#[hot]\nF f() -> i64 = x\nF g() -> i64 = y\n');
    const { exit, err } = await say('build', '--hot', file);
    expect(exit).toBe(3);
    expect(err).toContain('faulty.vais:2:16');
    expect(err).toContain('faulty.vais:3:16');
    expect(readFileSync(output).equals(before)).toBe(true);
  });

  it.each([
    [['build'], 2],
    [['build', 'game.c'], 2],
    [['build', '--target', 'vax', 'game.vais'], 2],
    [['build', '-O9', 'game.vais'], 2],
    [['build', '--release', '--hot', 'game.vais'], 2],
    [['build', 'nowhere.vais'], 3],
    [['frobnicate'], 2],
    [['--help'], 0],
    [['--version'], 0],
    [['contract', 'nowhere.so'], 2],
  ])('%j ends with %i', async (args, exit) => {
    expect((await say(...args)).exit).toBe(exit);
  });

  it('says what hinders it from writing', async () => {
    mkdirSync(join(work, 'folder.so'), { recursive: true });
    writeFileSync(join(work, 'folder.so/inside'), '');
    const { exit, err } = await say('build', '--hot', game, '-o', join(work, 'folder.so'));
    expect(exit).toBe(1);
    expect(err).toContain('cannot be written: EISDIR');
    expect((await say('build', '--hot', game, '-o', join(game, 'x.so'))).err).toContain('cannot be written: ');
  });

  it.skipIf(process.platform !== 'linux')('ends where no folder can be made', { timeout: 10_000 }, async () => {
    const { exit, err } = await say('build', '--hot', game, '-o', '/proc/vais/libgame.so');
    expect(exit).toBe(1);
    expect(err).toContain('cannot be written: ENOENT');
  });

  it('says why a source cannot be read', async () => {
    const binary = join(work, 'binary.vais');
    writeFileSync(binary, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0xff]));
    expect((await say('check', binary)).err).toBe(
      `error[E0804]: \`${binary}\` is not text\n  --> ${binary}:1:1\n  help: name a source in UTF-8\n`,
    );
    expect((await say('check', work)).err).toContain('is a folder, not a source');
    expect((await say('check', join(work, 'nowhere.vais'))).err).toContain('does not exist');
  });

  it('says what a build without main or without hot functions lacks', async () => {
    const file = join(work, 'plain.vais');
    writeFileSync(file, 'F f() -> i64 = 1\n');
    expect((await say('build', file)).err).toContain('there is no `main`');
    expect((await say('build', '--hot', file)).err).toContain('no function here is hot');
    // Among several sources, one without hot functions is none of the libraries.
    expect(await say('build', '--hot', file, game)).toMatchObject({
      exit: 0,
      err: `${file}: no hot function, no library\n`,
    });
  });
});

describe('vaisc run, check and contract', () => {
  it('runs a program and ends as it ends', async () => {
    expect((await say('run', game)).exit).toBe(7);
  });

  it('checks without building', async () => {
    expect(await say('check', game)).toEqual({ exit: 0, out: '', err: '' });
    const file = join(work, 'check.vais');
    writeFileSync(file, 'F main() -> i64 {\n    x := 5\n    y\n}\n');
    const { exit, out } = await say('check', '--json', file, game);
    expect(exit).toBe(3);
    expect(JSON.parse(out)).toEqual({
      severity: 'error',
      code: 'E0300',
      message: 'there is no `y` here',
      place: { file, line: 3, column: 5 },
      length: 1,
      sourceLine: '    y',
    });
  });

  it('checks what an editor has not saved', async () => {
    const unsaved = await sayWith('U helper\nF main() -> i64 = help(', 'check', '--json', '--stdin', game);
    expect(unsaved.exit).toBe(3);
    expect(
      unsaved.out
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line).place),
    ).toEqual([
      { file: game, line: 1, column: 1 },
      { file: game, line: 2, column: 23 },
    ]);
    expect(await sayWith('F main() -> i64 = 0\n', 'check', '--stdin', game)).toEqual({ exit: 0, out: '', err: '' });
    expect((await sayWith('', 'check', '--stdin', game, game)).exit).toBe(2);
  });

  it('shows the contract of a library', async () => {
    const { exit, out } = await say('contract', join(work, 'libgame.so'));
    expect(exit).toBe(0);
    expect(out).toContain('function update: fn(*GameState, f64) -> i64  (game.vais:4:3)');
    expect((await say('contract', game)).exit).toBe(4);
  });
});

describe('vaisc pkg build', () => {
  it('builds the folder of a vais.toml, its dependencies by path', async () => {
    const folder = join(work, 'pkg');
    mkdirSync(join(folder, 'app/src/ui'), { recursive: true });
    mkdirSync(join(folder, 'lib/src'), { recursive: true });
    writeFileSync(
      join(folder, 'app/vais.toml'),
      '[package]\nname = "shop"\nversion = "1.2.3"\n[dependencies]\nlib = { path = "../lib" }\n',
    );
    writeFileSync(
      join(folder, 'app/src/main.vais'),
      'U lib\nU lib/more\nU ui/window\n#[hot]\nF step() -> i64 = one() + two() + three()\nF main() -> i64 = step()\n',
    );
    writeFileSync(join(folder, 'app/src/ui/window.vais'), '#[hot]\nP F three() -> i64 = 3\n');
    writeFileSync(join(folder, 'lib/src/lib.vais'), 'P F one() -> i64 = 1\n');
    writeFileSync(join(folder, 'lib/src/more.vais'), 'P F two() -> i64 = 2\n');
    expect(await say('pkg', 'build', join(folder, 'app'))).toEqual({ exit: 0, out: '', err: '' });
    expect((await runProgram(join(folder, 'app/shop'))).code).toBe(6);
    expect(await say('pkg', 'build', '--hot', join(folder, 'app'))).toEqual({ exit: 0, out: '', err: '' });
    expect(existsSync(join(folder, 'app/src/libmain.so'))).toBe(true);
    expect(existsSync(join(folder, 'app/src/ui/libwindow.so'))).toBe(true);
    // A source of a package finds its imports whichever command it is given to.
    expect(await say('check', join(folder, 'app/src/main.vais'))).toEqual({ exit: 0, out: '', err: '' });
  });

  it.each([
    ['', 'there is no table `[package]`'],
    ['[package]\n', 'lacks `name`'],
    ['[package', 'vais.toml'],
    ['[package]\nname = 3\n', '`name` is no string'],
    ['[package]\nname = "x"\n[dependencies]\ny = 3\n', 'the dependency `y` has no path'],
    ['[package]\nname = "x"\n[dependencies]\ny = { path = "gone" }\n', 'the dependency `y` is not at'],
  ])('says what is wrong with %j', async (toml, message) => {
    const folder = join(work, 'bad-pkg');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'vais.toml'), toml);
    const { exit, err } = await say('pkg', 'build', folder);
    expect(exit).toBe(2);
    expect(err).toContain(message);
  });
});
