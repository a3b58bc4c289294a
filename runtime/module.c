/* module.c: the registry of modules, their versions, and the life of a swap: publish, settle, confirm, unload.
 * The background thread's own, but for `published`. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

hoti_module *hoti_modules;
unsigned hoti_module_count;

static void set_source(hoti_module *module) {
    /* The first record of a contract is the module's: {"record":"module",…,"source":"game.vais"}. A name with an
     * escape in it is left out; it is only shown to people. */
    static const char key[] = "\"source\":\"";
    const hot_image *image = module->given->image;
    const char *at = image->contract == NULL ? NULL : strstr(image->contract, key);
    size_t n;
    if (at == NULL) return;
    at += sizeof key - 1;
    n = strcspn(at, "\"\\");
    if (at[n] == '"' && n < sizeof module->source) memcpy(module->source, at, n);
}

/* Before any other thread of the runtime exists. 0 when a module is of another ABI or memory ran out. */
int hoti_module_register(hot_module *const *modules, unsigned count) {
    hoti_module *all = (hoti_module *)calloc(count + HOTI_NATIVE_MODULES, sizeof *all); /* none of them ever moves */
    if (all == NULL) return 0;
    for (unsigned i = 0; i < count; i++) {
        hoti_load_order first = {1, "", NULL, NULL, NULL, NULL};
        hoti_module *m = &all[i];
        if (modules[i]->abi != HOT_ABI || modules[i]->size < sizeof(hot_module) || modules[i]->image->abi != HOT_ABI) {
            free(all);
            return 0;
        }
        m->given = modules[i];
        m->name = modules[i]->image->module;
        m->index = i;
        set_source(m);
        m->published = hoti_version_make(m, &first);
        if (m->published == NULL || !hoti_bind_own(m)) return 0;
        m->published->state = HOTI_CONFIRMED;
        m->published->announced = 1;
        m->published->loaded_at = hoti_now();
        m->running = m->good = m->published;
    }
    hoti_modules = all;
    hoti_module_count = count;
    for (unsigned i = 0; i < count; i++) {
        const hot_image *image = all[i].given->image;
        if (image->api != NULL) *image->api = &hoti_api;
        HOTI_SET(all[i].given->runtime, (void *)&all[i]); /* last: from here on thunks use the tables */
    }
    return 1;
}

static hoti_version *allocate(hoti_module *module, const hoti_load_order *order);
static void list(hoti_version *v);

/* A module that is opened while the program runs; under the lock. Null: there are too many, or no memory. */
hoti_module *hoti_module_add(hot_module *given, hoti_native *native) {
    static unsigned added;
    hoti_load_order first = {1, "", NULL, NULL, NULL, NULL};
    hoti_module *m = &hoti_modules[hoti_module_count];
    if (added == HOTI_NATIVE_MODULES) return NULL;
    m->given = given;
    m->native = native;
    m->name = given->image->module;
    m->index = hoti_module_count;
    m->published = allocate(m, &first);
    if (m->published == NULL) return NULL;
    list(m->published);
    m->published->state = HOTI_CONFIRMED;
    m->published->announced = 1;
    m->published->loaded_at = hoti_now();
    m->running = m->good = m->published;
    m->number = 1;
    HOTI_SET(given->runtime, (void *)m);
    HOTI_SET(hoti_module_count, hoti_module_count + 1);
    added++;
    return m;
}

/* How many places a table of it has. */
unsigned hoti_module_slots(const hoti_module *module) {
    return module->native == NULL ? module->given->image->function_count : HOTI_NATIVE_SLOTS;
}

hoti_module *hoti_module_named(const char *name) {
    for (unsigned i = 0; i < hoti_module_count; i++)
        if (strcmp(hoti_modules[i].name, name) == 0) return &hoti_modules[i];
    return NULL;
}

static hoti_version *allocate(hoti_module *module, const hoti_load_order *order) {
    const hot_image *own = module->given->image;
    hoti_version *v = (hoti_version *)calloc(1, sizeof *v + hoti_module_slots(module) * sizeof v->table[0]);
    if (v == NULL) return NULL;
    v->module = module;
    v->number = order->number;
    v->image = own;
    strncpy(v->nonce, order->nonce, sizeof v->nonce - 1);
    strcpy(v->asked, v->nonce);
    strcpy(v->digest, "-");
    return v;
}

