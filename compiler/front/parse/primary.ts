import type { Expr, FieldInit, Name, TypeNode } from '../ast.ts';
import {
  argumentLimit,
  parseBlock,
  parseBody,
  parseIf,
  parseLoop,
  parseMatch,
  parseParams,
  tooMany,
} from './control.ts';
import { type Cursor, describe } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { readFloat } from './float.ts';
import { parseType, tryTypeArgs } from './type.ts';

/** What stands by itself: a literal, a name, or something in brackets. */
export function parsePrimary(c: Cursor): Expr {
  const token = c.token;
  switch (token.kind) {
    case 'int':
      c.next();
      return { kind: 'int', value: BigInt(token.text.replaceAll('_', '').replace(/^(0[xXbB])$/, '0')), span: token };
    case 'float':
      c.next();
      return { kind: 'float', ...readFloat(token.text), span: token };
    case 'string':
      c.next();
      return { kind: 'string', bytes: token.text, span: token };
    case 'char':
      c.next();
      return { kind: 'char', value: (token.text.charCodeAt(0) << 24) >> 24, span: token };
    case 'name':
      return parseNamed(c);
    default:
      return parseSymbol(c);
  }
}

function parseSymbol(c: Cursor): Expr {
  const start = c.token;
  if (c.take('(')) {
    const value = c.inBrackets(() => parseExpression(c));
    if (c.is(',')) c.stop('E0704', 'tuples are not in the subset', 'use a struct');
    c.expect(')', 'to close the parenthesis');
    return { ...value, span: c.from(start) };
  }
  if (c.is('@') && c.is('(', 1)) {
    c.next();
    return { kind: 'again', args: parseArgs(c), span: c.from(start) };
  }
  if (c.is('{')) {
    const block = parseBlock(c);
    return { kind: 'block', block, span: block.span };
  }
  if (c.take('[')) return parseArray(c, start);
  return c.stop('E0205', `expected a value, found ${describe(start)}`);
}

function parseArray(c: Cursor, start: { source: Expr['span']['source']; start: number; end: number }): Expr {
  return c.inBrackets(() => {
    const items: Expr[] = [];
    while (!c.is(']')) {
      const item = parseExpression(c);
      if (items.length === 0 && c.take(';')) {
        const length = parseExpression(c);
        c.expect(']', 'after the length');
        return { kind: 'repeat', item, length, span: c.from(start) };
      }
      items.push(item);
      if (!c.take(',')) break;
    }
    c.expect(']', 'after the elements');
    return { kind: 'array', items, span: c.from(start) };
  });
}

function parseNamed(c: Cursor): Expr {
  const start = c.token;
  if (c.is('true') || c.is('false')) return { kind: 'bool', value: c.next().text === 'true', span: start };
  if (c.is('I')) return parseIf(c);
  if (c.is('L')) return parseLoop(c);
  if (c.is('M')) return parseMatch(c);
  for (const word of ['spawn', 'await', 'comptime']) {
    const follows = c.ahead(1);
    if (!c.is(word) || follows.newline || !(follows.kind === 'name' || c.is('{', 1))) continue;
    c.stop('E0703', `\`${word}\` is not in the subset`);
  }
  const head = c.name('a value');
  if (c.is('!') && c.ahead(1).start === c.token.end && c.is('(', 1) && c.token.start === head.span.end) {
    c.stopAt(
      head.span,
      'E0705',
      `macros are not in the subset: \`${head.text}!\``,
      `call a function: \`${head.text}(…)\``,
    );
  }
  const args = tryTypeArgs(c) ?? [];
  if (c.is('::')) {
    c.next();
    const member = c.name('a variant or function');
    if (structFollows(c)) return parseStruct(c, head, args, member);
    return { kind: 'path', head, args, member, span: c.from(start) };
  }
  if (structFollows(c)) return parseStruct(c, head, args, undefined);
  // `Shape.Circle { … }`: only a capital can start the name of a variant here.
  if (c.is('.') && /^[A-Z]/.test(head.text) && /^[A-Z]/.test(c.ahead(1).text) && !c.headOnly && c.is('{', 2)) {
    c.next();
    return parseStruct(c, head, args, c.name('a variant'));
  }
  return { kind: 'name', name: head.text, args, span: c.from(start) };
}

/** `{ }` or `{ name:` after a name is a struct literal, unless a block is what comes next. */
function structFollows(c: Cursor): boolean {
  if (!c.is('{') || c.headOnly || c.freshLine) return false;
  if (c.is('}', 1)) return /^[A-Z]/.test(c.last.text) || c.last.text === '>';
  return c.isKind('name', 1) && c.is(':', 2);
}

function parseStruct(c: Cursor, head: Name, args: readonly TypeNode[], variant: Name | undefined): Expr {
  c.next();
  return c.inBrackets(() => {
    const fields: FieldInit[] = [];
    while (!c.is('}')) {
      const name = c.name('a field');
      c.expect(':', `after the field \`${name.text}\``);
      fields.push({ name, value: parseExpression(c) });
      if (!c.take(',')) break;
    }
    c.expect('}', 'after the fields');
    return { kind: 'struct', head, args, variant, fields, span: c.from(head.span) };
  });
}

/** `|x: i64| x + 1`. */
export function parseClosure(c: Cursor): Expr {
  const start = c.token;
  const params = c.take('||') ? [] : parseParams(c, '|', '|').params;
  const result = c.take('->') ? parseType(c) : undefined;
  const body = parseBody(c);
  return { kind: 'closure', params, result, body, span: c.from(start) };
}

/** The arguments of a call, with their parentheses. */
export function parseArgs(c: Cursor): Expr[] {
  c.expect('(', 'before the arguments');
  const args = c.inBrackets(() => {
    const list: Expr[] = [];
    while (!c.is(')')) {
      if (list.length === argumentLimit) c.stop('E0203', tooMany, 'put them in a struct');
      list.push(parseExpression(c));
      if (!c.take(',')) break;
    }
    return list;
  });
  c.expect(')', 'after the arguments');
  return args;
}
