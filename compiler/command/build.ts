import { basename, dirname, extname, join } from 'node:path';
import { moduleOfFile } from '../../artifact/contract/name.ts';
import { libraryName, type Triple } from '../../artifact/image/triple.ts';
import { VaisError } from '../../common/error.ts';
import { type CompileOptions, compile, tripleOf } from '../compile.ts';
import { analyse } from '../front/front.ts';
import type { SearchPath } from '../front/modules.ts';
import { searchPathOf } from '../front/package.ts';
import { emitText } from './emit.ts';
import { type BuildFlags, wishOf } from './flags.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

/** `vaisc build FILE…`: each source by itself; other files go to the linker. */
export async function buildCommand(files: readonly string[], flags: BuildFlags, terminal: Terminal): Promise<number> {
  const sources = files.filter((file) => extname(file) === '.vais');
  const extra = files.filter((file) => extname(file) !== '.vais');
  if (sources.length === 0) {
    throw new VaisError('usage', 'no Vais source is named', { hint: 'A source ends in `.vais`.' });
  }
  if (sources.length > 1 && flags.output !== undefined) {
    throw new VaisError('usage', '`-o` names one result, but there are several sources', {
      hint: 'Leave it out, or build one at a time.',
    });
  }
  if (flags.release && flags.hot) {
    throw new VaisError('usage', '`--release` leaves hot reloading out, `--hot` is for it', {
      hint: 'Give one of them.',
    });
  }
  let exit = 0;
  for (const file of sources) {
    if (flags.emit !== undefined) exit = Math.max(exit, await emitText(file, flags, flags.emit, terminal));
    else if (sources.length > 1 && flags.hot && !isHot(file)) terminal.warn(`${file}: no hot function, no library\n`);
    else exit = Math.max(exit, await buildOne(file, extra, flags, terminal));
  }
  return exit;
}

/** False for a source that is fine but has nothing to reload: of `src/*.vais`, not each needs to be a hot module. */
function isHot(file: string): boolean {
  const front = analyse(file, { search: searchPathOf(file) });
  return !front.ok || front.program.functions.some((func) => func.hot && func.module === front.program.root);
}

/** `libgame.so` beside the source, where a running program looks for it; a program in the current folder. */
export function outputOf(file: string, hot: boolean, triple: Triple): string {
  if (hot) return join(dirname(file), libraryName(moduleOfFile(file), triple));
  return triple === 'x86_64-windows-gnu' ? `${basename(file, '.vais')}.exe` : basename(file, '.vais');
}

/** Builds one source and says what there is to say. */
export async function buildOne(
  file: string,
  extra: readonly string[],
  flags: BuildFlags,
  terminal: Terminal,
  search?: SearchPath,
): Promise<number> {
  const triple = tripleOf(flags.target);
  const hot = flags.hot ?? false;
  const options: CompileOptions = {
    file,
    kind: hot ? 'image' : 'program',
    ...wishOf(flags),
    triple,
    extra,
    output: flags.output ?? outputOf(file, hot, triple),
    signal: terminal.signal,
    ...(search === undefined ? {} : { search }),
  };
  const result = await compile(options);
  showDiagnostics(result.diagnostics, terminal);
  if (!result.ok) return 3;
  if (flags.verbose) {
    const { ms, contract, tier, toolchain } = result;
    const count = contract.functions.length;
    terminal.warn(
      `${options.output}: ${hot ? 'library' : 'program'} of ${file}, ${count} hot function${count === 1 ? '' : 's'}\n` +
        `  ${toolchain}, tier ${tier}, ${triple}; source to C ${ms.front.toFixed(1)} ms, C to result ${ms.back.toFixed(1)} ms\n` +
        `  build ${contract.buildId}\n`,
    );
  }
  return 0;
}
