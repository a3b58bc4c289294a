/** What a program gets that does not do it by itself: safe points, in loops that call hot functions, and libraries to follow. */

import { children } from '../front/children.ts';
import type { Program, Tree, TreeOf } from '../front/tree.ts';
import type { HotReach } from './hot.ts';

/** True when the program reaches no safe point by itself. */
export function needsSafePoints(program: Program): boolean {
  return !program.functions.some((func) =>
    [...func.builtins].some((builtin) => builtin.name === 'hot_check' || builtin.name === 'hot_loop'),
  );
}

/** True when the program leaves it to the runtime which libraries to follow. */
export function needsFollowing(program: Program): boolean {
  return !program.functions.some((func) =>
    [...func.builtins].some(({ name }) => name === 'hot_init' || name === 'hot_start' || name === 'hot_cleanup'),
  );
}

/** True when a pass of the loop may call a hot function, directly, through others or through a pointer. */
export function callsHot(reach: HotReach, loop: TreeOf<'loop'>): boolean {
  const { head, body } = loop;
  return calls(reach, body) || (head.kind === 'while' && calls(reach, head.condition));
}

function calls(reach: HotReach, tree: Tree): boolean {
  if (tree.kind === 'call' && (tree.target.hot || reach.has(tree.target))) return true;
  if (tree.kind === 'callPointer') return true;
  return children(tree).some((child) => calls(reach, child));
}
