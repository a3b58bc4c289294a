/* failure.c: a call has failed, and its thread waits for the background thread to bring the version before back. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE 10000000000u /* ns; a library's constructor may keep the background thread busy */

typedef struct failure {
    struct failure *next;
    hot_thread *thread;
    hoti_module *module;
    hoti_version *version;
    unsigned slot;
    const hoti_crash *crash;
    int undone;
    volatile unsigned handled;
} failure;

static failure *failures; /* on the stacks of the threads that wait; under the lock */
static int guards = -1;
static hoti_u64 deadline, probation_time, probation_calls;

/* ---- settings: hot_guard, else the environment, else these ---- */
static hoti_u64 setting(long long given, const char *name, long long usual, hoti_u64 unit) {
    const char *text = getenv(name);
    if (given <= 0 && text != NULL) given = atoll(text);
    return (hoti_u64)(given > 0 ? given : usual) * unit;
}

static void set(const hot_guard_options *o) {
    const char *text = getenv("VAIS_HOT_GUARD");
    HOTI_SET(deadline, setting(o->deadline_ms, "VAIS_HOT_DEADLINE", 3000, 1000000));
    HOTI_SET(probation_time, setting(o->probation_ms, "VAIS_HOT_PROBATION_MS", 500, 1000000));
    HOTI_SET(probation_calls, setting(o->probation_calls, "VAIS_HOT_PROBATION_CALLS", 10, 1));
    HOTI_SET(guards, !o->off && (text == NULL || strcmp(text, "off") != 0));
}

void hoti_guards_begin(void) {
    static const hot_guard_options usual = {0, 0, 0, 0};
    if (HOTI_GET(guards) < 0) set(&usual);
}

long long hot_guard(const hot_guard_options *options) {
    set(options);
    return 0;
}

int hoti_guards_wanted(void) { return HOTI_GET(guards) > 0; }
hoti_u64 hoti_deadline(void) { return HOTI_GET(deadline); }
hoti_u64 hoti_probation_time(void) { return HOTI_GET(probation_time); }
hoti_u64 hoti_probation_calls(void) { return HOTI_GET(probation_calls); }

/* ---- the thread whose call failed ---- */

/* Waits until the background thread has put this thread on the version before. Not on what is published by then: that
 * may be a newer one already, and just as bad. 0: it does not answer. */
int hoti_failure_tell(hoti_module *module, hot_thread *t, unsigned slot, const hoti_crash *crash, int undone) {
    failure mine = {NULL, t, module, (hoti_version *)t->version, slot, crash, undone, 0};
    hoti_version *target;
    hoti_lock_take();
    mine.next = failures;
    failures = &mine;
    hoti_wake();
    if (!hoti_lock_await(&mine.handled, 1, PATIENCE))
        for (failure **at = &failures; *at != NULL; at = &(*at)->next)
            if (*at == &mine) {
                *at = mine.next;
                break;
            }
    target = (hoti_version *)t->version;
    hoti_lock_give();
    if (!mine.handled) return 0;
    if (HOTI_GET(target->state) == HOTI_FAILED) return 0; /* there was nothing to go back to */
    t->returned = 0;
    hoti_thread_use(t, target);
    return 1;
}

/* ---- the background thread ---- */
void hoti_failure_step(void) {
    for (;;) {
        failure *one;
        failure copy;
        hoti_crash crash;
        hoti_lock_take();
        one = failures;
        if (one != NULL) {
            copy = *one;
            crash = *one->crash;
        }
        hoti_lock_give();
        if (one == NULL) return;
        if (copy.version->state != HOTI_FAILED) { /* else another thread's call failed in it, too, and that was said */
            hoti_settle_swaps(); /* it ran before it failed, and that is said in this order */
            hoti_revert(copy.module, copy.version);
            hoti_report_reverted(copy.version, copy.slot, &crash, copy.undone);
            hoti_group_revert(copy.version);
        }
        hoti_lock_take();
        for (failure **at = &failures; *at != NULL; at = &(*at)->next)
            if (*at == one) { /* it may have given up meanwhile */
                *at = one->next;
                HOTI_SET(one->thread->version, (void *)copy.module->good);
                HOTI_SET(one->thread->arrived, (void *)copy.module->good);
                one->handled = 1;
                break;
            }
        hoti_lock_signal();
        hoti_lock_give();
    }
}

/* ---- calls that run past the deadline ---- */
#define AGAIN 1000000u   /* ns until a call that could not be stopped is tried again */
#define LATE 20000000u   /* ns after a confirmation, when calls may have begun that nobody has seen */
static hoti_u64 watch_at = HOTI_NEVER;

/* A call says only that it runs, by a number, and reads no clock: how long it has run is how long we have seen the same
 * number. */
void hoti_failure_watch(hoti_u64 now) {
    hoti_u64 limit = hoti_deadline();
    if (now >= watch_at) watch_at = HOTI_NEVER;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hoti_lock_take();
        for (hot_thread *t = hoti_modules[i].threads; t != NULL; t = t->next) {
            hoti_self *self = (hoti_self *)t->self;
            unsigned turn = HOTI_GET(self->turn);
            hoti_u64 due;
            if (turn != self->watched) {
                self->watched = turn;
                self->since = now;
                self->tries = 0;
            }
            if (turn % 2 == 0) continue;
            due = self->since + limit;
            if (now >= due) {
                if (HOTI_GET(self->stop) == 0) hoti_signals_stop(self); /* one request, one signal */
                due = now + AGAIN;
            }
            if (due < watch_at) watch_at = due;
        }
        hoti_lock_give();
    }
}

void hoti_failure_watch_late(void) {
    hoti_u64 late = hoti_now() + LATE;
    if (late < watch_at) watch_at = late;
}

hoti_u64 hoti_failure_wait(hoti_u64 now) {
    if (watch_at == HOTI_NEVER) return HOTI_NEVER;
    return watch_at > now ? watch_at - now : 0;
}
