/* guard.c: a call of new code that may fail. What can be put back is saved, the call is made, and when it crashed or
 * was stopped by the deadline, what was saved is put back and the version before makes the same call. */
#include "hot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than this is not saved for a call: copying it would hurt more than it helps. */
#define SAVED_MAX (64u << 20)

/* libc's locks on the standard streams that the crashed call took and will not give back. */
static void release_streams(void) {
#ifdef __GLIBC__
    FILE *const streams[] = {stdin, stdout, stderr};
    for (unsigned i = 0; i < 3; i++) {
        struct lock { int lock, count; void *owner; } *lock = (struct lock *)streams[i]->_lock; /* glibc's _IO_lock_t */
        while (lock != NULL && lock->owner == (void *)pthread_self() && lock->count > 0) funlockfile(streams[i]);
    }
#endif
}

/* ---- saving and putting back: [saved, bytes] one after another ---- */
typedef struct saved {
    hoti_range range;
    int registered; /* by hot_state */
} saved;

/* An address that cannot be read ends up in the handler, which comes back to hoti_guard_call, which skips it. */
static void save(volatile hoti_frame *f, const hoti_version *v, const hot_site *site, const void *call) {
    unsigned count = site == NULL ? 0 : v->bound_count + f->states + site->reach_count;
    hoti_self *self = f->self;
    for (; f->index < count; f->index++) {
        saved one = {hoti_undo_range(v, f->states, site, call, f->index), 0};
        size_t head = sizeof one, wanted;
        if (one.range.address == NULL || one.range.size == 0) continue;
        one.registered = f->index >= v->bound_count && f->index - v->bound_count < f->states;
        wanted = f->to + head + (size_t)one.range.size;
        if (one.range.size > SAVED_MAX || wanted > SAVED_MAX) {
            f->complete = 0;
            continue;
        }
        if (wanted > self->saved_room) {
            char *more = (char *)realloc(self->saved, wanted * 2);
            if (more == NULL) {
                f->complete = 0;
                continue;
            }
            self->saved = more;
            self->saved_room = wanted * 2;
        }
        memcpy(self->saved + f->to + head, one.range.address, (size_t)one.range.size);
        memcpy(self->saved + f->to, &one, head);
        f->to = wanted;
    }
}

/* What is registered no longer may be somebody else's by now. */
static void put_back(volatile hoti_frame *f) {
    while (f->at < f->to) {
        saved one;
        char *bytes = f->self->saved + f->at + sizeof one;
        memcpy(&one, f->self->saved + f->at, sizeof one);
        f->at += sizeof one + (size_t)one.range.size; /* first: what cannot be written is not tried again */
        if (one.registered && !hoti_state_holds(&one.range)) continue;
        memcpy(one.range.address, bytes, (size_t)one.range.size);
    }
}

/* ---- the call ---- */

/* After the jump out of a call that crashed: what it holds of libc is given back, before anybody waits for it. A
 * lock of malloc cannot be: then it is better to end than to stand still. */
void hoti_guard_landed(hot_thread *t, const hoti_crash *crash) {
    release_streams();
    if (crash->outside && !hoti_heap_works((hoti_self *)t->self)) hoti_heap_end(t->module->image->module);
}

/* A jump out of a call leaves the calls below it, too, those into other modules included. */
static inline void remember_depths(const hoti_self *self, unsigned depths[HOTI_DEPTHS]) {
    const hot_thread *t = self->joined;
    depths[0] = t->depth;
    for (unsigned i = 1; HOT_LIKELY(i < HOTI_DEPTHS) && !HOT_LIKELY((t = t->mine) == NULL); i++) depths[i] = t->depth;
}

static void restore_depths(const hoti_self *self, const volatile unsigned depths[HOTI_DEPTHS]) {
    unsigned i = 0;
    for (hot_thread *t = self->joined; t != NULL && i < HOTI_DEPTHS; t = t->mine) {
        if (((const hoti_module *)t->module->runtime)->native == NULL) HOT_STORE(t->depth, depths[i]); /* those know by themselves */
        i++;
    }
}

void hoti_frame_leave(volatile hoti_frame *f) {
    f->guard.armed = 0;
    f->self->guard = f->guard.outer;
    f->self->saved_used = f->from;
    if (f->guard.outer == NULL) HOTI_SET(f->self->turn, f->self->turn + 1);
    if (f->self->freed_count > f->freed) hoti_freed_settle(f->self, f->freed, f->guard.phase == HOTI_RESTORING);
}

