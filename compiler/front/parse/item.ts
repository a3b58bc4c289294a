import type { EnumItem, Expr, FieldNode, FunctionItem, GlobalItem, ImplItem, Item, Name, VariantNode } from '../ast.ts';
import type { Token } from '../lex.ts';
import { parseBlock, parseParams } from './control.ts';
import { type Cursor, describe } from './cursor.ts';
import { parseExpression } from './expression.ts';
import { parseType } from './type.ts';

const known = 'F function, S struct, E enum, X methods, W trait, C constant, G global, T alias, U import';

/** A declaration with what stands before it: attributes, then `P`. */
export function parseItem(c: Cursor): Item {
  const attributes: Token[] = [];
  while (c.isKind('attribute')) attributes.push(c.next());
  const start = c.token;
  if (c.is('P') && c.isKind('name', 1)) c.next();
  const hot = attributes.find((attribute) => attribute.text === 'hot');
  const foreign = attributes.some((attribute) => /^extern\b/.test(attribute.text));
  for (const attribute of attributes) {
    if (attribute !== hot && !/^extern\b/.test(attribute.text)) {
      c.report.warning('W0901', attribute, `${describe(attribute)} has no meaning here`, {
        hint: 'known are `#[hot]` and `@[extern "C"]`',
      });
    }
  }
  const item = parseDeclaration(c, start, hot !== undefined, foreign);
  if (item.kind !== 'function') {
    const odd = hot ?? (foreign ? attributes[0] : undefined);
    if (odd) c.report.error('E0601', odd, `only a function can be \`${odd.text}\``);
  }
  return item;
}

function parseDeclaration(c: Cursor, start: Token, hot: boolean, foreign: boolean): Item {
  if (c.is('A') && c.is('F', 1)) c.stop('E0703', 'async functions are not in the subset');
  if (c.is('X') && c.is('F', 1)) {
    c.next();
    return parseFunction(c, start, hot, true);
  }
  const letter = c.token;
  if (letter.kind === 'name' && letter.text.length === 1 && (c.isKind('name', 1) || c.is('<', 1))) {
    switch (letter.text) {
      case 'F':
        return parseFunction(c, start, hot, foreign);
      case 'S':
        return parseStruct(c);
      case 'E':
        return parseEnum(c);
      case 'X':
        return parseImpl(c);
      case 'W':
        return parseTrait(c);
      case 'C':
        return parseConst(c);
      case 'G':
        c.next();
        return parseGlobal(c);
      case 'T':
        return parseAlias(c);
      case 'U':
        return parseImport(c);
    }
  }
  const words: Record<string, string> = {
    fn: 'F',
    func: 'F',
    function: 'F',
    struct: 'S',
    enum: 'E',
    impl: 'X',
    trait: 'W',
    const: 'C',
    use: 'U',
    import: 'U',
    type: 'T',
    static: 'G',
    let: 'G',
    macro: '',
  };
  if (letter.text === 'macro') c.stop('E0705', 'macros are not in the subset');
  const word = words[letter.text];
  return c.stop(
    'E0209',
    `expected a declaration, found ${describe(letter)}`,
    word ? `in Vais that is \`${word}\`` : `a declaration begins with its letter: ${known}`,
  );
}

