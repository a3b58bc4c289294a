import type { Expr, Pattern } from '../ast.ts';
import { join } from '../source.ts';
import { type Cursor, describe } from './cursor.ts';
import { readFloat } from './float.ts';

/** `0`, `1 | 2`, `5..10`, `Some(x)`, `Move { x, y }`, `Shape.Circle(r)`, `n`, `_`. */
export function parsePattern(c: Cursor): Pattern {
  const first = parseOne(c);
  if (!c.is('|')) return first;
  const options = [first];
  while (c.take('|')) options.push(parseOne(c));
  return { kind: 'either', options, span: c.from(first.span) };
}

function parseOne(c: Cursor): Pattern {
  return c.deeper(() => {
    const start = c.token;
    if (start.kind === 'name' && !c.is('true') && !c.is('false')) return parseNamed(c);
    const value = parseLiteral(c);
    if (!c.is('..') && !c.is('..=')) return { kind: 'literal', value, span: value.span };
    const inclusive = c.next().text === '..=';
    const to = parseLiteral(c);
    return { kind: 'range', from: value, to, inclusive, span: join(value.span, to.span) };
  });
}

function parseLiteral(c: Cursor): Expr {
  const token = c.token;
  if (c.take('-')) {
    const value = parseLiteral(c);
    if (value.kind === 'int') return { ...value, value: -value.value, span: c.from(token) };
    if (value.kind === 'float') return { ...value, value: -value.value, single: -value.single, span: c.from(token) };
    c.report.error('E0207', value.span, 'only a number can be negative');
    return value;
  }
  if (c.is('true') || c.is('false')) return { kind: 'bool', value: c.next().text === 'true', span: token };
  if (token.kind === 'int') {
    c.next();
    return { kind: 'int', value: BigInt(token.text.replaceAll('_', '').replace(/^(0[xXbB])$/, '0')), span: token };
  }
  if (token.kind === 'float') {
    c.next();
    return { kind: 'float', ...readFloat(token.text), span: token };
  }
  if (token.kind === 'char') {
    c.next();
    return { kind: 'char', value: (token.text.charCodeAt(0) << 24) >> 24, span: token };
  }
  if (token.kind === 'string') {
    c.next();
    return { kind: 'string', bytes: token.text, span: token };
  }
  return c.stop('E0208', `expected a pattern, found ${describe(token)}`, 'an arm is `pattern => value`');
}

function parseNamed(c: Cursor): Pattern {
  const start = c.token;
  const first = c.name('a pattern');
  if (first.text === '_') return { kind: 'any', span: start };
  const qualified = c.take('.') || c.take('::');
  const head = qualified ? first : undefined;
  const name = qualified ? c.name('a variant') : first;
  if (c.take('(')) {
    const items = c.inBrackets(() => {
      const list: Pattern[] = [];
      while (!c.is(')')) {
        list.push(parsePattern(c));
        if (!c.take(',')) break;
      }
      return list;
    });
    c.expect(')', 'after the parts of the pattern');
    return { kind: 'variant', head, name, items, span: c.from(start) };
  }
  if (c.take('{')) return parseFields(c, start, head, name);
  if (qualified) return { kind: 'variant', head, name, items: [], span: c.from(start) };
  return { kind: 'name', name, span: start };
}

function parseFields(
  c: Cursor,
  start: Pattern['span'],
  head: Extract<Pattern, { kind: 'fields' }>['head'],
  name: Extract<Pattern, { kind: 'fields' }>['name'],
): Pattern {
  const fields: { name: typeof name; pattern: Pattern }[] = [];
  let rest = false;
  c.inBrackets(() => {
    while (!c.is('}') && !rest) {
      if (c.take('..')) rest = true;
      else {
        const field = c.name('a field');
        const pattern: Pattern = c.take(':') ? parsePattern(c) : { kind: 'name', name: field, span: field.span };
        fields.push({ name: field, pattern });
      }
      if (!c.take(',')) break;
    }
  });
  c.expect('}', 'after the fields of the pattern');
  return { kind: 'fields', head, name, fields, rest, span: c.from(start) };
}
