import type { Expr } from '../ast.ts';
import { hasPayload } from '../layout.ts';
import type { Tree } from '../tree.ts';
import { i32, type Type } from '../types.ts';
import type { Body } from './scope.ts';

/** `%-8.3lld`: flags, width, precision, length, conversion; a `%` that begins none of them stands alone. */
const conversion = /%(?:([-+ #0]*)(\*|\d+)?(\.(?:\*|\d*))?(?:hh|h|ll|l|q|j|z|t|L)?([diouxXcsfFeEgGaAp%]))?/g;

/**
 * Makes a literal printf format say what its arguments really are: `%d` of an `i64` becomes `%lld`, as C would print
 * half of it. What C leaves undefined is an error: an argument that is missing, or one that its conversion cannot print.
 */
export function fitFormat(body: Body, index: number | undefined, args: Tree[], exprs: readonly Expr[]): Tree[] {
  if (index === undefined) return args;
  const given = args[index];
  const format = given?.kind === 'cast' ? given.value : given;
  if (format?.kind !== 'string') return args;
  const fitted = [...args];
  let next = index + 1;
  let missing = 0;
  let lone = false;
  const take = (): { tree: Tree; at: number } | undefined => {
    const tree = fitted[next];
    if (tree === undefined) missing++;
    return tree === undefined ? undefined : { tree, at: next++ };
  };
  const narrow = ({ tree, at }: { tree: Tree; at: number }): void => {
    if (tree.type.kind === 'int') fitted[at] = { kind: 'cast', value: tree, type: i32, span: tree.span };
  };
  const bytes = format.bytes.replace(
    conversion,
    (whole, flags = '', width = '', precision = '', letter: string | undefined) => {
      if (letter === undefined) {
        lone = true;
        body.error(
          'E0433',
          format.span,
          'this format has a `%` that begins no conversion',
          'write `%%` to print a `%`',
        );
        return whole;
      }
      if (letter === '%') return '%%';
      for (const part of [width, precision]) {
        const star = part.endsWith('*') ? take() : undefined;
        if (star === undefined) continue;
        if (!prints('d', star.tree.type)) {
          body.error(
            'E0431',
            star.tree.span,
            `the \`*\` of \`${whole}\` is an integer, not a \`${star.tree.type.name}\``,
          );
        }
        narrow(star);
      }
      const arg = take();
      if (arg === undefined) return whole;
      const { type } = arg.tree;
      if (!prints(letter, type)) {
        const better = suitable(type);
        const hint = better === undefined ? 'print its parts, or convert it with `as`' : `use \`%${better}\``;
        body.error('E0431', arg.tree.span, `\`${whole}\` does not print a \`${type.name}\``, hint);
        return whole;
      }
      if (letter === 'c') narrow(arg);
      const wide = /[diouxX]/.test(letter) && ((type.kind === 'int' && type.bits === 64) || type.kind === 'pointer');
      return `%${flags}${width}${precision}${wide ? 'll' : ''}${letter}`;
    },
  );
  if (missing > 0) {
    const them = missing === 1 ? 'one more value' : `${missing} more values`;
    body.error(
      'E0432',
      format.span,
      `the format asks for ${them} than are given`,
      'give them after it, or take conversions out',
    );
  } else if (next < fitted.length && !lone) {
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
  const address = type.kind === 'pointer' || type.kind === 'str' || (type.kind === 'int' && type.bits === 64);
  if (letter === 's') return address;
  if (letter === 'p') return address || type.kind === 'fn';
  if (type.kind === 'enum') return !hasPayload(type);
  return (
    type.kind === 'bool' || (type.kind === 'int' && type.bits <= 64) || (/[xX]/.test(letter) && type.kind === 'pointer')
  );
}

/** The conversion that prints a type; undefined where none does. */
function suitable(type: Type): string | undefined {
  if (type.kind === 'float') return 'f';
  if (type.kind === 'str') return 's';
  if (type.kind === 'pointer' || type.kind === 'fn') return 'p';
  if (!prints('d', type)) return undefined;
  return type.kind === 'int' && !type.signed ? 'u' : 'd';
}
