import type { Program } from '../../../front/tree.ts';
import { reserved } from './names.ts';

/** The names of one C file: which are taken, and which the source may use for variables. */
export class Namespace {
  readonly #program: Program;
  readonly #taken = new Set<string>();
  readonly #declared = new Set<string>();
  #counter = 0;

  constructor(program: Program) {
    this.#program = program;
    for (const { file } of program.modules) {
      for (const item of file.items) if ('name' in item) this.#declared.add(item.name.text);
    }
  }

  /** A C name like this one that nothing else at file level has. */
  unique(wanted: string): string {
    const base = wanted
      .replace(/[^A-Za-z0-9_]+/g, '_')
      .replace(/^(\d)/, '_$1')
      .slice(0, 80);
    let name =
      reserved.has(base) || base.startsWith('vais_') || base.startsWith('hot_') || /^(?:_[A-Z_]|HOT_|VAIS_)/.test(base)
        ? `${base}_`
        : base;
    while (this.#taken.has(name) || this.#isWritten(name)) name = `${base}_${++this.#counter}`;
    this.#taken.add(name);
    return name;
  }

  /** True where a variable of the source may have this name, and would hide what we give it to. */
  #isWritten(name: string): boolean {
    return !this.#declared.has(name) && this.#program.modules.some(({ file }) => file.source.text.includes(name));
  }

  /** A name for a variable: its own, unless that means something else in C. */
  localName(name: string): string {
    return reserved.has(name) ||
      /^(?:vais_|hot_|HOT_|VAIS_|_[A-Z_]|line_$|t\d+_$|fn_t)/.test(name) ||
      this.#declared.has(name)
      ? `${name}_`
      : name;
  }
}
