import { VaisError } from '../../../../common/error.ts';
import { machineCause } from '../../../../common/machine.ts';
import type { Toolchain } from './find.ts';
import { type Ran, run } from './run.ts';

/** Runs a compiler. @throws VaisError as `judge` */
export async function call(
  toolchain: Toolchain,
  args: readonly string[],
  input: string | undefined,
  signal: AbortSignal | undefined,
  environment?: NodeJS.ProcessEnv,
): Promise<void> {
  const options = environment === undefined ? {} : { environment };
  judge(toolchain.command, await run(toolchain.command, args, input, signal, options));
}

/** @throws VaisError why a tool did not make what it should */
export function judge(command: string, { code, output }: Ran): void {
  if (code === undefined) {
    throw new VaisError('toolchain_missing', `${command} is gone`, {
      hint: 'Install it again: see `vais-remote doctor`.',
    });
  }
  if (code !== 0) fail(command, output);
}

/** The C is ours, so a C compiler that refuses it has found a fault of ours; but a name that no library has is the user's. */
function fail(command: string, output: string): never {
  const missing = /undefined (?:reference to|symbol:?) [`'"]?(\w+)/.exec(output)?.[1];
  if (missing !== undefined) {
    throw new VaisError('compile_failed', `no library has the foreign function \`${missing}\``, {
      hint: 'Name its C file, object or library after the source: `vaisc build game.vais extra.c -lname`.',
    });
  }
  const part = partOf(output);
  if (part !== undefined) {
    throw new VaisError('toolchain_missing', `${command} is not whole: ${part}`, {
      hint: 'Install it again with its libraries: see `vais-remote doctor`.',
    });
  }
  const lost = /cannot find -l([^\s:]+)/.exec(output)?.[1];
  if (lost !== undefined) {
    throw new VaisError('compile_failed', `there is no library \`${lost}\` to link with`, {
      hint: 'Install it with its files for development, or take its `-l` away.',
    });
  }
  // What the system says through a tool. tcc has words of its own for a disk that is full or a folder that is not its.
  const machine = machineCause(output);
  if (machine !== undefined) throw new VaisError('machine', `${command}: ${machine.why}`, { hint: machine.hint });
  if (/Permission denied/i.test(output)) throw new VaisError('storage', 'permission denied');
  if (/could not write|cannot open output/i.test(output)) throw new VaisError('storage', 'no permission, or no space');
  const killed = /killed by (SIG\w+)/.exec(output)?.[1];
  if (killed === 'SIGKILL' || killed === 'SIGXCPU')
    throw new VaisError('machine', `${command} was killed by ${killed}`, {
      hint: 'Somebody, or the system where memory is short, ended it: see `dmesg`, and `ulimit -a`.',
    });
  const lines = output.trim().split('\n').slice(0, 8).join('\n');
  throw new VaisError(
    'internal',
    `${command} refused the C that vaisc wrote. This is a fault of vaisc, not of your source.\n${lines}`,
  );
}

/** What a compiler of which something is missing says of it; undefined where it says nothing like that. */
function partOf(output: string): string | undefined {
  const own = /(?:error while loading shared libraries|cannot read spec file|cannot execute|Library not loaded)[^\n]*/i;
  const said = own.exec(output)?.[0];
  if (said !== undefined) return said.trim();
  const lost =
    /cannot find (?:-l)?(S?crt\w*\.o|c|m|gcc|gcc_s|pthread|dl|kernel32|msvcrt)(?![\w.])/.exec(output) ??
    /file '(crt\w+\.o)' not found/.exec(output) ??
    /(?:fatal error: |include file )'?((?:std|sys|linux|bits|gnu|features|windows)[\w./-]*\.h)\b/.exec(output);
  return lost === null ? undefined : `it has no ${lost[1]}`;
}
