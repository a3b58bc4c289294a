import type { Block, Expr, ExprOf, Statement } from '../ast.ts';
import { builtins } from '../builtins.ts';
import type { Tree, TreeStatement } from '../tree.ts';
import { bool, never, nothing, type Type, wrong } from '../types.ts';
import { coerce, describeType } from './convert.ts';
import { checkAs, checkExpr, isFlexible, isValue, wrongTree } from './expression.ts';
import { declareGlobal } from './global.ts';
import { captured, isPlace } from './name.ts';
import { resolveType } from './resolve.ts';
import type { Body } from './scope.ts';

/**
 * A block. `wanted === nothing` says that nobody wants its value: then its last expression is a statement like the
 * others, and what that gives is dropped.
 */
export function checkBlock(body: Body, block: Block, wanted?: Type): Tree {
  return body.inScope(() => {
    const statements: TreeStatement[] = [];
    let value: Tree | undefined;
    let ends = false;
    let lost = false;
    const last = block.statements.at(-1);
    for (const statement of block.statements) {
      if (statement === last && statement.kind === 'expression' && wanted !== nothing) {
        value = checkExpr(body, statement.value, wanted);
        if (value.type.kind === 'void') {
          if (!ends) statements.push({ kind: 'expression', value, span: value.span });
          value = undefined;
        }
      } else {
        const checked = checkStatement(body, statement);
        if (checked !== undefined && !ends) statements.push(checked);
        if (checked?.kind === 'expression' && checked.value.type.kind === 'never') ends = true;
        if (statement.kind === 'expression' && statement.value.kind === 'wrong') lost = true;
      }
    }
    // What comes after the end is checked and left out: a variable that never gets a value has no place in C.
    if (ends) return { kind: 'block', statements, value: undefined, type: never, span: block.span };
    const type = value?.type ?? (lost ? wrong : nothing);
    return { kind: 'block', statements, value, type, span: block.span };
  });
}

function checkStatement(body: Body, statement: Statement): TreeStatement | undefined {
  const { span } = statement;
  switch (statement.kind) {
    case 'let': {
      const type =
        statement.type === undefined
          ? undefined
          : resolveType(body.checker, body.module, statement.type, body.typeNames);
      let value = type === undefined ? checkExpr(body, statement.value) : checkAs(body, statement.value, type);
      if (!isValue(value.type) && type === undefined) {
        if (value.type.kind === 'void') {
          body.error('E0404', statement.value.span, `this gives no value for \`${statement.name.text}\``);
        }
        value = value.type.kind === 'void' ? wrongTree(span) : value;
      }
      const local = body.declare(statement.name.text, type ?? (value.type.kind === 'never' ? wrong : value.type));
      // What never gives a value runs, and nothing after it does.
      if (value.type.kind === 'never') return { kind: 'expression', value, span };
      return { kind: 'let', local, value, span };
    }
    case 'assign':
      return checkAssign(body, statement);
    case 'global':
      declareGlobal(body, statement.item);
      return undefined;
    case 'expression': {
      const value = checkExpr(body, statement.value, nothing);
      return { kind: 'expression', value, span };
    }
  }
}

/** True for what only a variable could be called, and none is. */
function isUnknown(body: Body, name: string): boolean {
  const known = body.local(name) !== undefined || body.statics.has(name) || builtins.has(name) || captured(body, name);
  return /^[a-z_]/.test(name) && !known && body.checker.find(body.module, name) === undefined;
}

function checkAssign(body: Body, statement: Extract<Statement, { kind: 'assign' }>): TreeStatement | undefined {
  const { span, op } = statement;
  if (op === undefined && statement.place.kind === 'name' && isUnknown(body, statement.place.name)) {
    const { name } = statement.place;
    checkExpr(body, statement.value);
    const hint = body.suggest(name) ?? `a variable begins with \`:=\`: \`${name} := …\``;
    body.error('E0300', statement.place.span, `there is no \`${name}\` here`, hint);
    // It was meant to be there from here on, so its uses bring no echo.
    body.declare(name, wrong);
    return undefined;
  }
  const place = checkExpr(body, statement.place);
  if (place.type.kind !== 'wrong' && !isPlace(place)) {
    body.error(
      'E0410',
      place.span,
      'nothing can be assigned to this',
      'assign to a variable, a field, an element or `*p`',
    );
    checkExpr(body, statement.value);
    return undefined;
  }
  if (op === undefined) {
    return { kind: 'assign', op, place, value: checkAs(body, statement.value, place.type), span };
  }
  // `a op= b` is `a = a op b` with `a` found once; the checker of operators has the say.
  const shift = op === '<<' || op === '>>';
  const value = checkExpr(body, statement.value, shift ? undefined : place.type);
  if (place.type.kind === 'wrong' || value.type.kind === 'wrong') return undefined;
  const { type } = place;
  const whole = op === '%' || op === '&' || op === '|' || op === '^' || shift;
  const applies =
    type.kind === 'int' || (type.kind === 'float' && !whole) || (type.kind === 'bool' && /^[&|^]$/.test(op));
  if (
    !applies ||
    op === '==' ||
    op === '!=' ||
    op === '<' ||
    op === '>' ||
    op === '<=' ||
    op === '>=' ||
    op === '&&' ||
    op === '||'
  ) {
    body.error('E0403', span, `\`${op}=\` does not apply to ${describeType(type)}`);
    return undefined;
  }
  if (shift ? value.type.kind !== 'int' : value.type !== type) {
    coerce(body, value, type);
    return undefined;
  }
  return { kind: 'assign', op, place, value, span };
}

