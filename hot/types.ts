/** A Vais type, read from its text in a contract: `*GameState`, `[f64; 4]`, `fn(i64) -> i64`. */
export type VaisType =
  | { readonly kind: 'void' }
  | { readonly kind: 'scalar'; readonly name: ScalarName }
  | { readonly kind: 'text' }
  | { readonly kind: 'pointer'; readonly to: string }
  | { readonly kind: 'function' }
  | { readonly kind: 'array'; readonly element: string; readonly length: number }
  | { readonly kind: 'slice' }
  /** A struct or an enum; what it is says the contract. */
  | { readonly kind: 'named'; readonly name: string };

/** The types that are one number or truth value. */
export type ScalarName = 'i8' | 'i16' | 'i32' | 'i64' | 'u8' | 'u16' | 'u32' | 'u64' | 'f32' | 'f64' | 'bool';

const scalars: ReadonlySet<string> = new Set<ScalarName>([
  'i8',
  'i16',
  'i32',
  'i64',
  'u8',
  'u16',
  'u32',
  'u64',
  'f32',
  'f64',
  'bool',
]);

/** Any text is a type: what has no form of its own is taken for a name. */
export function parseType(text: string): VaisType {
  if (text === '' || text === '()') return { kind: 'void' };
  if (text === 'str') return { kind: 'text' };
  if (isScalar(text)) return { kind: 'scalar', name: text };
  if (text.startsWith('*')) return { kind: 'pointer', to: text.slice(1) };
  if (text.startsWith('fn(')) return { kind: 'function' };
  const array = /^\[(.+); (\d+)\]$/.exec(text);
  if (array !== null) return { kind: 'array', element: array[1] ?? '', length: Number(array[2]) };
  if (text.startsWith('[')) return { kind: 'slice' };
  return { kind: 'named', name: text };
}

/** The parts of `fn(*GameState, f64) -> i64`, as texts; the result of a function that gives nothing is `()`. */
export function parseSignature(text: string): { readonly params: readonly string[]; readonly result: string } {
  const params: string[] = [];
  let depth = 0;
  let start = 'fn('.length;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] ?? '';
    // The `>` of an arrow closes nothing.
    if (text.startsWith('->', at)) at += 1;
    else if (depth === 0 && (character === ',' || character === ')')) {
      if (at > start) params.push(text.slice(start, at));
      if (character === ')') return { params, result: text.slice(at + 1).replace(/^ -> /, '') || '()' };
      start = at + ', '.length;
    } else if ('([<'.includes(character)) depth += 1;
    else if (')]>'.includes(character)) depth -= 1;
  }
  return { params, result: '()' };
}

function isScalar(text: string): text is ScalarName {
  return scalars.has(text);
}
