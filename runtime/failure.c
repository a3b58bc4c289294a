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
    static const hot_guard_options usual;
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
    failure mine = {NULL, t, module, t->version, slot, crash, undone, 0};
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
    target = t->version;
    hoti_lock_give();
    if (!mine.handled) return 0;
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

/* Stops calls that have run past the deadline. */
void hoti_failure_watch(hoti_u64 now) {
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hoti_lock_take();
        for (hot_thread *t = hoti_modules[i].threads; t != NULL; t = t->next) {
            hoti_self *self = t->self;
            hoti_u64 started = HOTI_GET(self->started);
            if (started == 0 || now < started || now - started < hoti_deadline() || HOTI_GET(self->stop) != 0) continue;
            hoti_signals_stop(self);
        }
        hoti_lock_give();
    }
}
