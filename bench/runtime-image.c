/* A version of the module of runtime-bench.c. PADDING makes it larger by so many bytes, FAIL makes it crash. */
#define HOT_IMAGE
#include "hot.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

typedef struct State {
    long long x;
} State;

#ifdef PADDING
/* Code and data that is there but not run, with addresses in it that the loader has to set. */
static const char padding[PADDING] = {1};
const void *const pointers[PADDING / 1024] = {padding};
#endif

static long long step(State *state, long long by) {
#ifdef FAIL
    state->x = -1;
    *(volatile int *)0 = 1;
#endif
    return state->x += by;
}

HOT_CONTRACT static const char contract[] = "{\"record\":\"module\",\"format\":1,\"name\":\"bench\",\"source\":\"bench.c\"}";
static const hot_function functions[] = {{"step", "fn(*State, i64) -> i64", (hot_address)step}};
HOT_EXPORT const hot_image vais_hot_image = {HOT_ABI, sizeof(hot_image), "bench",
                                             "0000000000000000000000000000" TEXT(BUILD), HOT_TRIPLE, contract,
                                             sizeof contract, 2, 1, functions, 0, 0, 0, 0, 0};
