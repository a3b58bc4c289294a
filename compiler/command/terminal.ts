import type { Diagnostic } from '../front/diagnostic.ts';
import { renderDiagnostics } from '../front/render.ts';

/** Where a command's words go, and whether they may have color. */
export interface Terminal {
  write(text: string): void;
  warn(text: string): void;
  /** All of the standard input, as text. */
  read(): Promise<string>;
  readonly color: boolean;
  /** Aborted when the user wants the command to end. */
  readonly signal: AbortSignal;
}

export function showDiagnostics(diagnostics: readonly Diagnostic[], terminal: Terminal): void {
  if (diagnostics.length > 0) terminal.warn(renderDiagnostics(diagnostics, { color: terminal.color }));
}
