/* thread.c: the program's threads. Knows how a thread joins, moves at its safe point, and ends; the background
 * thread reads what a thread wrote, never the other way round. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

volatile unsigned hot_published = 1; /* a new thread has seen 0, so its first safe point looks */
static int thread_key_made;

/* ---- this thread's own storage ---- */
#ifdef HOT_NO_TLS
/* Looked up by key: the states of all modules and what a hoti_self holds, in one allocation. */
struct own {
    hoti_self self; /* first: the key's destructor is given this address */
    unsigned seen;
    hot_thread threads[];
};

static struct own *own(void) {
    struct own *o = hoti_key_get();
    if (o == NULL) {
        o = calloc(1, sizeof *o + (hoti_module_count + HOTI_NATIVE_MODULES) * sizeof o->threads[0]);
        if (o == NULL || !hoti_key_set(o)) abort();
        o->self.listed = 1;
    }
    return o;
}

hoti_self *hoti_self_get(void) { return &own()->self; }
hoti_self *hoti_self_peek(void) { return hoti_key_get(); }
unsigned *hot_seen_of(void) {
    static unsigned always; /* before hot_program there is nothing to see */
    if (thread_key_made) return &own()->seen;
    always = HOT_LOAD(hot_published);
    return &always;
}
unsigned *hoti_thread_seen(void) { return hot_seen_of(); }
hot_thread *hot_thread_of(hot_module *module) {
    hoti_module *m = module->runtime;
    static hot_thread before; /* before hot_program: hot_call then runs version 1 */
    return m == NULL ? &before : &own()->threads[m->index];
}
#else
HOT_TLS unsigned hot_seen;
static HOT_TLS hoti_self self_here;
hoti_self *hoti_self_get(void) { return &self_here; }
hoti_self *hoti_self_peek(void) { return &self_here; }
unsigned *hoti_thread_seen(void) { return &hot_seen; }
#endif

hot_thread *hoti_here(hoti_module *m) { return m->native != NULL ? hoti_native_here(m) : m->given->thread(); }

static int is_native(const hot_thread *t) { return ((const hoti_module *)t->module->runtime)->native != NULL; }

unsigned hoti_depth(const hot_thread *t) { return is_native(t) ? hoti_native_depth(t) : HOTI_GET(t->depth); }

/* ---- joining and ending ---- */
static void arrive(hot_thread *t, hoti_version *v);

static void unlink_thread(hot_thread *t) {
    *t->link = t->next;
    if (t->next != NULL) t->next->link = t->link;
    t->joined = 0;
    t->table = t->guarded = t->shortcut = NULL;
}

/* A thread ends: it holds no version any more. Another destructor may still make hot calls after this one; then the
 * thread joins again and this runs again. */
static void end_thread(void *argument) {
    hoti_self *self = (hoti_self *)argument;
    hoti_lock_take();
    while (self->joined != NULL) {
        hot_thread *t = self->joined;
        self->joined = t->mine;
        unlink_thread(t);
        if (is_native(t)) hoti_native_end(t);
    }
    hoti_lock_give();
    self->listed = 0;
    hoti_signals_thread_end(self);
    free(self->saved);
    free(self->freed);
    self->freed = NULL;
    self->freed_count = self->freed_room = 0;
    self->saved = NULL;
    self->saved_room = self->saved_used = 0;
#ifdef HOT_NO_TLS
    free(self);
#endif
}

int hoti_thread_start(void) {
    thread_key_made = hoti_key_make(end_thread);
    return thread_key_made;
}

/* This thread's first call into the module. Takes a lock, once: from here on the background thread knows that it must
 * wait for this thread before it unloads anything. */
