#define HOT_IMAGE
#include "hot.h"
#if defined(__TINYC__)
static const unsigned long long vais_segments[28] __attribute__((used, section("vais_segments"))) = {0x6765733a73696176ULL};
#endif
static const hot_api *vais_api;
static signed char *text_1;
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct State State;
typedef struct f64_x4 f64_x4;
struct f64_x4 { f64 at[4]; };
struct State { i64 x; i8 * name; f64_x4 at; };
int printf(const char *, ...);
static i64 update(State * state, f64 dt);
static void other(State * state);
static i64 helper_help(i64 x);
static hot_address to_engine;
static i64 *score;
static i64 *helper_calls;
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
static i64 update(State * state, f64 dt) {
int *line_ = vais_api->line();
i64 t1_;
{
*line_ = 8;
f64 *t2_ = &VAIS_NEAR(State *, state)->at.at[1LL];
(*t2_) = ((*t2_) + dt);
*line_ = 9;
VAIS_NEAR(State *, state)->name = text_1;
*line_ = 10;
i64 t3_ = (*score);
i64 t4_ = ((i64 (*)(i64))to_engine)(VAIS_NEAR(State *, state)->x);
i64 t5_ = helper_help(VAIS_NEAR(State *, state)->x);
*line_ = 10;
(*score) = (t3_ + (t4_ + t5_));
*line_ = 11;
other(state);
*line_ = 12;
i64 t6_ = vais_api->version();
(i64)printf((const char *)((i8 *)"%lld\n"), t6_);
*line_ = 13;
t1_ = 0LL;
}
return t1_;
}
static void other(State * state) {
int *line_ = vais_api->line();
{
*line_ = 17;
VAIS_NEAR(State *, state)->x = (*score);
}
}
static i64 helper_help(i64 x) {
int *line_ = vais_api->line();
i64 t1_;
{
*line_ = 3;
(*helper_calls) = ((*helper_calls) + 1LL);
*line_ = 4;
t1_ = (x * 2LL);
}
return t1_;
}
static const i64 score_initial = 3LL;
static const hot_global vais_globals[] = {
{"score", "i64", 8, 8, (void **)&score, &score_initial},
{"helper.calls", "i64", 8, 8, (void **)&helper_calls, 0},
{"$text.5edd1832df25e2f1a72585c0", "[i8; 6]", 6, 1, (void **)&text_1, "moved"},
};
static const hot_function vais_functions[] = {
{"update", "fn(*State, f64) -> i64", (hot_address)update},
{"other", "fn(*State)", (hot_address)other},
};
static const hot_foreign vais_foreigns[] = {
{"engine", &to_engine},
};
static const char vais_contract_data[] HOT_CONTRACT =
"{\"record\":\"module\",\"format\":1,\"name\":\"hot\",\"triple\":\"x86_64-linux-gnu\",\"build\":\"BUILD\",\"tier\":\"fast\",\"compiler\":\"vaisc VERSION, gcc 0\",\"source\":\"hot.vais\",\"files\":[\"helper.vais\"]}\000"
"{\"record\":\"function\",\"name\":\"update\",\"type\":\"fn(*State, f64) -> i64\",\"text\":\"F update(state: *State, dt: f64) -> i64\",\"at\":[7,3]}\000"
"{\"record\":\"function\",\"name\":\"other\",\"type\":\"fn(*State)\",\"text\":\"F other(state: *State)\",\"at\":[16,3]}\000"
"{\"record\":\"struct\",\"name\":\"State\",\"size\":48,\"align\":8,\"held\":true,\"fields\":[{\"name\":\"x\",\"type\":\"i64\",\"offset\":0,\"at\":[2,11]},{\"name\":\"name\",\"type\":\"str\",\"offset\":8,\"at\":[2,19]},{\"name\":\"at\",\"type\":\"[f64; 4]\",\"offset\":16,\"at\":[2,30]}],\"at\":[2,3]}\000"
"{\"record\":\"global\",\"name\":\"score\",\"type\":\"i64\",\"size\":8,\"at\":[3,3]}\000"
"{\"record\":\"global\",\"name\":\"helper.calls\",\"type\":\"i64\",\"size\":8,\"at\":[1,3,1]}";
HOT_EXPORT extern const hot_image vais_hot_image;
const hot_image vais_hot_image = {HOT_ABI, sizeof(hot_image), "hot", "BUILD", "x86_64-linux-gnu", vais_contract_data, sizeof vais_contract_data, 1, 2, vais_functions, 3, 1, vais_globals, vais_foreigns, &vais_api};
