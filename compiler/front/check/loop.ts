import type { ExprOf } from '../ast.ts';
import type { LoopInfo, Tree, TreeLoopHead } from '../tree.ts';
import { bool, never, nothing, type Type, wrong } from '../types.ts';
import { checkBounds } from './array.ts';
import { describeType } from './convert.ts';
import { checkAs, checkExpr } from './expression.ts';
import { checkBlock } from './flow.ts';
import type { Body } from './scope.ts';

export function checkLoop(body: Body, expr: ExprOf<'loop'>, wanted?: Type): Tree {
  const { span, head } = expr;
  const loop: LoopInfo = { id: ++body.checker.loops, result: undefined, broken: false, continued: false };
  return body.inScope(() => {
    const checked = checkHead(body, head);
    const endless =
      checked.kind === 'forever' ||
      (checked.kind === 'while' && checked.condition.kind === 'bool' && checked.condition.value);
    loop.result = endless && wanted !== undefined && wanted !== nothing ? wanted : undefined;
    body.loops.push(loop);
    body.loopKinds.set(loop, endless ? 'endless' : 'ending');
    const inner = checkBlock(body, expr.body, nothing);
    body.loops.pop();
    return { kind: 'loop', loop, head: checked, body: inner, type: loopType(body, loop, endless), span };
  });
}

/** An endless loop gives what its `B`s give; without any it never ends. */
function loopType(body: Body, loop: LoopInfo, endless: boolean): Type {
  if (body.misused.has(loop)) return wrong;
  if (!endless) return nothing;
  if (!loop.broken) return never;
  return body.valued.has(loop) ? (loop.result ?? nothing) : nothing;
}

function checkHead(body: Body, head: ExprOf<'loop'>['head']): TreeLoopHead {
  if (head.kind === 'forever') return head;
  if (head.kind === 'while') {
    return {
      kind: 'while',
      condition: checkAs(body, head.condition, bool, 'a loop goes on while its condition is true'),
    };
  }
  const { over, name } = head;
  if (over.kind === 'range') {
    const { from, to, type } = checkBounds(body, over);
    const local = body.declare(name.text, type ?? wrong);
    return type === undefined ? { kind: 'forever' } : { kind: 'range', local, from, to, inclusive: over.inclusive };
  }
  const value = checkExpr(body, over);
  switch (value.type.kind) {
    case 'range':
      return { kind: 'ranged', local: body.declare(name.text, value.type.element), range: value };
    case 'array': {
      const slice: Tree = {
        kind: 'slice',
        object: value,
        range: undefined,
        type: body.checker.types.slice(value.type.element),
        span: value.span,
      };
      return { kind: 'each', local: body.declare(name.text, value.type.element), slice };
    }
    case 'slice':
      return { kind: 'each', local: body.declare(name.text, value.type.element), slice: value };
    default:
      if (value.type.kind !== 'wrong') {
        body.error(
          'E0411',
          over.span,
          `a loop cannot go over ${describeType(value.type)}`,
          value.type.kind === 'int' ? 'write a range: `0..n`' : 'it goes over ranges, arrays and slices',
        );
      }
      body.declare(name.text, wrong);
      return { kind: 'forever' };
  }
}