export function checkIf(body: Body, expr: ExprOf<'if'>, wanted?: Type): Tree {
  const { span } = expr;
  const condition = checkAs(body, expr.condition, bool, 'a condition is a `bool`');
  if (expr.otherwise === undefined) {
    const taken = checkExpr(body, expr.taken, nothing);
    return { kind: 'if', condition, taken, otherwise: undefined, type: nothing, span };
  }
  const flexible = wanted === undefined && isFlexible(lastOf(expr.taken)) && !isFlexible(lastOf(expr.otherwise));
  if (flexible) {
    const otherwise = checkExpr(body, expr.otherwise);
    const taken = coerceBranch(body, checkExpr(body, expr.taken, otherwise.type), otherwise.type, wanted);
    return { kind: 'if', condition, taken, otherwise, type: joined(taken, otherwise), span };
  }
  const taken = checkExpr(body, expr.taken, wanted);
  const hope = wanted ?? (taken.type.kind === 'never' ? undefined : taken.type);
  const otherwise = checkExpr(body, expr.otherwise, hope);
  if (wanted === nothing) {
    return { kind: 'if', condition, taken, otherwise, type: bothNever(taken, otherwise) ? never : nothing, span };
  }
  if (taken.type.kind === 'void' && otherwise.type.kind === 'void') {
    return { kind: 'if', condition, taken, otherwise, type: nothing, span };
  }
  const target = wanted ?? (taken.type.kind === 'never' || taken.type.kind === 'wrong' ? otherwise.type : taken.type);
  const first = coerceBranch(body, taken, target, wanted);
  const second = coerceBranch(body, otherwise, target, wanted);
  return { kind: 'if', condition, taken: first, otherwise: second, type: joined(first, second), span };
}

/** The expression whose type a branch has. */
function lastOf(expr: Expr): Expr {
  if (expr.kind !== 'block') return expr;
  const last = expr.block.statements.at(-1);
  return last?.kind === 'expression' ? lastOf(last.value) : expr;
}

function coerceBranch(body: Body, value: Tree, target: Type, wanted: Type | undefined): Tree {
  if (target.kind === 'never' || target.kind === 'void') return value;
  return coerce(body, value, target, wanted === undefined ? 'all branches of a value have one type' : undefined);
}

function bothNever(a: Tree, b: Tree): boolean {
  return a.type.kind === 'never' && b.type.kind === 'never';
}

function joined(a: Tree, b: Tree): Type {
  return a.type.kind === 'never' || a.type.kind === 'wrong' ? b.type : a.type;
}

export function checkBreak(body: Body, expr: ExprOf<'break'>): Tree {
  const { span } = expr;
  const loop = body.loops.at(-1);
  if (loop === undefined) {
    body.error('E0501', span, '`B` stands in no loop', 'to leave the function, write `R`');
    if (expr.value !== undefined) checkExpr(body, expr.value);
    return wrongTree(span);
  }
  const first = !loop.broken;
  loop.broken = true;
  if (expr.value === undefined) {
    if (body.valued.has(loop)) body.error('E0502', span, 'another `B` of this loop gives a value, this one gives none');
    return { kind: 'break', loop, value: undefined, type: never, span };
  }
  if (body.loopKinds.get(loop) !== 'endless') {
    body.misused.add(loop);
    body.error(
      'E0503',
      span,
      'only an endless loop can give a value',
      'this loop can also end by its condition; use `L { … }`',
    );
    checkExpr(body, expr.value);
    return { kind: 'break', loop, value: undefined, type: never, span };
  }
  if (!first && !body.valued.has(loop)) body.error('E0502', span, 'another `B` of this loop gives no value');
  const value = loop.result === undefined ? checkExpr(body, expr.value) : checkAs(body, expr.value, loop.result);
  if (loop.result === undefined && value.type.kind !== 'never') loop.result = value.type;
  body.valued.add(loop);
  return { kind: 'break', loop, value, type: never, span };
}

export function checkContinue(body: Body, expr: ExprOf<'continue'>): Tree {
  const loop = body.loops.at(-1);
  if (loop === undefined) {
    body.error('E0501', expr.span, '`C` stands in no loop');
    return wrongTree(expr.span);
  }
  loop.continued = true;
  return { kind: 'continue', loop, type: never, span: expr.span };
}

export function checkReturn(body: Body, expr: ExprOf<'return'>): Tree {
  const { span } = expr;
  const { result } = body.func.type;
  if (body.func.name === '') {
    body.error('E0501', span, '`R` stands in no function');
    return wrongTree(span);
  }
  if (result.kind === 'void') {
    const value = expr.value === undefined ? undefined : checkExpr(body, expr.value);
    if (
      value !== undefined &&
      value.type.kind !== 'void' &&
      value.type.kind !== 'never' &&
      value.type.kind !== 'wrong'
    ) {
      body.error('E0504', value.span, `\`${body.func.name}\` gives no value`, `declare it: \`-> ${value.type.name}\``);
    }
    return { kind: 'return', value, type: never, span };
  }
  if (expr.value === undefined) {
    body.error('E0504', span, `\`${body.func.name}\` gives ${describeType(result)}, this \`R\` gives nothing`);
    return { kind: 'return', value: undefined, type: never, span };
  }
  return { kind: 'return', value: checkAs(body, expr.value, result, resultNote(body)), type: never, span };
}

export function resultNote(body: Body): string {
  return `\`${body.func.name}\` is declared to give ${describeType(body.func.type.result)}`;
}
