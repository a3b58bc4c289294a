import type { Tree, TreeOf, TreeStatement } from '../../../front/tree.ts';
import type { Type } from '../../../front/types.ts';
import { callsHot } from '../../../plan/safe-point.ts';
import { arithmetic } from './arithmetic.ts';
import { type BodyEmitter, hasEffects, isReal } from './body.ts';
import { trapBounds } from './helper.ts';
import { place } from './place.ts';
import { raw, value, values } from './value.ts';

const isScalar = (type: Type): boolean => ['int', 'float', 'bool', 'pointer', 'str', 'fn'].includes(type.kind);

/** The statements of a block, then its value; undefined when it has none or never comes to it. */
export function emitBlock(b: BodyEmitter, tree: TreeOf<'block'>): string | undefined {
  if (tree.statements.length === 0) return tree.value === undefined ? undefined : value(b, tree.value);
  if (tree.value === undefined || !isReal(tree.type)) {
    b.put('{');
    for (const statement of tree.statements) emitStatement(b, statement);
    if (tree.value !== undefined) {
      b.at(tree.value.span);
      emitDiscarded(b, tree.value);
    }
    b.put('}');
    return undefined;
  }
  const result = b.temp(tree.type);
  b.put('{');
  for (const statement of tree.statements) emitStatement(b, statement);
  b.at(tree.value.span);
  emitInto(b, tree.value, result);
  b.put('}');
  return result;
}

/** What a block without statements comes down to. */
export function lastOf(tree: Tree): Tree {
  return tree.kind === 'block' && tree.statements.length === 0 && tree.value !== undefined ? lastOf(tree.value) : tree;
}

/** Evaluates a tree into a variable, unless it never gives a value. */
function emitInto(b: BodyEmitter, tree: Tree, result: string): void {
  const last = lastOf(tree);
  if (last !== tree) b.at(last.span);
  const text = raw(b, tree);
  if (isReal(tree.type)) b.put(`${result} = ${text};`);
}

/** Evaluates a tree whose value nobody wants. */
export function emitDiscarded(b: BodyEmitter, tree: Tree): void {
  switch (tree.kind) {
    case 'if':
      emitBranches(b, tree, (branch) => emitDiscarded(b, branch));
      return;
    case 'block':
      b.put('{');
      for (const statement of tree.statements) emitStatement(b, statement);
      if (tree.value !== undefined) {
        b.at(tree.value.span);
        emitDiscarded(b, tree.value);
      }
      b.put('}');
      return;
    case 'match':
      emitArms(b, tree, undefined);
      return;
    default: {
      const text = raw(b, tree);
      // What is written out where it is called may be no call in C, and must happen all the same.
      const inline = tree.kind === 'callBuiltin' && tree.target.from === 'inline' && isReal(tree.type);
      if (tree.kind.startsWith('call') && !inline) b.put(`${text};`);
      // A value that is dropped may still trap: it is computed.
      else if (isReal(tree.type) && !/^(?:\w+|\(\*\([^()]*\*\)0\))$/.test(text))
        b.put(`(void)${b.keep(tree.type, text)};`);
    }
  }
}

export function emitStatement(b: BodyEmitter, statement: TreeStatement): void {
  b.at(statement.span);
  switch (statement.kind) {
    case 'let': {
      const type = b.unit.type(statement.local.type);
      const text = raw(b, statement.value);
      // The value is evaluated before the name is known: `x := x + 1` means the x before.
      b.put(`${type} ${b.local(statement.local)} = ${text};`);
      return;
    }
    case 'assign':
      emitAssign(b, statement);
      return;
    case 'expression':
      emitDiscarded(b, statement.value);
  }
}

function emitAssign(b: BodyEmitter, statement: Extract<TreeStatement, { kind: 'assign' }>): void {
  const { place: target, op } = statement;
  const simple = target.kind === 'local' || target.kind === 'global';
  const late = hasEffects(statement.value);
  let text = place(b, target, late);
  // The place is found before the value, which could change what leads to it.
  if (!simple && (late || op !== undefined)) {
    const name = b.fresh();
    b.put(`${b.unit.type(target.type)} *${name} = &${text};`);
    text = `(*${name})`;
  }
  if (op === undefined) {
    b.put(`${text} = ${raw(b, statement.value)};`);
    return;
  }
  const before = late ? b.keep(target.type, text) : text;
  const right = value(b, statement.value);
  b.put(`${text} = ${arithmetic(b, op, target.type, [before, right], statement.value)};`);
}

export function emitIf(b: BodyEmitter, tree: TreeOf<'if'>): string | undefined {
  if (tree.otherwise === undefined || !isReal(tree.type)) {
    emitBranches(b, tree, (branch) => emitDiscarded(b, branch));
    return undefined;
  }
  const { taken, otherwise } = tree;
  const condition = value(b, tree.condition);
  if (
    isScalar(tree.type) &&
    isReal(taken.type) &&
    isReal(otherwise.type) &&
    !hasEffects(taken) &&
    !hasEffects(otherwise)
  ) {
    const first = b.capture(() => value(b, taken));
    const second = b.capture(() => value(b, otherwise));
    if (first.lines.length === 0 && second.lines.length === 0) {
      return `(${condition} ? ${first.value} : ${second.value})`;
    }
  }
  const result = b.temp(tree.type);
  b.put(`if (${condition}) {`);
  emitInto(b, taken, result);
  b.put('} else {');
  emitInto(b, otherwise, result);
  b.put('}');
  return result;
}

function emitBranches(b: BodyEmitter, tree: TreeOf<'if'>, emit: (branch: Tree) => void): void {
  b.put(`if (${value(b, tree.condition)}) {`);
  emit(tree.taken);
  if (tree.otherwise !== undefined) {
    b.put('} else {');
    emit(tree.otherwise);
  }
  b.put('}');
}

