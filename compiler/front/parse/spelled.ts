import type { TokenKind } from '../lex.ts';
import type { Cursor } from './cursor.ts';

/** How other languages spell what is one letter here. */
const letters = new Map([
  ['if', 'I'],
  ['while', 'L'],
  ['loop', 'L'],
  ['match', 'M'],
  ['switch', 'M'],
  ['return', 'R'],
  ['break', 'B'],
  ['continue', 'C'],
]);

/** Words that begin a variable elsewhere; here a variable begins with its name. */
const declares = new Set(['let', 'var', 'const', 'auto']);

/** What may stand behind `while` but not behind a variable's name: so it is meant as a keyword. */
const begins: ReadonlySet<TokenKind> = new Set<TokenKind>(['name', 'int', 'float', 'string', 'char']);

/**
 * Takes keywords of other languages at the start of a statement for what they mean: one message at the word, and what
 * follows is read and checked as if it had been written in Vais, so that nothing below is an echo.
 */
export function takeSpelled(c: Cursor): void {
  const { text, kind } = c.token;
  if (kind !== 'name') return;
  const letter = letters.get(text);
  if (letter !== undefined && isKeyword(c, text)) {
    c.report.error('E0214', c.token, `\`${text}\` is no word of Vais`, { hint: `in Vais that is \`${letter}\`` });
    c.mend(letter);
  } else if (declares.has(text) && c.isKind('name', 1) && !c.ahead(1).newline) takeDeclared(c);
}

/** `else` and `elif` behind the block of an `I`. */
export function takeSpelledElse(c: Cursor): void {
  if (!c.is('else') || !(c.is('{', 1) || c.is('if', 1) || c.is('I', 1))) return;
  const both = c.is('if', 1);
  const span = both ? { ...c.token, end: c.ahead(1).end } : c.token;
  const [found, means] = both ? ['else if', 'E I'] : ['else', 'E'];
  c.report.error('E0214', span, `\`${found}\` is no word of Vais`, { hint: `in Vais that is \`${means}\`` });
  c.mend('E');
  if (both) c.mend('I', 1);
}

function isKeyword(c: Cursor, text: string): boolean {
  const after = c.ahead(1);
  const bare = text === 'return' || text === 'break' || text === 'continue';
  if (after.newline || c.is('}', 1) || c.is(';', 1)) return bare;
  // `if (x) {`, where `if(x)` could be a call of a function of that name but for the block behind it.
  if (c.is('(', 1)) return text === 'return' ? after.start > c.token.end : blockBehind(c);
  // `return -1`, but not `return - 1`.
  const sign = ['-', '&', '*'].some((symbol) => c.is(symbol, 1));
  if (sign) return after.start > c.token.end && c.ahead(2).start === after.end;
  return begins.has(after.kind) || c.is('!', 1) || (text === 'loop' && c.is('{', 1));
}

/** True when the parenthesis behind this token closes before a `{` on its line. */
function blockBehind(c: Cursor): boolean {
  let depth = 0;
  for (let at = 1; !c.isKind('end', at); at++) {
    if (c.is('(', at)) depth++;
    if (c.is(')', at) && --depth === 0) return c.is('{', at + 1);
    if (c.ahead(at).newline) return false;
  }
  return false;
}

/** `let mut x = 5` and `let x: i64 = 5` become `x := mut 5` and `x: i64 = 5`. */
function takeDeclared(c: Cursor): void {
  const word = c.token;
  c.next();
  const mutable = c.is('mut') && c.isKind('name', 1);
  if (mutable) c.next();
  const name = c.token.text;
  const value = mutable || word.text === 'var' || word.text === 'auto' ? 'mut …' : '…';
  const hint = c.is(':', 1) ? `write \`${name}: … = …\`` : `write \`${name} := ${value}\``;
  c.report.error('E0214', word, `a variable begins with its name, not with \`${word.text}\``, { hint });
  if (c.is('=', 1)) c.mend(':=', 1);
}

/** `x++` and `x--` as a statement of its own, taken whole. */
export function takeStep(c: Cursor): boolean {
  const sign = c.is('+', 1) ? '+' : '-';
  const [name, first, second, after] = [c.token, c.ahead(1), c.ahead(2), c.ahead(3)];
  if (name.kind !== 'name' || !c.is(sign, 1) || !c.is(sign, 2) || second.start !== first.end) return false;
  if (first.newline || second.newline || !(after.newline || c.is(';', 3) || c.is('}', 3))) return false;
  const hint = `write \`${name.text} ${sign}= 1\``;
  c.report.error('E0214', { ...first, end: second.end }, `there is no \`${sign}${sign}\` in Vais`, { hint });
  for (let count = 0; count < 3; count++) c.next();
  return true;
}