/** `F name<T>(a: i64, ...) -> T { … }` or `= expr`; the cursor at `F`. */
export function parseFunction(c: Cursor, start: Token, hot: boolean, foreign: boolean): FunctionItem {
  const letter = c.expect('F', 'to begin a function');
  const name = c.name('the name of the function');
  const generics = parseGenerics(c);
  const { params, variadic } = parseParams(c, '(', ')');
  const result = c.take('->') ? parseType(c) : undefined;
  const text = c.source.text
    .slice(letter.start, c.last.end)
    .replace(/#[^\n]*/g, '')
    .replace(/\s+/g, ' ');
  let body: Expr | undefined;
  if (c.is('{')) {
    const block = parseBlock(c);
    body = { kind: 'block', block, span: block.span };
  } else if (c.take('=')) body = parseExpression(c);
  else c.take(';');
  if (foreign && body !== undefined) {
    c.report.error('E0210', name.span, `the foreign function \`${name.text}\` has a body`, {
      hint: 'leave the body out, or the `extern`',
    });
  }
  return { kind: 'function', name, generics, params, variadic, result, body, hot, foreign, text, span: c.from(start) };
}

function parseGenerics(c: Cursor): Name[] {
  const names: Name[] = [];
  if (!c.take('<')) return names;
  c.inBrackets(() => {
    while (!c.is('>')) {
      names.push(c.name('a type parameter'));
      // Bounds are checked where the function is used: `T: Shape` says no more than its body does.
      if (c.take(':'))
        do parseType(c);
        while (c.take('+'));
      if (!c.take(',')) break;
    }
  });
  c.expect('>', 'after the type parameters');
  return names;
}

function parseFields(c: Cursor): FieldNode[] {
  c.expect('{', 'before the fields');
  const fields: FieldNode[] = [];
  c.inBrackets(() => {
    while (!c.is('}')) {
      if (c.is('P') && c.isKind('name', 1)) c.next();
      const name = c.name('a field');
      c.expect(':', `after the field \`${name.text}\``);
      fields.push({ name, type: parseType(c) });
      if (!c.take(',') && !c.take(';') && !c.token.newline) break;
    }
  });
  c.expect('}', 'after the fields', 'fields are separated by `,`');
  return fields;
}

function parseStruct(c: Cursor): Item {
  c.next();
  const name = c.name('the name of the struct');
  return { kind: 'struct', name, generics: parseGenerics(c), fields: parseFields(c) };
}

function parseEnum(c: Cursor): EnumItem {
  c.next();
  const name = c.name('the name of the enum');
  const generics = parseGenerics(c);
  c.expect('{', 'before the variants');
  const variants: VariantNode[] = [];
  c.inBrackets(() => {
    while (!c.is('}')) {
      const variant = c.name('a variant');
      if (c.is('{')) variants.push({ name: variant, form: 'fields', fields: parseFields(c) });
      else if (c.take('(')) {
        const fields: FieldNode[] = [];
        while (!c.is(')')) {
          fields.push({ name: { text: String(fields.length), span: c.token }, type: parseType(c) });
          if (!c.take(',')) break;
        }
        c.expect(')', 'after the payload');
        variants.push({ name: variant, form: 'tuple', fields });
      } else variants.push({ name: variant, form: 'plain', fields: [] });
      if (!c.take(',') && !c.token.newline) break;
    }
  });
  c.expect('}', 'after the variants', 'variants are separated by `,`');
  return { kind: 'enum', name, generics, variants };
}

function parseMethods(c: Cursor): FunctionItem[] {
  c.expect('{', 'before the methods');
  const methods: FunctionItem[] = [];
  c.inBlock(() => {
    while (!c.is('}')) {
      const item = parseItem(c);
      if (item.kind !== 'function') c.stop('E0211', 'only functions can stand here');
      else methods.push(item);
    }
  });
  c.expect('}', 'after the methods');
  return methods;
}

function parseImpl(c: Cursor): ImplItem {
  const start = c.next();
  const generics = parseGenerics(c);
  const target = parseType(c);
  const trait = c.take(':') ? c.name('a trait') : undefined;
  return { kind: 'impl', target, generics, trait, methods: parseMethods(c), span: c.from(start) };
}

function parseTrait(c: Cursor): Item {
  c.next();
  const name = c.name('the name of the trait');
  return { kind: 'trait', name, methods: parseMethods(c) };
}

function parseConst(c: Cursor): Item {
  c.next();
  const name = c.name('the name of the constant');
  const type = c.take(':') ? parseType(c) : undefined;
  c.expect('=', `after the constant \`${name.text}\``, 'a constant has a value');
  return { kind: 'const', name, type, value: parseExpression(c) };
}

/** `name: Type = value`, the cursor after `G`. */
export function parseGlobal(c: Cursor): GlobalItem {
  const name = c.name('the name of the global');
  c.expect(':', `after the global \`${name.text}\``, 'a global has a type: `G score: i64 = 0`');
  const type = parseType(c);
  return { kind: 'global', name, type, value: c.take('=') ? parseExpression(c) : undefined };
}

function parseAlias(c: Cursor): Item {
  c.next();
  const name = c.name('the name of the type');
  c.expect('=', `after the alias \`${name.text}\``);
  return { kind: 'alias', name, type: parseType(c) };
}

function parseImport(c: Cursor): Item {
  const start = c.next();
  let path = c.name('a module').text;
  while (c.is('/') || c.is('::') || c.is('.')) {
    const dots = c.next().text === '.' && c.is('.');
    path += dots ? '.' : `/${c.name('a module').text}`;
  }
  return { kind: 'import', path, span: c.from(start) };
}
