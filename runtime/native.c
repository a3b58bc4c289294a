/* native.c: hot_open, hot_symbol and hot_close, in place of dlopen, dlsym and dlclose. */
#include "native.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *fail(const hoti_error *error) {
    hoti_note(error, 0);
    return NULL;
}

static hot_address hook(void *handle, const char *name) {
    union { void *data; hot_address code; } symbol;
    symbol.data = hoti_library_symbol(handle, name);
    return symbol.code;
}

static void find_hooks(hoti_version *v, void *handle) {
    v->before = hook(handle, "hot_before_swap");
    v->after = hook(handle, "hot_after_swap");
}

/* ---- a version's table ---- */

/* The lock is held, or nobody else knows the version. */
static int fill(hoti_version *v, unsigned slot) {
    const hoti_native *n = v->module->native;
    union { void *data; hot_address code; } symbol;
    const char *name = n->functions[slot].name;
    symbol.data = v->handle == NULL ? hoti_native_find(n->handle, n->copy, name) : hoti_native_find(v->handle, v->path, name);
    v->table[slot] = symbol.data == NULL ? hoti_native_missing : symbol.code;
    if (v->handle != NULL && n->stubs[slot] != NULL) hoti_stub_shape(n->stubs[slot], v->image);
    return symbol.data != NULL;
}

int hoti_native_table(hoti_version *v, hoti_error *error) {
    const hoti_native *n = v->module->native;
    int good = 1;
    hoti_lock_take();
    for (unsigned slot = 0; good && slot < n->own.function_count; slot++)
        if (!fill(v, slot))
            good = hoti_fail(error, "contract_changed", "function %s is gone; the program calls it", n->functions[slot].name);
    v->tabled = good;
    hoti_lock_give();
    find_hooks(v, v->handle);
    hoti_hooks_set();
    return good;
}

/* The version is what was opened first. */
void hoti_native_own(hoti_version *v) {
    const hoti_native *n = v->module->native;
    v->origin = n->origin;
    v->base = n->base;
    v->end = n->end;
    find_hooks(v, n->handle);
}

const char *hoti_native_file(const hoti_module *m) { return m->native->copy; }

const char *hoti_native_first(const hoti_module *m, void **library) {
    *library = m->native->handle;
    return m->native->copy;
}

/* ---- hot_open ---- */
static void *open_copy(hoti_native *n, hoti_error *error) {
    hoti_load_order order = {1, "", NULL, n->library, NULL, NULL};
    void *handle = NULL;
    n->copy = hoti_copy(n->own.module, &order, n->digest, error);
    if (n->copy == NULL || !hoti_library_check(n->copy, n->library, error)) return NULL;
    handle = hoti_library_open(n->copy, error);
    if (handle == NULL) { /* it may find libraries beside itself ($ORIGIN) */
        handle = hoti_library_open(n->library, error);
        if (handle == NULL) return NULL;
        hoti_file_remove(n->copy);
        free(n->copy);
        n->copy = strdup(n->library);
    }
    return handle;
}

static int whole_path(const char *path, char *whole) {
    char folder[PATH_MAX], given[PATH_MAX];
    const char *base = hoti_path_base(path);
    int length;
    snprintf(given, sizeof given, "%.*s", base == path ? 1 : (int)(base - path), base == path ? "." : path);
    if (!hoti_path_whole(given, folder, sizeof folder)) return 0;
    length = snprintf(whole, PATH_MAX, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, base);
    return length > 0 && length < PATH_MAX;
}

static hoti_native *make(const char *name, const char *path, hoti_error *error) {
    static const char triple[] = HOT_TRIPLE;
    char whole[PATH_MAX];
    hoti_native *n = (hoti_native *)calloc(1, sizeof *n);
    if (n != NULL) {
        n->functions = (hot_function *)calloc(HOTI_NATIVE_SLOTS, sizeof *n->functions);
        n->stubs = (hoti_stub **)calloc(HOTI_NATIVE_SLOTS, sizeof(hoti_stub *));
        n->own.module = strdup(name);
    }
    if (n == NULL || n->functions == NULL || n->stubs == NULL || n->own.module == NULL) {
        hoti_fail(error, "storage", "no memory for the module %s", name);
        return NULL;
    }
    if (!whole_path(path, whole)) {
        hoti_fail(error, "storage", "%s is in no folder that can be read", path);
        return NULL;
    }
    n->library = strdup(whole);
    n->own.abi = HOT_ABI;
    n->own.size = sizeof n->own;
    n->own.build_id = n->build;
    n->own.triple = triple;
    n->own.tier = 2;
    n->own.functions = n->functions;
    n->given.abi = HOT_ABI;
    n->given.size = sizeof n->given;
    n->given.image = &n->own;
    n->handle = n->library == NULL ? NULL : open_copy(n, error);
    if (n->handle == NULL) return NULL;
    hoti_native_build(hoti_library_inside(n->handle), n->digest, n->build);
    hoti_library_place(hoti_library_inside(n->handle), &n->origin, &n->base, &n->end);
    return n;
}

static hot_module *open_again(hoti_module *m, hoti_error *error) {
    if (m->native != NULL) {
        m->native->opened++;
        return m->given;
    }
    hoti_fail(error, "usage", "the module %s is linked into this program: call its functions by their names", m->name);
    return NULL;
}

