/* check.c: the program's side of a check. The agent asks before it hands over an image; a process of the program's own
 * executable, which ran nothing yet, tries it. One stands by from the first check on. Each is used once. */
#include "check.h"

#include <string.h>

#ifdef HOTI_CHECKS
#include "posix.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    hoti_descriptor end;
    char token[64];
    char nonce[64]; /* "": it stands by */
    char stage[16]; /* "": it has not come to the image */
    hoti_u64 until; /* ns; when it counts as hung */
    char input[2048];
    size_t length;
} check;

enum { ALL = 5 }; /* one of them stands by */
static check checks[ALL]; /* all of the background thread */
static unsigned begun;    /* in use, from the front */

static void drop(check *c) {
    hoti_descriptor_close(&c->end);
    *c = checks[--begun];
}

static check *start(void) {
    static unsigned number;
    check *c = begun < ALL ? &checks[begun] : NULL;
    int end;
    if (c == NULL) return NULL;
    memset(c, 0, sizeof *c);
    snprintf(c->token, sizeof c->token, "%ld.%llu.%u", (long)hoti_process_id(), hoti_now(), ++number);
    end = hoti_check_spawn(c->token);
    if (end < 0) return NULL;
    hoti_descriptor_keep(&c->end, end);
    begun++;
    return c;
}

static check *standing_by(void) {
    for (unsigned i = 0; i < begun; i++)
        if (checks[i].nonce[0] == '\0' && hoti_descriptor_get(&checks[i].end) >= 0) return &checks[i];
    return NULL;
}

static void say(const char *nonce, const char *code, const char *reason) {
    hoti_text *out = hoti_link_out();
    if (out == NULL) return;
    hoti_text_verb(out, code == NULL ? "checked" : "unfit");
    hoti_text_pair(out, "nonce", nonce);
    if (code != NULL) {
        hoti_text_pair(out, "code", code);
        hoti_text_pair(out, "reason", reason);
    }
    hoti_text_end(out);
}

static const char *during(const check *c) {
    if (strcmp(c->stage, "read") == 0) return "while its description was read";
    return strcmp(c->stage, "unload") == 0 ? "while it was unloaded" : "while it was loaded";
}

static void failed(check *c, const char *what) {
    char reason[256];
    snprintf(reason, sizeof reason, "the library %s %s", what, during(c));
    if (c->nonce[0] != '\0') say(c->nonce, "check_failed", reason);
    hoti_check_kill(c->token);
    hoti_copies_sweep(); /* its private copy */
    drop(c);
}

static const char *signal_name(hoti_u64 number) {
    switch (number) {
    case SIGSEGV: return "crashed with SIGSEGV";
    case SIGBUS: return "crashed with SIGBUS";
    case SIGFPE: return "crashed with SIGFPE";
    case SIGILL: return "crashed with SIGILL";
    case SIGABRT: return "crashed with SIGABRT";
    case SIGTRAP: return "crashed with SIGTRAP";
    default: return "crashed with SIGSYS";
    }
}

/* 0: it is done with. */
static int hear(check *c, char *text, size_t length) {
    hoti_line line;
    hoti_u64 number = 0;
    const char *at;
    if (!hoti_line_parse(&line, text, length)) {
        failed(c, "wrote to the socket of the check");
        return 0;
    }
    if (strcmp(line.verb, "stage") == 0) {
        at = hoti_line_get(&line, "at");
        if (at != NULL) snprintf(c->stage, sizeof c->stage, "%s", at);
        return 1;
    }
    if (strcmp(line.verb, "crashed") == 0) {
        hoti_line_number(&line, "signal", &number);
        failed(c, signal_name(number));
        return 0;
    }
    if (strcmp(line.verb, "passed") == 0) say(c->nonce, NULL, NULL);
    else if (strcmp(line.verb, "failed") == 0 && hoti_line_get(&line, "code") != NULL && hoti_line_get(&line, "reason") != NULL)
        say(c->nonce, hoti_line_get(&line, "code"), hoti_line_get(&line, "reason"));
    else return 1;
    if (hoti_line_get(&line, "left") != NULL) hoti_check_kill(c->token);
    drop(c);
    if (standing_by() == NULL) start(); /* for the next push */
    return 0;
}

