import type { ExprOf, Name, Pattern } from '../ast.ts';
import { didYouMean } from '../diagnostic.ts';
import type { Local, Tree, TreeArm } from '../tree.ts';
import { bool, type EnumType, i32, never, nothing, type Type, type Variant } from '../types.ts';
import { constantValue } from './constant.ts';
import { coerce, describeType } from './convert.ts';
import { checkExhaustive } from './exhaust.ts';
import { checkAs, checkExpr, isValue, wrongTree } from './expression.ts';
import type { Body } from './scope.ts';
import { variantOf } from './variant.ts';

type Bindings = { local: Local; value: Tree }[];

/** A pattern as what it stands for once names are known: the form that exhaustiveness is decided on. */
export type Shape =
  | { kind: 'any' }
  | { kind: 'values'; low: bigint; high: bigint }
  | { kind: 'bool'; value: boolean }
  | { kind: 'variant'; type: EnumType; tag: number; parts: Shape[] }
  | { kind: 'struct'; parts: Shape[] }
  | { kind: 'either'; options: Shape[] }
  | { kind: 'never' };

export function checkMatch(body: Body, expr: ExprOf<'match'>, wanted?: Type): Tree {
  const { span } = expr;
  const value = checkExpr(body, expr.subject);
  if (!isValue(value.type)) {
    if (value.type.kind === 'void') body.error('E0404', value.span, 'this has no value to match');
    return wrongTree(span);
  }
  return body.inScope(() => {
    const subject = body.declare('', value.type);
    const shapes: { shape: Shape; guarded: boolean; span: Pattern['span'] }[] = [];
    let type: Type | undefined = wanted;
    const errors = body.report.errors;
    const arms = expr.arms.map((arm) =>
      body.inScope((): TreeArm => {
        const at: Tree = { kind: 'local', local: subject, type: value.type, span: arm.pattern.span };
        const bindings: Bindings = [];
        const { test, shape } = checkPattern(body, arm.pattern, at, bindings);
        const guard = arm.guard === undefined ? undefined : checkAs(body, arm.guard, bool, 'a guard is a condition');
        shapes.push({ shape, guarded: guard !== undefined, span: arm.pattern.span });
        const result = checkExpr(body, arm.body, type);
        if (type === undefined && result.type.kind !== 'never' && result.type.kind !== 'wrong') type = result.type;
        const fitted =
          type === undefined || type.kind === 'void'
            ? result
            : coerce(body, result, type, wanted === undefined ? 'all arms of a match have one type' : undefined);
        return { test, bindings, guard, body: fitted };
      }),
    );
    if (value.type.kind !== 'wrong' && body.report.errors === errors) checkExhaustive(body, value.type, shapes, span);
    const ends = arms.length > 0 && arms.every((arm) => arm.body.type.kind === 'never');
    return { kind: 'match', subject, value, arms, type: ends ? never : (type ?? nothing), span };
  });
}

interface Checked {
  /** Undefined when it always fits. */
  test: Tree | undefined;
  shape: Shape;
}

const any: Checked = { test: undefined, shape: { kind: 'any' } };
const failed: Checked = { test: undefined, shape: { kind: 'never' } };

