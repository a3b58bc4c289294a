/** The form of the link's lines, docs/link.md: one verb, then `key=value` pairs. */

/** The longest line, in bytes, its end included. */
export const maxLineBytes = 65_536;

/** A line, read. Values are decoded. */
export interface LinkLine {
  readonly verb: string;
  readonly fields: ReadonlyMap<string, string>;
}

const word = /^[a-z][a-z0-9_]*$/;

/** Reads one line without its end; undefined when it has another form. */
export function parseLine(text: string): LinkLine | undefined {
  const [verb, ...pairs] = text.split(' ');
  if (verb === undefined || !word.test(verb)) return undefined;
  const fields = new Map<string, string>();
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, equals);
    if (equals < 0 || !word.test(key) || fields.has(key)) return undefined;
    const value = decode(pair.slice(equals + 1));
    if (value === undefined) return undefined;
    fields.set(key, value);
  }
  return { verb, fields };
}

/** Writes one line, its end included. Fields that are undefined are left out. */
export function formatLine(verb: string, fields: Readonly<Record<string, string | number | undefined>>): string {
  let line = verb;
  for (const [key, value] of Object.entries(fields))
    if (value !== undefined) line += ` ${key}=${encode(String(value))}`;
  return `${line}\n`;
}

// Only ASCII is ever escaped, so that text in any language can be read in a terminal; `%XX` sequences of a peer may
// still spell out any byte.
function encode(value: string): string {
  return value.replace(
    /[\0-\x20%\x7f]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function decode(value: string): string | undefined {
  if (/[\0-\x20\x7f]/.test(value)) return undefined;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
