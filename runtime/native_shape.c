/* native_shape.c: what the contract of a plain library says of a function's arguments: which registers they are in, so that
 * a guarded call keeps no more than those, and what its pointers point to, so that an undone call puts it back.
 *
 * An image that was pushed has its contract in the section `vais_contract`, made from its debug information. What the text
 * of a type does not tell for sure, such as how a struct travels by value, ends the reading: what was read until then
 * holds, and the rest is kept as for a function of which nothing is known. */
#include "native.h"

#if HOTI_STUBS
#include <stdlib.h>
#include <string.h>

void hot_stub_quick_all(void);
void hot_stub_quick_few(void);
void hot_stub_quick_integers(void);
void hot_stub_quick_three(void);

enum { INTEGERS = 6, VECTORS = 8, REACHES = 8 };

typedef struct text {
    const char *at;
    size_t length;
} text;

static int is(text t, const char *word) { return strlen(word) == t.length && memcmp(t.at, word, t.length) == 0; }

static text trimmed(const char *at, const char *end) {
    text t;
    while (at < end && *at == ' ') at++;
    while (end > at && end[-1] == ' ') end--;
    t.at = at;
    t.length = (size_t)(end - at);
    return t;
}

/* Where this item of a list ends: at a comma or a closing bracket outside of all brackets. The `>` of an arrow is none. */
static const char *end_of(const char *at, const char *end) {
    int depth = 0;
    for (; at < end; at++) {
        if (*at == '-' && at + 1 < end && at[1] == '>') at++;
        else if (strchr("([<{", *at) != NULL) depth++;
        else if (strchr(")]>}", *at) != NULL && depth-- == 0) return at;
        else if (*at == ',' && depth == 0) return at;
    }
    return end;
}

/* Bytes of a word of the language; 0: it is none. */
static size_t size_of_word(text t) {
    static const struct { const char *name; size_t size; } words[] = {
        {"i8", 1},  {"u8", 1},  {"bool", 1}, {"i16", 2}, {"u16", 2}, {"i32", 4},  {"u32", 4},
        {"f32", 4}, {"i64", 8}, {"u64", 8},  {"f64", 8}, {"char", 4}, {"usize", 8}, {"isize", 8},
    };
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is(t, words[i].name)) return words[i].size;
    return 0;
}

static int is_pointer(text t) {
    return t.length != 0 && (*t.at == '*' || *t.at == '&' || (t.length > 3 && memcmp(t.at, "fn(", 3) == 0));
}

/* Bytes of a type; 0: not known. */
static size_t size_of(const hot_image *image, text t) {
    size_t size = size_of_word(t);
    if (size != 0 || t.length == 0) return size;
    if (is_pointer(t)) return sizeof(void *);
    if (*t.at == '[') { /* [T; n] */
        const char *semicolon = t.at + t.length;
        while (semicolon > t.at && *semicolon != ';') semicolon--;
        if (semicolon == t.at) return 0;
        size = size_of(image, trimmed(t.at + 1, semicolon));
        return size * strtoul(semicolon + 1, NULL, 10);
    }
    return (size_t)hoti_contract_size(image, t.at, t.length);
}

/* What a guarded call of it has to keep. */
static void (*quick_for(unsigned integers, unsigned vectors))(void) {
    if (vectors == 0) return integers <= 3 ? hot_stub_quick_three : hot_stub_quick_integers;
    return integers <= 3 && vectors <= 2 ? hot_stub_quick_few : hot_stub_quick_all;
}

/* `own` is "(A, B) -> R", from behind the bracket. */
static void read_arguments(hoti_stub *stub, const hot_image *image, const char *at, const char *end) {
    hot_reach *reaches = (hot_reach *)calloc(REACHES, sizeof *reaches);
    unsigned integers = 0, vectors = 0, count = 0;
    size_t stacked = 0;
    const char *close = at, *arrow;
    int known = reaches != NULL;
    while (close < end && *(close = end_of(close, end)) == ',') close++;
    arrow = close + 1;
    if (close >= end) known = 0;
    if (known && end - arrow > 4 && memcmp(arrow, " -> ", 4) == 0) { /* a large result comes in memory that the first argument tells */
        text result = trimmed(arrow + 4, end);
        if (!is_pointer(result) && size_of_word(result) == 0) {
            if (size_of(image, result) > 16) integers = 1;
            else if (hoti_contract_size(image, result.at, result.length) != 0) known = 0;
        }
    }
    while (known && at < close) {
        const char *next = end_of(at, close);
        text one = trimmed(at, next);
        size_t offset = 0, size = 0;
        at = next + 1;
        if (is(one, "f32") || is(one, "f64")) {
            if (vectors++ >= VECTORS) stacked += 8;
            continue;
        }
        if (!is_pointer(one) && size_of_word(one) == 0) known = 0; /* a struct, an enum, `...` */
        if (!known) break;
        offset = integers < INTEGERS ? offsetof(hoti_context, integers) + integers * sizeof(size_t)
                                     : offsetof(hoti_context, arguments) + stacked;
        if (integers++ >= INTEGERS) stacked += 8;
        if (*one.at == '*' || *one.at == '&') size = size_of(image, trimmed(one.at + 1, one.at + one.length));
        if (size == 0 || count == REACHES || offset + sizeof(size_t) > offsetof(hoti_context, copied)) continue;
        reaches[count].offset = (unsigned)offset;
        reaches[count++].size = size;
    }
    if (known) stub->stacked = stacked;
    if (known) stub->quick = quick_for(integers, vectors);
    stub->site.reaches = reaches; /* kept: a call may just read it */
    HOTI_SET(stub->site.reach_count, count);
}

/* Once for each stub, with the lock held: a version that may run has the same signature. */
void hoti_stub_shape(hoti_stub *stub, const hot_image *image) {
    size_t length = 0;
    const char *type;
    if (stub->shaped || image->contract == NULL) return;
    type = hoti_contract_function(image, stub->name, &length);
    if (type == NULL || length < 4 || memcmp(type, "fn(", 3) != 0) return;
    stub->shaped = 1;
    read_arguments(stub, image, type + 3, type + length);
}
#else
void hoti_stub_shape(hoti_stub *stub, const hot_image *image) { (void)stub, (void)image; }
#endif
