/** `compiler/` turns Vais source into images and programs. It may import npm packages, `node:`, `common/`, `artifact/`. */
import type { Place } from '../../artifact/contract/contract.ts';

/** One source file, with the offsets at which its lines start. Offsets count UTF-16 units, as JavaScript does. */
export class Source {
  /** The path as the user gave it, or as it was found from the importing file. */
  readonly path: string;
  readonly text: string;
  readonly #starts: number[] = [0];

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** The line that holds this offset, counted from 1. */
  line(offset: number): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  place(offset: number): Place {
    const line = this.line(offset);
    return { file: this.path, line, column: offset - (this.#starts[line - 1] ?? 0) + 1 };
  }

  /** The text of a line, without its end. */
  lineText(line: number): string {
    const start = this.#starts[line - 1] ?? 0;
    const end = this.#starts[line] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, '');
  }
}

/** A stretch of a source: `end` is the offset after its last character. */
export interface Span {
  readonly source: Source;
  readonly start: number;
  readonly end: number;
}

/** From the start of one span to the end of another of the same source. */
export function join(first: Span, last: Span): Span {
  return { source: first.source, start: first.start, end: Math.max(first.end, last.end) };
}
