/* module.c: the registry of modules, their versions, and the life of a swap: publish, settle, confirm, unload.
 * The background thread's own, but for `published`. */
#include "hot_internal.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    hoti_module *all = calloc(count == 0 ? 1 : count, sizeof *all);
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

hoti_module *hoti_module_named(const char *name) {
    for (unsigned i = 0; i < hoti_module_count; i++)
        if (strcmp(hoti_modules[i].name, name) == 0) return &hoti_modules[i];
    return NULL;
}

/* A version that runs the code the program started with, until hoti_load makes it another's. */
hoti_version *hoti_version_make(hoti_module *module, const hoti_load_order *order) {
    const hot_image *own = module->given->image;
    hoti_version *v = calloc(1, sizeof *v + own->function_count * sizeof v->table[0]);
    if (v == NULL) return NULL;
    v->module = module;
    v->number = order->number;
    v->image = own;
    strncpy(v->nonce, order->nonce, sizeof v->nonce - 1);
    strcpy(v->digest, "-");
    for (unsigned i = 0; i < own->function_count; i++) v->table[i] = own->functions[i].address;
    v->next = module->versions;
    module->versions = v;
    return v;
}

/* The last reference is gone: unbinds, unloads, and deletes the private copy. */
void hoti_version_free(hoti_version *version) {
    hoti_version **at = &version->module->versions;
    while (*at != version) at = &(*at)->next;
    *at = version->next;
    if (version->handle != NULL) dlclose(version->handle);
    hoti_bind_undo(version);
    if (version->path != NULL) unlink(version->path);
    free(version->path);
    free(version);
}

static void announce(hoti_module *module, hoti_version *version) {
    HOTI_SET(module->number, version->number);
    HOTI_SET(module->published, version);
    HOTI_FENCE(); /* before we look who uses what: see hoti_thread_move */
    HOTI_SET(hot_published, hot_published + 1);
}

/* From here on threads move to it. One that waits for them still is superseded. */
void hoti_publish(hoti_module *module, hoti_version *version) {
    hoti_version *late = module->pending;
    version->loaded_at = hoti_now();
    module->pending = version;
    announce(module, version);
    if (late != NULL) hoti_report_superseded(late);
}

/* Whether each thread of the module has moved to the version; `pause` is the longest that one of them stood still. */
static int arrived(hoti_module *module, const hoti_version *version, hoti_u64 *pause) {
    int all = 1;
    *pause = 0;
    pthread_mutex_lock(&hoti_lock);
    for (hot_thread *t = module->threads; t != NULL; t = t->next) {
        if (HOTI_GET(t->arrived) != version) all = 0;
        else if (HOTI_GET(t->pause) > *pause) *pause = HOTI_GET(t->pause);
    }
    pthread_mutex_unlock(&hoti_lock);
    return all;
}

/* Whether a thread came back to a safe point after calls of the version; or, where none calls, after a second. */
static int passed(hoti_module *module, const hoti_version *version, hoti_u64 now) {
    int long_enough = now - version->swapped_at > 1000000000u, done = 0;
    pthread_mutex_lock(&hoti_lock);
    for (hot_thread *t = module->threads; t != NULL && !done; t = t->next)
        if (HOTI_GET(t->arrived) == version)
            done = HOTI_GET(t->passes) > 0 || (long_enough && HOTI_GET(t->checks) > 0);
    pthread_mutex_unlock(&hoti_lock);
    return done;
}

static int in_use(hoti_module *module, const hoti_version *version) {
    int used = version->loaded_at == 0 || version == module->published || version == module->running || version == module->pending ||
               version == module->good;
    pthread_mutex_lock(&hoti_lock);
    for (hot_thread *t = module->threads; t != NULL && !used; t = t->next) used = HOTI_GET(t->version) == version;
    pthread_mutex_unlock(&hoti_lock);
    return used;
}

static void settle(hoti_module *module, hoti_u64 now) {
    hoti_u64 pause;
    if (module->pending != NULL && arrived(module, module->pending, &pause)) {
        module->running = module->pending;
        module->pending = NULL;
        module->running->swapped_at = now;
        HOTI_SET(module->running->state, HOTI_PROBATION);
        hoti_report_swapped(module->running, pause);
    }
    if (module->running->state == HOTI_PROBATION && passed(module, module->running, now)) {
        HOTI_SET(module->running->state, HOTI_CONFIRMED);
        hoti_bind_keep(module->running);
        module->good = module->running;
        hoti_report_confirmed(module->running);
    }
    for (hoti_version *v = module->versions, *next; v != NULL; v = next) {
        next = v->next;
        if (!in_use(module, v)) hoti_version_free(v);
    }
}

void hoti_settle(void) {
    hoti_u64 now = hoti_now();
    for (unsigned i = 0; i < hoti_module_count; i++) settle(&hoti_modules[i], now);
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
        if (m->pending == NULL && m->running->state != HOTI_PROBATION && m->versions->next == NULL) continue;
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
    hoti_version *late = module->pending;
    hoti_u64 pause;
    if (late == NULL || strcmp(late->nonce, nonce) != 0) return;
    announce(module, module->running);
    if (arrived(module, late, &pause)) {
        announce(module, late);
        return;
    }
    module->pending = NULL;
    hoti_report_superseded(late);
}
