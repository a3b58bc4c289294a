/**
 * What this machine can do, found out by doing it once: a command that is there may lack its linker, its headers or its
 * runtime library.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { VaisError } from '../../common/error.ts';
import { type CompileOptions, compile } from '../../compiler/compile.ts';

/** Whether a command is in the PATH. */
export function hasTool(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, command)));
}

const tried = new Map<string, string | undefined>();

/** What is missing to build C like this, in words; undefined when nothing is. The steps end in `-o OUTPUT INPUT`. */
export function missingC(...steps: readonly (readonly string[])[]): string | undefined {
  const key = JSON.stringify(steps);
  if (!tried.has(key)) tried.set(key, tryC(steps));
  return tried.get(key);
}

function tryC(steps: readonly (readonly string[])[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'vais-probe-'));
  try {
    let input = join(folder, 'probe.c');
    writeFileSync(input, 'int probe(int x) { return x + 1; }\nint main(void) { return probe(-1); }\n');
    for (const [index, [tool = '', ...args]] of steps.entries()) {
      const output = join(folder, `out${index}.o`);
      const { error, status, stderr } = spawnSync(tool, [...args, '-o', output, input], { encoding: 'utf8' });
      if (error !== undefined) return `there is no ${tool}`;
      if (status !== 0) return `${tool} ${args.join(' ')} fails: ${stderr.trim().split('\n')[0] ?? ''}`;
      input = output;
    }
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type BuildOptions = Pick<CompileOptions, 'kind' | 'triple' | 'compiler' | 'tier'>;

/** What is missing to build a Vais source like this, as the compiler says; undefined when nothing is. */
export async function missingBuild(options: BuildOptions): Promise<string | undefined> {
  const key = JSON.stringify(options);
  if (!tried.has(key)) tried.set(key, await tryBuild(options));
  return tried.get(key);
}

async function tryBuild(options: BuildOptions): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'vais-probe-'));
  try {
    const text = '#[hot]\nF f(x: i64) -> i64 { x + 1 }\nF main() -> i64 { f(0) - 1 }\n';
    await compile({ file: join(folder, 'probe.vais'), text, output: join(folder, 'out'), ...options });
    return undefined;
  } catch (thrown) {
    const { message } = VaisError.from(thrown);
    return message;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
