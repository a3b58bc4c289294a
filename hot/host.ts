import koffi from 'koffi';
import { VaisError } from '../common/error.ts';
import type { HostFunctionEntry } from './config.ts';
import type { Convention } from './convert.ts';

/**
 * The address under which native code calls a function of this program. What the function throws goes through the
 * native code and comes out of the hot call; the native code is given 0 and runs to its end.
 *
 * @throws VaisError `usage` for a function that gives text: nobody would own it
 */
export function hostFunction(name: string, { type, call }: HostFunctionEntry, convention: Convention): bigint {
  const { params, result } = convention;
  if (type.endsWith('-> str')) {
    throw new VaisError('usage', `${name} gives text, which native code would keep and nobody would hold`, {
      hint: 'Let it take a `*i8` to write to.',
    });
  }
  return koffi.register((...args: unknown[]) => {
    const given = args.map((value, index) => params[index]?.from(value)) as never[];
    return result.to(call(...given), `what ${name} gives`);
  }, koffi.pointer(convention.proto));
}
