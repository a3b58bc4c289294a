import type { Name } from '../ast.ts';
import type { Reporter } from '../diagnostic.ts';
import { printable, type Token, type TokenKind } from '../lex.ts';
import { join, type Source, type Span } from '../source.ts';

/** Thrown when a construct cannot go on; caught by the nearest list of statements or items, which then skips. */
export class SyntaxStop extends Error {}

/** Deeper nesting is a machine's or an attacker's doing, and would exhaust the stack of some later stage. */
const depthLimit = 150;

/** What is wrong with these is the token itself, wherever it stands. */
const wantsItself = /^E(?:0209|0202|0203|0208|07..)$/;

/** The tokens, and where the parser stands among them. */
export class Cursor {
  readonly source: Source;
  readonly report: Reporter;
  readonly #tokens: Token[];
  #at = 0;
  #depth = 0;
  /** Inside `(` or `[` a newline ends nothing. */
  brackets = 0;
  /** Where the statement that is being read starts. */
  statementStart = -1;
  /** True where `{` opens a block and no struct literal: in the head of `I`, `L` and `M`. */
  headOnly = false;

  constructor(source: Source, tokens: readonly Token[], report: Reporter) {
    this.source = source;
    this.report = report;
    this.#tokens = [...tokens];
  }

  get token(): Token {
    return this.ahead(0);
  }

  ahead(count: number): Token {
    const found = this.#tokens[Math.min(this.#at + count, this.#tokens.length - 1)];
    if (found === undefined) throw new Error('a token list ends with an end');
    return found;
  }

  /** The token before this one; its end is where the construct just read ends. */
  get last(): Token {
    return this.#tokens[Math.max(0, this.#at - 1)] ?? this.token;
  }

  next(): Token {
    const token = this.token;
    if (token.kind !== 'end') this.#at++;
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.ahead(ahead);
    return token.text === text && (token.kind === 'symbol' || token.kind === 'name');
  }

  isKind(kind: TokenKind, ahead = 0): boolean {
    return this.ahead(ahead).kind === kind;
  }

  /** True when this token starts a line and newlines count here. */
  get freshLine(): boolean {
    return this.brackets === 0 && this.token.newline;
  }

  /** Reads a token from now on as if it were `text`; what it stood for has been reported. */
  mend(text: string, ahead = 0): void {
    this.#tokens[this.#at + ahead] = { ...this.ahead(ahead), text };
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.next();
    return true;
  }

  expect(text: string, why: string, hint?: string): Token {
    if (this.is(text)) return this.next();
    return this.stop('E0201', `expected \`${text}\` ${why}, found ${describe(this.token)}`, hint);
  }

  name(what: string): Name {
    const token = this.token;
    if (token.kind !== 'name') this.stop('E0202', `expected ${what}, found ${describe(token)}`);
    this.next();
    return { text: token.text, span: token };
  }

  /** Reports at the current token and gives the construct up. */
  stop(code: string, message: string, hint?: string): never {
    // At the start of a line the fault is nearly always at the end of the line above.
    const token = this.token;
    const above = token.newline && this.#at > 0 && token.kind !== 'end' && !wantsItself.test(code) ? this.last : token;
    const span: Span = above === token ? token : { source: this.source, start: above.end, end: above.end + 1 };
    this.report.error(code, token.kind === 'end' && this.#at > 0 ? this.last : span, message, { hint });
    throw new SyntaxStop();
  }

  /** As `stop`, but at a place of the caller's. */
  stopAt(span: Span, code: string, message: string, hint?: string): never {
    this.report.error(code, span, message, { hint });
    throw new SyntaxStop();
  }

  from(start: Span): Span {
    return join(start, this.last.end >= start.start ? this.last : start);
  }

  mark(): number {
    return this.#at;
  }

  reset(mark: number): void {
    this.#at = mark;
  }

  /** Runs `read` one level deeper, or stops when that is too deep. */
  deeper<T>(read: () => T): T {
    if (++this.#depth > depthLimit) {
      this.#depth--;
      return this.stop('E0203', 'nested too deep', 'move the inner part to a function or variable of its own');
    }
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  /** Runs `read` with newlines insignificant and struct literals allowed: inside brackets. */
  inBrackets<T>(read: () => T): T {
    return this.#within(this.brackets + 1, false, read);
  }

  /** Runs `read` with newlines significant again: inside a block. */
  inBlock<T>(read: () => T): T {
    return this.#within(0, false, read);
  }

  inHead<T>(read: () => T): T {
    return this.#within(this.brackets, true, read);
  }

  #within<T>(brackets: number, headOnly: boolean, read: () => T): T {
    const before = { brackets: this.brackets, headOnly: this.headOnly, start: this.statementStart };
    this.brackets = brackets;
    this.headOnly = headOnly;
    try {
      return read();
    } finally {
      this.brackets = before.brackets;
      this.headOnly = before.headOnly;
      this.statementStart = before.start;
    }
  }
}

export function describe(token: Token): string {
  if (token.kind === 'end') return 'the end of the file';
  if (token.kind === 'string') return 'a string';
  if (token.kind === 'char') return 'a character';
  if (token.kind === 'attribute') return `the attribute \`${printable(token.text)}\``;
  return `\`${printable(token.text)}\``;
}
