/* What a call of a plain library costs through a stub, beside a direct call: bench/native-bench.ts plays the agent.
 * Letters on standard input say what to do. Prints "name unit value..." lines. */
#include "hot.h"

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

typedef struct State {
    long long x;
} State;

static double now(void) { /* ns */
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

enum { ROUNDS = 501, CALLS = 10000 };

/* By address: that is what dlsym gives, and hot_symbol as well. */
static void times(const char *name, long long (*volatile step)(State *, long long), int calls) {
    State state = {0};
    printf("%s ns", name);
    for (int r = 0; r < ROUNDS; r++) {
        double start = now();
        for (int i = 0; i < calls; i++) {
            step(&state, 1);
            __asm__ volatile("" ::: "memory");
        }
        printf(" %.4f", (now() - start) / calls);
    }
    printf("\n");
}

int main(int argc, char **argv) {
    static State state;
    long long (*step)(State *, long long);
    long long (*direct)(State *, long long);
    int letter;
    void *library = argc < 2 ? NULL : dlopen(argv[1], RTLD_NOW);
    hot_module *module = argc < 2 ? NULL : hot_open("bench", argv[1]);
    if (module == NULL || library == NULL) return 1;
    direct = (long long (*)(State *, long long))dlsym(library, "step");
    step = (long long (*)(State *, long long))hot_symbol(module, "step");
    step(&state, 1);
    hot_check();
    printf("started\n");
    fflush(stdout);
    while ((letter = getchar()) >= 0 && letter != 'q') {
        if (letter == 'd') times("direct_call", direct, CALLS);
        if (letter == 's') times("symbol_call", step, CALLS);
        if (letter == 'g') times("symbol_guarded_call", step, CALLS);
        if (letter == 'u') times("symbol_undoable_call", step, CALLS / 50); /* in probation, which hot_check would end */
        if (letter == '.') {
            hot_check();
            step(&state, 1);
        }
        fflush(stdout);
    }
    return 0;
}