/* 0: it is done with. */
static int read_from(check *c) {
    for (;;) {
        char *at = c->input, *end;
        int from = hoti_descriptor_get(&c->end);
        ssize_t n = from < 0 ? 0 : read(from, c->input + c->length, sizeof c->input - c->length);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 1;
        if (n <= 0) {
            if (c->nonce[0] != '\0' && c->stage[0] == '\0') {
                say(c->nonce, "internal", "the check process ended before it came to the image");
                drop(c);
            } else if (c->nonce[0] != '\0') {
                failed(c, "ended the process");
            } else {
                drop(c); /* somebody ended one that stood by */
            }
            return 0;
        }
        c->length += (size_t)n;
        while ((end = (char *)memchr(at, '\n', c->length - (size_t)(at - c->input))) != NULL) {
            if (!hear(c, at, (size_t)(end - at))) return 0;
            at = end + 1;
        }
        c->length -= (size_t)(at - c->input);
        memmove(c->input, at, c->length);
        if (c->length == sizeof c->input) {
            failed(c, "wrote to the socket of the check");
            return 0;
        }
    }
}

void hoti_check_ask(const hoti_line *line) {
    static const char *const keys[] = {"module", "build", "digest", "size", "path", "functions"};
    const char *nonce = hoti_line_get(line, "nonce");
    hoti_text ask = {0};
    check *c;
    if (nonce == NULL || strlen(nonce) >= sizeof c->nonce) return; /* nobody could be answered */
    c = standing_by();
    if (c == NULL) c = start();
    if (c == NULL) {
        say(nonce, "internal", begun == ALL ? "too many checks at once" : "the program cannot start itself for a check");
        return;
    }
    hoti_text_verb(&ask, "check");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (hoti_line_get(line, keys[i]) != NULL) hoti_text_pair(&ask, keys[i], hoti_line_get(line, keys[i]));
    hoti_text_end(&ask);
    strcpy(c->nonce, nonce);
    c->until = hoti_now() + HOTI_CHECK_SECONDS * 1000000000ull;
    /* A new socket takes a line whole. */
    if (ask.failed || write(c->end.number, ask.bytes, ask.length) != (ssize_t)ask.length) {
        say(nonce, "internal", "the check process takes no request");
        hoti_check_kill(c->token);
        drop(c);
    }
    hoti_text_free(&ask);
}

void hoti_check_step(hoti_u64 now) {
    for (unsigned i = 0; i < begun;) {
        if (!read_from(&checks[i])) continue; /* another is in its place */
        if (checks[i].nonce[0] != '\0' && now >= checks[i].until) failed(&checks[i], "hung");
        else i++;
    }
}

hoti_u64 hoti_check_wait(hoti_u64 now) {
    hoti_u64 first = HOTI_NEVER;
    for (unsigned i = 0; i < begun; i++) {
        hoti_u64 left = checks[i].until > now ? checks[i].until - now : 0;
        if (checks[i].nonce[0] != '\0' && left < first) first = left;
    }
    return first;
}

void hoti_check_watch(hoti_watch *watch) {
    for (unsigned i = 0; i < begun; i++) watch->descriptors[watch->count++] = hoti_descriptor_get(&checks[i].end);
}

/* The agent is gone, or gave them up: what runs is ended. */
void hoti_check_drop(void) {
    while (begun > 0) {
        if (checks[begun - 1].nonce[0] != '\0') {
            hoti_check_kill(checks[begun - 1].token);
            hoti_copies_sweep();
        }
        drop(&checks[begun - 1]);
    }
}

/* In the child of a fork: they are the parent's. */
void hoti_check_forget(void) {
    while (begun > 0) drop(&checks[begun - 1]);
}

int hoti_check_can(void) { return 1; }
#else
void hoti_check_ask(const hoti_line *line) { (void)line; }
void hoti_check_step(hoti_u64 now) { (void)now; }
void hoti_check_watch(hoti_watch *watch) { (void)watch; }
hoti_u64 hoti_check_wait(hoti_u64 now) { return (void)now, HOTI_NEVER; }
void hoti_check_drop(void) {}
void hoti_check_forget(void) {}
int hoti_check_can(void) { return 0; }
#endif
