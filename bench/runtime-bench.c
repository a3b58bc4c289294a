/* What the runtime costs a program: hot_check() with nothing new, a hot call plain and guarded beside a direct call,
 * the pause of a swap, the recovery from a crash, the memory of many reloads. bench/runtime-bench.ts plays the agent; letters
 * on standard input say what to do. Prints "name unit value..." lines. */
#include "hot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct State {
    long long x;
} State;

#define NOINLINE __attribute__((noinline))
static NOINLINE long long v1_step(State *state, long long by) { return state->x += by; }
static NOINLINE long long direct_step(State *state, long long by) { return state->x += by; }

static hot_module module_bench;
HOT_MODULE_THREAD(module_bench, thread_bench)
struct call_step { long long result; State *state; long long by; };
static long long tail_step(hot_address f, void *call) {
    struct call_step *c = (struct call_step *)call;
    return ((long long (*)(State *, long long))f)(c->state, c->by);
}
static void run_step(hot_address f, void *call) { ((struct call_step *)call)->result = tail_step(f, call); }
static const hot_reach reach_step[] = {{HOT_OFFSET(struct call_step, state), sizeof(State)}};
static const hot_site site_step = {0, 1, run_step, reach_step, (hot_address)tail_step};
HOT_SHORTCUT_AS(long long, short_step)
/* The thunk. gcc puts it into its callers, as it does in a program that vaisc wrote. */
static inline long long step(State *state, long long by) {
    hot_thread *t = thread_bench();
    struct call_step c;
    if (HOT_PLAIN(t)) {
        long long result;
        HOT_ENTER(t);
        result = ((long long (*)(State *, long long))HOT_SLOT(t, 0))(state, by);
        HOT_LEAVE(t);
        return result;
    }
    c.state = state;
    c.by = by;
    if (HOT_SHORTCUT(t, long long)) return HOT_BY_SHORTCUT(short_step, tail_step, t, 0, &site_step, &c);
    hot_call(&module_bench, t, &site_step, &c);
    return c.result;
}

/* For those that keep its address. */
static long long (*volatile step_address)(State *, long long) = step;

/* What a second call costs, whatever it is for: the floor of a call by a thunk's address. */
static NOINLINE long long wrapped_step(State *state, long long by) { return direct_step(state, by) + 1; }
static long long (*volatile wrapped_address)(State *, long long) = wrapped_step;

HOT_CONTRACT static const char contract[] = "{\"record\":\"module\",\"format\":1,\"name\":\"bench\",\"source\":\"bench.c\"}";
static const hot_function functions[] = {{"step", "fn(*State, i64) -> i64", (hot_address)v1_step}};
static const hot_image image = {HOT_ABI, sizeof(hot_image), "bench", "00000000000000000000000000000001", HOT_TRIPLE,
                                contract, sizeof contract, 2, 1, functions, 0, 0, 0, 0, 0};
static hot_module module_bench = {HOT_ABI, sizeof(hot_module), &image, 0, 0, thread_bench, 0};
static hot_module *const modules[] = {&module_bench};

static double now(void) { /* ns */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { ROUNDS = 501, CALLS = 10000 };

/* ns of one turn of `what`, for each round. */
#define TIMES(name, what) TIMES_OF(name, CALLS, what)
#define TIMES_OF(name, calls, what) do { \
    printf("%s ns", name); \
    for (int r = 0; r < ROUNDS; r++) { \
        double start = now(); \
        for (int i = 0; i < (calls); i++) { what; __asm__ volatile("" ::: "memory"); } \
        printf(" %.4f", (now() - start) / (calls)); \
    } \
    printf("\n"); \
} while (0)

int main(int argc, char **argv) {
    static State state;
    static char registered[65536];
    long long seen = 0;
    int letter;
    hot_program(argc, argv, modules, 1);
    step(&state, 1);
    hot_check();
    printf("started\n");
    fflush(stdout);
    while ((letter = getchar()) >= 0 && letter != 'q') {
        double start;
        if (letter == 'e') TIMES("empty_loop", (void)0);
        if (letter == 'i') TIMES("idle_check", seen += hot_check());
        if (letter == 'd') TIMES("direct_call", direct_step(&state, 1));
        if (letter == 'h') TIMES("hot_call", step(&state, 1));
        if (letter == 'a') TIMES("address_call", step_address(&state, 1));
        if (letter == 'w') TIMES("wrapped_call", wrapped_address(&state, 1));
        if (letter == 'g') TIMES("guarded_call", step(&state, 1));
        if (letter == 'b') TIMES("guarded_by_address", step_address(&state, 1));
        if (letter == 'u') TIMES_OF("undoable_call", CALLS / 50, step(&state, 1)); /* in probation, which hot_check would end */
        if (letter == '1') hot_state(registered, 1024);
        if (letter == '6') hot_state(registered, sizeof registered);
        if (letter == '.') {
            hot_check();
            step(&state, 1);
        }
        if (letter == 'c') { /* the next call crashes and is made by the version before: all of that is the time */
            hot_check();
            start = now();
            step(&state, 1);
            printf("recovered ns %.0f\n", now() - start);
        }
        fflush(stdout);
    }
    return seen != 0;
}
