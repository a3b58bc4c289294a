import type { AttachReport, ContainerReport } from './report.ts';
import { hang, marks, type Style } from './style.ts';

/** That an agent was put into a container, or taken out. */
export function renderAttached(report: AttachReport, style: Style): string {
  const { event, container, isNew = true, node, folder, programs = [], hint } = report;
  const ok = style.colors.green(marks(style).ok);
  const name = style.colors.bold(container);
  if (event === 'detached')
    return folder === undefined
      ? `${ok} ${name} had no attached agent`
      : `${ok} ${name} no longer has an agent; nothing is left`;
  const what = isNew ? `has an agent now${folder === undefined ? '' : `, in ${folder}`}` : 'has one already';
  const by = node === undefined ? '' : ` (${node})`;
  const found = programs.length === 0 ? 'no program has found it yet' : `found by ${programs.join(', ')}`;
  const why = hint === undefined ? '' : `\n${hang(`${style.colors.cyan('hint')}:  `, 7, hint, style.width)}`;
  return `${ok} ${name} ${what}${by}; ${found}\n  vais-remote push FILE --to ${container}${why}`;
}

/** A container that has an agent, in a line. */
export function renderContainer(
  { name, state, image, service, attached, engine }: ContainerReport,
  style: Style,
): string {
  const of = service === undefined ? '' : `, of ${service}`;
  const how = attached ? ', with an agent that was attached' : '';
  return `${style.colors.bold(name)} ${state}: ${image}${how}${of}, at ${engine}`;
}
