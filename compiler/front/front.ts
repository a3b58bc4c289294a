import { check } from './check.ts';
import { type Diagnostic, Reporter } from './diagnostic.ts';
import { loadModules, type ReadSource, readFromDisk, type SearchPath, whyUnreadable } from './modules.ts';
import { Source, type Span } from './source.ts';
import type { Program } from './tree.ts';

export interface FrontOptions {
  /** The source's text, where it is at hand; else the file is read. */
  text?: string;
  /** Where imported sources come from; the default is the disk. */
  read?: ReadSource;
  /** Where else imports are looked for. */
  search?: SearchPath;
}

/** `sources` are the files that were read, and those that were looked for and are missing: what comes there counts. */
export type FrontResult =
  | { ok: true; program: Program; diagnostics: Diagnostic[]; sources: string[] }
  | { ok: false; diagnostics: Diagnostic[]; sources: string[] };

/** Longer sources are refused before they are read. */
const sizeLimit = 16 * 1024 * 1024;

/** Source → typed tree: all that is known without a C compiler. With `kind`, also whether it can be built so. */
export function analyse(file: string, options: FrontOptions & { kind?: 'image' | 'program' } = {}): FrontResult {
  const report = new Reporter();
  const missing: string[] = [];
  const read = (path: string): string | undefined => {
    const found = (options.read ?? readFromDisk)(path);
    if (found === undefined) missing.push(path);
    return found;
  };
  const text = options.text ?? read(file);
  const binary = options.text === undefined && text?.includes('\0');
  if (text === undefined || text.length > sizeLimit || binary) {
    const span: Span = { source: new Source(file, ''), start: 0, end: 0 };
    if (text === undefined) report.error('E0802', span, `\`${file}\` ${whyUnreadable(file)}`);
    else if (text.length > sizeLimit) report.error('E0803', span, `\`${file}\` is larger than 16 MiB`);
    else report.error('E0804', span, `\`${file}\` is not text`, { hint: 'name a source in UTF-8' });
    return { ok: false, diagnostics: report.sorted(), sources: [file] };
  }
  const search = options.search ?? { folders: [], packages: new Map() };
  const modules = loadModules(file, text, read, search, report);
  const program = check(modules, report);
  requireOwnNames(program, report);
  const top: Span = { source: modules[0].file.source, start: 0, end: 0 };
  if (report.errors === 0 && options.kind === 'program' && program.main === undefined) {
    report.error('E0606', top, 'there is no `main`, so this is no program', {
      hint: 'add `F main() -> i64 { … }`, or build the hot part alone with `--hot`',
    });
  }
  if (
    report.errors === 0 &&
    options.kind === 'image' &&
    !program.functions.some((func) => func.hot && func.module === program.root)
  ) {
    report.error('E0605', top, 'no function here is hot, so there is nothing to reload', {
      hint: 'write `#[hot]` before the functions that are to be exchanged',
    });
  }
  const diagnostics = report.sorted();
  const sources = [...modules.filter((module) => !module.bundled).map((module) => module.path), ...missing];
  return report.errors > 0 ? { ok: false, diagnostics, sources } : { ok: true, program, diagnostics, sources };
}

/**
 * Hot functions and globals are known to running programs by the name of their module, so no two files that have any may
 * share it.
 */
function requireOwnNames({ modules, functions, globals }: Program, report: Reporter): void {
  if (!functions.some(({ hot }) => hot)) return;
  const named = new Set([...functions.filter(({ hot }) => hot), ...globals].map(({ module }) => module));
  for (const module of modules) {
    const first = modules.find(({ name }) => name === module.name);
    if (first === undefined || first === module || !(named.has(first) || named.has(module))) continue;
    const span: Span = { source: module.file.source, start: 0, end: 0 };
    report.error(
      'E0805',
      span,
      `two files of the program are module \`${module.name}\`: ${first.path} and ${module.path}`,
      {
        hint: 'rename one of them: hot functions and globals are found by the name of their file',
      },
    );
  }
}
