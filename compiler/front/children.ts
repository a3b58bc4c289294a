import type { Tree } from './tree.ts';

/** The trees directly inside a tree. */
export function children(tree: Tree): readonly Tree[] {
  switch (tree.kind) {
    case 'field':
    case 'payload':
    case 'tag':
    case 'member':
      return [tree.object];
    case 'index':
      return [tree.object, tree.index];
    case 'deref':
      return [tree.pointer];
    case 'address':
      return [tree.place];
    case 'unary':
      return [tree.operand];
    case 'arithmetic':
    case 'compare':
    case 'logic':
      return [tree.left, tree.right];
    case 'cast':
      return [tree.value];
    case 'call':
    case 'callForeign':
    case 'callBuiltin':
      return tree.args;
    case 'callPointer':
      return [tree.callee, ...tree.args];
    case 'struct':
    case 'variant':
      return tree.fields.map((field) => field.value);
    case 'array':
      return tree.items;
    case 'repeat':
      return [tree.item];
    case 'range':
      return [tree.from, tree.to];
    case 'slice':
      return tree.range === undefined ? [tree.object] : [tree.object, tree.range];
    case 'block': {
      const inner = tree.statements.flatMap((one) => (one.kind === 'assign' ? [one.place, one.value] : [one.value]));
      return tree.value === undefined ? inner : [...inner, tree.value];
    }
    case 'if':
      return tree.otherwise === undefined ? [tree.condition, tree.taken] : [tree.condition, tree.taken, tree.otherwise];
    case 'match':
      return [
        tree.value,
        ...tree.arms.flatMap((arm) => [arm.test, arm.guard, arm.body].filter((one) => one !== undefined)),
      ];
    case 'loop': {
      const { head } = tree;
      if (head.kind === 'while') return [head.condition, tree.body];
      if (head.kind === 'range') return [head.from, head.to, tree.body];
      if (head.kind === 'ranged') return [head.range, tree.body];
      return head.kind === 'each' ? [head.slice, tree.body] : [tree.body];
    }
    case 'break':
    case 'return':
      return tree.value === undefined ? [] : [tree.value];
    default:
      return [];
  }
}
