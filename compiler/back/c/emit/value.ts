import { hasPayload } from '../../../front/layout.ts';
import type { Tree, TreeOf } from '../../../front/tree.ts';
import type { FloatType, IntType, Type } from '../../../front/types.ts';
import { outlives } from '../../../plan/birth.ts';
import { arithmetic, cast, compare, logic, unary } from './arithmetic.ts';
import { type BodyEmitter, hasEffects, isFixed, isReal } from './body.ts';
import { emitCall } from './call.ts';
import { composite, slice } from './composite.ts';
import { float, integer } from './literal.ts';
import { address, place } from './place.ts';
import { emitBlock, emitIf, emitJump, emitLoop, emitMatch } from './statement.ts';

/** A value as a C expression that has no effects and can be written more than once. */
export function value(b: BodyEmitter, tree: Tree): string {
  const text = raw(b, tree);
  if (
    tree.kind === 'call' ||
    tree.kind === 'callForeign' ||
    tree.kind === 'callBuiltin' ||
    tree.kind === 'callPointer'
  ) {
    if (tree.type.kind === 'void' || tree.type.kind === 'never') {
      b.put(`${text};`);
      return '0';
    }
    const kept = b.keep(tree.type, text);
    if (tree.kind === 'call' || tree.kind === 'callPointer') b.backAt(tree.span);
    return kept;
  }
  return text;
}

/** Values from left to right: one is kept when something to its right could change it. */
export function values(b: BodyEmitter, trees: readonly Tree[]): string[] {
  let last = -1;
  for (const [index, tree] of trees.entries()) if (hasEffects(tree)) last = index;
  return trees.map((tree, index) => {
    const text = value(b, tree);
    if (index >= last || isFixed(tree) || !isReal(tree.type) || /^t\d+_$/.test(text)) return text;
    return b.keep(tree.type, text);
  });
}

/** What stands for a value that is never reached. */
function unreached(b: BodyEmitter, type: Type): string {
  return isReal(type) ? `(*(${b.unit.type(type)} *)0)` : '0';
}

/** As `value`, but a call may be left as a call: for a place where it is written once, at once. */
export function raw(b: BodyEmitter, tree: Tree): string {
  switch (tree.kind) {
    case 'int':
      return integer(tree.value, tree.type as IntType);
    case 'float':
      return float(tree.value, (tree.type as FloatType).bits);
    case 'bool':
      return tree.value ? '1' : '0';
    case 'string':
      return b.unit.string(tree.bytes, true);
    case 'local':
      return b.local(tree.local);
    case 'global':
      return b.unit.globalPlace(tree.global);
    case 'data':
      return data(b, tree);
    case 'function':
      return b.unit.addressName(tree.target, b.view);
    case 'foreign':
      return foreignAddress(b, tree);
    case 'field':
    case 'payload':
    case 'index':
    case 'deref':
      return place(b, tree);
    case 'tag': {
      const object = value(b, tree.object);
      return tree.object.type.kind === 'enum' && !hasPayload(tree.object.type) ? object : `${object}.tag`;
    }
    case 'member':
      return `${value(b, tree.object)}.${tree.name}`;
    case 'address':
      return address(b, tree.place);
    case 'unary':
      return unary(b, tree);
    case 'arithmetic':
      return arithmetic(b, tree.op, tree.type, values(b, [tree.left, tree.right]), tree.right);
    case 'compare':
      return compare(b, tree);
    case 'logic':
      return logic(b, tree);
    case 'cast':
      return cast(b, value(b, tree.value), tree.value.type, tree.type);
    case 'call':
    case 'callForeign':
    case 'callBuiltin':
    case 'callPointer':
      return emitCall(b, tree);
    case 'struct':
    case 'variant':
    case 'array':
    case 'repeat':
    case 'range':
      return composite(b, tree);
    case 'slice':
      return slice(b, tree);
    case 'block':
      return emitBlock(b, tree) ?? unreached(b, tree.type);
    case 'if':
      return emitIf(b, tree) ?? unreached(b, tree.type);
    case 'match':
      return emitMatch(b, tree) ?? unreached(b, tree.type);
    case 'loop':
      return emitLoop(b, tree) ?? unreached(b, tree.type);
    case 'break':
    case 'continue':
    case 'return':
      emitJump(b, tree);
      return unreached(b, tree.type);
    case 'wrong':
      throw new Error(
        `a wrong tree reached the emitter at ${tree.span.source.path}:${tree.span.source.line(tree.span.start)}`,
      );
  }
}

function data(b: BodyEmitter, tree: TreeOf<'data'>): string {
  // Strings and functions must outlive the image, so they cannot stand in its static data.
  if (b.unit.options.kind === 'image' && outlives(tree.data.value)) return value(b, tree.data.value);
  return b.unit.constant(tree.data);
}

function foreignAddress(b: BodyEmitter, tree: TreeOf<'foreign'>): string {
  return `((${b.unit.type(tree.type)})${b.unit.foreign(tree.target)})`;
}
