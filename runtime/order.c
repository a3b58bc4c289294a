/* order.c: what the agent asks for. */
#include "hot_internal.h"

#include <string.h>

static int given; /* on this connection the agent has said what to run */

int hoti_order_given(void) { return given; }

/* Answers belong to the connection that asked; whoever reconnects is told what runs, and asks again. */
void hoti_order_lost(void) {
    given = 0;
    hoti_group_drop();
    hoti_check_drop();
    for (unsigned i = 0; i < hoti_module_count; i++)
        for (hoti_version *v = hoti_modules[i].versions; v != NULL; v = v->next) v->nonce[0] = '\0';
}

static int is_that(const hoti_version *v, const hoti_load_order *order) {
    return v != NULL && v->number == order->number && strcmp(v->digest, order->path == NULL ? "-" : order->digest) == 0;
}

static void adopt(hoti_version *v, const hoti_load_order *order) {
    strncpy(v->nonce, order->nonce, sizeof v->nonce - 1);
    strcpy(v->asked, v->nonce);
}

/* Loads; says `loaded`. Null: refused, or not needed. */
hoti_version *hoti_order_prepare(hoti_module *m, const hoti_load_order *order, hoti_error *error) {
    hoti_u64 start = hoti_now();
    hoti_version *v = hoti_load(m, order, error);
    if (v == NULL) return NULL;
    /* A thread may have moved to a version that still waited when this one was bound: what that one brought is now the
     * program's, so bind again. */
    hoti_settle();
    if (!hoti_bind_again(v, error) || hoti_statics_bind(v, error) <= 0) {
        hoti_version_free(v);
        return NULL;
    }
    hoti_report_loaded(v, hoti_now() - start);
    return v;
}

int hoti_order_load(hoti_module *m, const hoti_load_order *order, hoti_error *error) {
    hoti_version *v = hoti_order_prepare(m, order, error);
    if (v != NULL) hoti_publish(&v, 1);
    return v != NULL;
}

static void load(const hoti_line *line, const char *name) {
    hoti_load_order order = {0, hoti_line_get(line, "nonce"), hoti_line_get(line, "digest"), NULL, NULL, NULL};
    const char *builtin = hoti_line_get(line, "builtin"), *group = hoti_line_get(line, "group");
    hoti_u64 of = 0;
    hoti_version *v;
    hoti_module *m = hoti_module_named(name);
    hoti_error error = {NULL, ""};
    if (order.nonce == NULL || strlen(order.nonce) >= sizeof m->running->nonce) return; /* nobody could be answered */
    if (builtin == NULL || strcmp(builtin, "1") != 0) order.path = hoti_line_get(line, "path");
    order.build = hoti_line_get(line, "build");
    if (m == NULL)
        hoti_fail(&error, "no_such_module", "this program has no module %s", name);
    else if (!hoti_line_number(line, "version", &order.number) || order.number == 0)
        hoti_fail(&error, "usage", "the load says no version");
    else if (order.path == NULL && (builtin == NULL || strcmp(builtin, "1") != 0))
        hoti_fail(&error, "usage", "the load says no path");
    else if (order.path != NULL && order.digest == NULL)
        hoti_fail(&error, "usage", "the load says no digest");
    else if (group != NULL && (!hoti_line_number(line, "of", &of) || of == 0 || of > HOTI_TOGETHER))
        hoti_fail(&error, "usage", "the load does not say of how many up to %d, or of more", HOTI_TOGETHER);
    if (error.code == NULL) {
        hoti_settle(); /* what has swapped by now is not pending any more */
        given = 1;
        if (of < 2) group = NULL;
        if (group == NULL) hoti_group_leave(m);
        if (m->pending == NULL && is_that(m->running, &order)) {
            adopt(m->running, &order);
            if (m->running->state == HOTI_CONFIRMED) hoti_report_confirmed(m->running);
            if (group != NULL) hoti_group_add(group, of, NULL);
            return;
        }
        if (is_that(m->pending, &order)) {
            adopt(m->pending, &order);
            hoti_report_loaded(m->pending, 0);
            if (group != NULL) hoti_group_add(group, of, NULL);
            return;
        }
        if (group == NULL) {
            if (hoti_order_load(m, &order, &error)) return;
        } else if (!hoti_group_failed(group, &error)) {
            v = hoti_order_prepare(m, &order, &error);
            if (v != NULL) {
                hoti_group_add(group, of, v);
                return;
            }
            hoti_group_fail(group, m, &error);
        }
    }
    hoti_report_refused(name, &order, &error);
    hoti_note(&error, 1);
}

void hoti_order_line(const hoti_line *line) {
    const char *name = hoti_line_get(line, "module"), *nonce = hoti_line_get(line, "nonce");
    if (name == NULL) return;
    if (strcmp(line->verb, "check") == 0) hoti_check_ask(line);
    if (strcmp(line->verb, "load") == 0) load(line, name);
    if (strcmp(line->verb, "cancel") == 0 && nonce != NULL && hoti_module_named(name) != NULL) {
        hoti_settle();
        if (!hoti_group_cancel(hoti_module_named(name), nonce)) hoti_cancel(hoti_module_named(name), nonce);
    }
}
