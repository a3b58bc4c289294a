#include "hot.h"
typedef signed char i8; typedef short i16; typedef int i32; typedef long long i64;
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned u32; typedef unsigned long long u64;
typedef float f32; typedef double f64; typedef unsigned char b8;

typedef struct State State;
typedef struct f64_x4 f64_x4;
typedef i64 (*fn_t)(State *, f64);
typedef void (*fn_t_1)(State *);
struct f64_x4 { f64 at[4]; };
struct State { i64 x; i8 * name; f64_x4 at; };
int printf(const char *, ...);
static i64 main_(void);
static i64 v1_update(State * state, f64 dt);
static void v1_other(State * state);
static i64 helper_help(i64 x);
i64 engine(i64);
static i64 update(State * a0, f64 a1);
static void other(State * a0);
static i64 score = 3LL;
static i64 helper_calls;
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
i64 t1_;
{
f64_x4 t2_ = {0};
State state = ((State){.x = 0LL, .name = ((i8 *)""), .at = t2_});
{
for (;;) { hot_safe_point(); 
i64 t3_ = update((&state), 0.1);
if (!(t3_ == 0LL)) break;
{
}
}
}
t1_ = 0LL;
}
return t1_;
}
static i64 v1_update(State * state, f64 dt) {
i64 t1_;
{
f64 *t2_ = &VAIS_NEAR(State *, state)->at.at[1LL];
(*t2_) = ((*t2_) + dt);
VAIS_NEAR(State *, state)->name = ((i8 *)"moved");
i64 t3_ = score;
i64 t4_ = ((i64 (*)(i64))engine)(VAIS_NEAR(State *, state)->x);
i64 t5_ = helper_help(VAIS_NEAR(State *, state)->x);
score = (t3_ + (t4_ + t5_));
v1_other(state);
i64 t6_ = hot_version();
(i64)printf((const char *)((i8 *)"%lld\n"), t6_);
t1_ = 0LL;
}
return t1_;
}
static void v1_other(State * state) {
{
VAIS_NEAR(State *, state)->x = score;
}
}
static i64 helper_help(i64 x) {
i64 t1_;
{
helper_calls = (helper_calls + 1LL);
t1_ = (x * 2LL);
}
return t1_;
}
static hot_module module_hot;
HOT_MODULE_THREAD(module_hot, thread_hot)
struct call_update { i64 result; State * a0; f64 a1; };
static i64 tail_update(hot_address f, void *call) { struct call_update *c = (struct call_update *)call; (void)c; return ((fn_t)f)(c->a0, c->a1); }
static void run_update(hot_address f, void *call) { ((struct call_update *)call)->result = tail_update(f, call); }
static const hot_reach reach_update[] = {{HOT_OFFSET(struct call_update, a0), 48}};
static const hot_site site_update = {0, 1, run_update, reach_update, (hot_address)tail_update};
HOT_SHORTCUT_AS(i64, short_update)
static i64 update(State * a0, f64 a1) {
hot_thread *t = thread_hot(); struct call_update c;
if (HOT_PLAIN(t)) { i64 r; HOT_ENTER(t); r = ((fn_t)HOT_SLOT(t, 0))(a0, a1); HOT_LEAVE(t); return r; }
c.a0 = a0; c.a1 = a1;
if (HOT_SHORTCUT(t, i64)) return HOT_BY_SHORTCUT(short_update, tail_update, t, 0, &site_update, &c);
hot_call(&module_hot, t, &site_update, &c); return c.result;
}
struct call_other { State * a0; };
static void tail_other(hot_address f, void *call) { struct call_other *c = (struct call_other *)call; (void)c; ((fn_t_1)f)(c->a0); }
static void run_other(hot_address f, void *call) { tail_other(f, call); }
static const hot_reach reach_other[] = {{HOT_OFFSET(struct call_other, a0), 48}};
static const hot_site site_other = {1, 1, run_other, reach_other, (hot_address)tail_other};
HOT_SHORTCUT_AS(void, short_other)
static void other(State * a0) {
hot_thread *t = thread_hot(); struct call_other c;
if (HOT_PLAIN(t)) { HOT_ENTER(t); ((fn_t_1)HOT_SLOT(t, 1))(a0); HOT_LEAVE(t); return; }
c.a0 = a0;
if (HOT_SHORTCUT(t, char)) { HOT_BY_SHORTCUT(short_other, tail_other, t, 1, &site_other, &c); return; }
hot_call(&module_hot, t, &site_other, &c);
}
static const hot_function functions_hot[] = {
{"update", "fn(*State, f64) -> i64", (hot_address)v1_update},
{"other", "fn(*State)", (hot_address)v1_other},
};
static void *place_hot_0 = &score;
static void *place_hot_1 = &helper_calls;
static const hot_global globals_hot[] = {
{"score", "i64", 8, 8, &place_hot_0, 0},
{"helper.calls", "i64", 8, 8, &place_hot_1, 0},
};
static const hot_offer offers_hot[] = {
{"engine", (hot_address)engine},
{"hot.update", (hot_address)update},
{"hot.other", (hot_address)other},
{"hot_state", (hot_address)hot_state},
};
static const char contract_hot[] HOT_CONTRACT =
"{\"record\":\"module\",\"format\":1,\"name\":\"hot\",\"triple\":\"x86_64-linux-gnu\",\"build\":\"BUILD\",\"tier\":\"optimized\",\"compiler\":\"vaisc VERSION, gcc 0\",\"source\":\"hot.vais\",\"files\":[\"helper.vais\"]}\000"
"{\"record\":\"function\",\"name\":\"update\",\"type\":\"fn(*State, f64) -> i64\",\"text\":\"F update(state: *State, dt: f64) -> i64\",\"at\":[7,3]}\000"
"{\"record\":\"function\",\"name\":\"other\",\"type\":\"fn(*State)\",\"text\":\"F other(state: *State)\",\"at\":[16,3]}\000"
"{\"record\":\"struct\",\"name\":\"State\",\"size\":48,\"align\":8,\"held\":true,\"fields\":[{\"name\":\"x\",\"type\":\"i64\",\"offset\":0,\"at\":[2,11]},{\"name\":\"name\",\"type\":\"str\",\"offset\":8,\"at\":[2,19]},{\"name\":\"at\",\"type\":\"[f64; 4]\",\"offset\":16,\"at\":[2,30]}],\"at\":[2,3]}\000"
"{\"record\":\"global\",\"name\":\"score\",\"type\":\"i64\",\"size\":8,\"at\":[3,3]}\000"
"{\"record\":\"global\",\"name\":\"helper.calls\",\"type\":\"i64\",\"size\":8,\"at\":[1,3,1]}";
static const hot_image image_hot = {HOT_ABI, sizeof(hot_image), "hot", "BUILD", "x86_64-linux-gnu", contract_hot, sizeof contract_hot, 2, 2, functions_hot, 2, 0, globals_hot, 0, 0};
static hot_module module_hot = {HOT_ABI, sizeof(hot_module), &image_hot, offers_hot, 4, thread_hot, 0};
static hot_module *const vais_modules[] = {&module_hot};
int main(int argc, char **argv) { hot_program(argc, argv, vais_modules, 1); hot_beside(); return (int)main_(); }
