/* api.c: what programs and images may call, and the table of it that images are handed. */
#include "hot_internal.h"

#include <string.h>

/* The callback: a function of the program, or a hot function by its slot, as its address ends with its image. */
static void (*callback)(long long version);
static unsigned callback_slot; /* the module's index times SLOTS, the slot, and one more; 0: none */
enum { SLOTS = 65536 };

void hoti_callback(hoti_u64 version) {
    void (*call)(long long) = HOTI_GET(callback);
    unsigned slot = HOTI_GET(callback_slot);
    if (slot != 0) {
        hoti_module *m = &hoti_modules[(slot - 1) / SLOTS];
        hot_thread *t = hoti_here(m);
        const hoti_version *v;
        if (!t->joined) t = hoti_thread_join(m, t);
        v = (const hoti_version *)t->version;
        HOT_ENTER(t);
        ((void (*)(long long))v->table[(slot - 1) % SLOTS])((long long)version);
        HOT_LEAVE(t);
    } else if (call != NULL) {
        call((long long)version);
    }
}

const char *hot_error(void) {
    hoti_self *self = hoti_self_get();
    hoti_note_last(self->error, sizeof self->error);
    return self->error;
}

long long hot_version(void) {
    hoti_u64 highest = 1;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        const hoti_version *v = (const hoti_version *)(t->joined ? t->version : NULL);
        hoti_u64 number = v == NULL ? HOTI_GET(hoti_modules[i].number) : v->number;
        if (number > highest) highest = number;
    }
    return (long long)highest;
}

long long hot_on_reload(void (*call)(long long version)) {
    size_t address = (size_t)call;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        hot_thread *t = hoti_here(&hoti_modules[i]);
        const hoti_version *v = (const hoti_version *)(t->joined ? t->version : NULL);
        hoti_error error;
        if (v == NULL || address < v->base || address >= v->end) continue;
        for (unsigned slot = 0; slot < hoti_modules[i].given->image->function_count; slot++)
            if (v->table[slot] == (hot_address)call && slot < SLOTS) {
                HOTI_SET(callback_slot, i * SLOTS + slot + 1);
                return 0;
            }
        hoti_fail(&error, "usage", "hot_on_reload wants a hot function or one of the program: this one ends with its "
                  "image");
        hoti_note(&error, 0);
        return -1;
    }
    HOTI_SET(callback_slot, 0);
    HOTI_SET(callback, call);
    return 0;
}

long long hot_loop(long long (*update)(void)) {
    for (;;) {
        long long result;
        hot_check();
        result = update();
        if (result != 0) return result;
    }
}

int *hot_line(void) { return &hoti_self_get()->line; }

long long hot_start(const char *source) { return hot_init(source); }

static long long check(void) { return hot_check(); }

const hot_api hoti_api = {
    HOT_ABI,     sizeof(hot_api), hot_init, check,     hot_reload, hot_version, hot_cleanup, hot_on_reload,
    hot_error,   hot_line,        hot_start, hot_loop, hot_state,
};
