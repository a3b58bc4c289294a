import type { Reporter } from './diagnostic.ts';
import type { Source, Span } from './source.ts';

export type TokenKind = 'name' | 'int' | 'float' | 'string' | 'char' | 'attribute' | 'symbol' | 'end';

export interface Token extends Span {
  readonly kind: TokenKind;
  /** The token as written; of a string or attribute, its content: bytes as characters 0 to 255, or `hot(args)`. */
  readonly text: string;
  /** True for the first token of a line. */
  readonly newline: boolean;
}

/** `>>` and `>>=` are left as `>` `>` and `>` `>=`, so that `Pair<i64, Pair<i64, i64>>` closes twice. */
const symbols =
  /(?:\.\.\.|\.\.=|<<=|\.\.|:=|=>|->|::|==|!=|<=|>=|&&|\|\||\+=|-=|\*=|\/=|%=|&=|\|=|\^=|<<|[-+*/%<>=!&|^~?:;,.(){}[\]@])/y;
const namePattern = /[A-Za-z_][A-Za-z0-9_]*/y;
const numberPattern =
  /0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*(?:\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)?/y;
const attributePattern = /#\[\s*([a-z_]\w*\s*(?:\([^)\n]*\))?)\s*\]/y;
/** What may stand between an attribute and its declaration, then the declaration's letter. */
const declarationPattern =
  /(?:\s|#\[\s*[a-z_]\w*\s*(?:\([^)\n]*\))?\s*\]|@\[[^\]\n]*\]|#(?!\[)[^\n]*(?=\n|$))*(?:[FSEXWCGTUPA]\b)/y;
const externPattern = /@\[\s*([^\]\n]*?)\s*\]/y;

const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** The tokens of a source, ended by one of kind `end`. Reports what is no token and goes on after it. */
export function lex(source: Source, report: Reporter): Token[] {
  const { text } = source;
  const tokens: Token[] = [];
  let newline = true;
  let at = 0;
  const span = (start: number, end: number): Span => ({ source, start, end });
  const push = (kind: TokenKind, start: number, end: number, content = text.slice(start, end)): void => {
    tokens.push({ kind, text: content, newline, source, start, end });
    newline = false;
    at = end;
  };
  const match = (pattern: RegExp, from = at): RegExpExecArray | null => {
    pattern.lastIndex = from;
    return pattern.exec(text);
  };

  while (at < text.length) {
    const char = text[at] ?? '';
    if (char === '\n') {
      newline = true;
      at++;
    } else if (char === ' ' || char === '\t' || char === '\r' || (at === 0 && char === '\uFEFF')) {
      at++;
    } else if (char === '#') {
      const attribute = match(attributePattern);
      if (attribute && match(declarationPattern, attributePattern.lastIndex)) {
        push('attribute', at, at + attribute[0].length, attribute[1]?.trim() ?? '');
      } else {
        const end = text.indexOf('\n', at);
        at = end < 0 ? text.length : end;
      }
    } else if (char === '@' && match(externPattern)) {
      const attribute = match(externPattern);
      push('attribute', at, externPattern.lastIndex, attribute?.[1] ?? '');
    } else if (isLetter(text.charCodeAt(at))) {
      let end = at + 1;
      while (isLetter(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end++;
      push('name', at, end);
    } else if (isDigit(text.charCodeAt(at))) {
      const number = match(numberPattern)?.[0] ?? char;
      const kind = /^0[xXbB]/.test(number) || !/[.eE]/.test(number) ? 'int' : 'float';
      const end = at + number.length;
      const tail = match(namePattern, end)?.[0];
      if (tail !== undefined) {
        report.error('E0101', span(at, end + tail.length), `\`${number}${tail}\` is not a number`, {
          hint: /^[iuf]\d/.test(tail) ? `write \`${number} as ${tail}\`, or let the place decide` : undefined,
        });
        push(kind, at, end + tail.length, number);
      } else push(kind, at, end);
    } else if (char === '"' || char === "'") {
      lexQuoted(char);
    } else {
      const symbol = match(symbols)?.[0];
      if (symbol !== undefined) push('symbol', at, at + symbol.length);
      else {
        const shown = String.fromCodePoint(text.codePointAt(at) ?? 0xfffd);
        report.error('E0102', span(at, at + shown.length), `\`${printable(shown)}\` is no part of the language`);
        // A token all the same: what misses it is reported at this very place, and so not shown.
        push('symbol', at, at + shown.length);
      }
    }
  }
  newline = true;
  push('end', text.length, text.length, '');
  return tokens;

  function lexQuoted(quote: string): void {
    const start = at;
    let bytes = '';
    let here = at + 1;
    for (; here < text.length; ) {
      const char = text[here] ?? '';
      if (char === quote || char === '\n') break;
      if (char === '\\') {
        const found = lexEscape(here);
        bytes += found.byte;
        here = found.end;
      } else {
        const code = char < '\x80' ? char : String.fromCodePoint(text.codePointAt(here) ?? 0);
        bytes += code === char && char < '\x80' ? char : Buffer.from(code, 'utf8').toString('latin1');
        here += code.length;
      }
    }
    const what = quote === '"' ? 'string' : 'character';
    if (text[here] !== quote) {
      report.error('E0103', span(start, here), `this ${what} has no end on its line`, {
        hint: `close it with \`${quote}\``,
      });
      push(quote === '"' ? 'string' : 'char', start, here, quote === '"' ? bytes : '\0');
      return;
    }
    if (quote === "'" && bytes.length !== 1) {
      report.error('E0104', span(start, here + 1), 'a character is one byte', {
        hint: bytes.length === 0 ? "write '\\0' for the zero byte" : 'use a string for more',
      });
      bytes = bytes[0] ?? '\0';
    }
    push(quote === '"' ? 'string' : 'char', start, here + 1, bytes);
  }

  function lexEscape(start: number): { byte: string; end: number } {
    const letter = text[start + 1] ?? '';
    const simple: Record<string, string> = { n: '\n', t: '\t', r: '\r', '0': '\0', '\\': '\\', '"': '"', "'": "'" };
    const byte = simple[letter];
    if (byte !== undefined) return { byte, end: start + 2 };
    const hex = /^[0-9a-fA-F]{2}$/.test(text.slice(start + 2, start + 4));
    if (letter === 'x' && hex) {
      return { byte: String.fromCharCode(Number.parseInt(text.slice(start + 2, start + 4), 16)), end: start + 4 };
    }
    report.error('E0105', span(start, start + 2), `\`\\${printable(letter)}\` is no escape`, {
      hint: 'known are \\n \\t \\r \\0 \\\\ \\" \\\' and \\xNN',
    });
    return { byte: '', end: letter === '\n' || letter === '' ? start + 1 : start + 2 };
  }
}

/** What would break a line or a terminal, spelled out. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
