/* report.c: what the program says to the agent, docs/link.md. */
#include "hot_internal.h"

#include <stdio.h>
#include <string.h>

/* What ended a load while the link was down: said after the next hello, so that the agent does not try it again. */
static hoti_text kept;

static void say_module(hoti_text *out, const hoti_module *m) {
    const hoti_version *v = m->running;
    hoti_text_verb(out, "module");
    hoti_text_pair(out, "name", m->name);
    hoti_text_pair(out, "source", m->source[0] == '\0' ? "-" : m->source);
    hoti_text_number(out, "version", v->number);
    hoti_text_pair(out, "build", v->image->build_id);
    hoti_text_pair(out, "base", m->given->image->build_id);
    hoti_text_pair(out, "digest", v->digest);
    hoti_text_pair(out, "state", v->state == HOTI_CONFIRMED ? "confirmed" : "probation");
    if (m->native != NULL) hoti_text_pair(out, "image", v->path == NULL ? hoti_native_file(m) : v->path);
    hoti_text_end(out);
}

/* Long records are said in parts that fit a line even when each byte is escaped. */
static void say_contract(hoti_text *out, const hoti_module *m) {
    enum { PART = 20000 };
    const hot_image *image = m->running->image;
    const char *at = image->contract, *end = at == NULL ? NULL : at + image->contract_size;
    while (at != NULL && at < end) {
        const char *stop = (const char *)memchr(at, '\0', (size_t)(end - at));
        size_t left = (size_t)((stop == NULL ? end : stop) - at);
        while (left != 0) {
            size_t n = left > PART ? PART : left;
            hoti_text_verb(out, "contract");
            hoti_text_pair(out, "module", m->name);
            hoti_text_bytes(out, "record", at, n);
            left -= n;
            at += n;
            if (left != 0) hoti_text_number(out, "more", 1);
            hoti_text_end(out);
        }
        at++;
    }
}

static unsigned state_said; /* hoti_state_changes() as of the last word */

static void say_state(hoti_text *out) {
    hoti_u64 bytes;
    unsigned count;
    state_said = hoti_state_changes();
    count = hoti_state_sum(&bytes);
    hoti_text_verb(out, "state");
    hoti_text_number(out, "count", count);
    hoti_text_number(out, "bytes", bytes);
    hoti_text_end(out);
}

void hoti_report_state(void) {
    hoti_text *out = hoti_link_out();
    if (out != NULL && hoti_state_changes() != state_said) say_state(out);
}

void hoti_report_hello(hoti_text *out) {
    hoti_text_verb(out, "hello");
    hoti_text_number(out, "protocol", 1);
    hoti_text_pair(out, "program", hoti_program_name());
    hoti_text_number(out, "pid", (hoti_u64)hoti_process_id());
    if (hoti_process_space() != 0) hoti_text_number(out, "pidns", hoti_process_space());
    hoti_text_pair(out, "triple", hoti_modules[0].given->image->triple);
    hoti_text_pair(out, "runtime", HOTI_RUNTIME);
    hoti_text_pair(out, "loading", hoti_library_loading());
    if (hoti_check_can()) hoti_text_number(out, "checks", 1);
    hoti_text_number(out, "modules", hoti_module_count);
    hoti_text_end(out);
    for (unsigned i = 0; i < hoti_module_count; i++) {
        say_module(out, &hoti_modules[i]);
        say_contract(out, &hoti_modules[i]);
    }
    say_state(out);
    hoti_text_verb(out, "ready");
    hoti_text_end(out);
    if (kept.length != 0) {
        hoti_text_lines(out, &kept);
        hoti_text_free(&kept);
    }
}

static hoti_text *begin(const char *verb, const hoti_version *v) {
    hoti_text *out = hoti_link_out();
    if (out == NULL || v->nonce[0] == '\0') return NULL;
    hoti_text_verb(out, verb);
    hoti_text_pair(out, "module", v->module->name);
    hoti_text_number(out, "version", v->number);
    hoti_text_pair(out, "nonce", v->nonce);
    return out;
}

/* The agent did not ask for it (local mode, or a connection before this one): it is told what runs now. */
static void say_unasked(const hoti_version *v) {
    hoti_text *out = hoti_link_out();
    if (out != NULL && v->nonce[0] == '\0') say_module(out, v->module);
}

void hoti_report_loaded(const hoti_version *v, hoti_u64 ns) {
    hoti_text *out = begin("loaded", v);
    if (out == NULL) return;
    hoti_text_pair(out, "build", v->image->build_id);
    hoti_text_number(out, "us", (ns + 999) / 1000);
    if (v->resident != NULL) hoti_text_pair(out, "resident", v->resident);
    hoti_text_end(out);
}

void hoti_report_swapped(const hoti_version *v, hoti_u64 ns) {
    hoti_text *out = begin("swapped", v);
    say_unasked(v);
    if (out == NULL) return;
    hoti_text_pair(out, "build", v->image->build_id);
    hoti_text_number(out, "us", (ns + 999) / 1000);
    hoti_text_number(out, "ns", ns);
    hoti_text_end(out);
}

void hoti_report_confirmed(const hoti_version *v) {
    hoti_text *out = begin("confirmed", v);
    say_unasked(v);
    if (out != NULL) hoti_text_end(out);
}

void hoti_report_superseded(const hoti_version *v) {
    hoti_text *out = begin("superseded", v);
    if (out != NULL) hoti_text_end(out);
}

