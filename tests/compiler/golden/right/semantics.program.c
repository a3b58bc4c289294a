#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

static i64 main_(void);
#if defined(__TINYC__)
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
#endif
static VAIS_COLD void vais_trap_divide(void) { volatile int zero = 0; volatile int one = 1; one = one / zero; for (;;) VAIS_STOP; }
static inline i64 vais_div_i64(i64 a, i64 b) { if (VAIS_UNLIKELY(b == 0)) vais_trap_divide(); if (b == -1) return (i64)(0 - (u64)a); return (i64)(a / b); }
static inline i64 vais_rem_i64(i64 a, i64 b) { if (VAIS_UNLIKELY(b == 0)) vais_trap_divide(); if (b == -1) return 0; return (i64)(a % b); }
static inline i64 vais_f64_to_i64(f64 x) { f64 d = x; if (d >= 9223372036854776000.0) return 9223372036854775807LL; if (d <= (-9223372036854776000.0)) return (-9223372036854775807LL - 1); if (d != d) return 0; return (i64)d; }
static i64 main_(void) {
i64 t1_;
{
i8 a = ((i8)127);
u16 b = ((u16)65535);
i64 c = 9LL;
i64 d = (vais_div_i64(((i64)((i8)(a + ((i8)1)))), c) + vais_rem_i64(((i64)((u16)((u32)b * (u32)b))), c));
i64 e = ((i64)((u64)d << (c & 63)));
t1_ = (vais_f64_to_i64((((f64)e) * 1.5)) + ((-d) >> (2LL & 63)));
}
return t1_;
}
int main(int argc, char **argv) { return (int)main_(); }
