import pc from 'picocolors';
import type { Diagnostic } from './diagnostic.ts';

/** The messages as text for a person: place, source line with a caret, notes and a hint. Ends with a newline. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: { color?: boolean } = {}): string {
  const colors = pc.createColors(options.color ?? false);
  const parts = diagnostics.map((diagnostic) => renderOne(diagnostic, colors));
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
  if (errors > 1) parts.push(`${colors.bold(colors.red(`${errors} errors`))}\n`);
  return parts.join('\n');
}

/** What a terminal would obey instead of showing it; a tab is kept. */
const control = /(?!\t)\p{Cc}/gu;

function renderOne(diagnostic: Diagnostic, colors: ReturnType<typeof pc.createColors>): string {
  const { place, sourceLine } = diagnostic;
  const paint = diagnostic.severity === 'error' ? colors.red : colors.yellow;
  const lines = [
    `${colors.bold(paint(`${diagnostic.severity}[${diagnostic.code}]`))}${colors.bold(`: ${diagnostic.message}`)}`,
    `  ${colors.dim('-->')} ${place.file}:${place.line}:${place.column}`,
  ];
  // Of a file that is empty or cannot be read there is nothing to show.
  if (sourceLine !== undefined && (sourceLine !== '' || place.line > 1)) {
    const number = String(place.line);
    const margin = ' '.repeat(number.length);
    // A tab before the caret stays a tab, so that both lines align whatever its width.
    const lead = sourceLine.slice(0, place.column - 1).replace(/[^\t]/g, ' ');
    lines.push(`${colors.dim(`${number} |`)} ${sourceLine.replace(control, '�')}`);
    lines.push(`${colors.dim(`${margin} |`)} ${lead}${paint('^'.repeat(diagnostic.length))}`);
  }
  for (const note of diagnostic.notes ?? []) {
    const where = note.place ? ` (${note.place.file}:${note.place.line}:${note.place.column})` : '';
    lines.push(`  ${colors.dim('note:')} ${note.message}${where}`);
  }
  if (diagnostic.hint !== undefined) lines.push(`  ${colors.dim('help:')} ${diagnostic.hint}`);
  return `${lines.join('\n')}\n`;
}