function checkPattern(body: Body, pattern: Pattern, at: Tree, bindings: Bindings): Checked {
  const { span } = pattern;
  const { type } = at;
  switch (pattern.kind) {
    case 'any':
      return any;
    case 'name':
      return checkNamed(body, pattern.name, at, bindings);
    case 'literal': {
      const value = checkAs(body, pattern.value, type, 'a pattern has the type of what is matched');
      if (value.type.kind === 'wrong' || value.kind === 'wrong') return failed;
      return { test: equal(at, value), shape: literalShape(value) };
    }
    case 'range': {
      const from = checkAs(body, pattern.from, type);
      const to = checkAs(body, pattern.to, type);
      if (from.kind !== 'int' || to.kind !== 'int') {
        if (type.kind !== 'int' && type.kind !== 'wrong')
          body.error('E0505', span, `a range matches integers, not ${describeType(type)}`);
        return failed;
      }
      const high = pattern.inclusive ? to.value : to.value - 1n;
      if (high < from.value) body.error('E0506', span, 'this range is empty', 'the smaller end stands first');
      const low: Tree = { kind: 'compare', op: '>=', left: at, right: from, type: bool, span };
      const top: Tree = { kind: 'compare', op: pattern.inclusive ? '<=' : '<', left: at, right: to, type: bool, span };
      return { test: both(low, top), shape: { kind: 'values', low: from.value, high } };
    }
    case 'either': {
      let test: Tree | undefined;
      let always = false;
      const options: Shape[] = [];
      for (const option of pattern.options) {
        const own: Bindings = [];
        const checked = checkPattern(body, option, at, own);
        if (own.length > 0) {
          body.error('E0507', option.span, 'an alternative cannot give names', 'write an arm for each');
          bindings.push(...own);
        }
        options.push(checked.shape);
        if (checked.test === undefined) always = true;
        else
          test =
            test === undefined
              ? checked.test
              : { kind: 'logic', op: '||', left: test, right: checked.test, type: bool, span };
      }
      return { test: always ? undefined : test, shape: { kind: 'either', options } };
    }
    case 'variant':
    case 'fields':
      return checkParts(body, pattern, at, bindings);
  }
}

function checkNamed(body: Body, name: Name, at: Tree, bindings: Bindings): Checked {
  const { type } = at;
  const variant = type.kind === 'enum' ? variantOf(type, name.text) : undefined;
  if (type.kind === 'enum' && variant !== undefined) {
    if (variant.fields.length > 0) {
      const form =
        variant.form === 'tuple' ? `${name.text}(${variant.fields.map(() => '_').join(', ')})` : `${name.text} { .. }`;
      body.error('E0508', name.span, `\`${name.text}\` holds values`, `write \`${form}\``);
      return failed;
    }
    return variantTest(at, type, variant, [], []);
  }
  const declared = body.checker.find(body.module, name.text);
  if (declared?.kind === 'const') {
    const value = constantValue(body.checker, declared);
    if (value === undefined) return failed;
    const fitted = coerce(body, { ...value, span: name.span }, type);
    return fitted.kind === 'wrong' ? failed : { test: equal(at, fitted), shape: literalShape(fitted) };
  }
  if (type.kind === 'enum' && /^[A-Z]/.test(name.text)) {
    const hint = didYouMean(
      name.text,
      type.variants.map((one) => one.name),
    );
    if (hint !== undefined) {
      body.error('E0313', name.span, `\`${type.name}\` has no variant \`${name.text}\``, hint);
      return failed;
    }
  }
  bindings.push({ local: body.declare(name.text, type), value: at });
  return any;
}

function checkParts(
  body: Body,
  pattern: Extract<Pattern, { kind: 'variant' | 'fields' }>,
  at: Tree,
  bindings: Bindings,
): Checked {
  const { type } = at;
  const { name, span } = pattern;
  if (
    type.kind === 'struct' &&
    pattern.kind === 'fields' &&
    pattern.head === undefined &&
    name.text === type.item.name.text
  ) {
    const parts = fieldPatterns(body, pattern, type.name, type.fields);
    const checked = type.fields.map((field, index) => {
      const part = parts.get(index);
      return part === undefined
        ? any
        : checkPattern(body, part, { kind: 'field', object: at, index, type: field.type, span }, bindings);
    });
    return { test: allTests(checked), shape: { kind: 'struct', parts: checked.map((one) => one.shape) } };
  }
  if (type.kind !== 'enum') {
    if (type.kind !== 'wrong') body.error('E0400', span, `\`${name.text}\` is no pattern for ${describeType(type)}`);
    bindAll(body, pattern, bindings, at);
    return failed;
  }
  const variant = variantOf(type, name.text);
  if (variant === undefined || (pattern.head !== undefined && !namesEnum(body, pattern.head.text, type))) {
    body.error(
      'E0313',
      name.span,
      `\`${type.name}\` has no variant \`${name.text}\``,
      didYouMean(
        name.text,
        type.variants.map((one) => one.name),
      ),
    );
    bindAll(body, pattern, bindings, at);
    return failed;
  }
  const payload = (index: number): Tree => ({
    kind: 'payload',
    object: at,
    variant: variant.tag,
    index,
    type: variant.fields[index]?.type ?? nothing,
    span,
  });
  let checked: Checked[];
  if (pattern.kind === 'variant') {
    if (pattern.items.length !== variant.fields.length) {
      body.error(
        'E0323',
        span,
        `\`${name.text}\` holds ${variant.fields.length} value${variant.fields.length === 1 ? '' : 's'}, the pattern has ${pattern.items.length}`,
      );
      bindAll(body, pattern, bindings, at);
      return failed;
    }
    checked = pattern.items.map((item, index) => checkPattern(body, item, payload(index), bindings));
  } else {
    const parts = fieldPatterns(body, pattern, name.text, variant.fields);
    checked = variant.fields.map((_, index) => {
      const part = parts.get(index);
      return part === undefined ? any : checkPattern(body, part, payload(index), bindings);
    });
  }
  return variantTest(
    at,
    type,
    variant,
    checked.flatMap((one) => (one.test === undefined ? [] : [one.test])),
    checked.map((one) => one.shape),
  );
}

