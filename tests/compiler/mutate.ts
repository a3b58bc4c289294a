/** Sources that were damaged as people, editors and dropped connections damage them. */
import fc from 'fast-check';

const tokens = /[A-Za-z_]\w*|\d+|"[^"\n]*"|\s+|[^\sA-Za-z_0-9"]/g;
const name = /^[A-Za-z_]\w*$/;

export interface Edit {
  readonly kind: 'delete' | 'insert' | 'replace' | 'copy' | 'byte' | 'swap' | 'rename' | 'number' | 'cut';
  readonly at: number;
  readonly length: number;
  readonly word: number;
}

export const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('delete', 'insert', 'replace', 'copy', 'byte', 'swap', 'rename', 'rename', 'number', 'cut'),
  at: fc.nat(1_000_000),
  length: fc.nat(40),
  word: fc.nat(1_000_000),
});

const numbers = ['0', '1', '-1', '255', '256', '9223372036854775807', '0xffffffffffffffff', '1.5', '1e999', '1_'];

/** Edits on tokens rather than characters, so that most results still parse some way in. */
export function mutate(text: string, edits: readonly Edit[], words: readonly string[]): string {
  const parts = text.match(tokens) ?? [];
  for (const { kind, at, length, word } of edits) {
    const start = at % (parts.length + 1);
    const other = word % Math.max(1, parts.length);
    switch (kind) {
      case 'delete':
        parts.splice(start, 1 + (length % 4));
        break;
      case 'insert':
        parts.splice(start, 0, ` ${words[word % words.length]} `);
        break;
      case 'replace':
        parts.splice(start, 1, words[word % words.length] ?? '');
        break;
      case 'copy':
        parts.splice(start, 0, ...parts.slice(other, other + length));
        break;
      case 'byte':
        parts.splice(start, 0, String.fromCharCode(word % 256));
        break;
      case 'swap': {
        const [first] = parts.splice(start, 1);
        parts.splice(other, 0, first ?? '');
        break;
      }
      case 'rename': {
        // Another name of the same source: what comes of it is well formed, and often well typed.
        const names = parts.filter((part) => name.test(part));
        const where = parts.findIndex((part, index) => index >= start && name.test(part));
        if (where >= 0) parts[where] = names[word % names.length] ?? '';
        break;
      }
      case 'number': {
        const where = parts.findIndex((part, index) => index >= start && /^\d/.test(part));
        if (where >= 0) parts[where] = numbers[word % numbers.length] ?? '';
        break;
      }
      case 'cut':
        if (length < 4) parts.splice(start);
        break;
    }
  }
  return parts.join('');
}

/** The words of these sources, each as often as it occurs. */
export function wordsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.match(/[A-Za-z_]\w*|\d+|"[^"\n]*"|[^\sA-Za-z_0-9"]{1,3}|\n/g) ?? []);
}
