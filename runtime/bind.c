/* bind.c: gives a loaded image all it needs from the program: its table, the globals' addresses, the program's
 * functions and the runtime's. All or nothing: until the last step succeeded the program has not changed. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

static int fill_table(hoti_version *v, hoti_error *error) {
    const hot_image *own = v->module->given->image, *image = v->image;
    for (unsigned i = 0; i < own->function_count; i++) {
        const hot_function *old = &own->functions[i], *found = NULL;
        for (unsigned j = 0; j < image->function_count && found == NULL; j++)
            if (image->functions[j].name != NULL && strcmp(image->functions[j].name, old->name) == 0) found = &image->functions[j];
        if (found == NULL)
            return hoti_fail(error, "contract_changed", "hot function %s is gone; the program calls it as %s",
                             old->name, old->type);
        if (found->type == NULL || strcmp(found->type, old->type) != 0)
            return hoti_fail(error, "contract_changed", "hot function %s has another signature: it was %s, it is %s",
                             old->name, old->type, found->type == NULL ? "not told" : found->type);
        if (found->address == NULL)
            return hoti_fail(error, "image_invalid", "hot function %s has no address", old->name);
        v->table[i] = found->address;
    }
    return 1;
}

/* ---- globals ---- */
static hoti_global *make_global(const hot_global *wanted) {
    size_t name = strlen(wanted->name) + 1, type = strlen(wanted->type) + 1;
    size_t align = wanted->align < sizeof(void *) ? sizeof(void *) : (size_t)wanted->align;
    hoti_global *g = (hoti_global *)calloc(1, sizeof *g + name + type);
    if (g == NULL) return NULL;
    g->name = (const char *)memcpy((char *)(g + 1), wanted->name, name);
    g->type = (const char *)memcpy((char *)(g + 1) + name, wanted->type, type);
    g->size = wanted->size;
    g->address = hoti_aligned(align, wanted->size == 0 ? 1 : (size_t)wanted->size);
    if (g->address == NULL) {
        free(g);
        return NULL;
    }
    if (wanted->initial != NULL) memcpy(g->address, wanted->initial, (size_t)wanted->size);
    else memset(g->address, 0, (size_t)wanted->size);
    return g;
}

/* A global of a version of which no call has returned is nobody's yet: it may still vanish, or have another first
 * value. From then on the program may hold its address. */
static int is_born(const hoti_module *m, const hoti_global *g) {
    if (g->kept) return 1;
    for (const hoti_version *v = m->versions; v != NULL; v = v->next)
        if (HOTI_GET(v->ran) || v->state == HOTI_PROBATION || v->state == HOTI_CONFIRMED)
            for (unsigned i = 0; i < v->bound_count; i++)
                if (v->bound[i] == g) return 1;
    return 0;
}

/* Whether another type of it would be another global: it is left from a version that was taken back. */
static int is_left(const hoti_module *m, const hoti_global *g) {
    if (g->settled) return 0;
    for (const hoti_version *v = m->versions; v != NULL; v = v->next)
        if (v == m->running || v == m->pending)
            for (unsigned i = 0; i < v->bound_count; i++)
                if (v->bound[i] == g) return 0;
    return 1;
}

static hoti_global *find_global(const hoti_module *m, const hot_global *wanted) {
    for (hoti_global *g = m->globals; g != NULL; g = g->next) {
        int same = strcmp(g->name, wanted->name) == 0 && is_born(m, g);
        if (same && ((strcmp(g->type, wanted->type) == 0 && g->size == wanted->size) || !is_left(m, g))) return g;
    }
    return NULL;
}

static int bind_globals(hoti_version *v, hoti_error *error) {
    hoti_module *m = v->module;
    const hot_image *image = v->image;
    v->bound = (hoti_global **)calloc(image->global_count == 0 ? 1 : image->global_count, sizeof *v->bound);
    if (v->bound == NULL) return hoti_fail(error, "storage", "no memory for the globals of %s", m->name);
    for (unsigned i = 0; i < image->global_count; i++) {
        const hot_global *wanted = &image->globals[i];
        hoti_global *g;
        if (wanted->name == NULL || wanted->type == NULL || wanted->slot == NULL ||
            (wanted->align & (wanted->align - 1)) != 0 || wanted->size >> 40 != 0)
            return hoti_fail(error, "image_invalid", "global %s is stated wrongly",
                             wanted->name == NULL ? "without a name" : wanted->name);
        g = find_global(m, wanted);
        if (g != NULL && (strcmp(g->type, wanted->type) != 0 || g->size != wanted->size))
            return hoti_fail(error, "contract_changed", "global %s has another type: it was %s (%llu bytes), it is %s "
                             "(%llu bytes)", wanted->name, g->type, g->size, wanted->type, wanted->size);
        if (g == NULL) {
            g = make_global(wanted);
            if (g == NULL) return hoti_fail(error, "storage", "no memory for global %s", wanted->name);
            g->next = m->globals;
            m->globals = g;
        }
        g->users++;
        v->bound[v->bound_count++] = g;
        *wanted->slot = g->address;
    }
    return 1;
}

