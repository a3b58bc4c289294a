import { execFile } from 'node:child_process';
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../common/package-root.ts';
import { type Row, rowOf } from './report.ts';
import { fewCalls, readImage, Session } from './runtime-session.ts';

const run = promisify(execFile);
const runtimeFolder = join(packageRoot, 'runtime');

/** A call of a plain library by hot_symbol: plain, in probation, and guarded after it, beside a direct call by address. */
export async function nativeBench(folder: string, add: (row: Row) => void): Promise<void> {
  const names = (await readdir(runtimeFolder)).filter((name) => name.endsWith('.c'));
  const sources = [join(packageRoot, 'bench', 'native-bench.c'), ...names.map((name) => join(runtimeFolder, name))];
  const program = join(folder, 'native-bench');
  await run('gcc', ['-O2', '-I', runtimeFolder, ...sources, '-o', program, '-lpthread', '-ldl', '-lm']);
  const first = await buildPlain(folder, 'first', 1);
  const session = await Session.start(folder, program, fewCalls, [first]);
  const measure = async (letter: string, name: string): Promise<number[]> => {
    session.letters(letter);
    return (await session.output(name)).split(' ').slice(2).map(Number);
  };
  const direct = rowOf('direct_call_by_address', 'ns', await measure('d', 'direct_call'), 'what dlsym gives');
  add(direct);
  add(rowOf('symbol_call', 'ns', await measure('s', 'symbol_call'), 'by hot_symbol; goal <= direct + 2.2', direct.p50));
  const nonce = session.load(2, await readImage(await buildPlain(folder, 'second', 2)));
  await session.line('loaded', nonce);
  session.letters('.');
  await session.line('swapped', nonce);
  const undoable = await measure('u', 'symbol_undoable_call');
  add(rowOf('symbol_undoable_call', 'ns', undoable, 'in probation: all registers, undo of 8 bytes', direct.p50));
  session.letters('..');
  await session.line('confirmed', nonce);
  session.letters('.');
  const guarded = await measure('g', 'symbol_guarded_call');
  add(rowOf('symbol_guarded_call', 'ns', guarded, 'after probation; goal <= direct + 4', direct.p50));
  await session.end();
}

async function buildPlain(folder: string, name: string, by: number): Promise<string> {
  const source = join(folder, `${name}.c`);
  const path = join(folder, `lib${name}.so`);
  await writeFile(source, `long long step(long long *state, long long by) { return *state += by * ${by}; }\n`);
  await run('gcc', ['-O2', '-shared', '-fPIC', source, '-o', path]);
  const contract = join(folder, 'contract'); // As a pushed image has it: by it a guarded call knows what to keep.
  await writeFile(contract, '{"record":"function","name":"step","type":"fn(*i64, i64) -> i64"}\0');
  await run('objcopy', ['--add-section', `vais_contract=${contract}`, path, `${path}.told`]);
  await rename(`${path}.told`, path);
  return path;
}
