/* undo.c: what a call of new code may have changed and can be put back: the globals that its version is bound to, the
 * memory that the program registered with hot_state, and what the call's own pointer arguments point to. */
#include "hot_internal.h"

/* A thread that saves reads these while another may register: each entry is written before it is counted, and what is
 * taken away has size 0. A fixed number, so that nothing moves under a reader. */
enum { STATES_MAX = 1024 };
static hoti_range states[STATES_MAX];
static unsigned state_count;
static unsigned changes; /* counts what was registered and taken away, so that the agent is told */

unsigned hoti_state_changes(void) { return HOTI_GET(changes); }

/* How many places are registered, and their bytes together. */
unsigned hoti_state_sum(hoti_u64 *bytes) {
    unsigned count = 0;
    *bytes = 0;
    for (unsigned i = 0; i < hoti_state_count(); i++) {
        hoti_u64 size = hoti_state_at(i).size;
        *bytes += size;
        if (size != 0) count++;
    }
    return count;
}

unsigned hoti_state_count(void) { return HOTI_GET(state_count); }

hoti_range hoti_state_at(unsigned index) {
    hoti_range r;
    r.address = HOTI_GET(states[index].address);
    r.size = HOTI_GET(states[index].size);
    return r;
}

/* Whether this place is registered, whole. */
int hoti_state_holds(const hoti_range *range) {
    for (unsigned i = 0; i < hoti_state_count(); i++) {
        hoti_range r = hoti_state_at(i);
        if (r.address == range->address && r.size >= range->size) return 1;
    }
    return 0;
}

long long hot_state(void *address, unsigned long long size) {
    hoti_error full;
    unsigned i = 0, unused = STATES_MAX;
    if (address == NULL) return -1;
    hoti_lock_take();
    for (; i < state_count && states[i].address != address; i++)
        if (states[i].size == 0) unused = i;
    if (i == state_count && size != 0) {
        if (unused < STATES_MAX) i = unused;
        if (i < STATES_MAX) HOTI_SET(states[i].address, (char *)address);
    }
    if (i < STATES_MAX && (i < state_count || size != 0)) {
        HOTI_SET(states[i].size, size);
        if (i == state_count) HOTI_SET(state_count, i + 1);
    }
    HOTI_SET(changes, changes + 1);
    if (hoti_modules != NULL && !hoti_is_child) hoti_wake();
    hoti_lock_give();
    if (i < STATES_MAX) return 0;
    hoti_fail(&full, "usage", "hot_state holds at most %d places", STATES_MAX);
    hoti_note(&full, 0);
    return -1;
}

hoti_range hoti_undo_range(const hoti_version *v, unsigned states_then, const hot_site *site, const void *call,
                           unsigned index) {
    hoti_range r = {NULL, 0};
    if (index < v->bound_count) {
        r.address = (char *)v->bound[index]->address;
        r.size = v->bound[index]->size;
    } else if (index - v->bound_count < states_then) {
        r = hoti_state_at(index - v->bound_count);
    } else if (index - v->bound_count - states_then < site->reach_count) {
        const hot_reach *reach = &site->reaches[index - v->bound_count - states_then];
        r.address = *(char *const *)((const char *)call + reach->offset);
        r.size = reach->size;
    }
    return r;
}
