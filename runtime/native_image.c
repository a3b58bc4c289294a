/* native_image.c: what a plain library says of itself: its build, and the functions that it exports, by the name in its
 * symbol table or, for C++ and Rust, by the name that people write. */
#include "native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if !defined(_WIN32)
#include <dlfcn.h>
#endif
#if defined(__linux__) && !defined(__TINYC__) /* tcc cannot read link.h */
#include <link.h>
#endif

/* ---- the build: of the linker's note, in what is really loaded; without a note, of the file's digest ---- */
#if defined(__linux__) && !defined(__TINYC__) /* tcc cannot read link.h */
struct wanted {
    size_t inside;
    char *build;
};

static int read_notes(struct dl_phdr_info *info, size_t size, void *own) {
    const struct wanted *w = (const struct wanted *)own;
    int is_it = 0;
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        is_it |= p->p_type == PT_LOAD && w->inside - (size_t)info->dlpi_addr - p->p_vaddr < p->p_memsz;
    }
    for (unsigned i = 0; is_it && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const char *at = (const char *)(size_t)(info->dlpi_addr + p->p_vaddr), *end = at + p->p_memsz;
        while (p->p_type == PT_NOTE && end - at >= 12) {
            ElfW(Nhdr) head;
            const unsigned char *bytes;
            memcpy(&head, at, sizeof head);
            bytes = (const unsigned char *)at + 12 + ((head.n_namesz + 3) & ~3u);
            if (head.n_type == 3 && head.n_namesz == 4 && memcmp(at + 12, "GNU", 4) == 0 && head.n_descsz >= 16) {
                for (unsigned j = 0; j < 16; j++) snprintf(w->build + 2 * j, 3, "%02x", bytes[j]);
                return 1;
            }
            at = (const char *)bytes + ((head.n_descsz + 3) & ~3u);
        }
    }
    return is_it;
}

void hoti_native_build(void *inside, const char *digest, char build[33]) {
    struct wanted w = {(size_t)inside, build};
    snprintf(build, 33, "%.32s", digest);
    if (inside != NULL) dl_iterate_phdr(read_notes, &w);
}
#else
void hoti_native_build(void *inside, const char *digest, char build[33]) {
    (void)inside;
    snprintf(build, 33, "%.32s", digest);
}
#endif

/* ---- functions ---- */
typedef char *demangle_function(const char *name, char *text, size_t *length, int *status);

struct search {
    const char *name;
    void *handle;
    demangle_function *demangle;
    char found[512];
    unsigned count;
};

/* What people do not write: "describe[abi:cxx11](World const&)". */
static void drop_tags(char *readable) {
    char *tag, *end;
    while ((tag = strstr(readable, "[abi:")) != NULL && (end = strchr(tag, ']')) != NULL)
        memmove(tag, end + 1, strlen(end + 1) + 1);
}

/* "sim::step" and "sim::step(Sim*)" both name sim::step(Sim*); where there are several, only the second does. */
static int is_named(const char *readable, const char *name) {
    size_t n = strlen(name);
    if (strcmp(readable, name) == 0) return 2;
    return strncmp(readable, name, n) == 0 && readable[n] == '(';
}

static int compare(const char *mangled, void *own) {
    struct search *s = (struct search *)own;
    int status = 0, same;
    char *readable;
    if (strncmp(mangled, "_Z", 2) != 0 || strlen(mangled) >= sizeof s->found || strcmp(mangled, s->found) == 0) return 0;
    readable = s->demangle(mangled, NULL, NULL, &status);
    if (readable != NULL) drop_tags(readable);
    same = readable == NULL ? 0 : is_named(readable, s->name);
    free(readable);
    if (same == 0 || hoti_library_symbol(s->handle, mangled) == NULL) return 0;
    strcpy(s->found, mangled);
    s->count = same == 2 ? 1 : s->count + 1;
    return same == 2;
}

static demangle_function *demangler(void) {
    union { void *data; demangle_function *code; } symbol;
    symbol.data = hoti_library_any("__cxa_demangle");
#if !defined(_WIN32)
    if (symbol.data == NULL) { /* the module brought the library that has it, for itself */
        void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_NOLOAD);
        if (library == NULL) library = dlopen("libc++abi.so.1", RTLD_NOW | RTLD_NOLOAD);
        if (library != NULL) symbol.data = dlsym(library, "__cxa_demangle");
    }
#endif
    return symbol.code;
}

void *hoti_native_find(void *handle, const char *path, const char *name) {
    struct search s = {name, handle, NULL, "", 0};
    void *found = hoti_library_symbol(handle, name);
    if (found != NULL) return found;
    s.demangle = demangler();
    if (s.demangle == NULL) return NULL;
    hoti_symbols_exported(path, compare, &s);
    return s.count == 1 ? hoti_library_symbol(handle, s.found) : NULL;
}

void hoti_native_missing(void) {
    fputs("vais-hot: a function was called that the version which runs does not have\n", stderr);
    abort();
}

/* ---- a version: the words that an image of ours says itself ---- */
int hoti_native_describe(hoti_version *v, const char *digest, hoti_error *error) {
    const hot_image *own = v->module->given->image;
    struct description {
        hot_image image;
        char build[33];
    } *d = (struct description *)calloc(1, sizeof *d);
    size_t size = 0;
    if (d == NULL) return hoti_fail(error, "storage", "no memory for another version of %s", v->module->name);
    d->image = *own;
    d->image.function_count = 0;
    d->image.functions = NULL;
    d->image.build_id = d->build;
    d->image.contract = hoti_section(v->path, "vais_contract", &size);
    d->image.contract_size = size;
    if (size != 0 && d->image.contract[size - 1] != '\0') d->image.contract_size = 0; /* not ended: not read */
    hoti_native_build(hoti_library_inside(v->handle), digest, d->build);
    v->image = &d->image;
    v->described = d;
    return 1;
}
