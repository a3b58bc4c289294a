/* patch.c: what the fields of an image have to hold so that its code leads to other storage. All are worked out and checked
 * before one is written: a field that does not hold what its relocation says is not understood, and then the image is refused. */
#include "statics.h"

#ifdef __linux__
#include <string.h>

static size_t width(unsigned kind) {
    return kind == HOTI_FIELD_ABS64 || kind == HOTI_FIELD_SLOT || kind == HOTI_FIELD_PC64 || kind == HOTI_FIELD_TLS64 || kind == HOTI_FIELD_TLS_MODULE ||
                   kind == HOTI_FIELD_TLS_PAIR
               ? 8
               : 4;
}

enum { FITS = 1, ODD = 0, FAR = -1 };

/* arm64: the page of the target, counted from the instruction's own. */
static int page(hoti_u64 target, size_t place, hoti_u64 *value) {
    long long pages = (long long)(target >> 12) - (long long)(place >> 12);
    if ((*value & 0x9f000000u) != 0x90000000u) return ODD;
    if (pages < -(1 << 20) || pages >= 1 << 20) return FAR;
    *value = (*value & 0x9f00001fu) | ((hoti_u64)(pages & 3) << 29) | ((hoti_u64)((pages >> 2) & 0x7ffff) << 5);
    return FITS;
}

static int low_bits(hoti_u64 target, unsigned kind, hoti_u64 *value) {
    unsigned scale = kind == HOTI_FIELD_ADD12 ? 0 : kind - HOTI_FIELD_LOAD12;
    hoti_u64 is = kind == HOTI_FIELD_ADD12 ? *value & 0x7fc00000u : *value & 0x3b000000u;
    if (is != (kind == HOTI_FIELD_ADD12 ? 0x11000000u : 0x39000000u) || (target & ((1u << scale) - 1)) != 0) return ODD;
    *value = (*value & ~(hoti_u64)0x3ffc00u) | (((target & 0xfff) >> scale) << 10);
    return FITS;
}

/* What the field at this address has to hold; `value` comes as what it holds. */
static int hold(const hoti_list_field *f, const hoti_target *target, size_t place, hoti_u64 *value) {
    hoti_u64 to = (hoti_u64)target->address + (hoti_u64)(long long)f->addend;
    long long distance = (long long)(to - place);
    switch (HOTI_FIELD_KIND(f)) {
    case HOTI_FIELD_PC32:
        *value = (unsigned)distance;
        return distance == (int)distance ? FITS : FAR;
    case HOTI_FIELD_PC64: *value = (hoti_u64)distance; return FITS;
    case HOTI_FIELD_TLS32: *value = (unsigned)to; return (long long)to == (int)to ? FITS : ODD;
    case HOTI_FIELD_TLS_PAIR:
    case HOTI_FIELD_TLS_MODULE: *value = target->module; return FITS;
    case HOTI_FIELD_ABS64:
    case HOTI_FIELD_SLOT:
    case HOTI_FIELD_TLS64: *value = to; return FITS;
    case HOTI_FIELD_ADRP: return page(to, place, value);
    default: return HOTI_FIELD_KIND(f) <= HOTI_FIELD_LOAD12 + 4 ? low_bits(to, HOTI_FIELD_KIND(f), value) : ODD;
    }
}

static hoti_u64 load(size_t place, size_t bytes) {
    hoti_u64 value = 0;
    memcpy(&value, (const char *)place, bytes); /* little-endian, as all that we patch */
    return value;
}

static int check(const hoti_list *list, const hoti_target *wanted, const hoti_list_field *f, hoti_error *error) {
    size_t place = list->bias + (size_t)HOTI_FIELD_PLACE(f), bytes = width(HOTI_FIELD_KIND(f));
    const char *key = list->text + list->variables[f->variable].key;
    hoti_u64 old = load(place, bytes), now = old, then = old;
    int good = hold(f, &list->now[f->variable], place, &now) == FITS && now == old;
    if (good && HOTI_FIELD_KIND(f) == HOTI_FIELD_TLS_PAIR)
        good = load(place + 8, 8) == list->now[f->variable].address + (hoti_u64)(long long)f->addend;
    if (!good)
        return hoti_fail(error, "load_refused", "the variable %s would lose its value: the code at 0x%llx reaches it in a way "
                         "that is not understood, or it is bound to a variable of the program", key, HOTI_FIELD_PLACE(f));
    if (hold(f, &wanted[f->variable], place, &then) == FITS) return 1;
    hoti_fail(error, "load_refused", "the variable %s would lose its value: it is %s", key,
              HOTI_FIELD_KIND(f) == HOTI_FIELD_TLS32 ? "out of reach" : "more than 2 GB away from where the new code was loaded");
    return -1;
}

static int differs(const hoti_list *list, const hoti_target *wanted, const hoti_list_field *f) {
    const hoti_target *a = &list->now[f->variable], *b = &wanted[f->variable];
    return a->address != b->address || a->module != b->module;
}

int hoti_patch(hoti_list *list, const hoti_target *wanted, hoti_error *error) {
    unsigned changes = 0;
    for (unsigned i = 0; i < list->head->fields; i++) {
        const hoti_list_field *f = &list->fields[i];
        int good;
        if (!differs(list, wanted, f)) continue;
        good = check(list, wanted, f, error);
        if (good <= 0) return good;
        changes++;
    }
    if (changes != 0 && !hoti_patch_write(list, wanted, error)) return 0;
    for (unsigned i = 0; i < list->head->variables; i++) list->now[i] = wanted[i];
    return 1;
}

/* Writes the fields that are between these places of the image, into a view of the bytes from `origin` on. */
void hoti_patch_fields(hoti_list *list, const hoti_target *wanted, size_t from, size_t to, char *view, size_t origin) {
    for (unsigned i = hoti_list_from(list, from); i < list->head->fields && HOTI_FIELD_PLACE(&list->fields[i]) < to; i++) {
        const hoti_list_field *f = &list->fields[i];
        size_t at = (size_t)HOTI_FIELD_PLACE(f), bytes = width(HOTI_FIELD_KIND(f));
        hoti_u64 value;
        if (!differs(list, wanted, f)) continue;
        value = load(list->bias + at, bytes);
        hold(f, &wanted[f->variable], list->bias + at, &value);
        memcpy(view + (at - origin), &value, bytes);
        if (HOTI_FIELD_KIND(f) == HOTI_FIELD_TLS_PAIR) {
            value = wanted[f->variable].address + (hoti_u64)(long long)f->addend;
            memcpy(view + (at - origin) + 8, &value, 8);
        }
    }
}
#endif
