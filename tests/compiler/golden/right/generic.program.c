#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct Pair_i64_f64_ Pair_i64_f64_;
typedef struct Pair_f64_i64_ Pair_f64_i64_;
typedef i64 (*fn_t)(i64);
struct Pair_i64_f64_ { i64 a; f64 b; };
struct Pair_f64_i64_ { f64 a; i64 b; };
static i64 main_(void);
static Pair_f64_i64_ Pair_i64_f64_swap(Pair_i64_f64_ * self);
static i64 main_closure1(i64 x);
static i64 apply_i64_(i64 x, fn_t f);
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
static VAIS_COLD void vais_trap_null(void) { volatile u64 null = 0; *(volatile char *)null = 0; for (;;) VAIS_STOP; }
#define VAIS_FAR(type, p) (VAIS_UNLIKELY((p) == 0) ? (vais_trap_null(), (type)0) : (p))
#if defined(__TINYC__)
#define VAIS_NEAR(type, p) (p)
#else
#define VAIS_NEAR(type, p) VAIS_FAR(type, p)
#endif
static i64 main_(void) {
Pair_i64_f64_ t1_ = ((Pair_i64_f64_){.a = 1LL, .b = 2.5});
Pair_f64_i64_ t2_ = Pair_i64_f64_swap((&t1_));
return apply_i64_(t2_.b, main_closure1);
}
static Pair_f64_i64_ Pair_i64_f64_swap(Pair_i64_f64_ * self) {
return ((Pair_f64_i64_){.a = VAIS_NEAR(Pair_i64_f64_ *, self)->b, .b = VAIS_NEAR(Pair_i64_f64_ *, self)->a});
}
static i64 main_closure1(i64 x) {
return (x * 2LL);
}
static i64 apply_i64_(i64 x, fn_t f) {
return VAIS_FAR(fn_t, f)(x);
}
int main(int argc, char **argv) { return (int)main_(); }
