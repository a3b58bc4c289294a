import { VaisError } from '../../common/error.ts';
import { analyse } from '../front/front.ts';
import { searchPathOf } from '../front/package.ts';
import { showDiagnostics, type Terminal } from './terminal.ts';

export interface CheckFlags {
  json?: boolean;
  stdin?: boolean;
}

/**
 * `vaisc check FILE… [--json]`: the messages alone, without a C compiler. As JSON, one diagnostic a line. With `--stdin`
 * the text comes from the standard input and the file only gives its name and folder: for what an editor has not saved.
 */
export async function checkCommand(files: readonly string[], flags: CheckFlags, terminal: Terminal): Promise<number> {
  if (flags.stdin && files.length !== 1) {
    throw new VaisError('usage', '`--stdin` is the text of one file', { hint: 'Name the file that it is to become.' });
  }
  const text = flags.stdin ? await terminal.read() : undefined;
  let exit = 0;
  for (const file of files) {
    const result = analyse(file, { search: searchPathOf(file), ...(text === undefined ? {} : { text }) });
    if (flags.json) for (const diagnostic of result.diagnostics) terminal.write(`${JSON.stringify(diagnostic)}\n`);
    else showDiagnostics(result.diagnostics, terminal);
    if (!result.ok) exit = 3;
  }
  return exit;
}
