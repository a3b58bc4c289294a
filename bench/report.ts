/**
 * `bench/` measures what is promised in numbers. It may import every room.
 *
 * This file: one result, as a line of JSON or a row of a table.
 */
import { renderTable } from '../cli/show/table.ts';

/** One measured quantity, in `unit`, over `n` samples; `floor` is what cannot be undercut, measured in the same run. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
  readonly floor?: number;
  readonly note: string;
}

/** The row of these samples. */
export function rowOf(name: string, unit: string, samples: readonly number[], note: string, floor?: number): Row {
  const sorted = [...samples].sort((a, b) => a - b);
  const row = { name, unit, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: sorted.at(-1) ?? Number.NaN };
  return { ...row, n: samples.length, ...(floor === undefined ? {} : { floor: round(floor) }), note };
}

/** The smallest sample that at least the share `q` of all does not exceed. */
function quantile(sorted: readonly number[], q: number): number {
  return round(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN);
}

/** One JSON object. */
export function rowJson({ name, unit, p50, p99, max, n, floor, note }: Row): string {
  return JSON.stringify({ name, unit, p50, p99, max: round(max), n, floor: floor ?? null, note });
}

/** All rows as a table for people. */
export function rowTable(rows: readonly Row[]): string {
  const cells = rows.map(({ name, unit, p50, p99, max, n, floor, note }) => [
    name,
    `${p50.toFixed(2)} ${unit}`,
    p99.toFixed(2),
    max.toFixed(2),
    `${n}`,
    floor === undefined ? '' : floor.toFixed(2),
    floor === undefined || floor === 0 ? '' : `${(p50 / floor).toFixed(2)}x`,
    note,
  ]);
  return renderTable(
    [['', 'p50', 'p99', 'max', 'n', 'floor', 'p50/floor', ''], ...cells],
    new Set([1, 2, 3, 4, 5, 6]),
  ).join('\n');
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
