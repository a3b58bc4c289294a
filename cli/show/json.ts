import { printableJson } from '../../common/printable.ts';
import type { Report } from './report.ts';

/** A report as one line of JSON, without its newline. Times keep three decimals: a microsecond. */
export function jsonLine(report: Report): string {
  const json = JSON.stringify(report, (_key, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Math.round(value * 1000) / 1000 : value,
  );
  return printableJson(json);
}