export function emitMatch(b: BodyEmitter, tree: TreeOf<'match'>): string | undefined {
  const result = isReal(tree.type) ? b.temp(tree.type) : undefined;
  emitArms(b, tree, result);
  return result;
}

function emitArms(b: BodyEmitter, tree: TreeOf<'match'>, result: string | undefined): void {
  const done = b.label('done');
  b.put('{');
  const text = raw(b, tree.value);
  b.put(`${b.unit.type(tree.subject.type)} ${b.local(tree.subject)} = ${text};`);
  let open = true;
  for (const arm of tree.arms) {
    if (!open) break;
    const test = arm.test === undefined ? undefined : value(b, arm.test);
    b.put(test === undefined ? '{' : `if (${test}) {`);
    for (const { local, value: bound } of arm.bindings)
      b.put(`${b.unit.type(local.type)} ${b.local(local)} = ${value(b, bound)};`);
    if (arm.guard !== undefined) b.put(`if (${value(b, arm.guard)}) {`);
    b.at(arm.body.span);
    if (result === undefined) emitDiscarded(b, arm.body);
    else emitInto(b, arm.body, result);
    b.put(`goto ${done};`);
    if (arm.guard !== undefined) b.put('}');
    b.put('}');
    if (arm.test === undefined && arm.guard === undefined) open = false;
  }
  // Only a tag that no variant has, out of memory that was written by other means, comes here.
  if (open) {
    trapBounds(b.unit);
    b.put('vais_trap_bounds();');
  }
  b.put('}');
  b.put(`${done}:;`);
}

export function emitLoop(b: BodyEmitter, tree: TreeOf<'loop'>): string | undefined {
  const { head, loop } = tree;
  const result = isReal(tree.type) ? b.temp(tree.type) : undefined;
  if (result !== undefined) b.results.set(loop, result);
  b.put('{');
  const safe = b.safePoints && callsHot(b.unit.reach, tree) ? 'hot_safe_point(); ' : '';
  switch (head.kind) {
    case 'forever':
      b.put(`for (;;) { ${safe}`);
      break;
    case 'while': {
      b.put(`for (;;) { ${safe}`);
      b.at(head.condition.span);
      const constant = head.condition.kind === 'bool' && head.condition.value;
      b.loops.push(undefined);
      if (!constant) b.put(`if (!${value(b, head.condition)}) break;`);
      b.loops.pop();
      break;
    }
    case 'range': {
      const [from = '', to = ''] = values(b, [head.from, head.to]);
      const { type } = head.from;
      const name = b.unit.type(type);
      const end = b.keep(type, to);
      const at = b.fresh();
      b.put(`${name} ${at} = ${from};`);
      if (head.inclusive) {
        // The end may be the type's largest value, so the counter must not be moved past it.
        const more = b.fresh();
        b.put(`b8 ${more} = ${at} <= ${end};`);
        b.put(
          `for (; ${more}; ${more} = ${at} != ${end}, ${at} = (${name})(${at} + 1)) { ${safe}${name} ${b.local(head.local)} = ${at};`,
        );
      } else b.put(`for (; ${at} < ${end}; ${at}++) { ${safe}${name} ${b.local(head.local)} = ${at};`);
      break;
    }
    case 'ranged': {
      const range = b.keep(head.range.type, value(b, head.range));
      const name = b.unit.type(head.local.type);
      const at = b.fresh();
      const more = b.fresh();
      b.put(`${name} ${at} = ${range}.from;`);
      b.put(`b8 ${more} = ${range}.inclusive ? ${at} <= ${range}.to : ${at} < ${range}.to;`);
      const next = `${at} = (${name})(${at} + 1), ${more} = ${more} && (${range}.inclusive || ${at} < ${range}.to)`;
      b.put(
        `for (; ${more}; ${more} = !(${range}.inclusive && ${at} == ${range}.to), ${next}) { ${safe}${name} ${b.local(head.local)} = ${at};`,
      );
      break;
    }
    case 'each': {
      const slice = b.keep(head.slice.type, value(b, head.slice));
      const at = b.fresh();
      b.put(`i64 ${at};`);
      b.put(
        `for (${at} = 0; ${at} < ${slice}.length; ${at}++) { ${safe}${b.unit.type(head.local.type)} ${b.local(head.local)} = ${slice}.at[${at}];`,
      );
    }
  }
  b.loops.push(loop);
  emitDiscarded(b, tree.body);
  b.loops.pop();
  b.putLabel(`next${loop.id}_`);
  b.put('}');
  b.put('}');
  b.putLabel(`over${loop.id}_`);
  return result;
}

export function emitJump(b: BodyEmitter, tree: TreeOf<'break' | 'continue' | 'return'>): void {
  switch (tree.kind) {
    case 'continue':
      b.put(b.loops.at(-1) === tree.loop ? 'continue;' : b.goTo(`next${tree.loop.id}_`));
      return;
    case 'break': {
      const result = b.results.get(tree.loop);
      if (tree.value !== undefined) {
        if (result === undefined) emitDiscarded(b, tree.value);
        else emitInto(b, tree.value, result);
      }
      b.put(b.loops.at(-1) === tree.loop ? 'break;' : b.goTo(`over${tree.loop.id}_`));
      return;
    }
    case 'return': {
      if (tree.value === undefined) b.put('return;');
      else if (isReal(tree.value.type)) b.put(`return ${raw(b, tree.value)};`);
      else {
        emitDiscarded(b, tree.value);
        b.put('return;');
      }
    }
  }
}
