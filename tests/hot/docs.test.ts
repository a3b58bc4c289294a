import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../common/package-root.ts';
import { makeFolder } from './harness.ts';

const page = readFileSync(join(packageRoot, 'docs', 'node.md'), 'utf8');

function blocks(language: string): string[] {
  return Array.from(page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms')), ([, text = '']) => text);
}

/** What each program of the page prints, in the page's order. */
const outputs = [
  ['0n 1n 0.160', '0n 2n 0.320', '0n 3n 0.480'],
  ['error in line 2: there is no `nonsense` here'],
  ['8'],
  ['{ frame: 1n, x: 10 }'],
];

describe('docs/node.md', () => {
  it('has programs that are typed right, run, and print what they should', () => {
    // A project as a user has it: the package in node_modules, and the page's programs compiled by tsc.
    const folder = makeFolder();
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(packageRoot, join(folder, 'node_modules', 'vais-remote'));
    symlinkSync(join(packageRoot, 'node_modules', '@types'), join(folder, 'node_modules', '@types'));
    const [game = '', terrain = ''] = blocks('vais');
    writeFileSync(join(folder, 'game.vais'), game);
    writeFileSync(join(folder, 'terrain.vais'), terrain);
    writeFileSync(join(folder, 'broken.vais'), '#[hot]\nF f() -> i64 { nonsense }\n');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const programs = blocks('ts').map((text, index) => {
      writeFileSync(join(folder, `program${index}.ts`), text);
      return `program${index}`;
    });
    expect(programs).toHaveLength(outputs.length);
    const options = { target: 'es2023', module: 'nodenext', strict: true, types: ['node'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    const tsc = spawnSync(process.execPath, [join(packageRoot, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
    });
    expect(tsc.stdout).toBe('');
    for (const [index, program] of programs.entries()) {
      const { stdout, stderr } = spawnSync(process.execPath, [`${program}.js`], { cwd: folder, encoding: 'utf8' });
      expect(stdout.trimEnd().split('\n'), `${program}: ${stderr}`).toEqual(outputs[index]);
      // The first one is verbose.
      expect(stderr).toMatch(index === 0 ? /^vais-remote: \.\/game\.vais: version 1 runs \(gcc .* ms\)\n$/ : /^$/);
    }
  });
});

describe('examples/node', () => {
  it('runs, takes a change up with its state, survives nonsense, and leaves nothing', async () => {
    const folder = makeFolder();
    const source = join(folder, 'game.vais');
    const example = join(packageRoot, 'examples', 'node');
    copyFileSync(join(example, 'game.vais'), source);
    const text = readFileSync(source, 'utf8');
    const child = spawn(process.execPath, [join(example, 'main.mjs'), source], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    const out = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const err = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
    const line = async (lines: AsyncIterator<string>, wanted: RegExp): Promise<string> => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) throw new Error(`the example ended before it said ${wanted}`);
        if (wanted.test(value)) return value;
      }
    };
    expect(await line(out, /frame 30:/)).toContain('x 0.50');
    writeFileSync(source, text.replace('ball.dx * dt', 'ball.dx * dt * 1000.0'));
    await line(out, /reloaded .*: version 2/);
    const [, frame, x] = /frame (\d+): x ([\d.]+)/.exec(await line(out, /frame/)) ?? [];
    expect(Number(frame)).toBeGreaterThan(30);
    expect(Number(x)).toBeGreaterThan(10);
    writeFileSync(source, 'nonsense');
    await line(err, /does not compile/);
    await line(out, /frame/);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(readdirSync(folder)).toEqual(['game.vais']);
    expect(existsSync(source)).toBe(true);
  });
});
