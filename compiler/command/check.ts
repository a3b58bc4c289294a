import { analyse } from '../front.ts';
import { searchPathOf } from '../package.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

/** `vaisc check FILE… [--json]`: the messages alone, without a C compiler. As JSON, one diagnostic a line. */
export function checkCommand(files: readonly string[], json: boolean, terminal: Terminal): number {
  let exit = 0;
  for (const file of files) {
    const result = analyse(file, { search: searchPathOf(file) });
    if (json) for (const diagnostic of result.diagnostics) terminal.write(`${JSON.stringify(diagnostic)}\n`);
    else showDiagnostics(result.diagnostics, terminal);
    if (!result.ok) exit = 3;
  }
  return exit;
}
