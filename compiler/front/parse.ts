import type { File, Item } from './ast.ts';
import type { Reporter } from './diagnostic.ts';
import { lex } from './lex.ts';
import { Cursor, SyntaxStop } from './parse/cursor.ts';
import { parseItem } from './parse/item.ts';
import type { Source } from './source.ts';

/** The declarations of a source. What cannot be read is reported and skipped up to the next declaration. */
export function parse(source: Source, report: Reporter): File {
  const cursor = new Cursor(source, lex(source, report), report);
  const items: Item[] = [];
  while (!cursor.isKind('end')) {
    const mark = cursor.mark();
    if (cursor.take(';')) continue;
    try {
      items.push(parseItem(cursor));
    } catch (stop) {
      if (!(stop instanceof SyntaxStop)) throw stop;
      skip(cursor, mark);
    }
  }
  return { source, items };
}

/** To the next line that begins a declaration. */
function skip(c: Cursor, mark: number): void {
  if (c.mark() === mark) c.next();
  while (!c.isKind('end')) {
    const first = c.token;
    const column = first.source.place(first.start).column;
    const letter = /^[FSEXWCGTUPA]$/.test(first.text) && c.isKind('name', 1);
    if (first.newline && (first.kind === 'attribute' || (first.kind === 'name' && letter && column === 1))) return;
    c.next();
  }
}
