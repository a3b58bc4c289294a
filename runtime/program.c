/* program.c: read first. Start and end of the runtime, and the background thread's loop, which tells the whole story:
 * wait for the agent, for a library beside the source or for a thread that has moved; then do what follows from it. */
#include "hot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char program_name[256] = "program";
static volatile unsigned stopping, stopped; /* under the lock */

const char *hoti_program_name(void) { return program_name; }

/* $VAIS_HOT_NAME, else the executable's name. */
static void find_name(const char *started_as) {
    const char *given = getenv("VAIS_HOT_NAME");
    int is_path = given == NULL || *given == '\0';
    char path[4096];
    size_t n;
    if (is_path) given = hoti_executable(path, sizeof path) != 0 ? path : started_as;
    if (given == NULL) return;
    if (is_path) given = hoti_path_base(given);
    n = strlen(given);
    if (is_path && n > 4 && strcmp(given + n - 4, ".exe") == 0) n -= 4;
    if (n >= sizeof program_name) n = sizeof program_name - 1;
    memcpy(program_name, given, n);
    program_name[n] = '\0';
}

/* ---- the background thread ---- */
static void sleep_until_something(void) {
    int sends = hoti_link_sends();
    hoti_u64 now = hoti_now(), wait = hoti_link_wait(now), other = hoti_settle_wait(now);
    hoti_watch watch = {{0}, {0}, 0, 0};
    unsigned ready;
    if (other < wait) wait = other;
    other = hoti_local_wait(now);
    if (other < wait) wait = other;
    other = hoti_check_wait(now);
    if (other < wait) wait = other;
    other = hoti_failure_wait(now);
    if (other < wait) wait = other;
    hoti_peer_watch(&watch, sends);
    hoti_check_watch(&watch);
    ready = hoti_wait(wait, &watch);
    now = hoti_now();
    hoti_link_step((ready & HOTI_READY_PEER) != 0, now);
    hoti_check_step(now);
    hoti_local_step((ready & HOTI_READY_NOTICE) != 0, now);
}

static void background(void) {
    hoti_copies_sweep();
    hoti_link_begin();
    while (!HOTI_GET(stopping)) {
        sleep_until_something();
        hoti_failure_step();
        hoti_failure_watch(hoti_now());
        hoti_settle();
        hoti_report_state();
    }
    hoti_link_end();
    hoti_copies_remove();
    hoti_lock_take();
    stopped = 1;
    hoti_lock_signal();
    hoti_lock_give();
}

/* ---- start, fork, end ---- */
static void at_end(void) {
    if (hoti_is_child || hoti_background_is()) return;
    hoti_lock_take();
    HOTI_SET(stopping, 1);
    hoti_wake();
    hoti_lock_await(&stopped, 1, 500000000u); /* a constructor that hangs in a library does not hold up the exit */
    hoti_lock_give();
}

static void before_fork(void) { hoti_lock_take(); }
static void after_fork(void) { hoti_lock_give(); }

/* The child keeps the code it has and has nothing to do with the agent: the link and the copies are the parent's. */
static void in_child(void) {
    hoti_is_child = 1;
    hoti_threads_forget();
    hoti_link_forget();
    hoti_check_forget();
    hoti_copies_forget();
    hoti_wait_forget();
    hoti_lock_give();
}

/* What cannot be set up leaves a program that runs version 1, which is better than one that does not run. */
static int begin(int argc, char **argv, hot_module *const *modules, unsigned count) {
    /* An agent that runs us reads our output from a file; lines must not wait for a full block, nor die with us. */
    if (getenv("VAIS_HOT_OUTPUT_LINES") != NULL) hoti_output_lines();
    find_name(argc > 0 ? argv[0] : NULL);
    if (!hoti_thread_start() || !hoti_module_register(modules, count) || !hoti_wait_begin()) return 0;
    hoti_guards_begin();
    hoti_at_fork(before_fork, after_fork, in_child);
    if (hoti_background_start(background)) atexit(at_end);
    else hoti_is_child = 1; /* as good as: nobody is there who would load or answer */
    return 1;
}

/* By hot_program, or by the first hot_open of a program that has no module linked in. */
int hoti_begin(int argc, char **argv, hot_module *const *modules, unsigned count) {
    static volatile unsigned begun; /* 1: begins just now, 2: has begun, 3: cannot; under the lock */
    unsigned state;
    hoti_lock_take();
    state = begun;
    if (state == 0) begun = 1;
    hoti_lock_give();
    if (state == 0) {
        state = begin(argc, argv, modules, count) ? 2 : 3;
        hoti_lock_take();
        begun = state;
        hoti_lock_signal();
        hoti_lock_give();
    } else if (state == 1) {
        hoti_lock_take();
        hoti_lock_await(&begun, 2, 10000000000u);
        state = begun;
        hoti_lock_give();
    }
    return state == 2;
}

void hot_program(int argc, char **argv, hot_module *const *modules, unsigned count) {
    if (count != 0) (void)hoti_begin(argc, argv, modules, count);
}
