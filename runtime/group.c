/* group.c: modules that are pushed together swap together. Their versions are loaded one after another and held until
 * the last is there; then they are published in one step. If one is refused, all are; if one fails in probation, all go
 * back. */
#include "hot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char current[64]; /* "": no group is being gathered */
static hoti_version **held;
static unsigned held_count, members; /* members: those that run already included */
static hoti_error failure;           /* of the current group, when it has a code: what the others are told */

static void forget(void) {
    held_count = members = 0;
    current[0] = '\0';
    failure.code = NULL;
}

static void enter(const char *name) {
    if (strcmp(current, name) == 0) return;
    for (unsigned i = 0; i < held_count; i++) hoti_report_superseded(held[i]);
    hoti_group_drop();
    snprintf(current, sizeof current, "%s", name);
}

void hoti_group_add(const char *name, hoti_u64 size, hoti_version *version) {
    enter(name);
    if (held == NULL) held = (hoti_version **)calloc(hoti_module_count, sizeof *held);
    if (held == NULL) { /* no memory for a pointer or two: as if the agent had taken it back */
        if (version == NULL) return;
        hoti_report_superseded(version);
        hoti_version_free(version);
        return;
    }
    if (version != NULL) {
        unsigned i = 0;
        while (i < held_count && held[i]->module != version->module) i++;
        if (i < held_count) { /* the same module twice: the newer one counts */
            hoti_report_superseded(held[i]);
            hoti_version_free(held[i]);
            members--;
        } else {
            held_count++;
        }
        held[i] = version;
    }
    if (++members < size) return;
    if (held_count != 0) hoti_publish(held, held_count);
    forget();
}

/* Whether one of the group was refused before. */
int hoti_group_failed(const char *name, hoti_error *error) {
    enter(name);
    if (failure.code == NULL) return 0;
    *error = failure;
    return 1;
}

/* One is refused: so are those that are held, and those that follow. */
void hoti_group_fail(const char *name, const hoti_module *refused, const hoti_error *error) {
    enter(name);
    failure.code = error->code;
    snprintf(failure.text, sizeof failure.text, "refused with %.200s: %.800s", refused->name, error->text);
    for (unsigned i = 0; i < held_count; i++) {
        hoti_load_order order = {held[i]->number, held[i]->nonce, NULL, NULL, NULL, NULL};
        hoti_report_refused(held[i]->module->name, &order, &failure);
        hoti_version_free(held[i]);
    }
    held_count = 0;
}

/* The agent takes a load of a group back: with it go the others. */
int hoti_group_cancel(const hoti_module *module, const char *nonce) {
    for (unsigned i = 0; i < held_count; i++) {
        if (held[i]->module != module || strcmp(held[i]->nonce, nonce) != 0) continue;
        for (unsigned j = 0; j < held_count; j++) hoti_report_superseded(held[j]);
        hoti_group_drop();
        return 1;
    }
    return 0;
}

/* A newer load of the module by itself. */
void hoti_group_leave(const hoti_module *module) {
    for (unsigned i = 0; i < held_count; i++)
        if (held[i]->module == module) {
            hoti_group_cancel(module, held[i]->nonce);
            return;
        }
}

void hoti_group_drop(void) {
    for (unsigned i = 0; i < held_count; i++) hoti_version_free(held[i]);
    forget();
}

/* A version failed: those that came with it go back as well, unless they were confirmed by now. */
void hoti_group_revert(const hoti_version *failed) {
    for (unsigned i = 0; failed->group != 0 && i < hoti_module_count; i++) {
        hoti_module *m = &hoti_modules[i];
        hoti_version *v = m->pending != NULL ? m->pending : m->running;
        if (v->group != failed->group || v->state == HOTI_CONFIRMED || v->state == HOTI_FAILED) continue;
        hoti_revert(m, v);
        hoti_report_reverted_too(v, failed);
    }
}
