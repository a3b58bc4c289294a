/* statics.h: variables with static storage of plain libraries. They keep their values and their addresses when the library is
 * loaded anew: the code of the new image is made to lead to the storage of the image that brought the variable first, before
 * any thread runs it.
 *
 * What has to be changed is in a list inside the image, made when it was linked (artifact/statics/): its variables, by names
 * that stay the same from build to build, and each field that holds a variable's address. statics_list.c reads it, statics.c
 * knows which variables there are and where, patch.c works out the fields and patch_posix.c writes them.
 *
 * All of it runs on the background thread. */
#ifndef VAIS_HOT_STATICS_H
#define VAIS_HOT_STATICS_H

#include "hot_internal.h"

/* The numbers are those of artifact/statics/list.ts. */
enum hoti_static_kind {
    HOTI_STATIC_DATA = 1,   /* writable storage of its own */
    HOTI_STATIC_TLS = 2,    /* one for each thread; its address is where it is in the thread's block */
    HOTI_STATIC_CONST = 3,  /* the source says that it never changes: it has the value of its build */
    HOTI_STATIC_FOLDED = 4, /* the compiler left no storage, as the code of this build only reads it; `type` says so */
    HOTI_STATIC_LOST = 5    /* it has a value, but where cannot be told; `type` says why */
};

enum hoti_field_kind {
    HOTI_FIELD_PC32 = 1,
    HOTI_FIELD_ABS64 = 2,
    HOTI_FIELD_TLS_PAIR = 3,   /* two words: the module's number in the loader, and where the variable is in its block */
    HOTI_FIELD_TLS_MODULE = 4, /* the module's number, for all variables whose fields hold only a place in its block */
    HOTI_FIELD_TLS32 = 5,
    HOTI_FIELD_TLS64 = 6,
    HOTI_FIELD_PC64 = 7,
    HOTI_FIELD_ADRP = 8, /* arm64: the page */
    HOTI_FIELD_ADD12 = 9,
    HOTI_FIELD_LOAD12 = 10, /* and the four that follow: the low twelve bits, by 1, 2, 4, 8 or 16 */
    HOTI_FIELD_SLOT = 15    /* an address in the table through which code finds it: the loader may have taken another one */
};

enum { HOTI_LIST_DESTROYS = 1 }; /* flags of the list: first use of a variable leaves a destructor of this image behind */

typedef struct hoti_list_head {
    char magic[8];
    unsigned variables, fields, refusals, flags, text, spare; /* counts, and bytes of text behind it all */
} hoti_list_head;

typedef struct hoti_list_variable {
    hoti_u64 address, size;
    unsigned key, type; /* in the text */
    unsigned kind, first; /* `first`: a digest of the bytes that it begins with */
} hoti_list_variable;

typedef struct hoti_list_field {
    hoti_u64 place; /* in the image; the kind is in the eight bits at the top */
    unsigned variable;
    int addend;
} hoti_list_field;

#define HOTI_FIELD_PLACE(field) ((field)->place & 0xffffffffffffffu)
#define HOTI_FIELD_KIND(field) ((unsigned)((field)->place >> 56))

/* Where code leads to: an address, or the place in the block of one of the loader's modules. */
typedef struct hoti_target {
    size_t address, module;
} hoti_target;

typedef struct hoti_segment {
    size_t start, size; /* in the image */
    unsigned writable, executable;
} hoti_segment;

enum { HOTI_SEGMENTS = 16 };

struct hoti_list {
    char *bytes; /* the section; all that follows points into it */
    const hoti_list_head *head;
    const hoti_list_variable *variables;
    const hoti_list_field *fields;
    const unsigned *refusals; /* texts: for these reasons the image can only be the first */
    const char *text;
    hoti_segment segments[HOTI_SEGMENTS]; /* what is loaded of the file */
    unsigned segment_count;
    size_t sealed, sealed_size; /* made read-only by the loader when it was done */
    size_t bias;                /* what its addresses have to be moved by */
    size_t module;              /* its own number in the loader; 0: no code of it asks */
    hoti_target *now;           /* what each variable's fields lead to */
};

/* ---- statics_list.c. Null without an error: the image has no list ---- */
hoti_list *hoti_list_open(const char *path, void *library, hoti_error *error);
void hoti_list_free(hoti_list *list);
int hoti_list_missing(const char *path); /* it has no list, and variables that can be written */
const hoti_segment *hoti_list_segment(const hoti_list *list, hoti_u64 place, size_t size); /* null: in none */

unsigned hoti_list_from(const hoti_list *list, hoti_u64 place); /* the first field that is there or behind */

/* ---- patch.c. 0: refused, and nothing has been written; -1: so, as the variables are too far away ---- */
int hoti_patch(hoti_list *list, const hoti_target *wanted, hoti_error *error);
void hoti_patch_fields(hoti_list *list, const hoti_target *wanted, size_t from, size_t to, char *view, size_t origin);

/* ---- window_posix.c ---- */
typedef struct hoti_window {
    size_t start, size; /* address space that is kept free */
} hoti_window;

void hoti_window_reserve(hoti_window *window, size_t near);
void *hoti_library_open_near(hoti_window *window, const char *path, hoti_error *error);

/* ---- patch_posix.c ---- */
size_t hoti_library_bias(void *library);
int hoti_patch_write(hoti_list *list, const hoti_target *wanted, hoti_error *error);

#endif
