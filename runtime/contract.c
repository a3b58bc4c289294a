/* contract.c: holds the structs of a new contract against those of the version that runs. The agent does so before it
 * delivers anything; in local mode nobody but us does, and a struct with another layout would spoil the program's
 * state.
 * Pure: records in, words out. The records are JSON that a compiler or the macros of hot.h wrote. */
#include "hot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- just enough of JSON ---- */

/* The end of the value that begins at `at`: of a string, an array, an object or a word. */
static const char *skip_value(const char *at) {
    int depth = 0;
    do {
        if (*at == '"') {
            for (at++; *at != '\0' && *at != '"'; at++)
                if (*at == '\\' && at[1] != '\0') at++;
            if (*at == '"') at++;
        } else if (*at == '[' || *at == '{') {
            depth++, at++;
        } else if (*at == ']' || *at == '}') {
            depth--, at++;
        } else if (*at != '\0') {
            at++;
        }
        if (depth == 0 && (*at == ',' || *at == ']' || *at == '}' || *at == ':')) break;
    } while (*at != '\0' && (depth > 0 || at[-1] != '"'));
    return at;
}

/* The value of a key of the object that begins at `object`; null: it has none. */
static const char *value_of(const char *object, const char *key) {
    size_t length = strlen(key);
    const char *at = object + (*object == '{');
    while (*at != '\0' && *at != '}') {
        const char *name, *stop;
        while (*at == ',' || *at == ' ' || *at == '\n' || *at == '\t') at++;
        if (*at != '"') return NULL;
        name = at + 1;
        stop = skip_value(at);
        at = stop;
        while (*at == ' ') at++;
        if (*at != ':') return NULL;
        for (at++; *at == ' ';) at++;
        if ((size_t)(stop - name) == length + 1 && memcmp(name, key, length) == 0) return at;
        at = skip_value(at);
    }
    return NULL;
}

static int is_text(const char *value, const char *text) {
    size_t n = strlen(text);
    return value != NULL && *value == '"' && strncmp(value + 1, text, n) == 0 && value[1 + n] == '"';
}

static int same_value(const char *a, const char *b) {
    size_t n;
    if (a == NULL || b == NULL) return a == b;
    n = (size_t)(skip_value(a) - a);
    return n == (size_t)(skip_value(b) - b) && memcmp(a, b, n) == 0;
}

/* ---- structs ---- */
static const char *next_field(const char *field) {
    field = skip_value(field);
    while (*field == ',' || *field == ' ') field++;
    return *field == '{' ? field : NULL;
}

static const char *first_of(const char *record, const char *list) {
    const char *entry = value_of(record, list);
    if (entry == NULL || *entry != '[') return NULL;
    for (entry++; *entry == ' ';) entry++;
    return *entry == '{' ? entry : NULL;
}
static const char *first_field(const char *record) { return first_of(record, "fields"); }

static const char *entry_named(const char *record, const char *list, const char *name) {
    const char *entry = first_of(record, list);
    while (entry != NULL && !same_value(value_of(entry, "name"), name)) entry = next_field(entry);
    return entry;
}

/* Each entry of a's list is in b's, by its name, with the same values of these keys. */
static int has_entries(const char *a, const char *b, const char *list, const char *const *keys) {
    for (const char *x = first_of(a, list); x != NULL; x = next_field(x)) {
        const char *y = entry_named(b, list, value_of(x, "name"));
        if (y == NULL) return 0;
        for (const char *const *key = keys; *key != NULL; key++)
            if (!same_value(value_of(x, *key), value_of(y, *key))) return 0;
    }
    return 1;
}

/* The rule of artifact/contract/compare-structs.ts; tests/artifact/contract/fit.test.ts runs both over the same pairs. */
static int same_layout(const char *a, const char *b) {
    static const char *const field[] = {"type", "offset", "bits", "when", NULL}, *const slot[] = {"type", "slot", NULL},
                             *const name[] = {NULL};
    return same_value(value_of(a, "size"), value_of(b, "size")) && same_value(value_of(a, "align"), value_of(b, "align")) &&
           same_value(value_of(a, "passed"), value_of(b, "passed")) && has_entries(a, b, "fields", field) &&
           has_entries(b, a, "fields", name) && has_entries(a, b, "virtuals", slot) && has_entries(b, a, "virtuals", name);
}

