/** What a terminal obeys instead of showing it: control characters, line separators, and marks that turn a line's direction. */
const obeyed = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The fields that may have several lines. */
const multiline = new Set(['message', 'hint', 'text', 'sourceLine']);

/**
 * Text that somebody else wrote, so that a terminal shows it and does nothing else: what it would obey stands there as
 * an escape (`\u001b`). Line ends and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(obeyed, (one) => (one === '\n' || one === '\t' ? one : escapeOf(one)));
}

/** Plain data with each text in it printable, and on one line unless it is meant to have several. */
export function printableData<Data>(data: Data): Data {
  return clean(data, '') as Data;
}

/** JSON, as `JSON.stringify` gives it, without what a terminal obeys. It says the same. */
export function printableJson(json: string): string {
  return json.replace(obeyed, escapeOf);
}

function clean(value: unknown, field: string): unknown {
  if (typeof value === 'string') return multiline.has(field) ? printable(value) : value.replace(obeyed, escapeOf);
  if (Array.isArray(value)) return value.map((each) => clean(each, field));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, clean(each, name)]));
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
