import type { Span } from '../source.ts';
import { type Field, limits, type Type } from '../types.ts';
import { Coverage } from './coverage.ts';
import type { Shape } from './match.ts';
import type { Body } from './scope.ts';

/** More work than this, in rows looked at, is given up on, and the match counts as complete with a trap behind it. */
const workLimit = 2_000_000;

/**
 * Reports what no arm of a match fits, by name, and arms that nothing can reach. The matrix of patterns is split
 * column by column, as Maranget's "Warnings for pattern matching" does it.
 */
export function checkExhaustive(body: Body, type: Type, arms: Arms, span: Span): void {
  const lacking = checkFlat(body, type, arms) ?? checkDeep(body, type, arms);
  if (lacking === '') return;
  const guarded = arms.some((arm) => arm.guarded) ? 'an arm with a guard does not count; ' : '';
  body.error(
    'E0509',
    { ...span, end: span.start + 1 },
    `the match leaves out \`${lacking}\``,
    `${guarded}add \`${lacking} => …\`, or \`_ => …\` for all the rest`,
  );
}

type Arms = readonly { shape: Shape; guarded: boolean; span: Span }[];

function neverReached(body: Body, span: Span): void {
  body.report.warning('W0501', span, 'this arm is never reached', { hint: 'the arms above fit everything it does' });
}

/** Where no pattern looks inside a value: what is left out, or nothing; undefined where one does. */
function checkFlat(body: Body, type: Type, arms: Arms): string | undefined {
  const coverage = new Coverage(type);
  const parts = arms.map((arm) => coverage.stretches(arm.shape));
  if (!parts.every((part) => part !== undefined)) return undefined;
  for (const [index, arm] of arms.entries()) {
    const part = parts[index] ?? [];
    const all = coverage.gap() === undefined;
    const some = decided(arm.shape) && part.length > 0;
    if (all || (some && part.every((one) => coverage.has(one)))) neverReached(body, arm.span);
    if (!arm.guarded) for (const one of part) coverage.add(one);
  }
  const gap = coverage.gap();
  if (gap === undefined) return '';
  const variant = type.kind === 'enum' ? type.variants[Number(gap.low)] : undefined;
  if (variant !== undefined)
    return named(
      variant.name,
      variant.fields,
      variant.form,
      variant.fields.map(() => '_'),
    );
  if (type.kind === 'bool') return String(gap.low === 1n);
  if (type.kind !== 'int') return '_';
  return gap.low === gap.high ? String(gap.low) : `${gap.low}..=${gap.high}`;
}

/** In general, by the matrix: what is left out, or nothing. */
function checkDeep(body: Body, type: Type, arms: Arms): string {
  const budget = { left: workLimit };
  const before: Shape[][] = [];
  for (const arm of arms) {
    const known = before.length > 0 && decided(arm.shape);
    const unreached = known && missing([type], before, budget, [arm.shape]) === undefined && budget.left > 0;
    if (unreached) neverReached(body, arm.span);
    if (!arm.guarded) before.push([arm.shape]);
  }
  const lacking = missing([type], before, budget);
  return lacking === undefined || budget.left <= 0 ? '' : (lacking[0] ?? '');
}

/** False where a pattern fits values that are not counted, such as one text of all texts. */
function decided(shape: Shape): boolean {
  if (shape.kind === 'never') return false;
  if (shape.kind === 'either') return shape.options.every(decided);
  return shape.kind === 'variant' || shape.kind === 'struct' ? shape.parts.every(decided) : true;
}

/** Values, as text, that no row fits; undefined when there are none. With `only`, among those that it fits. */
function missing(
  types: readonly Type[],
  rows: readonly Shape[][],
  budget: { left: number },
  only?: Shape[],
): string[] | undefined {
  const type = types[0];
  if (type === undefined) return rows.length === 0 ? [] : undefined;
  budget.left -= 1 + rows.length;
  if (budget.left <= 0) return undefined;
  const expanded = rows.flatMap(expand);
  if (only !== undefined) {
    const options = expand(only);
    if (options.length > 1) {
      for (const option of options) {
        const found = missing(types, rows, budget, option);
        if (found !== undefined) return found;
      }
      return undefined;
    }
  }
  const wantedHead = only?.[0];
  if (wantedHead?.kind === 'either') return missing(types, rows, budget, expand(only ?? [])[0]);
  for (const part of split(type, [...expanded, ...(only === undefined ? [] : [only])])) {
    const narrowed = only === undefined ? undefined : part.take(only)[0];
    if (only !== undefined && narrowed === undefined) continue;
    budget.left -= expanded.length;
    const next = expanded.flatMap((row) => part.take(row));
    const found = missing([...part.types, ...types.slice(1)], next, budget, narrowed);
    if (found !== undefined) return [part.name(found.slice(0, part.types.length)), ...found.slice(part.types.length)];
  }
  return undefined;
}

