import { digestOf } from '../../../../common/digest.ts';
import { builtins } from '../../../front/builtins.ts';
import type { Module } from '../../../front/modules.ts';
import type { Field } from '../../../front/types.ts';

const words = `auto break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof
i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 b8 main stdin stdout stderr errno environ NULL index read write open
close stat time clock signal raise abort assert remove rename link unlink kill wait pipe select send recv bind listen
connect accept access dup fork pause sync times div labs abs y0 y1 yn j0 j1 jn gamma linux unix near far interface
_start _init _fini __func__ alloca setjmp longjmp memchr dlopen dlsym`.split(/\s+/);
const fieldWords = new Set(words);
/** Names that mean something in C, or in the libraries beside us. */
export const reserved = new Set([...words, ...builtins.keys()]);

/** What stands for a module in the names of C: its own name where that can, else made to fit and told apart by a digest. */
export function moduleSymbol({ name }: Pick<Module, 'name'>): string {
  if (/^[A-Za-z0-9_]+$/.test(name)) return name;
  return `${name.replace(/[^A-Za-z0-9_]+/g, '_').slice(0, 40)}_${digestOf(name).slice(0, 12)}`;
}

/** Fields have their own names, but for C's keywords. */
export function fieldName(field: Field): string {
  return fieldWords.has(field.name) || /^(?:\d|_[A-Z_])/.test(field.name) ? `f_${field.name}` : field.name;
}