/* The globals of the program's own image are where they are. */
int hoti_bind_own(hoti_module *m) {
    const hot_image *image = m->given->image;
    for (unsigned i = 0; i < image->global_count; i++) {
        const hot_global *own = &image->globals[i];
        hoti_global *g = (hoti_global *)calloc(1, sizeof *g);
        if (g == NULL) return 0;
        g->name = own->name;
        g->type = own->type;
        g->size = own->size;
        g->address = *own->slot;
        g->kept = g->settled = 1;
        g->next = m->globals;
        m->globals = g;
    }
    return 1;
}

/* The code the program started with, as a later version: what it may change is what it always had. */
int hoti_bind_builtin(hoti_version *v, hoti_error *error) {
    const hot_image *own = v->image;
    v->bound = (hoti_global **)calloc(own->global_count == 0 ? 1 : own->global_count, sizeof *v->bound);
    if (v->bound == NULL) return hoti_fail(error, "storage", "no memory for the globals of %s", v->module->name);
    for (unsigned i = 0; i < own->global_count; i++) {
        hoti_global *g = find_global(v->module, &own->globals[i]);
        if (g == NULL) continue;
        g->users++;
        v->bound[v->bound_count++] = g;
    }
    return 1;
}

/* The version was confirmed: what it brought stays. */
void hoti_bind_keep(hoti_version *v) {
    for (unsigned i = 0; i < v->bound_count; i++) v->bound[i]->kept = v->bound[i]->settled = 1;
}

/* The version goes: so do globals that only it had, unless one of its calls has returned. It may have left their
 * addresses anywhere. */
void hoti_bind_undo(hoti_version *v) {
    int ran = HOTI_GET(v->ran) != 0;
    for (unsigned i = 0; i < v->bound_count; i++) {
        hoti_global *g = v->bound[i], **at = &v->module->globals;
        g->kept |= ran;
        if (--g->users != 0 || g->kept) continue;
        while (*at != g) at = &(*at)->next;
        *at = g->next;
        hoti_aligned_free(g->address);
        free(g);
    }
    free(v->bound);
    v->bound = NULL;
    v->bound_count = 0;
}

/* ---- foreign functions: the program's own first, then what its libraries have ---- */
static hot_address find_foreign(const hot_module *module, const char *name) {
    union { void *data; hot_address code; } symbol;
    for (unsigned i = 0; i < module->offer_count; i++)
        if (strcmp(module->offers[i].name, name) == 0) return module->offers[i].address;
    symbol.data = hoti_library_any(name);
    return symbol.code;
}

static int bind_foreigns(hoti_version *v, hoti_error *error) {
    const hot_image *image = v->image;
    for (unsigned i = 0; i < image->foreign_count; i++) {
        const hot_foreign *wanted = &image->foreigns[i];
        hot_address found;
        if (wanted->name == NULL || wanted->slot == NULL)
            return hoti_fail(error, "image_invalid", "foreign function %u is stated wrongly", i);
        found = find_foreign(v->module->given, wanted->name);
        if (found == NULL)
            return hoti_fail(error, "load_refused", "the program and its libraries have no function %s", wanted->name);
        *wanted->slot = found;
    }
    return 1;
}

/* On failure the caller frees the version, which undoes what was done here. */
int hoti_bind(hoti_version *v, hoti_error *error) {
    if (!(v->module->native == NULL ? fill_table(v, error) : hoti_native_table(v, error)) || !bind_globals(v, error) || !bind_foreigns(v, error)) return 0;
    if (v->image->api != NULL) *v->image->api = &hoti_api;
    return 1;
}

/* Binds anew when a global of this name was born since: a call of a version that still waited has returned. */
int hoti_bind_again(hoti_version *v, hoti_error *error) {
    for (unsigned i = 0; v->handle != NULL && i < v->bound_count; i++) {
        const hoti_global *born = find_global(v->module, &v->image->globals[i]);
        if (born == NULL || born == v->bound[i]) continue;
        hoti_bind_undo(v);
        return hoti_bind(v, error);
    }
    return 1;
}
