import type { BinaryOperator, Expr, Name } from '../ast.ts';
import { join } from '../source.ts';
import type { Cursor } from './cursor.ts';
import { parseArgs, parseClosure, parsePrimary } from './primary.ts';
import { parseType } from './type.ts';

/** Loosest first; the operators of one row bind alike and to the left. C's precedence. */
const levels: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const levelOf = new Map(levels.flatMap((row, level) => row.map((op) => [op as string, level] as const)));
/** At the start of a line these begin a new statement. */
const fresh = new Set(['(', '[', '*', '-', '&']);
/** After a block that is a whole statement these begin the next one, even on its line. */
const startsAnew = new Set(['(', '[', '*', '-', '&', '|', '||']);
/** More operators in one expression than a person writes; a tree this deep would exhaust the stack. */
const chainLimit = 500;

/** An expression: ranges bind loosest, then `c ? a : b`, then the binary operators. */
export function parseExpression(c: Cursor): Expr {
  return c.deeper(() => {
    const from = parseConditional(c);
    if (!c.is('..') && !c.is('..=')) return from;
    const inclusive = c.next().text === '..=';
    const to = parseConditional(c);
    return { kind: 'range', from, to, inclusive, span: join(from.span, to.span) };
  });
}

function parseConditional(c: Cursor): Expr {
  const condition = parseBinary(c, 0);
  if (!c.is('?')) return condition;
  c.next();
  const taken = parseBranch(c);
  c.expect(':', 'between the two values of `? :`');
  const otherwise = parseBranch(c);
  return { kind: 'if', condition, taken, otherwise, span: join(condition.span, otherwise.span) };
}

function parseBranch(c: Cursor): Expr {
  return parseJump(c) ?? c.deeper(() => parseConditional(c));
}

function operatorHere(c: Cursor): { op: BinaryOperator; tokens: number } | undefined {
  const { text, kind } = c.token;
  if (kind !== 'symbol' || (c.freshLine && fresh.has(text))) return undefined;
  if (text === '>' && c.is('>', 1) && c.ahead(1).start === c.token.end) return { op: '>>', tokens: 2 };
  if (text === '>' && c.is('>=', 1) && c.ahead(1).start === c.token.end) return undefined;
  return levelOf.has(text) ? { op: text as BinaryOperator, tokens: 1 } : undefined;
}

function parseBinary(c: Cursor, level: number): Expr {
  let left = parseCast(c);
  for (let chain = 0; ; chain++) {
    const found = operatorHere(c);
    const binds = found === undefined ? -1 : (levelOf.get(found.op) ?? -1);
    if (found === undefined || binds < level || (startsAnew.has(found.op) && isWhole(c, left))) return left;
    if (chain > chainLimit) c.stop('E0203', 'this expression is too long', 'split it with a variable');
    const first = c.token;
    for (let count = 0; count < found.tokens; count++) c.next();
    const opSpan = c.from(first);
    const right = c.deeper(() => parseBinary(c, binds + 1));
    left = { kind: 'binary', op: found.op, opSpan, left, right, span: join(left.span, right.span) };
  }
}

/** True for `I c { … }` and the like at the start of a statement: what follows the `}` is another statement. */
function isWhole(c: Cursor, left: Expr): boolean {
  if (left.span.start !== c.statementStart || c.brackets > 0 || c.last.text !== '}') return false;
  return left.kind === 'if' || left.kind === 'loop' || left.kind === 'match' || left.kind === 'block';
}

function parseUnary(c: Cursor): Expr {
  const start = c.token;
  if (start.kind === 'symbol') {
    if (c.is('&&')) {
      c.stop('E0205', 'expected a value, found `&&`', 'the address of an address has no place; store the first one');
    }
    if (c.is('|') || c.is('||')) return parseClosure(c);
    for (const op of ['-', '!', '~', '*', '&'] as const) {
      if (!c.is(op)) continue;
      c.next();
      if (op === '&' && c.is('mut')) c.next();
      const operand = c.deeper(() => parseUnary(c));
      return { kind: 'unary', op, operand, span: c.from(start) };
    }
  }
  return parsePostfix(c);
}

/** `e as T`: looser than the operators before a value, tighter than those between two. */
function parseCast(c: Cursor): Expr {
  let value = parseUnary(c);
  while (c.is('as') && c.isKind('name')) {
    c.next();
    const type = parseType(c);
    value = { kind: 'cast', value, type, span: c.from(value.span) };
  }
  return value;
}

function parsePostfix(c: Cursor): Expr {
  let value = parsePrimary(c);
  for (let chain = 0; ; chain++) {
    if (chain > chainLimit) c.stop('E0203', 'this expression is too long', 'split it with a variable');
    const start = value.span;
    if (c.is('.')) {
      c.next();
      const name = c.isKind('int') ? numbered(c) : c.name('a field or method');
      if (name.text === 'await') c.stop('E0703', '`await` is not in the subset: there is no async');
      value = { kind: 'field', object: value, name, span: c.from(start) };
    } else if (c.is('(') && !c.freshLine && !isWhole(c, value)) {
      value = { kind: 'call', callee: value, args: parseArgs(c), span: c.from(start) };
    } else if (c.is('[') && !c.freshLine && !isWhole(c, value)) {
      c.next();
      const index = c.inBrackets(() => parseExpression(c));
      c.expect(']', 'after the index');
      value = { kind: 'index', object: value, index, span: c.from(start) };
    } else return value;
  }
}

function numbered(c: Cursor): Name {
  const token = c.next();
  return { text: token.text, span: token };
}

/** `B`, `C`, `R` where a value or statement begins; undefined when something else stands there. */
export function parseJump(c: Cursor): Expr | undefined {
  const start = c.token;
  if (start.kind !== 'name') return undefined;
  if (c.is('B') || c.is('R')) {
    const isBreak = c.next().text === 'B';
    const bare = c.token.newline || c.is('}') || c.is(';') || c.is(',') || c.is(':') || c.is(')') || c.isKind('end');
    const value = bare ? undefined : parseExpression(c);
    const span = c.from(start);
    return isBreak ? { kind: 'break', value, span } : { kind: 'return', value, span };
  }
  if (c.is('C')) {
    c.next();
    return { kind: 'continue', span: start };
  }
  return undefined;
}
