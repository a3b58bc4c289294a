import type { BinaryOperator, Statement } from '../ast.ts';
import { type Cursor, SyntaxStop } from './cursor.ts';
import { parseExpression, parseJump } from './expression.ts';
import { parseGlobal } from './item.ts';
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
  while (!c.is('}') && !c.isKind('end')) {
    if (c.take(';')) continue;
    const mark = c.mark();
    try {
      const statement = parseStatement(c);
      statements.push(statement);
      endStatement(c);
    } catch (stop) {
      if (!(stop instanceof SyntaxStop)) throw stop;
      skip(c, mark);
    }
  }
  return statements;
}

function endStatement(c: Cursor): void {
  if (c.take(';') || c.is('}') || c.token.newline || c.isKind('end')) return;
  // `I c { … } x = 1` on one line: a block ends its statement by itself.
  if (c.last.text === '}' && c.last.kind === 'symbol') return;
  c.stop(
    'E0206',
    `expected the end of the statement, found \`${c.token.text}\``,
    'start a new line, or put `;` between',
  );
}

/** To the next line at this depth, but not past the `}` that closes the block. */
function skip(c: Cursor, mark: number): void {
  if (c.mark() === mark && !c.is('}')) c.next();
  let depth = 0;
  while (!c.isKind('end')) {
    if (c.is('{')) depth++;
    if (c.is('}')) {
      if (depth === 0) return;
      depth--;
    }
    // A declaration at the start of a line: the block above lacks its `}`, and skipping on would eat the rest.
    if (depth === 0 && c.token.newline && c.mark() > mark) return;
    c.next();
  }
}

export function parseStatement(c: Cursor): Statement {
  const start = c.token;
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
