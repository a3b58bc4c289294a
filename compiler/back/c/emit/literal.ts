import type { IntType } from '../../../front/types.ts';

/** Bytes as a C string literal. Octal escapes have three digits, so that what follows cannot join them. */
export function quote(bytes: string): string {
  let text = '';
  for (const char of bytes) {
    const code = char.charCodeAt(0);
    if (char === '"' || char === '\\') text += `\\${char}`;
    else if (char === '\n') text += '\\n';
    // `?` is escaped because of trigraphs.
    else if (code < 0x20 || code > 0x7e || char === '?') text += `\\${code.toString(8).padStart(3, '0')}`;
    else text += char;
  }
  return `"${text}"`;
}

/** Text as a C string literal, in UTF-8. */
export function quoteText(text: string): string {
  return quote(Buffer.from(text, 'utf8').toString('latin1'));
}

/** An integer as C writes one of exactly this type. */
export function integer(value: bigint, type: IntType): string {
  if (type.bits === 128) {
    const low = BigInt.asUintN(64, value);
    const high = BigInt.asUintN(64, value >> 64n);
    return high === 0n ? `((${type.name})${low}ULL)` : `((${type.name})(((u128)${high}ULL << 64) | ${low}ULL))`;
  }
  if (type.bits === 64) {
    if (!type.signed) return `${value}ULL`;
    return value === -(1n << 63n) ? '(-9223372036854775807LL - 1)' : value < 0n ? `(${value}LL)` : `${value}LL`;
  }
  if (type.bits === 32 && !type.signed) return `${value}U`;
  const text = value === -(1n << 31n) ? '(-2147483647 - 1)' : value < 0n ? `(${value})` : `${value}`;
  return type.bits === 32 ? text : `((${type.name})${text})`;
}

/** A float as C writes it; the shortest decimal that reads back as the same number. */
export function float(value: number, bits: 32 | 64): string {
  const positive = Math.abs(value);
  // C has no word for infinity without a header; what is too large for any float becomes one.
  let text = Number.isFinite(positive) ? String(positive) : '1e999';
  if (!/[.e]/.test(text)) text += '.0';
  if (value < 0 || Object.is(value, -0)) text = `(-${text})`;
  return bits === 32 ? `((f32)${text})` : text;
}