static void list(hoti_version *v) {
    hoti_module *m = v->module;
    const hot_image *own = m->given->image;
    for (unsigned i = 0; i < own->function_count; i++) v->table[i] = own->functions[i].address;
    if (m->native != NULL) hoti_native_own(v);
    v->next = m->versions;
    m->versions = v;
}

/* A version that runs the code the program started with, until hoti_load makes it another's. */
hoti_version *hoti_version_make(hoti_module *module, const hoti_load_order *order) {
    hoti_version *v = allocate(module, order);
    if (v == NULL) return NULL;
    hoti_lock_take(); /* hot_symbol adds to the tables of all versions */
    list(v);
    hoti_lock_give();
    return v;
}

/* The last reference is gone: unbinds, unloads, and deletes the private copy. */
void hoti_version_free(hoti_version *version) {
    hoti_version **at = &version->module->versions;
    hoti_lock_take();
    while (*at != version) at = &(*at)->next;
    *at = version->next;
    hoti_lock_give();
    /* What stays loaded keeps its globals and its file: the loader would take another file of that name for this. */
    if (hoti_unload(version)) {
        hoti_statics_end(version, 0);
        hoti_bind_undo(version);
        if (version->path != NULL) hoti_file_remove(version->path);
    } else {
        hoti_statics_end(version, 1);
        for (unsigned i = 0; i < version->bound_count; i++) version->bound[i]->kept = 1;
        free(version->bound);
    }
    free(version->path);
    if (version->described != NULL) free((void *)((hot_image *)version->described)->contract);
    free(version->described);
    free(version);
}

unsigned hoti_sequence;

/* One step for the threads: a thread that looks meanwhile sees an odd number and looks again at its next safe point. */
static void announce(hoti_version *const *versions, unsigned count) {
    HOTI_SET_FIRST(hoti_sequence, hoti_sequence + 1);
    for (unsigned i = 0; i < count; i++) {
        HOTI_SET(versions[i]->module->number, versions[i]->number);
        HOTI_SET_FIRST(versions[i]->module->published, versions[i]);
    }
    HOTI_SET_FIRST(hoti_sequence, hoti_sequence + 1); /* and then we look who uses what: see thread.c */
    HOTI_SET(hot_published, hot_published + 1);
}

/* From here on threads move to them, to all of them at once. What waits for them still is superseded. */
void hoti_publish(hoti_version *const *versions, unsigned count) {
    static unsigned groups;
    unsigned group = count > 1 ? ++groups : 0;
    if (hoti_guards_wanted()) hoti_signals_take();
    for (unsigned i = 0; i < count; i++) {
        versions[i]->loaded_at = hoti_now();
        versions[i]->group = group;
        /* Another build of the same version is no news. */
        if (versions[i]->number == versions[i]->module->published->number)
            versions[i]->announced = HOTI_GET(versions[i]->module->published->announced);
    }
    announce(versions, count);
    for (unsigned i = 0; i < count; i++) {
        hoti_module *m = versions[i]->module;
        hoti_version *late = m->pending;
        if (versions[i]->number > m->highest) m->highest = versions[i]->number;
        m->pending = versions[i];
        m->waiting_said = 0;
        if (late != NULL) hoti_report_superseded(late);
    }
}

/* A thread of a program that opened its modules, and that sits in none of their functions: in a pool that waits for work,
 * say. It is not waited for where others have moved: it moves at its next safe point, and until then the version that it
 * is in stays. */
static int is_away(const hot_thread *t, const hoti_version *version) {
    enum { PATIENCE = 200000000 }; /* ns */
    return version->module->native != NULL && hoti_depth(t) == 0 && hoti_now() - version->loaded_at > PATIENCE;
}

