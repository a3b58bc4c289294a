/** Small C functions that emitted code leans on; each is written only into files that use it. */
import { type FloatType, type IntType, limits } from '../../../front/types.ts';
import { float, integer } from './literal.ts';
import type { Unit } from './unit.ts';

/** The types, and what differs between compilers; at the head of every file. */
export const prelude = `typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;
`;

/** tcc has no 128-bit integers, so the types stand only where a source uses them. */
export const wideTypes = 'typedef __int128 i128; typedef unsigned __int128 u128;\n';

const cold = `#if defined(__TINYC__)
#define VAIS_COLD
#define VAIS_UNLIKELY(x) (x)
#else
#define VAIS_COLD __attribute__((noreturn, cold, noinline))
#define VAIS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif
#if defined(__x86_64__)
#define VAIS_STOP __asm__ volatile("ud2")
#elif defined(__aarch64__)
#define VAIS_STOP __asm__ volatile("udf #0")
#else
#define VAIS_STOP __builtin_trap()
#endif`;

function trap(unit: Unit): void {
  unit.helper('trap', cold);
}

/** Division by zero: the machine's own fault where it has one (SIGFPE), else an invalid instruction (SIGILL). */
function trapDivide(unit: Unit): void {
  trap(unit);
  unit.helper(
    'vais_trap_divide',
    'static VAIS_COLD void vais_trap_divide(void) { volatile int zero = 0; volatile int one = 1; one = one / zero; for (;;) VAIS_STOP; }',
  );
}

/** An index outside its array: an invalid instruction (SIGILL). */
export function trapBounds(unit: Unit): void {
  trap(unit);
  unit.helper(
    'vais_trap_bounds',
    `static VAIS_COLD void vais_trap_bounds(void) { for (;;) VAIS_STOP; }
#define VAIS_INDEX(i, n) (VAIS_UNLIKELY((u64)(i) >= (u64)(n)) ? (vais_trap_bounds(), (u64)0) : (u64)(i))`,
  );
}

/**
 * A null pointer: the machine's own fault (SIGSEGV). tcc does not optimize, so near null the access itself faults; the
 * others could leave out an access that nobody needs, and are told to look first.
 */
export function trapNull(unit: Unit): void {
  trap(unit);
  unit.helper(
    'vais_trap_null',
    `static VAIS_COLD void vais_trap_null(void) { volatile u64 null = 0; *(volatile char *)null = 0; for (;;) VAIS_STOP; }
#define VAIS_FAR(type, p) (VAIS_UNLIKELY((p) == 0) ? (vais_trap_null(), (type)0) : (p))
#if defined(__TINYC__)
#define VAIS_NEAR(type, p) (p)
#else
#define VAIS_NEAR(type, p) VAIS_FAR(type, p)
#endif`,
  );
}

/** `/` or `%`: traps at zero; the one quotient that does not fit wraps. */
export function divide(unit: Unit, op: string, type: IntType): string {
  trapDivide(unit);
  const name = `vais_${op === '/' ? 'div' : 'rem'}_${type.name}`;
  const wraps = type.signed ? `if (b == -1) return ${op === '/' ? `(${type.name})(0 - (u${type.bits})a)` : '0'}; ` : '';
  return unit.helper(
    name,
    `static inline ${type.name} ${name}(${type.name} a, ${type.name} b) { if (VAIS_UNLIKELY(b == 0)) vais_trap_divide(); ${wraps}return (${type.name})(a ${op} b); }`,
  );
}

/** A float as an integer: cut off, and held within what the type can hold; no number becomes 0. */
export function toInteger(unit: Unit, from: FloatType, to: IntType): string {
  const { low, high } = limits(to);
  const name = `vais_${from.name}_to_${to.name}`;
  // `high` itself may not be a float; one more than it is a power of two and always is.
  const top = float(Number(high + 1n), 64);
  const bottom = float(Number(low), 64);
  return unit.helper(
    name,
    `static inline ${to.name} ${name}(${from.name} x) { f64 d = x; if (d >= ${top}) return ${integer(high, to)}; if (d <= ${bottom}) return ${integer(low, to)}; if (d != d) return 0; return (${to.name})d; }`,
  );
}
