/**
 * Where C compilers disagree about a call. The x86-64 convention passes a struct of up to 16 bytes by halves: one that
 * holds only floats goes in a float register, another in an integer register. tcc sends both halves the same way. So
 * what tcc builds cannot exchange such structs with what another compiler built.
 */

import { children } from '../front/children.ts';
import { hasPayload, layoutOf, offsets, payloadOffset } from '../front/layout.ts';
import type { Program, Tree } from '../front/tree.ts';
import type { FnType, Type } from '../front/types.ts';

/** True where a value that is half floats may pass between an image and code that is not of it. */
export function passesHalves(program: Program): boolean {
  const foreigns = program.functions.flatMap((func) => [...func.foreigns]).filter((one) => one.known === undefined);
  if (program.functions.some((func) => func.hot && split(func.type))) return true;
  if (foreigns.some((foreign) => split(foreign.type))) return true;
  // A pointer to a function leads to one of the program's own, or was given by C.
  if (foreigns.length === 0 && !program.functions.some((func) => split(func.type))) return false;
  return program.functions.some((func) => func.body !== undefined && callsSplit(func.body));
}

function callsSplit(tree: Tree): boolean {
  if (tree.kind === 'callPointer' && tree.callee.type.kind === 'fn' && split(tree.callee.type)) return true;
  return children(tree).some(callsSplit);
}

const split = (type: FnType): boolean => [...type.params, type.result].some(isHalves);

function isHalves(type: Type): boolean {
  if (!['struct', 'enum', 'array', 'range'].includes(type.kind) || layoutOf(type).size > 16) return false;
  const whole = [false, false];
  const real = [false, false];
  mark(type, 0, (at, float) => {
    (float ? real : whole)[at >> 3] = true;
  });
  const floats = [0, 1].map((half) => real[half] === true && whole[half] !== true);
  return whole.includes(true) && floats.includes(true);
}

/** Tells of each scalar in a value where it is, in bytes, and whether it is a float. */
function mark(type: Type, at: number, tell: (at: number, float: boolean) => void): void {
  switch (type.kind) {
    case 'float':
      tell(at, true);
      break;
    case 'array': {
      const { size } = layoutOf(type.element);
      for (let index = 0; index < type.length; index++) mark(type.element, at + index * size, tell);
      break;
    }
    case 'struct': {
      const starts = offsets(type.fields);
      for (const [index, field] of type.fields.entries()) mark(field.type, at + (starts[index] ?? 0), tell);
      break;
    }
    case 'enum': {
      tell(at, false);
      if (!hasPayload(type)) break;
      for (const { fields } of type.variants) {
        const starts = offsets(fields);
        const from = at + payloadOffset(type);
        for (const [index, field] of fields.entries()) mark(field.type, from + (starts[index] ?? 0), tell);
      }
      break;
    }
    default:
      for (let half = at; half < at + Math.max(1, layoutOf(type).size); half += 8) tell(half, false);
  }
}
