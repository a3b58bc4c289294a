import type { DemoReport } from './report.ts';
import { formatMs, marks, type Style, wrap } from './style.ts';

/** What `demo` tells, for people, in 80 columns. */
export function renderDemo(report: DemoReport, style: Style): string {
  const { colors } = style;
  const mark = marks(style);
  switch (report.event) {
    case 'step': {
      const title = `${colors.dim(`${report.step}/${report.of}`)}  ${colors.bold(report.title)}`;
      return [title, ...wrap(report.text, 74).map((line) => `     ${line}`)].join('\n');
    }
    case 'output': {
      const text = report.changed ? colors.green(report.text) : report.text;
      return `     ${colors.dim(mark.rail)} ${text}`;
    }
    case 'edit':
      return report.changes
        .map(({ line, was, is }) =>
          [
            `     ${colors.dim(`${report.file}, line ${line}`)}`,
            `     ${colors.red(`- ${was}`)}`,
            `     ${colors.green(`+ ${is}`)}`,
          ].join('\n'),
        )
        .join('\n\n');
    case 'remark':
      return wrap(report.text, 74)
        .map((line) => `     ${line}`.trimEnd())
        .join('\n');
    case 'summary': {
      const swaps = report.swapMs.map((ms) => formatMs(ms)).join(', ');
      const wide = Math.max(...report.next.map(({ command }) => command.length));
      return [
        `${colors.green(mark.ok)} ${colors.bold('That was all of it')}, in ${formatMs(report.ms)}. From save to new code running: ${swaps}.`,
        '',
        '  Next:',
        ...report.next.map(({ command, text }) => `    ${colors.cyan(command.padEnd(wide))}  ${colors.dim(text)}`),
      ].join('\n');
    }
  }
}
