#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct Point Point;
struct Point { i64 x; f64 y; };
static i64 main_(void);
static Point move(Point * p, f64 by);
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
Point t1_ = ((Point){.x = 1LL, .y = 2.0});
Point t2_ = move((&t1_), 0.5);
return t2_.x;
}
static Point move(Point * p, f64 by) {
Point t1_;
{
i64 *t2_ = &VAIS_NEAR(Point *, p)->x;
(*t2_) = ((*t2_) + 1LL);
VAIS_NEAR(Point *, p)->y = (VAIS_NEAR(Point *, p)->y + by);
t1_ = (*VAIS_NEAR(Point *, p));
}
return t1_;
}
int main(int argc, char **argv) { return (int)main_(); }
