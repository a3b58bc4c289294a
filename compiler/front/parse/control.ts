import type { Arm, Block, Expr, LoopHead, Param } from '../ast.ts';
import { join } from '../source.ts';
import type { Cursor } from './cursor.ts';
import { parseExpression, parseJump } from './expression.ts';
import { parsePattern } from './pattern.ts';
import { takeSpelledElse } from './spelled.ts';
import { parseStatements } from './statement.ts';
import { parseType } from './type.ts';

/** `{ … }`; the value of its last expression is the block's. */
export function parseBlock(c: Cursor): Block {
  const start = c.expect('{', 'to begin a block');
  return c.deeper(() => {
    const statements = c.inBlock(() => parseStatements(c));
    c.expect('}', `to close the block of line ${c.source.line(start.start)}`);
    return { statements, span: c.from(start) };
  });
}

function parseBlockExpr(c: Cursor): Expr {
  const block = parseBlock(c);
  return { kind: 'block', block, span: block.span };
}

/** The body of a closure or match arm: a block, a jump or an expression. */
export function parseBody(c: Cursor): Expr {
  return parseJump(c) ?? parseExpression(c);
}

/** `I c { … } E I c { … } E { … }`; `EI` is `E I`. */
export function parseIf(c: Cursor): Expr {
  const start = c.expect('I', 'to begin a condition');
  return c.deeper(() => {
    const condition = c.inHead(() => parseExpression(c));
    const taken = parseBlockExpr(c);
    takeSpelledElse(c);
    if (c.is('EI') && !c.is(':=', 1) && !c.is('=', 1)) {
      c.mend('I');
      return { kind: 'if', condition, taken, otherwise: parseIf(c), span: c.from(start) };
    }
    if (!c.is('E') || !(c.is('{', 1) || c.is('I', 1)))
      return { kind: 'if', condition, taken, otherwise: undefined, span: c.from(start) };
    c.next();
    const otherwise = c.is('I') ? parseIf(c) : parseBlockExpr(c);
    return { kind: 'if', condition, taken, otherwise, span: c.from(start) };
  });
}

/** `L { … }`, `L c { … }`, `L i: a..b { … }`, `L x: array { … }`. */
export function parseLoop(c: Cursor): Expr {
  const start = c.expect('L', 'to begin a loop');
  const head = parseLoopHead(c);
  const body = parseBlock(c);
  return { kind: 'loop', head, body, span: c.from(start) };
}

function parseLoopHead(c: Cursor): LoopHead {
  if (c.is('{')) return { kind: 'forever' };
  if (c.isKind('name') && c.is(':', 1)) {
    const name = c.name('a variable');
    c.next();
    return { kind: 'each', name, over: c.inHead(() => parseExpression(c)) };
  }
  return { kind: 'while', condition: c.inHead(() => parseExpression(c)) };
}

/** `M e { pattern I guard => value, … }`. */
export function parseMatch(c: Cursor): Expr {
  const start = c.expect('M', 'to begin a match');
  const subject = c.inHead(() => parseExpression(c));
  c.expect('{', 'after what is matched');
  const arms: Arm[] = [];
  c.inBlock(() => {
    while (!c.is('}')) {
      const pattern = parsePattern(c);
      const guard = c.take('I') ? parseExpression(c) : undefined;
      c.expect('=>', 'between a pattern and its value');
      const body = c.deeper(() => parseBody(c));
      arms.push({ pattern, guard, body, span: join(pattern.span, body.span) });
      if (!c.take(',') && !c.take(';') && body.kind !== 'block' && !c.token.newline) break;
    }
  });
  c.expect('}', 'after the arms of the match', 'arms are separated by `,`');
  return { kind: 'match', subject, arms, span: c.from(start) };
}

/** What C compilers promise to take; tcc gives up at twice as many. */
export const argumentLimit = 127;
export const tooMany = `a function takes at most ${argumentLimit} arguments`;

/** A parameter list with its brackets; `...` may stand last. */
export function parseParams(c: Cursor, open: string, close: string): { params: Param[]; variadic: boolean } {
  c.expect(open, 'before the parameters');
  const params: Param[] = [];
  let variadic = false;
  c.inBrackets(() => {
    while (!c.is(close) && !variadic) {
      if (c.take('...')) variadic = true;
      else params.push(parseParam(c));
      if (!c.take(',')) break;
    }
  });
  const extra = params[argumentLimit];
  if (extra !== undefined) c.report.error('E0203', extra.name.span, tooMany, { hint: 'put them in a struct' });
  c.expect(close, 'after the parameters');
  return { params, variadic };
}

function parseParam(c: Cursor): Param {
  const byPointer = c.is('&');
  if (byPointer) c.next();
  if (c.is('mut') && c.isKind('name', 1)) c.next();
  const name = c.name('a parameter');
  if (name.text === 'self' && !c.is(':')) return { name, type: undefined, byPointer };
  c.expect(':', `after the parameter \`${name.text}\``, 'each parameter has a type: `a: i64`');
  return { name, type: parseType(c), byPointer: false };
}
