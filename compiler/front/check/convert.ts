import type { Span } from '../source.ts';
import type { Tree } from '../tree.ts';
import { i8, isNumber, type Type } from '../types.ts';
import type { Body } from './scope.ts';

/** How messages name a type. */
export function describeType(type: Type): string {
  if (type.kind === 'void') return 'no value';
  if (type.kind === 'never') return 'what never returns';
  if (type.kind === 'range') return `a ${type.name}`;
  return `\`${type.name}\``;
}

const isText = (type: Type): boolean => type.kind === 'str' || (type.kind === 'pointer' && type.to === i8);

/** The value as this type. Reports when it has another that does not fit. */
export function coerce(body: Body, value: Tree, wanted: Type, why?: string): Tree {
  const { type, span } = value;
  if (type === wanted || type.kind === 'wrong' || wanted.kind === 'wrong' || type.kind === 'never') return value;
  if (isText(type) && isText(wanted)) return { kind: 'cast', value, type: wanted, span };
  if (type.kind === 'array' && wanted.kind === 'slice' && type.element === wanted.element) {
    return { kind: 'slice', object: value, range: undefined, type: wanted, span };
  }
  mismatch(body, span, type, wanted, why);
  return { kind: 'wrong', type: wanted, span };
}

export function mismatch(body: Body, span: Span, found: Type, wanted: Type, why?: string): void {
  body.report.error('E0400', span, `expected ${describeType(wanted)}, found ${describeType(found)}`, {
    hint: suggestion(span, found, wanted),
    ...(why === undefined ? {} : { notes: [{ message: why }] }),
  });
}

function suggestion(span: Span, found: Type, wanted: Type): string | undefined {
  const written = span.source.text.slice(span.start, span.end);
  const short = written.length <= 30 && !/[\p{Cc}{]/u.test(written) ? written : 'e';
  const simple = /^[\w.()[\]]+$/.test(short) ? short : `(${short})`;
  if (isNumber(found) && isNumber(wanted)) return `convert it: \`${simple} as ${wanted.name}\``;
  if (/^\d/.test(short)) return undefined;
  if (found.kind === 'int' && found.bits === 64 && (wanted.kind === 'pointer' || wanted.kind === 'str')) {
    return `an address becomes a pointer by \`${simple} as ${wanted.name}\``;
  }
  if (wanted.kind === 'bool' && found.kind === 'int') return `compare it: \`${simple} != 0\``;
  if (wanted.kind === 'int' && found.kind === 'bool') return `convert it: \`${simple} as ${wanted.name}\``;
  if (wanted.kind === 'pointer' && wanted.to === found) return `pass its address: \`&${simple}\``;
  if (found.kind === 'pointer' && found.to === wanted) return `read what it points to: \`*${simple}\``;
  if (found.kind === 'void') return 'a function or block without a last value gives nothing';
  return undefined;
}
