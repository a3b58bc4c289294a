/* link.c: the line to the agent. Finds it, says hello, carries lines both ways, and begins again for ever. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

#define MS 1000000u
#define FIRST_WAIT (20u * MS)
#define LONGEST_WAIT (1000u * MS)
#define SILENCE (15000ull * MS)      /* after this much of it we ask whether the peer is alive, */
#define DEATH (3 * SILENCE)          /* and after this much it is not */
#define UNREAD_MAX (16u << 20)       /* bytes that a peer may leave unread */

static unsigned told; /* modules that were there at the last hello */
static int enabled, connected, welcome;
static hoti_u64 retry_at, backoff = FIRST_WAIT, heard_at, asked_at;
static char input[HOTI_LINE_MAX + 1];
static size_t input_length;
static hoti_text output;
static size_t output_sent;

void hoti_link_begin(void) { enabled = hoti_peer_find(); }

static void lose(hoti_u64 now) {
    hoti_peer_close();
    connected = 0;
    hoti_text_free(&output);
    output_sent = input_length = 0;
    retry_at = now + backoff;
    hoti_order_lost();
}

static void dial(hoti_u64 now) {
    retry_at = now + backoff;
    backoff = backoff * 3 / 2 < LONGEST_WAIT ? backoff * 3 / 2 : LONGEST_WAIT;
    connected = hoti_peer_dial();
    if (!connected) return;
    welcome = 0;
    heard_at = asked_at = now;
    told = HOTI_GET(hoti_module_count);
    hoti_report_hello(&output);
}

/* ---- lines ---- */
void hoti_link_renew(void) { hoti_wake(); }

static void say(const char *verb) {
    hoti_text_verb(&output, verb);
    hoti_text_end(&output);
}

/* 0: the peer does not keep to the protocol. */
static int hear(char *text, size_t length) {
    hoti_line line;
    hoti_u64 protocol;
    if (!hoti_line_parse(&line, text, length)) return 0;
    if (strcmp(line.verb, "ping") == 0) say("pong");
    else if (strcmp(line.verb, "welcome") == 0) {
        if (!hoti_line_number(&line, "protocol", &protocol) || protocol != 1) return 0;
        welcome = 1;
        backoff = FIRST_WAIT;
    } else if (welcome) hoti_order_line(&line);
    return 1;
}

/* 0: the connection is over. */
static int read_lines(void) {
    for (;;) {
        long n = hoti_peer_read(input + input_length, HOTI_LINE_MAX - input_length);
        char *at = input, *end;
        if (n <= 0) return n == 0;
        heard_at = asked_at = hoti_now();
        input_length += (size_t)n;
        while ((end = (char *)memchr(at, '\n', input_length - (size_t)(at - input))) != NULL) {
            if (!hear(at, (size_t)(end - at))) return 0;
            if (!connected) return 0;
            at = end + 1;
        }
        input_length -= (size_t)(at - input);
        memmove(input, at, input_length);
        if (input_length == HOTI_LINE_MAX) return 0; /* too long to be a line */
    }
}

static int write_lines(void) {
    while (output_sent < output.length) {
        long n = hoti_peer_write(output.bytes + output_sent, output.length - output_sent);
        if (n < 0) return 0;
        if (n == 0) return output.length - output_sent < UNREAD_MAX;
        output_sent += (size_t)n;
    }
    output.length = output_sent = 0;
    return !output.failed;
}

/* ---- steps of the background thread's loop ---- */
hoti_text *hoti_link_out(void) { return connected ? &output : NULL; }

int hoti_link_sends(void) {
    if (connected && output_sent < output.length && !write_lines()) lose(hoti_now());
    return output_sent < output.length;
}

hoti_u64 hoti_link_wait(hoti_u64 now) {
    hoti_u64 due = !connected ? retry_at : asked_at + SILENCE;
    if (!enabled || hoti_module_count == 0 || (!connected && hoti_local_stopped())) return HOTI_NEVER;
    return due > now ? due - now : 0;
}

void hoti_link_step(int ready, hoti_u64 now) {
    if (!enabled || hoti_module_count == 0) return;
    if (connected && told != HOTI_GET(hoti_module_count)) {
        backoff = FIRST_WAIT;
        lose(now);
        retry_at = now;
    }
    if (hoti_local_stopped()) {
        hoti_link_end();
        return;
    }
    if (!connected) {
        if (now >= retry_at) dial(now);
        return;
    }
    if (ready && !read_lines()) {
        lose(now);
        return;
    }
    if (now - heard_at > DEATH && heard_at < now) {
        lose(now);
    } else if (now > asked_at && now - asked_at >= SILENCE) {
        asked_at = now;
        say("ping");
    }
}

void hoti_link_end(void) {
    if (!connected) return;
    say("bye");
    write_lines();
    lose(hoti_now());
}

/* In the child of a fork: the connection is the parent's. */
void hoti_link_forget(void) {
    hoti_peer_close();
    connected = enabled = 0;
}