/* Whether each thread of the module has moved to the version; `pause` is the longest that one of them stood still. */
static int arrived(hoti_module *module, const hoti_version *version, hoti_u64 *pause) {
    int all = 1, some;
    *pause = 0;
    hoti_lock_take();
    some = module->threads == NULL;
    for (hot_thread *t = module->threads; t != NULL; t = t->next) {
        if (HOTI_GET(t->arrived) != version) {
            all &= is_away(t, version);
            continue;
        }
        some = 1;
        if (HOTI_GET(t->pause) > *pause) *pause = HOTI_GET(t->pause);
    }
    hoti_lock_give();
    return all && some;
}

/* Whether it has proved itself: enough calls that returned and were followed by a safe point, or some and enough time;
 * or, where no thread calls, a second of safe points. */
static int passed(hoti_module *module, const hoti_version *version, hoti_u64 now) {
    hoti_u64 time = now - version->swapped_at, calls = 0, checks = 0;
    int inside = 0;
    hoti_lock_take();
    for (hot_thread *t = module->threads; t != NULL; t = t->next) {
        if (HOTI_GET(t->arrived) != version) continue;
        calls += HOTI_GET(t->passes);
        checks += HOTI_GET(t->checks);
        inside |= hoti_depth(t) != 0; /* a call that hangs has proved nothing */
    }
    hoti_lock_give();
    return calls >= hoti_probation_calls() || (calls > 0 && time >= hoti_probation_time()) ||
           (checks > 0 && !inside && time >= hoti_probation_time() && time >= 1000000000u);
}

/* Whether all that came with it have proved themselves: until then one that fails takes the others back. */
static int passed_together(hoti_module *module, const hoti_version *version, hoti_u64 now) {
    if (!passed(module, version, now)) return 0;
    for (unsigned i = 0; version->group != 0 && i < hoti_module_count; i++) {
        hoti_module *m = &hoti_modules[i];
        if (m->pending != NULL && m->pending->group == version->group) return 0;
        if (m->pending != NULL || m->running->group != version->group) continue;
        if (m->running->state == HOTI_PROBATION && !passed(m, m->running, now)) return 0;
    }
    return 1;
}

static int is_held(hoti_module *module, const hoti_version *version) {
    int used = 0;
    hoti_lock_take();
    for (hot_thread *t = module->threads; t != NULL && !used; t = t->next) {
        used = HOTI_GET_AFTER(t->coming) == version; /* in this order: what comes is in use before it comes no more */
        used |= HOTI_GET_AFTER(t->version) == version;
    }
    hoti_lock_give();
    return used;
}

static void confirm(hoti_module *module, hoti_version *version) {
    if (hoti_guards_wanted()) {
        /* The optimized build of a version takes its place: what comes from the same source is nothing to go back to. */
        if (module->good->number != version->number) module->previous = module->good;
        HOTI_SET(version->guarded, 1);
    }
    HOTI_SET(version->state, HOTI_CONFIRMED);
    hoti_bind_keep(version);
    module->good = version;
    hoti_failure_watch_late();
    hoti_report_confirmed(version);
}

/* Unloads what nobody needs. The version before the good one keeps its file, to be loaded again if the good one fails
 * some day, but not its place in memory. */
static void sweep(hoti_module *m) {
    m->stale = 0;
    for (hoti_version *v = m->versions, *next; v != NULL; v = next) {
        int needed = v->loaded_at == 0 || v == m->published || v == m->running || v == m->pending || v == m->good;
        next = v->next;
        if (needed || (v == m->previous && (v->handle == NULL || v->resident != NULL))) continue;
        if (is_held(m, v)) m->stale = 1;
        else if (v == m->previous) hoti_park(v);
        else hoti_version_free(v);
    }
}

/* Names the threads that hold a swap back, once it has taken a second. */
static void name_waiting(hoti_module *m, hoti_u64 now) {
    if (m->pending == NULL || m->waiting_said || now - m->pending->loaded_at < 1000000000u) return;
    m->waiting_said = 1;
    hoti_lock_take();
    for (hot_thread *t = m->threads; t != NULL; t = t->next)
        if (HOTI_GET(t->arrived) != m->pending) hoti_report_waiting(m->pending, t);
    hoti_lock_give();
}

