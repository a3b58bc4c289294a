import { join } from 'node:path';
import { tripleOf } from '../compile.ts';
import { analyse } from '../front/front.ts';
import { readPackage } from '../front/package.ts';
import { buildOne } from './build.ts';
import type { BuildFlags } from './flags.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

/**
 * `vaisc pkg build [--hot]` in a folder with a `vais.toml`: the program under the package's name, or with `--hot` the
 * library of each of its hot modules, beside its source.
 */
export async function packageCommand(folder: string, flags: BuildFlags, terminal: Terminal): Promise<number> {
  const found = readPackage(folder);
  const triple = tripleOf(flags.target);
  if (!flags.hot) {
    const name = triple === 'x86_64-windows-gnu' ? `${found.name}.exe` : found.name;
    return buildOne(found.source, [], { ...flags, output: flags.output ?? join(folder, name) }, terminal, found.search);
  }
  const front = analyse(found.source, { search: found.search });
  showDiagnostics(front.diagnostics, terminal);
  if (!front.ok) return 3;
  const hot = new Set(front.program.functions.filter((func) => func.hot).map((func) => func.module.path));
  if (hot.size === 0) terminal.warn(`${found.name}: no function is hot, so there is nothing to reload\n`);
  let exit = 0;
  for (const path of hot) exit = Math.max(exit, await buildOne(path, [], flags, terminal, found.search));
  return exit;
}
