/* swap_hooks.c: hot_before_swap and hot_after_swap, which a module may export: the one runs in the old code, the other
 * in the new one, on the first thread that moves, at its safe point; the others wait for the end of both. One that
 * crashes, hangs or returns other than 0 takes the new version back. */
#include "hot_internal.h"

#include <string.h>

static void run(hot_address hook, void *result) {
    union { hot_address any; int (*hook)(void); } as;
    as.any = hook;
    *(int *)result = as.hook();
}

/* 0: it failed; what it changed is put back. */
static int passes(hot_thread *t, hoti_version *code, hot_address hook, hoti_crash *crash) {
    static const hot_site site = {0, 0, run, NULL, NULL};
    volatile hoti_frame f;
    int result = 0;
    if (hook == NULL) return 1;
    f.self = (hoti_self *)t->self;
    hoti_frame_begin(&f, code, &site, NULL);
    f.guard.armed = 0;
    if (HOTI_MARK(f.guard.jump) == 0) {
        f.guard.end = (const void *)&f;
        f.guard.armed = hoti_guards_wanted();
        HOT_ENTER(t);
        run(hook, &result);
        HOT_LEAVE(t);
        if (result == 0) {
            hoti_frame_leave(&f);
            return 1;
        }
        hoti_frame_undo(&f);
        memset(crash, 0, sizeof *crash);
        crash->result = result;
        return 0;
    }
    hoti_signals_landed((const hoti_caught *)&f.guard.caught);
    HOT_STORE(t->depth, 0);
    hoti_frame_undo(&f);
    memcpy(crash, (const void *)&f.guard.crash, sizeof *crash);
    hoti_guard_landed(t, crash);
    return 0;
}

/* Whether this thread may move to the version now: 0 while another runs the hooks. */
int hoti_swap_hooks_free(const hoti_version *v) { return HOTI_GET(v->hooking) != 1; }

/* Moves this thread to the version by `arrive`; to the one before, where a hook failed: 0. */
int hoti_swap_hooks(hoti_module *m, hot_thread *t, hoti_version *v, void (*arrive)(hot_thread *, hoti_version *)) {
    hoti_version *old = (hoti_version *)t->version;
    hoti_crash crash;
    int first = (old->before != NULL || v->after != NULL) && hoti_swap(&v->hooking, 1) == 0, good = 1;
    unsigned failed = HOTI_SLOT_BEFORE;
    if (first) good = passes(t, old, old->before, &crash);
    arrive(t, v);
    if (first && good) {
        failed = HOTI_SLOT_AFTER;
        good = passes(t, v, v->after, &crash);
    }
    if (first) HOTI_SET(v->hooking, 2);
    if (!good) hoti_failure_tell(m, t, failed, &crash, 1);
    return good;
}
