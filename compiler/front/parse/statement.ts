import type { BinaryOperator, Statement } from '../ast.ts';
import { type Cursor, describe, SyntaxStop } from './cursor.ts';
import { parseExpression, parseJump } from './expression.ts';
import { parseGlobal } from './item.ts';
import { takeSpelled, takeStep } from './spelled.ts';
import { parseType } from './type.ts';

const assignments = new Map<string, BinaryOperator | undefined>([
  ['=', undefined],
  ['+=', '+'],
  ['-=', '-'],
  ['*=', '*'],
  ['/=', '/'],
  ['%=', '%'],
  ['&=', '&'],
  ['|=', '|'],
  ['^=', '^'],
  ['<<=', '<<'],
]);

/** The statements of a block, up to its `}`. A statement that cannot be read is skipped, and the rest is read. */
export function parseStatements(c: Cursor): Statement[] {
  const statements: Statement[] = [];
  while (!c.is('}') && !c.isKind('end') && !declarationHere(c)) {
    if (c.take(';')) continue;
    const mark = c.mark();
    try {
      const statement = parseStatement(c);
      statements.push(statement);
      endStatement(c);
    } catch (stop) {
      if (!(stop instanceof SyntaxStop)) throw stop;
      // What could not be read may have declared names; they stay known, so that their uses bring no echo.
      statements.push(...lostNames(c, mark), lost(c));
      skip(c, mark);
    }
  }
  return statements;
}

/** A declaration at the very start of a line: the block above it lacks its `}`. */
function declarationHere(c: Cursor): boolean {
  const { token } = c;
  if (!token.newline || token.kind !== 'name' || !/^[FSEXWTUP]$/.test(token.text) || !c.isKind('name', 1)) return false;
  return c.source.place(token.start).column === 1 && ['(', '{', '<', 'F', ':', '=', '/'].some((text) => c.is(text, 2));
}

function lostNames(c: Cursor, mark: number): Statement[] {
  const here = c.mark();
  return [...new Set([mark, here])].flatMap((at): Statement[] => {
    c.reset(at);
    const found = c.isKind('name') && (c.is(':=', 1) || c.is(':', 1)) ? c.name('a variable') : undefined;
    c.reset(here);
    if (found === undefined) return [];
    return [
      { kind: 'let', name: found, type: undefined, value: { kind: 'wrong', span: found.span }, span: found.span },
    ];
  });
}

function lost(c: Cursor): Statement {
  return { kind: 'expression', value: { kind: 'wrong', span: c.token }, span: c.token };
}

function endStatement(c: Cursor): void {
  if (c.take(';') || c.is('}') || c.token.newline || c.isKind('end')) return;
  // `I c { … } x = 1` on one line: a block ends its statement by itself.
  if (c.last.text === '}' && c.last.kind === 'symbol') return;
  c.stop(
    'E0206',
    `expected the end of the statement, found ${describe(c.token)}`,
    'start a new line, or put `;` between',
  );
}

/** To the next line outside of all blocks that the statement began, but not past the `}` of the block it is in. */
function skip(c: Cursor, mark: number): void {
  const stopped = c.mark();
  let depth = 0;
  c.reset(mark);
  while (!c.isKind('end')) {
    const past = c.mark() > Math.max(stopped, mark);
    if (c.mark() >= stopped && c.mark() > mark && declarationHere(c)) return;
    if (depth <= 0 && c.mark() >= stopped && (c.is('}') || (past && c.token.newline))) return;
    if (c.is('{')) depth++;
    if (c.is('}')) depth--;
    c.next();
  }
}

export function parseStatement(c: Cursor): Statement {
  takeSpelled(c);
  const start = c.token;
  c.statementStart = start.start;
  if (takeStep(c)) return { kind: 'expression', value: { kind: 'wrong', span: c.from(start) }, span: c.from(start) };
  if (c.is('G') && c.isKind('name', 1) && c.is(':', 2)) {
    c.next();
    return { kind: 'global', item: parseGlobal(c), span: c.from(start) };
  }
  if (c.is('mut') && c.isKind('name', 1)) c.next();
  if (c.isKind('name') && (c.is(':=', 1) || c.is(':', 1))) {
    const name = c.name('a variable');
    const type = c.next().text === ':' ? parseType(c) : undefined;
    if (type !== undefined) c.expect('=', `after the type of \`${name.text}\``, 'a variable is born with a value');
    if (c.is('mut') && !c.ahead(1).newline) c.next();
    return { kind: 'let', name, type, value: parseJump(c) ?? parseExpression(c), span: c.from(start) };
  }
  const value = parseJump(c) ?? parseExpression(c);
  const shift = c.is('>') && c.is('>=', 1) && c.ahead(1).start === c.token.end;
  if (c.token.kind === 'symbol' && (shift || assignments.has(c.token.text))) {
    const op = shift ? '>>' : assignments.get(c.token.text);
    c.next();
    if (shift) c.next();
    return { kind: 'assign', op, place: value, value: parseExpression(c), span: c.from(start) };
  }
  return { kind: 'expression', value, span: c.from(start) };
}