/* The version before makes the call that failed; unguarded, so that what is wrong with the program itself comes out. */
static void call_again(hoti_module *m, hot_thread *t, const hot_site *site, void *call, int answered) {
    const hoti_version *v = (const hoti_version *)t->version;
    HOT_ENTER(t);
    site->run(answered ? v->table[site->slot] : m->given->image->functions[site->slot].address, call);
    HOT_LEAVE(t);
}

/* Saves what can be put back: from here on a crash on this thread comes back to where frame->guard says. The way back
 * while it is saved is here; afterwards it is the caller's to say, with `armed`, `end` and `jump` or `context`. Without a
 * site nothing is saved. */
void hoti_frame_begin(volatile hoti_frame *f, hoti_version *v, const hot_site *site, const void *call) {
    f->guard.outer = f->self->guard;
    f->guard.version = v;
    f->guard.context = NULL;
    f->guard.end = __builtin_frame_address(0);
    f->complete = site != NULL;
    f->guard.defers = site != NULL;
    f->freed = f->self->freed_count;
    f->states = hoti_state_count();
    f->index = 0;
    f->guard.phase = HOTI_SAVING;
    f->from = f->to = f->at = f->self->saved_used;
    remember_depths(f->self, (unsigned *)f->depths);
    if (HOTI_MARK(f->guard.jump) != 0) {
        hoti_signals_landed((const hoti_caught *)&f->guard.caught);
        f->index++;
    }
    f->self->guard = (hoti_guard *)f;
    f->guard.armed = 1;
    save(f, v, site, call);
    f->self->saved_used = f->to;
    if (f->guard.outer == NULL) HOTI_SET(f->self->turn, f->self->turn + 1);
    f->guard.phase = HOTI_RUNNING;
    f->self->line = 0; /* code that keeps no lines must not be blamed with those of the code before it */
}

/* After a crash: what cannot be put back is left as it is. */
void hoti_frame_undo(volatile hoti_frame *f) {
    hoti_native_crashed((const hoti_crash *)&f->guard.crash, f->guard.end);
    f->guard.phase = HOTI_RESTORING;
    f->guard.context = NULL;
    f->guard.end = __builtin_frame_address(0);
    if (HOTI_MARK(f->guard.jump) != 0) hoti_signals_landed((const hoti_caught *)&f->guard.caught);
    f->self->guard = (hoti_guard *)f;
    f->guard.armed = 1;
    put_back(f);
    restore_depths(f->self, f->depths);
    hoti_frame_leave(f);
}

int hoti_guard_call(hoti_module *m, hot_thread *t, const hot_site *site, void *call) {
    hoti_version *v = (hoti_version *)t->version;
    volatile hoti_frame f; /* lives through the jump */
    f.self = (hoti_self *)t->self;
    hoti_frame_begin(&f, v, site, call);
    f.guard.armed = 0;
    if (HOTI_MARK(f.guard.jump) == 0) {
        f.guard.end = (const void *)&f;
        f.guard.armed = 1;
        HOT_ENTER(t);
        site->run(v->table[site->slot], call);
        HOT_LEAVE(t);
        hoti_frame_leave(&f);
        return 1;
    }
    hoti_signals_landed((const hoti_caught *)&f.guard.caught);
    hoti_frame_undo(&f);
    hoti_guard_landed(t, (const hoti_crash *)&f.guard.crash);
    call_again(m, t, site, call,
               hoti_failure_tell(m, t, site->slot, (const hoti_crash *)&f.guard.crash, f.complete));
    return 0;
}

/* After probation: nothing is saved. A crash still goes back to the version before, on what the call left. shortcut.c
 * does the same in assembly, where it can. */
void hoti_guard_quickly(hoti_module *m, hot_thread *t, const hot_site *site, void *call) {
    hoti_guard g;
    unsigned depths[HOTI_DEPTHS];
    hoti_self *self = (hoti_self *)t->self;
    remember_depths(self, depths);
    g.outer = self->guard;
    g.end = &g;
    g.defers = 0;
    g.context = NULL;
    g.version = (const hoti_version *)t->version;
    g.phase = HOTI_RUNNING;
    if (HOTI_MARK(g.jump) == 0) {
        g.armed = 1;
        self->guard = &g;
        self->line = 0;
        HOT_STORE(t->slot, site->slot);
        HOT_STORE(t->depth, 1);
        site->run(t->guarded[site->slot], call);
        HOT_STORE(t->depth, 0);
        self->guard = g.outer;
        return;
    }
    hoti_signals_landed(&g.caught);
    self->guard = g.outer;
    hoti_native_crashed(&g.crash, g.end);
    restore_depths(self, depths);
    hoti_guard_landed(t, &g.crash);
    call_again(m, t, site, call, hoti_failure_tell(m, t, site->slot, &g.crash, 0));
}