/* "count" of "./libcount.so.1", as a file is named. */
static void name_of(const char *path, char *name, size_t room) {
    const char *base = hoti_path_base(path), *dot;
    if (strncmp(base, "lib", 3) == 0 && base[3] != '\0' && base[3] != '.') base += 3;
    dot = strchr(base, '.');
    snprintf(name, room, "%.*s", dot == NULL || dot == base ? (int)strlen(base) : (int)(dot - base), base);
}

/* Names are said on lines and in paths: no separators, nothing that cannot be shown. */
static int is_name(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n > 128 || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/' || name[i] == '\\') return 0;
    return 1;
}

hot_module *hot_open(const char *name, const char *path) {
    static unsigned numbers;
    char own[129];
    hoti_error error = {NULL, ""};
    hot_module *module = NULL;
    hoti_module *m;
    hoti_native *n;
    if (name == NULL && path != NULL) {
        name_of(path, own, sizeof own);
        name = own;
    }
    if (path == NULL) hoti_fail(&error, "usage", "hot_open wants the path of a library");
    else if (!is_name(name))
        hoti_fail(&error, "usage", "%.200s cannot name a module: 1 to 128 characters, and no path; the path comes second", name);
    else if (HOTI_STUBS == 0)
        hoti_fail(&error, "usage", "hot_open needs gcc or clang on x86-64 Linux; link the module into the program instead");
    else if (!hoti_begin(0, NULL, NULL, 0)) hoti_fail(&error, "storage", "the hot runtime cannot be started");
    if (error.code != NULL) return (hot_module *)fail(&error);
    hoti_lock_take();
    m = hoti_module_named(name);
    if (m != NULL) module = open_again(m, &error);
    hoti_lock_give();
    if (m != NULL) return (hot_module *)(module == NULL ? fail(&error) : module);
    n = make(name, path, &error); /* kept also when it fails: that is rare, and the library may have left something */
    if (n == NULL) return (hot_module *)fail(&error);
    hoti_lock_take();
    m = hoti_module_named(name); /* another thread may have been faster */
    if (m == NULL) {
        n->number = numbers++;
        m = hoti_module_add(&n->given, n);
        if (m == NULL) hoti_fail(&error, "usage", "a program opens at most %d modules", HOTI_NATIVE_MODULES);
    }
    if (m != NULL) module = open_again(m, &error);
    hoti_lock_give();
    if (module == NULL) return (hot_module *)fail(&error);
    if (m->native == n) hoti_statics_begin(m);
    hoti_hooks_set();
    hoti_local_follow(m, n->library, n->digest);
    hoti_link_renew();
    return module;
}

/* ---- hot_symbol ---- */

/* Under the lock: versions come and go with it, and a table is filled with it. */
static hoti_stub *add(hoti_module *m, const char *name, hoti_error *error) {
    hoti_native *n = m->native;
    unsigned slot = n->own.function_count, there = 0;
    char *kept = strdup(name);
    if (slot == HOTI_NATIVE_SLOTS || kept == NULL) {
        free(kept);
        hoti_fail(error, "usage", "a program calls at most %d functions of one module", HOTI_NATIVE_SLOTS);
        return NULL;
    }
    n->functions[slot].name = kept;
    n->functions[slot].type = "";
    for (hoti_version *v = m->versions; v != NULL; v = v->next)
        if (v->handle == NULL || v->tabled) {
            int found = fill(v, slot);
            there |= found && v == m->published;
        }
    {
        union { void *data; hot_address code; } first;
        first.data = hoti_native_find(n->handle, n->copy, name);
        n->functions[slot].address = first.data == NULL ? hoti_native_missing : first.code;
    }
    if (!there) {
        free(kept);
        hoti_fail(error, "no_such_module", "%s exports no function %s", m->name, name);
        return NULL;
    }
    n->stubs[slot] = hoti_stub_new(m, slot, kept);
    if (n->stubs[slot] == NULL) {
        free(kept);
        hoti_fail(error, "usage", "a program calls at most %d functions of modules that it opened", HOTI_STUBS);
        return NULL;
    }
    for (const hoti_version *v = m->versions; v != NULL; v = v->next)
        if (v->tabled && v->image != NULL) hoti_stub_shape(n->stubs[slot], v->image);
    n->own.function_count = slot + 1;
    return n->stubs[slot];
}

void *hot_symbol(hot_module *module, const char *name) {
    hoti_error error = {NULL, ""};
    hoti_module *m = (hoti_module *)(module == NULL ? NULL : module->runtime);
    hoti_stub *stub = NULL;
    if (m == NULL || m->native == NULL || name == NULL)
        hoti_fail(&error, "usage", "hot_symbol wants a module that hot_open returned, and a name");
    if (error.code != NULL) return fail(&error);
    hoti_lock_take();
    for (unsigned slot = 0; slot < m->native->own.function_count && stub == NULL; slot++)
        if (strcmp(m->native->functions[slot].name, name) == 0) stub = m->native->stubs[slot];
    if (stub == NULL) stub = add(m, name, &error);
    hoti_lock_give();
    return stub == NULL ? fail(&error) : hoti_stub_address(stub);
}

void *hot_needed(hot_module *module, const char *name) {
    void *found = hot_symbol(module, name);
    if (found != NULL) return found;
    fprintf(stderr, "vais-hot: %s\n", hot_error());
    abort();
    return NULL; /* for compilers that do not know abort */
}

long long hot_close(hot_module *module) {
    hoti_module *m = (hoti_module *)(module == NULL ? NULL : module->runtime);
    long long result = -1;
    hoti_lock_take();
    if (m != NULL && m->native != NULL && m->native->opened != 0) {
        m->native->opened--;
        result = 0;
    }
    hoti_lock_give();
    return result;
}