/* The rule of artifact/contract/compare-enums.ts: a value that is new is in nobody's state. */
static int same_values(const char *a, const char *b) {
    static const char *const value[] = {"value", NULL};
    return same_value(value_of(a, "size"), value_of(b, "size")) && has_entries(a, b, "values", value);
}

/* The length of a value's text, without the quotes of a string. */
static int text_length(const char *value) { return (int)(skip_value(value) - value) - (*value == '"' ? 2 : 0); }

/* "{ x: i64, y: i64 } of 16 bytes" */
static void describe(const char *record, char *text, size_t room) {
    const char *size = value_of(record, "size");
    size_t n = (size_t)snprintf(text, room, "{");
    for (const char *f = first_field(record); f != NULL && n < room; f = next_field(f)) {
        const char *name = value_of(f, "name"), *type = value_of(f, "type");
        if (name == NULL || type == NULL) continue;
        n += (size_t)snprintf(text + n, room - n, "%s %.*s: %.*s", n == 1 ? "" : ",", text_length(name), name + 1,
                              text_length(type), type + 1);
    }
    if (n < room && size != NULL) snprintf(text + n, room - n, " } of %.*s bytes", text_length(size), size);
}

/* The next record after `at`, or the first one; null: there is none. */
static const char *next_record(const char *contract, hoti_u64 size, const char *at) {
    const char *end;
    if (contract == NULL) return NULL;
    end = contract + size;
    at = at == NULL ? contract : at + strlen(at);
    while (at < end && *at == '\0') at++;
    return at < end ? at : NULL;
}

static const char *find_record(const hot_image *image, const char *kind, const char *name) {
    const char *r = NULL;
    while ((r = next_record(image->contract, image->contract_size, r)) != NULL)
        if (is_text(value_of(r, "record"), kind) && same_value(value_of(r, "name"), name)) return r;
    return NULL;
}

/* Refuses another layout of a struct that the program itself holds, and other numbers of an enum. */
int hoti_contract_check(const hot_image *old, const hot_image *image, hoti_error *error) {
    const char *r = NULL;
    if (old->contract_size != 0 && old->contract[old->contract_size - 1] != '\0') return 1; /* not ended: not read */
    if (image->contract_size != 0 && image->contract[image->contract_size - 1] != '\0')
        return hoti_fail(error, "image_invalid", "the contract of %s is not ended", image->module);
    while ((r = next_record(old->contract, old->contract_size, r)) != NULL) {
        const char *name = value_of(r, "name"), *held = value_of(r, "held"), *now;
        char before[300], after[300];
        if (is_text(value_of(r, "record"), "enum")) {
            now = name == NULL ? NULL : find_record(image, "enum", name);
            if (now == NULL || same_values(r, now)) continue;
            return hoti_fail(error, "contract_changed", "enum %.*s has other values", text_length(name), name + 1);
        }
        if (!is_text(value_of(r, "record"), "struct") || held == NULL || strncmp(held, "true", 4) != 0) continue;
        now = name == NULL ? NULL : find_record(image, "struct", name);
        if (now == NULL || same_layout(r, now)) continue;
        describe(r, before, sizeof before);
        describe(now, after, sizeof after);
        return hoti_fail(error, "contract_changed", "struct %.*s has another layout: it was %s, it is %s",
                         text_length(name), name + 1, before, after);
    }
    return 1;
}

/* ---- of a plain library ---- */

/* The bytes of a struct or an enum by name; 0: there is none. */
hoti_u64 hoti_contract_size(const hot_image *image, const char *name, size_t length) {
    const char *r = NULL;
    while ((r = next_record(image->contract, image->contract_size, r)) != NULL) {
        const char *own = value_of(r, "name"), *size = value_of(r, "size");
        if (own == NULL || size == NULL || (size_t)text_length(own) != length || memcmp(own + 1, name, length) != 0) continue;
        if (is_text(value_of(r, "record"), "struct") || is_text(value_of(r, "record"), "enum")) return strtoull(size, NULL, 10);
    }
    return 0;
}

/* The type of a function, by its symbol or by the name that people write; null: it states none. */
const char *hoti_contract_function(const hot_image *image, const char *name, size_t *length) {
    const char *r = NULL;
    while ((r = next_record(image->contract, image->contract_size, r)) != NULL) {
        const char *type = value_of(r, "type");
        if (type == NULL || !is_text(value_of(r, "record"), "function")) continue;
        if (!is_text(value_of(r, "name"), name) && !is_text(value_of(r, "symbol"), name)) continue;
        *length = (size_t)text_length(type);
        return type + 1;
    }
    return NULL;
}
