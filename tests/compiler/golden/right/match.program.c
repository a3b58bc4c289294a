#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct Shape Shape;
struct Shape { i32 tag; union { struct { f64 f_0; } v1; struct { f64 w; f64 h; } v2; } as; };
static i64 main_(void);
static f64 area(Shape s);
static inline i64 vais_f64_to_i64(f64 x) { f64 d = x; if (d >= 9223372036854776000.0) return 9223372036854775807LL; if (d <= (-9223372036854776000.0)) return (-9223372036854775807LL - 1); if (d != d) return 0; return (i64)d; }
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
Shape t2_ = {0};
t2_.tag = 1;
t2_.as.v1.f_0 = 2.0;
f64 t3_ = area(t2_);
i64 it = vais_f64_to_i64(t3_);
if ((it == 0LL)) {
t1_ = 1LL;
goto done1_;
}
if (((it == 1LL) || (it == 2LL))) {
t1_ = 2LL;
goto done1_;
}
if (((it >= 3LL) && (it <= 9LL))) {
t1_ = 3LL;
goto done1_;
}
{
i64 n = it;
t1_ = n;
goto done1_;
}
}
done1_:;
return t1_;
}
static f64 area(Shape s) {
f64 t1_;
{
Shape it = s;
if ((it.tag == 0)) {
t1_ = 0.0;
goto done1_;
}
if ((it.tag == 1)) {
f64 r = it.as.v1.f_0;
if ((r > 1.0)) {
t1_ = r;
goto done1_;
}
}
if ((it.tag == 1)) {
t1_ = 1.0;
goto done1_;
}
if ((it.tag == 2)) {
f64 w = it.as.v2.w;
f64 h = it.as.v2.h;
t1_ = (w * h);
goto done1_;
}
vais_trap_bounds();
}
done1_:;
return t1_;
}
int main(int argc, char **argv) { return (int)main_(); }
