#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct i64_x3 i64_x3;
struct i64_x3 { i64 at[3]; };
static i64 main_(void);
static i64 f(i64 x);
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
static VAIS_COLD void vais_trap_bounds(void) { for (;;) VAIS_STOP; }
#define VAIS_INDEX(i, n) (VAIS_UNLIKELY((u64)(i) >= (u64)(n)) ? (vais_trap_bounds(), (u64)0) : (u64)(i))
static i64 main_(void) {
i64 t1_;
{
i64_x3 t2_;
t2_.at[0] = 1LL;
t2_.at[1] = 2LL;
t2_.at[2] = 3LL;
i64_x3 a = t2_;
i64 t3_ = f(0LL);
i64 *t4_ = &a.at[VAIS_INDEX(t3_, 3)];
i64 t5_ = f(1LL);
i64 t6_ = f(2LL);
i64 t7_ = a.at[VAIS_INDEX(t6_, 3)];
i64 t8_ = f(3LL);
(*t4_) = (t5_ + (t7_ * t8_));
i64 *t9_ = &a.at[0LL];
i64 t10_ = (*t9_);
i64 t11_ = f(a.at[1LL]);
(*t9_) = (t10_ + t11_);
i64 t12_ = f(1LL);
b8 t14_ = (t12_ > 0LL);
if (t14_) {
i64 t13_ = f(2LL);
t14_ = (t13_ > 0LL);
}
t1_ = (t14_ ? a.at[0LL] : a.at[1LL]);
}
return t1_;
}
static i64 f(i64 x) {
return x;
}
int main(int argc, char **argv) { return (int)main_(); }
