import { VaisError } from '../common/error.ts';
import { type Diagnostic, renderDiagnostics } from '../compiler/compile.ts';

/** A source that does not compile: what the compiler says of it is the message, and stands in `diagnostics` as data. */
export class SourceError extends VaisError {
  /** In the order of the places; empty when a configured compiler refused the source in its own words. */
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, diagnostics: readonly Diagnostic[], words?: string) {
    const said = words ?? renderDiagnostics([...diagnostics], { color: false });
    super('compile_failed', `${file} does not compile\n${said.trimEnd()}`);
    this.diagnostics = diagnostics;
  }
}
