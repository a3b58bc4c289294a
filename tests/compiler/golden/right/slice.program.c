#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct i64_slice i64_slice;
typedef struct i64_x3 i64_x3;
struct i64_slice { i64 *at; i64 length; };
struct i64_x3 { i64 at[3]; };
static i64 main_(void);
static i64 sum(i64_slice xs);
static const i64_x3 TABLE = {{1LL, 2LL, 3LL}};
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
i64_x3 t1_ = TABLE;
i64 *t2_ = t1_.at;
i64 t3_ = sum(((i64_slice){t2_, 3LL}));
i64_x3 t4_;
t4_.at[0] = 4LL;
t4_.at[1] = 5LL;
t4_.at[2] = 6LL;
i64_x3 t5_ = t4_;
i64 *t6_ = t5_.at;
i64 t7_ = (i64)1LL;
i64 t8_ = (i64)3LL;
if (t7_ < 0 || t8_ < t7_ || t8_ > 3LL) vais_trap_bounds();
i64 t9_ = sum(((i64_slice){t6_ + t7_, t8_ - t7_}));
return (t3_ + t9_);
}
static i64 sum(i64_slice xs) {
i64 t1_;
{
i64 t = 0LL;
{
i64_slice t2_ = xs;
i64 t3_;
for (t3_ = 0; t3_ < t2_.length; t3_++) { i64 x = t2_.at[t3_];
{
t = (t + x);
}
}
}
t1_ = t;
}
return t1_;
}
int main(int argc, char **argv) { return (int)main_(); }
