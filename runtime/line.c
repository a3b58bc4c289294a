/* line.c: the link's line format, docs/link.md. Pure: bytes in, words out; fuzzed by tests/runtime/fuzz. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

static int is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/* Decodes a value in place, from `from` to `end`. Null when it has no such form; a NUL byte has none, as every value
 * is used as a C string. */
static char *decode(char *from, const char *end) {
    char *to = from;
    while (from < end) {
        unsigned char c = (unsigned char)*from++;
        if (c < 0x21 || c == 0x7f) return NULL;
        if (c == '%') {
            int high, low;
            if (end - from < 2) return NULL;
            high = digit_of(from[0]);
            low = digit_of(from[1]);
            if (high < 0 || low < 0 || high + low == 0) return NULL;
            c = (unsigned char)(high * 16 + low);
            from += 2;
        }
        *to++ = (char)c;
    }
    return to;
}

/* Parses `length` bytes without the newline, in place; text[length] must be writable. 0: no such form. */
int hoti_line_parse(hoti_line *line, char *text, size_t length) {
    char *at = text, *end = text + length;
    line->verb = text;
    line->count = 0;
    while (at < end && is_word(*at)) at++;
    if (at == text) return 0;
    while (at < end) {
        char *key, *value, *stop;
        if (*at != ' ') return 0;
        *at++ = '\0';
        key = at;
        while (at < end && is_word(*at)) at++;
        if (at == key || at == end || *at != '=') return 0;
        *at++ = '\0';
        value = at;
        while (at < end && *at != ' ') at++;
        stop = decode(value, at);
        if (stop == NULL) return 0;
        if (stop < at) *stop = '\0'; /* else the NUL comes with the next pair, or below */
        if (line->count < HOTI_PAIRS_MAX) { /* what nobody reads may as well be dropped */
            line->pairs[line->count].key = key;
            line->pairs[line->count].value = value;
            line->count++;
        }
    }
    *at = '\0';
    return 1;
}

const char *hoti_line_get(const hoti_line *line, const char *key) {
    for (unsigned i = 0; i < line->count; i++)
        if (strcmp(line->pairs[i].key, key) == 0) return line->pairs[i].value;
    return NULL;
}

/* A decimal integer below 2^53, so that every peer can hold it. */
int hoti_line_number(const hoti_line *line, const char *key, hoti_u64 *number) {
    const char *at = hoti_line_get(line, key);
    hoti_u64 sum = 0;
    if (at == NULL || *at == '\0') return 0;
    for (; *at != '\0'; at++) {
        if (*at < '0' || *at > '9') return 0;
        sum = sum * 10 + (hoti_u64)(*at - '0');
        if (sum >> 53) return 0;
    }
    *number = sum;
    return 1;
}

static void append(hoti_text *out, const char *bytes, size_t count) {
    if (out->failed || count == 0) return;
    if (out->room - out->length < count) {
        size_t room = (out->length + count) * 2;
        char *more = (char *)realloc(out->bytes, room);
        if (more == NULL) {
            out->failed = 1;
            return;
        }
        out->bytes = more;
        out->room = room;
    }
    memcpy(out->bytes + out->length, bytes, count);
    out->length += count;
}

void hoti_text_verb(hoti_text *out, const char *verb) { append(out, verb, strlen(verb)); }

void hoti_text_bytes(hoti_text *out, const char *key, const char *value, size_t length) {
    static const char digits[] = "0123456789ABCDEF";
    append(out, " ", 1);
    append(out, key, strlen(key));
    append(out, "=", 1);
    for (size_t i = 0, from = 0; i <= length; i++) {
        unsigned char c = i < length ? (unsigned char)value[i] : 0;
        if (c >= 0x21 && c != '%' && c != 0x7f) continue;
        append(out, value + from, i - from);
        from = i + 1;
        if (i < length) {
            char code[3] = {'%', digits[c >> 4], digits[c & 15]};
            append(out, code, 3);
        }
    }
}

void hoti_text_pair(hoti_text *out, const char *key, const char *value) {
    hoti_text_bytes(out, key, value, strlen(value));
}

void hoti_text_number(hoti_text *out, const char *key, hoti_u64 number) {
    char digits[21];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    hoti_text_bytes(out, key, digits + at, sizeof digits - at);
}

void hoti_text_end(hoti_text *out) { append(out, "\n", 1); }

void hoti_text_lines(hoti_text *out, const hoti_text *lines) { append(out, lines->bytes, lines->length); }

void hoti_text_free(hoti_text *out) {
    free(out->bytes);
    memset(out, 0, sizeof *out);
}
