#define HOT_IMAGE
#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

static i64 main_(void);
static i64 main_(void) {
i64 t1_;
{
i64 total = 0LL;
{
i64 t2_ = 10LL;
i64 t3_ = 0LL;
for (; t3_ < t2_; t3_++) { i64 i = t3_;
{
if ((i == 5LL)) {
{
continue;
}
} else {
{
total = (total + i);
}
}
}
}
}
{
i64 t4_ = total;
i64 t5_ = 0LL;
b8 t6_ = t5_ <= t4_;
for (; t6_; t6_ = t5_ != t4_, t5_ = (i64)(t5_ + 1)) { i64 i_2 = t5_;
{
if ((i_2 > 3LL)) {
{
break;
}
}
}
}
}
{
for (;;) { 
if (!(total > 100LL)) break;
{
total = (total / 2LL);
}
}
}
i64 t7_;
{
for (;;) { 
{
total = (total + 1LL);
if (((total % 7LL) == 0LL)) {
{
t7_ = total;
break;
}
}
}
}
}
i64 x = t7_;
t1_ = ((x > 3LL) ? 1LL : 2LL);
}
return t1_;
}
int main(int argc, char **argv) { return (int)main_(); }