hot_thread *hoti_thread_join(hoti_module *module, hot_thread *t) {
    hoti_self *self = hoti_self_get();
    hoti_version *v;
    if (module->native != NULL && (t = hoti_native_join(module)) == NULL) abort(); /* as any call does whose stack cannot grow */
    if (!self->listed) {
        hoti_key_set(self);
        self->listed = 1;
    }
    if (self->joined == NULL) hoti_signals_thread(self);
    hoti_lock_take();
    t->module = module->given;
    t->next = module->threads;
    t->link = &module->threads;
    if (t->next != NULL) t->next->link = &t->next;
    module->threads = t;
    t->mine = self->joined;
    self->joined = t;
    t->self = self;
    for (hot_thread *other = t->mine; other != NULL; other = other->mine) {
        other->shortcut = NULL;
        if (module->native == NULL && is_native(other)) hoti_native_use(other);
    }
    t->system_id = hoti_thread_id();
    do { /* as in look(), for this module alone */
        v = HOTI_GET_AFTER(module->published);
        HOTI_SET_FIRST(t->coming, (void *)v);
    } while (HOTI_GET_AFTER(module->published) != v);
    arrive(t, v);
    HOTI_SET(t->pause, 0);
    HOTI_SET(t->arrived, (void *)v);
    t->joined = 1;
    *hoti_thread_seen() = HOT_LOAD(hot_published) - 1; /* the next safe point looks after this module, too */
    hoti_lock_give();
    return t;
}

/* A fork: of all the threads only this one is left, and the stacks of the others may be reused any time. */
void hoti_threads_forget(void) {
    for (unsigned i = 0; i < hoti_module_count; i++) hoti_modules[i].threads = NULL;
    for (hot_thread *t = hoti_self_get()->joined; t != NULL; t = t->mine) {
        hoti_module *m = (hoti_module *)t->module->runtime;
        t->next = m->threads;
        t->link = &m->threads;
        if (t->next != NULL) t->next->link = &t->next;
        m->threads = t;
        hoti_thread_use(t, (hoti_version *)t->version);
    }
}

/* ---- moving ---- */

/* How this thread's calls find the version's code. */
void hoti_thread_use(hot_thread *t, hoti_version *v) {
    int confirmed = HOTI_GET(v->state) == HOTI_CONFIRMED, guarded = HOTI_GET(v->guarded) != 0;
    t->table = confirmed && (!guarded || hoti_is_child) ? v->table : NULL;
    t->guarded = confirmed && guarded && !hoti_is_child ? v->table : NULL;
#ifdef HOTI_SHORTCUT
    /* A crash on the short way leaves no other module's call. */
    t->shortcut = t->mine == NULL && ((hoti_self *)t->self)->joined == t ? t->guarded : NULL;
#endif
    if (is_native(t)) hoti_native_use(t);
}

/* The thread is in the version from here on. */
static void arrive(hot_thread *t, hoti_version *v) {
    HOTI_SET(t->version, (void *)v);
    HOTI_SET(t->coming, (void *)0);
    t->returned = 0;
    ((hoti_self *)t->self)->line = 0; /* code that keeps no lines must not be blamed with those of the code before it */
    hoti_thread_use(t, v);
    HOTI_SET(t->checks, 0);
    HOTI_SET(t->passes, 0);
}

/* This thread first says which versions it is about to use, and then looks whether they are still those that are
 * published. The background thread publishes first and looks who uses what afterwards: so it never frees a version
 * between our two steps. What is published together is seen together, or not at all: 0. */
static int look(unsigned *changes) {
    unsigned sequence = HOTI_GET_AFTER(hoti_sequence);
    *changes = 0;
    if (sequence % 2 != 0) return 0;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        hoti_version *v = HOTI_GET_AFTER(hoti_modules[i].published);
        if (!t->joined || v == t->version) continue;
        HOTI_SET_FIRST(t->coming, (void *)v);
        ++*changes;
    }
    if (*changes == 0 || HOTI_GET_AFTER(hoti_sequence) == sequence) return 1;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        if (t->joined) HOTI_SET(t->coming, (void *)0);
    }
    return 0;
}

/* Whether a module of the group is on this thread's stack: then none of them moves. */
static int is_held_back(unsigned group) {
    for (unsigned i = 0; group != 0 && i < hoti_module_count; i++) {
        const hot_thread *t = hoti_here(&hoti_modules[i]);
        const hoti_version *v = (const hoti_version *)t->coming;
        if (v != NULL && v->group == group && hoti_depth(t) != 0) return 1;
    }
    return 0;
}

