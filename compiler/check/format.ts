import type { Expr } from '../ast.ts';
import type { Tree } from '../tree.ts';
import { i32, type Type } from '../types.ts';
import type { Body } from './scope.ts';

/** `%-8.3lld`: flags, width, precision, length, conversion. */
const conversion = /%([-+ #0]*)(\*|\d+)?(\.(?:\*|\d*))?(hh|h|ll|l|q|j|z|t|L)?([diouxXcsfFeEgGaApn%])/g;

/**
 * Makes a literal printf format say what its arguments really are: `%d` of an `i64` becomes `%lld`, as C would print
 * half of it. A conversion that cannot print its argument is warned about.
 */
export function fitFormat(body: Body, index: number | undefined, args: Tree[], exprs: readonly Expr[]): Tree[] {
  if (index === undefined) return args;
  const given = args[index];
  const format = given?.kind === 'cast' ? given.value : given;
  if (format?.kind !== 'string') return args;
  const fitted = [...args];
  let next = index + 1;
  const take = (): { tree: Tree; at: number } | undefined => {
    const tree = fitted[next];
    return tree === undefined ? undefined : { tree, at: next++ };
  };
  let missing = false;
  const bytes = format.bytes.replace(
    conversion,
    (whole, flags: string, width = '', precision = '', length = '', letter: string) => {
      if (letter === '%') return whole;
      for (const part of [width, precision]) {
        if (!part.endsWith('*')) continue;
        const star = take();
        if (star === undefined) missing = true;
        else if (star.tree.type.kind === 'int')
          fitted[star.at] = { kind: 'cast', value: star.tree, type: i32, span: star.tree.span };
      }
      const arg = take();
      if (arg === undefined) {
        missing = true;
        return whole;
      }
      const { type } = arg.tree;
      if (!prints(letter, type)) {
        body.report.warning('W0402', arg.tree.span, `\`${whole}\` does not print a \`${type.name}\``, {
          hint: `use \`%${suitable(type)}\``,
        });
        return whole;
      }
      if (!/[diouxX]/.test(letter)) return letter === 'c' ? `%${flags}${width}${precision}c` : whole;
      const wide = type.kind === 'int' && type.bits === 64;
      void length;
      return `%${flags}${width}${precision}${wide || type.kind === 'pointer' ? 'll' : ''}${letter}`;
    },
  );
  if (missing) body.report.warning('W0403', format.span, 'the format asks for more values than are given');
  else if (next < fitted.length) {
    const spare = exprs[next];
    if (spare !== undefined) body.report.warning('W0403', spare.span, 'the format does not ask for this value');
  }
  const literal: Tree = { ...format, bytes };
  fitted[index] = given?.kind === 'cast' ? { ...given, value: literal } : literal;
  return fitted;
}

function prints(letter: string, type: Type): boolean {
  if (type.kind === 'wrong' || type.kind === 'never') return true;
  if (/[fFeEgGaA]/.test(letter)) return type.kind === 'float';
  if (letter === 's')
    return type.kind === 'str' || type.kind === 'pointer' || (type.kind === 'int' && type.bits === 64);
  if (letter === 'p' || letter === 'n') return type.kind !== 'float';
  return (
    type.kind === 'int' ||
    type.kind === 'bool' ||
    type.kind === 'enum' ||
    (/[xX]/.test(letter) && type.kind === 'pointer')
  );
}

function suitable(type: Type): string {
  if (type.kind === 'float') return 'f';
  if (type.kind === 'str') return 's';
  return type.kind === 'pointer' || type.kind === 'fn' ? 'p' : type.kind === 'int' && !type.signed ? 'u' : 'd';
}
