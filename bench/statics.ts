import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../common/package-root.ts';
import { moduleFlags } from '../linker/flags.ts';
import { type Row, rowOf } from './report.ts';

const run = promisify(execFile);
const files = 4;
const statements = 12_250;
const times = 40;

/** What it costs to lead the code of a new image to the variables that are there: 10 MB of code that reaches them everywhere. */
export async function staticsBench(
  add: (row: Row) => void,
  tell: (text: string) => void,
  signal: AbortSignal,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vsb-'));
  try {
    const runtime = join(packageRoot, 'runtime');
    const sources = ['statics_list.c', 'patch.c', 'patch_posix.c'].map((name) => join(runtime, name));
    const program = join(folder, 'bench');
    const own = join(packageRoot, 'bench', 'statics-bench.c');
    await run('gcc', ['-O2', '-I', runtime, own, ...sources, '-o', program, '-ldl'], { signal });
    const image = await buildImage(folder, environment, signal);
    const second = join(folder, 'second.so');
    await run('cp', [image, second]);
    const { stdout } = await run(program, [image, second, String(times)], { signal });
    const rows = [...stdout.matchAll(/^patch (\d+) (\d+) (\d+) (\d+)$/gm)].map((found) => found.slice(1).map(Number));
    const [, , , fields = 0] = rows[0] ?? [];
    tell(`${fields} fields in ${Math.round((await stat(image)).size / 1e6)} MB`);
    const column = (index: number) => rows.map((row) => (row[index] ?? 0) / 1e6);
    const loading = rowOf('statics_load', 'ms', column(0), 'the loader alone, for the same image');
    add(rowOf('statics_list', 'ms', column(1), `reading and checking the list of ${fields} fields`, loading.p50));
    add(
      rowOf(
        'statics_patch',
        'ms',
        column(2),
        'leading 10 MB of code to kept variables, off the threads; floor: the loader',
        loading.p50,
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** At -O0 each statement has three references, and is as long as code of a large program is between two of them. */
async function buildImage(folder: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  const { compile, link } = moduleFlags('gcc', environment);
  const objects = await Promise.all(
    Array.from({ length: files }, async (_, file) => {
      const variables = 1_500;
      const lines = Array.from({ length: statements }, (_, index) => {
        const line = `v${(index * 7) % variables} += v${(index * 13) % variables}; GAP`;
        return index % 50 === 0 ? `}\nvoid f${file}_${index}(void) { ${line}` : line;
      });
      const declared = Array.from({ length: variables }, (_, index) => `static int v${index};`).join('\n');
      const source = join(folder, `part${file}.c`);
      await writeFile(
        source,
        `#define GAP __asm__(".fill 192, 1, 0x90");\n${declared}\nvoid f${file}(void) {\n${lines.join('\n')}\n}\n`,
      );
      const object = join(folder, `part${file}.o`);
      await run('gcc', ['-O0', ...compile, '-c', source, '-o', object], { signal });
      return object;
    }),
  );
  const image = join(folder, 'first.so');
  await run('gcc', [...link, ...objects, '-o', image], { signal });
  return image;
}
