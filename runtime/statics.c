/* statics.c: which variables a plain library's versions have, and where. A variable is where the first image that had it put
 * it; the code of later ones is led there, and that image stays loaded. What cannot be kept is refused by its name. */
#include "statics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __linux__

enum { CHAINS = 1024 };

typedef struct known {
    struct known *next;
    const char *key, *type; /* in the same allocation */
    hoti_u64 size;
    unsigned kind, hash;
    hoti_target target;
    const hoti_version *holder; /* its image has the storage; null: for ever */
} known;

struct hoti_statics {
    int listed; /* version 1 brought a list */
    int said;   /* that nothing is kept */
    hoti_window window;
    known *chains[CHAINS];
};

static unsigned hash_of(const char *text) {
    unsigned hash = 2166136261u;
    for (; *text != '\0'; text++) hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* A variable of a version of which no call has returned is nobody's yet. */
static int is_born(const known *k, const hoti_version *v) {
    const hoti_version *h = k->holder;
    return h == NULL || h == v || HOTI_GET(h->ran) || HOTI_GET(h->state) == HOTI_PROBATION || HOTI_GET(h->state) == HOTI_CONFIRMED;
}

/* One that all know goes before the version's own. */
static known *find(const hoti_module *m, const char *key, const hoti_version *v) {
    unsigned hash = hash_of(key);
    known *own = NULL;
    for (known *k = m->statics->chains[hash % CHAINS]; k != NULL; k = k->next) {
        if (k->hash != hash || strcmp(k->key, key) != 0 || !is_born(k, v)) continue;
        if (k->holder != v) return k;
        own = k;
    }
    return own;
}

static int add(hoti_module *m, const hoti_list *list, unsigned index, const hoti_version *holder) {
    const hoti_list_variable *one = &list->variables[index];
    const char *key = list->text + one->key, *type = list->text + one->type;
    size_t key_size = strlen(key) + 1, type_size = strlen(type) + 1;
    known *k = (known *)malloc(sizeof *k + key_size + type_size);
    if (k == NULL) return 0;
    k->key = (const char *)memcpy((char *)(k + 1), key, key_size);
    k->type = (const char *)memcpy((char *)(k + 1) + key_size, type, type_size);
    k->size = one->size;
    k->kind = one->kind;
    k->hash = hash_of(key);
    k->target = list->now[index];
    k->holder = holder;
    k->next = m->statics->chains[k->hash % CHAINS];
    m->statics->chains[k->hash % CHAINS] = k;
    return 1;
}

static int has_value(unsigned kind) { return kind == HOTI_STATIC_DATA || kind == HOTI_STATIC_TLS || kind == HOTI_STATIC_LOST; }

/* Those that a list brings and that nobody knows yet. */
static int add_new(hoti_module *m, const hoti_list *list, const hoti_version *holder, hoti_error *error) {
    for (unsigned i = 0; i < list->head->variables; i++)
        if (has_value(list->variables[i].kind) && find(m, list->text + list->variables[i].key, holder) == NULL &&
            !add(m, list, i, holder))
            return hoti_fail(error, "storage", "no memory for the variables of %s", m->name);
    return 1;
}

static int begin_locked(hoti_module *m, hoti_error *error) {
    void *library;
    const char *file = hoti_native_first(m, &library);
    hoti_list *list;
    int good = 1;
    if (m->statics != NULL) return 1;
    list = hoti_list_open(file, library, error);
    if (list == NULL && error->code != NULL) return 0;
    m->statics = (struct hoti_statics *)calloc(1, sizeof *m->statics);
    if (m->statics == NULL) good = hoti_fail(error, "storage", "no memory for the variables of %s", m->name);
    else m->statics->listed = list != NULL;
    if (good && list != NULL) good = add_new(m, list, NULL, error);
    hoti_list_free(list);
    return good;
}

/* The thread that opens the module, and the background thread. */
static int begin(hoti_module *m, hoti_error *error) {
    int good;
    hoti_lock_take();
    good = begin_locked(m, error);
    hoti_lock_give();
    return good;
}

/* A library that cannot be read now is refused when a version is to take its place. */
void hoti_statics_begin(hoti_module *m) {
    hoti_error error = {NULL, ""};
    void *library;
    if (begin(m, &error) && m->statics->listed) {
        hoti_native_first(m, &library);
        hoti_window_reserve(&m->statics->window, hoti_library_bias(library));
    }
}

void *hoti_statics_open(hoti_version *v, hoti_error *error) {
    return hoti_library_open_near(&v->module->statics->window, v->path, error);
}

/* Whether code that has this variable may go on with that one. */
static int fits(const hoti_list *list, const hoti_list_variable *one, const known *old, hoti_error *error) {
    const char *type = list->text + one->type;
    if (one->kind == HOTI_STATIC_FOLDED || one->kind == HOTI_STATIC_LOST || old->kind == HOTI_STATIC_LOST)
        return hoti_fail(error, "contract_changed", "the variable %s would lose its value: %s", old->key,
                         one->kind == HOTI_STATIC_FOLDED || one->kind == HOTI_STATIC_LOST ? type : old->type);
    if (one->kind != old->kind)
        return hoti_fail(error, "contract_changed", "the variable %s was %s, and is not in the new code", old->key,
                         old->kind == HOTI_STATIC_TLS ? "one for each thread" : "one for all threads");
    if (one->size != old->size || strcmp(type, old->type) != 0)
        return hoti_fail(error, "contract_changed", "the variable %s has another type: it was %s (%llu bytes), it is %s (%llu "
                         "bytes)", old->key, old->type, old->size, type, one->size);
    if (old->kind == HOTI_STATIC_TLS && old->target.module == 0)
        return hoti_fail(error, "contract_changed", "the variable %s would lose its values: no code of the version that has it "
                         "reaches it through the loader", old->key);
    return 1;
}

/* Code that asks once for the thread's block, and finds all variables in it from there, cannot be led to two of them. */
static int one_block(const hoti_list *list, hoti_target *wanted, hoti_error *error) {
    const hoti_list_field *first = NULL;
    for (unsigned i = 0; i < list->head->fields; i++) {
        const hoti_list_field *f = &list->fields[i];
        unsigned kind = HOTI_FIELD_KIND(f);
        if (kind != HOTI_FIELD_TLS32 && kind != HOTI_FIELD_TLS64) continue;
        if (first == NULL) first = f;
        if (wanted[f->variable].module != wanted[first->variable].module) {
            int is_new = wanted[f->variable].module == list->module;
            const char *one = list->text + list->variables[f->variable].key;
            const char *other = list->text + list->variables[first->variable].key;
            return hoti_fail(error, "contract_changed", "the thread-local variable %s would be in another block than %s, and the "
                             "compiler looks for both in one: declare it without static, or build with -O0",
                             is_new ? one : other, is_new ? other : one);
        }
    }
    for (unsigned i = 0; first != NULL && i < list->head->fields; i++)
        if (HOTI_FIELD_KIND(&list->fields[i]) == HOTI_FIELD_TLS_MODULE)
            wanted[list->fields[i].variable].module = wanted[first->variable].module;
    return 1;
}

static int lead(hoti_version *v, hoti_error *error) {
    hoti_module *m = v->module;
    hoti_list *list = v->list;
    hoti_target *wanted = (hoti_target *)calloc(list->head->variables + 1, sizeof *wanted);
    int good = wanted != NULL ? 1 : hoti_fail(error, "storage", "no memory for the variables of %s", m->name);
    for (unsigned i = 0; good > 0 && i < list->head->variables; i++) {
        const hoti_list_variable *one = &list->variables[i];
        const known *old = one->kind == HOTI_STATIC_CONST ? NULL : find(m, list->text + one->key, v);
        wanted[i] = list->now[i];
        if (old == NULL || old->holder == v) continue;
        good = fits(list, one, old, error);
        wanted[i] = old->target;
    }
    if (good > 0) good = one_block(list, wanted, error);
    if (good > 0) good = hoti_patch(list, wanted, error);
    free(wanted);
    return good;
}

/* What the version brought and another one brought as well, of which a call has returned since. */
static void drop_late(hoti_version *v) {
    for (unsigned i = 0; i < CHAINS; i++)
        for (known **at = &v->module->statics->chains[i]; *at != NULL;) {
            known *k = *at;
            if (k->holder != v || find(v->module, k->key, v)->holder == v) {
                at = &k->next;
                continue;
            }
            *at = k->next;
            free(k);
        }
}

int hoti_statics_bind(hoti_version *v, hoti_error *error) {
    hoti_module *m = v->module;
    int good;
    if (m->native == NULL || v->handle == NULL) return 1;
    if (!begin(m, error)) return 0;
    if (v->list == NULL) v->list = hoti_list_open(v->path, v->handle, error);
    if (v->list == NULL) {
        if (error->code != NULL) return 0;
        if (!m->statics->listed && !m->statics->said && hoti_list_missing(v->path)) {
            m->statics->said = 1;
            fprintf(stderr, "vais-hot: the variables of %s begin anew with each version: it was built without the flags that keep "
                    "them, see `vais-remote flags --module`\n", m->name);
        }
        return !m->statics->listed ||
               hoti_fail(error, "contract_missing", "%s was built without the flags that keep its variables, and the running version "
                         "with them: see `vais-remote flags --module`", m->name);
    }
    if (!m->statics->listed && v->list->head->variables != 0)
        return hoti_fail(error, "contract_missing", "the variables of %s would lose their values: what the program started with was "
                         "built without the flags that keep them; start it again", m->name);
    if (v->list->head->refusals != 0)
        return hoti_fail(error, "contract_changed", "the variables of %s cannot be kept: %s", m->name,
                         v->list->text + v->list->refusals[0]);
    good = lead(v, error);
    if (good <= 0) return good;
    drop_late(v);
    good = add_new(m, v->list, v, error);
    if (good > 0 && (v->list->head->flags & HOTI_LIST_DESTROYS) != 0 && v->resident == NULL)
        v->resident = "destructors of its static variables";
    return good;
}

/* Whether a kept variable holds an address in it: of a string, say, that its code has put there. */
static int is_pointed_to(const hoti_version *v) {
    size_t start, end;
    if (v->list == NULL || v->list->segment_count == 0) return 0;
    start = v->list->bias + v->list->segments[0].start;
    end = v->list->bias + v->list->segments[v->list->segment_count - 1].start + v->list->segments[v->list->segment_count - 1].size;
    for (unsigned i = 0; i < CHAINS; i++)
        for (const known *k = v->module->statics->chains[i]; k != NULL; k = k->next) {
            const size_t *word = (const size_t *)((k->target.address + sizeof *word - 1) & ~(sizeof *word - 1));
            const size_t *last = (const size_t *)(k->target.address + (size_t)k->size);
            if (k->kind != HOTI_STATIC_DATA || k->holder == v) continue;
            for (; word + 1 <= last; word++)
                if (*word >= start && *word < end) return 1;
        }
    return 0;
}

const char *hoti_statics_keep(const hoti_version *v) {
    if (v->module->statics == NULL) return NULL;
    for (unsigned i = 0; i < CHAINS; i++)
        for (const known *k = v->module->statics->chains[i]; k != NULL; k = k->next)
            if (k->holder == v && is_born(k, NULL)) return "its variables";
    return HOTI_GET(v->ran) && is_pointed_to(v) ? "a variable that points into it" : NULL;
}

/* Its image was closed, or stays although the version is no more. */
void hoti_statics_end(hoti_version *v, int stays) {
    for (unsigned i = 0; v->module->statics != NULL && i < CHAINS; i++)
        for (known **at = &v->module->statics->chains[i]; *at != NULL;) {
            known *k = *at;
            if (k->holder != v || stays) {
                if (k->holder == v) k->holder = NULL;
                at = &k->next;
                continue;
            }
            *at = k->next;
            free(k);
        }
    hoti_list_free(v->list);
    v->list = NULL;
}
#else
int hoti_statics_bind(hoti_version *v, hoti_error *error) {
    (void)v, (void)error;
    return 1;
}

void hoti_statics_begin(hoti_module *m) { (void)m; }

void *hoti_statics_open(hoti_version *v, hoti_error *error) {
    return hoti_library_open(v->path, error);
}

const char *hoti_statics_keep(const hoti_version *v) {
    (void)v;
    return NULL;
}

void hoti_statics_end(hoti_version *v, int stays) { (void)v, (void)stays; }
#endif
