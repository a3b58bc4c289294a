import type { Place } from './contract.ts';
import type { Difference } from './difference.ts';

/** The differences for people, a block each: what changed, its old and new form, where, and why it matters. */
export function renderDifferences(differences: readonly Difference[]): string {
  return differences.map(renderDifference).join('\n');
}

/** `game.vais:9:3` */
export function renderPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

function renderDifference(difference: Difference): string {
  const { was, is, at, why } = difference;
  return [
    headline(difference),
    `  was  ${was}`,
    `  is   ${is}`,
    ...(at === undefined ? [] : [`  at   ${renderPlace(at)}`]),
    `  why  ${why}`,
  ].join('\n');
}

function headline(difference: Difference): string {
  const { kind, name } = difference;
  switch (kind) {
    case 'module_changed':
      return `${name}: this is another module`;
    case 'triple_changed':
      return `${name}: this is built for another platform`;
    case 'function_changed':
      return `${name}: the signature changed`;
    case 'function_removed':
      return `${name}: the hot function was removed`;
    case 'struct_changed':
      return difference.field === undefined
        ? `${name}: the layout changed`
        : `${name}: the field ${difference.field} changed`;
    case 'enum_changed':
      return difference.value === undefined
        ? `${name}: the size of the enum changed`
        : `${name}: the value ${difference.value} changed`;
    case 'global_changed':
      return `${name}: the type of the global changed`;
  }
}
