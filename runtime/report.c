/* report.c: what the program says to the agent, docs/link.md. */
#include "hot_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
    hoti_text_end(out);
}

/* Long records are said in parts that fit a line even when each byte is escaped. */
static void say_contract(hoti_text *out, const hoti_module *m) {
    enum { PART = 20000 };
    const hot_image *image = m->running->image;
    const char *at = image->contract, *end = at + image->contract_size;
    while (at != NULL && at < end) {
        const char *stop = memchr(at, '\0', (size_t)(end - at));
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

void hoti_report_hello(hoti_text *out) {
    hoti_text_verb(out, "hello");
    hoti_text_number(out, "protocol", 1);
    hoti_text_pair(out, "program", hoti_program_name());
    hoti_text_number(out, "pid", (hoti_u64)getpid());
    hoti_text_pair(out, "triple", hoti_modules[0].given->image->triple);
    hoti_text_pair(out, "runtime", HOTI_RUNTIME);
    hoti_text_number(out, "modules", hoti_module_count);
    hoti_text_end(out);
    for (unsigned i = 0; i < hoti_module_count; i++) {
        say_module(out, &hoti_modules[i]);
        say_contract(out, &hoti_modules[i]);
    }
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
