import type { StorageReport } from './report.ts';
import { hang, type Style } from './style.ts';

/** What the agent's data folder takes, in one line, and one for each thing that is wrong with it. */
export function renderStorage(storage: StorageReport, style: Style): string {
  const { colors, width } = style;
  const wrong = faultsOf(storage).map((text) => hang(`${colors.yellow('warning')}: `, 9, text, width));
  return [colors.dim(`disk: ${usageOf(storage)}`), ...wrong].join('\n');
}

/** How much there is, of how much. */
export function usageOf({ images, imageBytes, maxImageBytes, freeBytes, keep }: StorageReport): string {
  const limit = maxImageBytes === 0 ? '' : ` of ${formatBytes(maxImageBytes)}`;
  const count = images === 1 ? '1 image' : `${images} images`;
  return `${count}, ${formatBytes(imageBytes)}${limit}; ${formatBytes(freeBytes)} free; keeps ${keep} versions`;
}

/** What is wrong, and what to do. */
export function faultsOf({ quarantined, faults }: StorageReport): string[] {
  const aside = quarantined.map((each) => `${each.file} was broken (${each.why}) and is set aside as ${each.aside}`);
  return [...faults, ...aside];
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [value, unit] = [bytes, 0];
  while (value >= 1_024 && unit < units.length - 1) [value, unit] = [value / 1_024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