function expand(row: Shape[]): Shape[][] {
  const [head, ...rest] = row;
  if (head?.kind !== 'either') return [row];
  return head.options.flatMap((option) => expand([option, ...rest]));
}

interface Part {
  readonly types: readonly Type[];
  name(parts: string[]): string;
  /** The row without its first column, where that fits this part. */
  take(row: Shape[]): Shape[][];
}

function split(type: Type, rows: readonly Shape[][]): Part[] {
  const taker =
    (fits: (shape: Shape) => Shape[] | undefined) =>
    (row: Shape[]): Shape[][] => {
      const [head, ...rest] = row;
      const parts = head === undefined ? undefined : fits(head);
      return parts === undefined ? [] : [[...parts, ...rest]];
    };
  const anys = (count: number): Shape[] => Array.from({ length: count }, () => ({ kind: 'any' }));
  const heads = rows.map((row) => row[0]);
  if (heads.every((head) => head === undefined || head.kind === 'any' || head.kind === 'never')) {
    return [{ types: [], name: () => '_', take: taker((shape) => (shape.kind === 'any' ? [] : undefined)) }];
  }
  if (type.kind === 'enum') {
    return type.variants.map((variant) => ({
      types: variant.fields.map((field) => field.type),
      name: (parts) => named(variant.name, variant.fields, variant.form, parts),
      take: taker((shape) => {
        if (shape.kind === 'any') return anys(variant.fields.length);
        if (shape.kind !== 'variant' || shape.tag !== variant.tag) return undefined;
        return shape.parts.length === variant.fields.length ? shape.parts : anys(variant.fields.length);
      }),
    }));
  }
  if (type.kind === 'struct') {
    return [
      {
        types: type.fields.map((field) => field.type),
        name: (parts) => named(type.item.name.text, type.fields, 'fields', parts),
        take: taker((shape) =>
          shape.kind === 'any' ? anys(type.fields.length) : shape.kind === 'struct' ? shape.parts : undefined,
        ),
      },
    ];
  }
  if (type.kind === 'bool') {
    return [true, false].map((value) => ({
      types: [],
      name: () => String(value),
      take: taker((shape) =>
        shape.kind === 'any' || (shape.kind === 'bool' && shape.value === value) ? [] : undefined,
      ),
    }));
  }
  if (type.kind === 'int') return splitInts(type, heads, taker);
  return [{ types: [], name: () => '_', take: taker((shape) => (shape.kind === 'any' ? [] : undefined)) }];
}

/** The stretches between all the ends that the patterns mention: each fits a row wholly or not at all. */
function splitInts(
  type: Extract<Type, { kind: 'int' }>,
  heads: readonly (Shape | undefined)[],
  taker: (fits: (shape: Shape) => Shape[] | undefined) => (row: Shape[]) => Shape[][],
): Part[] {
  const { low, high } = limits(type);
  const starts = new Set([low]);
  for (const head of heads) {
    if (head?.kind !== 'values') continue;
    if (head.low > low && head.low <= high) starts.add(head.low);
    if (head.high >= low && head.high < high) starts.add(head.high + 1n);
  }
  const sorted = [...starts].sort((a, b) => (a < b ? -1 : 1));
  return sorted.map((start, index) => {
    const end = (sorted[index + 1] ?? high + 1n) - 1n;
    return {
      types: [],
      name: () => (start === end ? String(start) : `${start}..=${end}`),
      take: taker((shape) =>
        shape.kind === 'any' || (shape.kind === 'values' && shape.low <= start && shape.high >= end) ? [] : undefined,
      ),
    };
  });
}

/** A variant or struct as a pattern. */
function named(name: string, fields: readonly Field[], form: string, parts: readonly string[]): string {
  if (form === 'plain') return name;
  if (form === 'tuple') return `${name}(${parts.join(', ')})`;
  return `${name} { ${fields.map((field, index) => `${field.name}: ${parts[index] ?? '_'}`).join(', ')} }`;
}