function namesEnum(body: Body, head: string, type: EnumType): boolean {
  const found = body.checker.find(body.module, head);
  return head === type.item.name.text || found?.kind === 'alias' || body.typeNames.get(head) === type;
}

function fieldPatterns(
  body: Body,
  pattern: Extract<Pattern, { kind: 'fields' }>,
  owner: string,
  fields: Variant['fields'],
): Map<number, Pattern> {
  const found = new Map<number, Pattern>();
  for (const part of pattern.fields) {
    const index = fields.findIndex((field) => field.name === part.name.text);
    if (index < 0) {
      body.error(
        'E0314',
        part.name.span,
        `\`${owner}\` has no field \`${part.name.text}\``,
        didYouMean(
          part.name.text,
          fields.map((field) => field.name),
        ),
      );
    } else found.set(index, part.pattern);
  }
  return found;
}

/** After an error: the names are known all the same, so that the arm's body brings no echo. */
function bindAll(body: Body, pattern: Pattern, bindings: Bindings, at: Tree): void {
  if (pattern.kind === 'name')
    bindings.push({ local: body.declare(pattern.name.text, wrongTree(pattern.span).type), value: at });
  if (pattern.kind === 'variant') for (const item of pattern.items) bindAll(body, item, bindings, at);
  if (pattern.kind === 'fields') for (const field of pattern.fields) bindAll(body, field.pattern, bindings, at);
  if (pattern.kind === 'either') for (const option of pattern.options) bindAll(body, option, bindings, at);
}

function variantTest(at: Tree, type: EnumType, variant: Variant, tests: Tree[], parts: Shape[]): Checked {
  const { span } = at;
  const tag: Tree = { kind: 'tag', object: at, type: i32, span };
  const wanted: Tree = { kind: 'int', value: BigInt(variant.tag), type: i32, span };
  let test: Tree | undefined =
    type.variants.length === 1 ? undefined : { kind: 'compare', op: '==', left: tag, right: wanted, type: bool, span };
  for (const more of tests) test = both(test, more);
  return { test, shape: { kind: 'variant', type, tag: variant.tag, parts } };
}

function allTests(checked: Checked[]): Tree | undefined {
  return checked.reduce<Tree | undefined>((test, one) => both(test, one.test), undefined);
}

function both(a: Tree | undefined, b: Tree): Tree;
function both(a: Tree | undefined, b: Tree | undefined): Tree | undefined;
function both(a: Tree | undefined, b: Tree | undefined): Tree | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { kind: 'logic', op: '&&', left: a, right: b, type: bool, span: a.span };
}

function equal(left: Tree, right: Tree): Tree {
  return { kind: 'compare', op: '==', left, right, type: bool, span: right.span };
}

function literalShape(value: Tree): Shape {
  if (value.kind === 'int') return { kind: 'values', low: value.value, high: value.value };
  if (value.kind === 'bool') return { kind: 'bool', value: value.value };
  return { kind: 'never' };
}