/* Moves this thread to what is published. Returns the highest version that it is the first to run; 0: none. */
static hoti_u64 move(int *moved) {
    hoti_u64 start = hoti_now(), newest = 0, pause;
    for (unsigned i = 0; i < hoti_module_count; i++) { /* all are asked before any moves */
        hot_thread *t = hoti_here(&hoti_modules[i]);
        const hoti_version *v = (const hoti_version *)t->coming;
        if (!t->joined) continue;
        t->stays = v == NULL || hoti_depth(t) != 0 || is_held_back(v->group) || !hoti_swap_hooks_free(v);
    }
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        hoti_version *v = (hoti_version *)t->coming;
        if (!t->joined) continue;
        if (t->stays) {
            HOTI_SET(t->coming, (void *)0);
            continue;
        }
        if (!hoti_swap_hooks(&hoti_modules[i], t, v, arrive)) continue;
        *moved = 1;
        if (hoti_swap(&v->announced, 1) == 0 && v->number > newest) newest = v->number;
    }
    pause = hoti_now() - start;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        if (!t->joined || t->arrived == t->version) continue;
        HOTI_SET(t->pause, pause);
        HOTI_SET(t->arrived, t->version);
    }
    return newest;
}

/* The slow half of a safe point. Returns 1 when this thread moved, -1 when this is none: below a hot function. */
static int step(void) {
    unsigned published = HOTI_GET(hot_published), changes = 0;
    int moved = 0, settled = 1, below = 0;
    hoti_u64 newest = 0;
    if (hoti_is_child) {
        *hoti_thread_seen() = published;
        return 0;
    }
    for (int again = 0; !look(&changes); again++)
        if (again == 3) return 0; /* just being published: at the next safe point, then */
    if (changes != 0) newest = move(&moved);
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hoti_module *m = &hoti_modules[i];
        hot_thread *t = hoti_here(m);
        hoti_version *v;
        if (!t->joined) continue;
        v = (hoti_version *)t->version;
        if (hoti_depth(t) != 0) { /* called below a hot function: its code is in use */
            settled = 0;
            below = 1;
        } else if (HOTI_GET(v->state) == HOTI_CONFIRMED) {
            hoti_thread_use(t, v);
            if (v != HOTI_GET(m->published)) settled = 0;
        } else { /* in probation every safe point comes this way, and tells how it goes */
            HOTI_SET(t->passes, t->returned);
            HOTI_SET(t->checks, t->checks + 1);
            settled = 0;
        }
    }
    if (settled) *hoti_thread_seen() = published;
    if (newest != 0) hoti_callback(newest);
    return moved ? 1 : -below;
}

void hot_safe_point_now(void) { (void)step(); }

long long hot_check_now(void) {
    int moved = step();
    if (moved > 0) return 1;
    return moved < 0 ? 0 : -(long long)hoti_note_take(); /* what is to be said waits for a safe point, too */
}

/* ---- the slow way of a thunk ---- */
static void call_slowly(hot_module *module, hot_thread *t, const hot_site *site, void *call) {
    hoti_module *m = (hoti_module *)module->runtime;
    hoti_version *v;
    int returned = 1;
    if (m == NULL) { /* before hot_program: a constructor, or a program that never calls it */
        site->run(module->image->functions[site->slot].address, call);
        return;
    }
    if (!t->joined) t = hoti_thread_join(m, t);
    v = (hoti_version *)t->version;
    HOT_STORE(t->slot, site->slot);
    if (t->depth == 0 && HOTI_GET(v->state) != HOTI_CONFIRMED && !hoti_is_child && hoti_guards_wanted()) {
        returned = hoti_guard_call(m, t, site, call);
    } else {
        HOT_ENTER(t);
        site->run(v->table[site->slot], call);
        HOT_LEAVE(t);
    }
    if (t->depth != 0 || !returned) return;
    t->returned++;
    if (HOTI_GET(v->ran) == 0) HOTI_SET(v->ran, 1);
}

void hot_call(hot_module *module, hot_thread *t, const hot_site *site, void *call) {
    if (HOT_LIKELY(t->guarded != NULL && t->depth == 0)) hoti_guard_quickly((hoti_module *)module->runtime, t, site, call);
    else call_slowly(module, t, site, call);
}
