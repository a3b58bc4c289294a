import type { TypeNode } from '../ast.ts';
import type { Cursor } from './cursor.ts';
import { describe, SyntaxStop } from './cursor.ts';
import { parseExpression } from './expression.ts';

/** `i64`, `*T`, `[T; N]`, `[T]`, `fn(A, B) -> R`, `Pair<i64, f64>`. */
export function parseType(c: Cursor): TypeNode {
  return c.deeper(() => {
    const start = c.token;
    if (c.take('*')) {
      const to = parseType(c);
      return { kind: 'pointer', to, span: c.from(start) };
    }
    if (c.is('&')) {
      const to = c.isKind('name', 1) ? c.ahead(1).text : 'T';
      c.stop('E0701', 'references are not in the subset', `write \`*${to}\`: a pointer`);
    }
    if (c.is('[')) return parseBracketType(c);
    if (c.is('fn') && c.is('(', 1)) return parseFnType(c);
    if (start.kind === 'name') {
      if (c.is('dyn')) c.stop('E0702', 'trait objects are not in the subset', 'use a generic function, or an enum');
      const name = c.name('a type').text;
      const args = c.is('<') ? parseTypeArgs(c) : [];
      return { kind: 'named', name, args, span: c.from(start) };
    }
    return c.stop('E0204', `expected a type, found ${describe(start)}`);
  });
}

function parseBracketType(c: Cursor): TypeNode {
  const start = c.next();
  return c.inBrackets(() => {
    const element = parseType(c);
    if (c.take(';')) {
      const length = parseExpression(c);
      c.expect(']', 'after the length of the array');
      return { kind: 'array', element, length, span: c.from(start) };
    }
    c.expect(']', 'after the type of the elements', 'an array is `[T; 4]`, a slice is `[T]`');
    return { kind: 'slice', element, span: c.from(start) };
  });
}

function parseFnType(c: Cursor): TypeNode {
  const start = c.next();
  c.next();
  return c.inBrackets(() => {
    const params: TypeNode[] = [];
    while (!c.is(')')) {
      params.push(parseType(c));
      if (!c.take(',')) break;
    }
    c.expect(')', 'after the parameter types');
    const result = c.take('->') ? parseType(c) : undefined;
    return { kind: 'fn', params, result, span: c.from(start) };
  });
}

/** `<i64, f64>`, the cursor at `<`. */
export function parseTypeArgs(c: Cursor): TypeNode[] {
  c.expect('<', 'before the type arguments');
  return c.inBrackets(() => {
    const args: TypeNode[] = [];
    while (!c.is('>')) {
      args.push(parseType(c));
      if (!c.take(',')) break;
    }
    c.expect('>', 'after the type arguments');
    return args;
  });
}

/**
 * The type arguments of `max<i64>(a, b)` or `Pair<i64, f64> { … }`, when that is what stands here; else nothing is
 * read, as `a < b` is a comparison. Only plain types are looked for, so that the look ahead stays short.
 */
export function tryTypeArgs(c: Cursor): TypeNode[] | undefined {
  if (!c.is('<') || !closesAsTypes(c)) return undefined;
  const mark = c.mark();
  try {
    return parseTypeArgs(c);
  } catch (stop) {
    if (!(stop instanceof SyntaxStop)) throw stop;
    c.reset(mark);
    return undefined;
  }
}

/** Scans from `<` to its `>` over tokens that can stand in type arguments, and looks at what follows. */
function closesAsTypes(c: Cursor): boolean {
  let depth = 0;
  for (let ahead = 0; ahead < 200; ahead++) {
    const token = c.ahead(ahead);
    if (c.is('<', ahead)) depth++;
    else if (c.is('>', ahead)) {
      depth--;
      if (depth === 0) return ['(', '{', '.', '::'].some((text) => c.is(text, ahead + 1)) && ahead > 1;
    } else if (token.kind !== 'name' && !(token.kind === 'int') && !/^(?:[*,;()[\]]|->)$/.test(token.text))
      return false;
    else if (token.kind === 'string' || token.kind === 'char') return false;
  }
  return false;
}
