import type { Die } from './die.ts';
import { At } from './numbers.ts';
import { nameOf } from './scope.ts';
import { sizeOf } from './size.ts';

/**
 * What tells two records of one name apart: size and members, each with its place and the kind, name and size of its type.
 * Types are not followed any further, so it never goes round in circles.
 */
export function shapeOf(record: Die): string {
  const members = [...record.children()].map((one) => {
    const type = one.die(At.type);
    const form = type === undefined ? '' : `${type.tag} ${nameOf(type) ?? ''} ${sizeOf(type) ?? ''}`;
    return `${one.tag} ${nameOf(one) ?? ''} ${one.number(At.memberLocation) ?? ''} ${one.number(At.constValue) ?? ''} ${form}`;
  });
  return `${record.number(At.byteSize)} ${members.join('; ')}`;
}