/* The thread's own name, as `ps -L` shows it. */
static void thread_name(long id, char *name, size_t room) {
    char path[64];
    FILE *f;
    name[0] = '\0';
    snprintf(path, sizeof path, "/proc/self/task/%ld/comm", id);
    f = fopen(path, "re");
    if (f != NULL && fgets(name, (int)room, f) != NULL) name[strcspn(name, "\n")] = '\0';
    if (f != NULL) fclose(f);
}

/* With the lock held. */
void hoti_report_waiting(const hoti_version *v, const hot_thread *t) {
    hoti_text *out = begin("waiting", v);
    const hot_image *own = v->module->given->image;
    unsigned slot = HOTI_GET(t->mark) != NULL ? HOTI_GET(t->site)->slot : HOTI_GET(t->slot); /* the short way notes this */
    char name[64];
    if (v->module->native != NULL) slot = hoti_native_slot(t);
    if (out == NULL) return;
    thread_name(t->system_id, name, sizeof name);
    hoti_text_number(out, "thread", (hoti_u64)t->system_id);
    if (name[0] != '\0') hoti_text_pair(out, "name", name);
    if (hoti_depth(t) != 0 && slot < own->function_count)
        hoti_text_pair(out, "function", own->functions[slot].name);
    hoti_text_end(out);
}

static int symbol_at(const hoti_version *v, const hoti_crash *crash, unsigned frame, char *symbol, size_t room) {
    return v->path != NULL && frame < crash->frame_count &&
           hoti_symbol(v->path, crash->frames[frame] - v->origin, symbol, room);
}

static void say_trace(hoti_text *out, const hoti_version *v, const hoti_crash *crash) {
    char trace[HOTI_FRAMES * 20 + 1], symbol[256];
    unsigned first = 0;
    int length = 0, named = symbol_at(v, crash, 0, symbol, sizeof symbol);
    /* vaisc's own way to stop at a null pointer and the like is nobody's function */
    if (named && strncmp(symbol, "vais_trap", 9) == 0) named = symbol_at(v, crash, first = 1, symbol, sizeof symbol);
    if (crash->frame_count <= first) return;
    for (unsigned i = first; i < crash->frame_count; i++)
        length += snprintf(trace + length, sizeof trace - (size_t)length, "%s%lx", i == first ? "" : ",",
                           (unsigned long)(crash->frames[i] - v->origin));
    if (named) hoti_text_pair(out, "symbol", symbol);
    hoti_text_pair(out, "trace", trace);
}

/* Where a `reverted` goes; null: nobody asked for the version. */
static hoti_text *begin_reverted(const hoti_version *v) {
    const hoti_module *m = v->module;
    hoti_text *out = hoti_link_out();
    if (v->nonce[0] == '\0' && out != NULL) say_module(out, m);
    if (out == NULL) out = &kept;
    if (v->asked[0] == '\0' || (out == &kept && out->length > 65536)) return NULL;
    hoti_text_verb(out, "reverted");
    hoti_text_pair(out, "module", m->name);
    hoti_text_number(out, "version", v->number);
    hoti_text_pair(out, "nonce", v->asked);
    hoti_text_number(out, "running", m->running->number);
    return out;
}

void hoti_report_reverted_too(const hoti_version *v, const hoti_version *failed) {
    hoti_text *out = begin_reverted(v);
    char reason[300];
    if (out == NULL) return;
    snprintf(reason, sizeof reason, "the module %.200s, which came with it, has failed", failed->module->name);
    hoti_text_pair(out, "reason", reason);
    hoti_text_end(out);
}

void hoti_report_reverted(const hoti_version *v, unsigned slot, const hoti_crash *crash, int undone) {
    const hoti_module *m = v->module;
    const char *function = slot == HOTI_SLOT_BEFORE  ? "hot_before_swap"
                           : slot == HOTI_SLOT_AFTER ? "hot_after_swap"
                                                     : m->given->image->functions[slot].name;
    hoti_text *out;
    hoti_error error = {"reverted", ""};
    const char *what = crash->result != 0 ? "a refusal" : crash->hung ? "a hang" : hoti_signal_name(crash->signal);
    char where[32] = "";
    if (crash->line > 0) snprintf(where, sizeof where, ":%d", crash->line);
    snprintf(error.text, sizeof error.text, "%s in %.200s (%.200s%s): version %llu was taken back, version %llu %s",
             what, function, m->source[0] == '\0' ? m->name : m->source, where, v->number, m->running->number,
             undone ? "made the call instead" : "makes the call instead, on what the failed one left");
    hoti_note(&error, 2);
    out = begin_reverted(v);
    if (out == NULL) return;
    if (!crash->hung && crash->result == 0) hoti_text_pair(out, "signal", hoti_signal_name(crash->signal));
    hoti_text_pair(out, "function", function);
    if (crash->line > 0) hoti_text_number(out, "line", (hoti_u64)crash->line);
    hoti_text_number(out, "undone", undone ? 1 : 0);
    say_trace(out, v, crash);
    hoti_text_pair(out, "reason", error.text);
    hoti_text_end(out);
}

void hoti_report_refused(const char *module, const hoti_load_order *order, const hoti_error *error) {
    const hoti_module *m = hoti_module_named(module);
    hoti_text *out = hoti_link_out();
    if (order->nonce[0] == '\0') return;
    if (out == NULL) out = &kept;
    if (out->length > 65536 && out == &kept) return;
    hoti_text_verb(out, "refused");
    hoti_text_pair(out, "module", module);
    hoti_text_number(out, "version", order->number);
    hoti_text_pair(out, "nonce", order->nonce);
    hoti_text_number(out, "running", m == NULL ? 0 : m->running->number);
    hoti_text_pair(out, "code", error->code);
    hoti_text_pair(out, "reason", error->text);
    hoti_text_end(out);
}