/* All threads have moved: that is the swap. */
static void settle_swap(hoti_module *m, hoti_u64 now) {
    hoti_u64 pause;
    if (m->pending == NULL || !arrived(m, m->pending, &pause)) return;
    m->running = m->pending;
    m->pending = NULL;
    m->running->swapped_at = now;
    HOTI_SET(m->running->state, HOTI_PROBATION);
    hoti_report_swapped(m->running, pause);
}

void hoti_settle_swaps(void) {
    for (unsigned i = 0; i < hoti_module_count; i++) settle_swap(&hoti_modules[i], hoti_now());
}

static void settle(hoti_module *m, hoti_u64 now) {
    settle_swap(m, now);
    if (m->running->state == HOTI_PROBATION && passed_together(m, m->running, now)) confirm(m, m->running);
    name_waiting(m, now);
    sweep(m);
}

void hoti_settle(void) {
    hoti_u64 now = hoti_now();
    for (unsigned i = 0; i < hoti_module_count; i++) settle(&hoti_modules[i], now);
}

/* A version has failed. What ran before it is published again, unless something newer is already. */
void hoti_revert(hoti_module *m, hoti_version *failed) {
    hoti_version *target = m->good;
    HOTI_SET(failed->state, HOTI_FAILED);
    if (failed == m->good) {
        target = m->previous;
        if (target != NULL && !hoti_unpark(target)) target = NULL;
        if (target == NULL) { /* its file is gone: the code the program started with is always there */
            hoti_load_order first = {1, "", NULL, NULL, NULL, NULL};
            hoti_error error = {NULL, ""};
            target = hoti_load(m, &first, &error);
            if (target == NULL) return;
            target->loaded_at = hoti_now();
            target->announced = 1;
        }
        HOTI_SET(target->guarded, 0); /* there is nothing behind it any more */
        HOTI_SET(target->state, HOTI_CONFIRMED);
        m->previous = NULL;
        m->good = target;
    }
    if (failed == m->running) m->running = target;
    if (failed == m->pending) m->pending = NULL;
    if (failed == m->published) announce(&target, 1);
}

/* How long, in ns, until it is worth looking again. The program's thread does not wake us: even the cheapest wake-up
 * is a system call in the pause that we promise not to make. So we look, at first every 100 us and then at 1/64 of
 * the time it has taken so far: the report of a swap is never later than that, and waiting for ever costs next to
 * nothing. */
hoti_u64 hoti_settle_wait(hoti_u64 now) {
    hoti_u64 wait = ~(hoti_u64)0;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hoti_module *m = &hoti_modules[i];
        const hoti_version *newest = m->pending != NULL ? m->pending : m->running;
        hoti_u64 share;
        if (m->pending == NULL && m->running->state != HOTI_PROBATION && !m->stale) continue;
        share = (now - newest->loaded_at) / 64;
        if (share < 100000) share = 100000;
        if (share > 20000000) share = 20000000;
        if (share < wait) wait = share;
    }
    return wait;
}

/* The agent takes a load back. Threads that moved already go back at their next safe point, unless all have: then it
 * has swapped, and that is what is said. */
void hoti_cancel(hoti_module *module, const char *nonce) {
    hoti_version *late = module->pending, *before[HOTI_TOGETHER] = {NULL}, *taken[HOTI_TOGETHER] = {NULL};
    unsigned count = 0, all = 1;
    hoti_u64 pause;
    if (late == NULL || strcmp(late->nonce, nonce) != 0) return;
    for (unsigned i = 0; i < hoti_module_count && count < HOTI_TOGETHER; i++) {
        hoti_module *m = &hoti_modules[i];
        if (late->group != 0 && m->pending == NULL && m->running->group == late->group) return; /* it has begun to swap */
        if (m != module && (late->group == 0 || m->pending == NULL || m->pending->group != late->group)) continue;
        before[count] = m->running;
        taken[count++] = m->pending;
    }
    announce(before, count);
    for (unsigned i = 0; i < count; i++) all &= arrived(taken[i]->module, taken[i], &pause);
    if (all) {
        announce(taken, count);
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        taken[i]->module->pending = NULL;
        hoti_report_superseded(taken[i]);
    }
}
