/* load.c: from a file to a version, off the program's path: copy, check, open, read back, bind. */
#include "hot_internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <elf.h>
#endif

#ifdef __linux__
#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OWN_MACHINE EM_AARCH64
#elif defined(__riscv)
#define OWN_MACHINE EM_RISCV
#else
#define OWN_MACHINE EM_NONE
#endif

/* The loader maps a file that is cut short without complaint, and the first access beyond its end kills the process:
 * so each segment is held against the file's size first. */
static int check_file(const char *path, const char *shown, hoti_error *error) {
    Elf64_Ehdr head;
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC), good = 0;
    if (fd < 0 || fstat(fd, &s) != 0 || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) {
        hoti_fail(error, "image_invalid", "%s is no shared library: it is too short or does not begin as one", shown);
    } else if (head.e_ident[EI_CLASS] != ELFCLASS64 || (OWN_MACHINE != EM_NONE && head.e_machine != OWN_MACHINE)) {
        hoti_fail(error, "wrong_platform", "%s is for another machine (ELF machine %u, the program's is %u)", shown,
                  (unsigned)head.e_machine, (unsigned)OWN_MACHINE);
    } else if (head.e_type != ET_DYN || head.e_phentsize != sizeof(Elf64_Phdr)) {
        hoti_fail(error, "image_invalid", "%s is an ELF file but no shared library", shown);
    } else {
        good = 1;
        for (unsigned i = 0; good && i < head.e_phnum; i++) {
            Elf64_Phdr part;
            off_t at = (off_t)(head.e_phoff + i * sizeof part);
            if (pread(fd, &part, sizeof part, at) != (ssize_t)sizeof part ||
                (part.p_type == PT_LOAD && (part.p_offset > (hoti_u64)s.st_size ||
                                            part.p_filesz > (hoti_u64)s.st_size - part.p_offset)))
                good = hoti_fail(error, "image_invalid", "%s is cut short: segment %u ends beyond its %lld bytes",
                                 shown, i, (long long)s.st_size);
        }
    }
    if (fd >= 0) close(fd);
    return good;
}
#else
static int check_file(const char *path, const char *shown, hoti_error *error) {
    (void)path, (void)shown, (void)error;
    return 1;
}
#endif

/* What the image says of itself: is it for this runtime, this program, this module? */
static int check_image(const hoti_module *m, const hot_image *image, const hoti_load_order *order, hoti_error *error) {
    const hot_image *own = m->given->image;
    const char *shown = order->path;
    if (image == NULL)
        return hoti_fail(error, "contract_missing", "%s has no vais_hot_image: it is no hot module", shown);
    if (image->abi != HOT_ABI || image->size < sizeof *image)
        return hoti_fail(error, "load_refused", "%s has ABI %u of %u bytes, the program's runtime has %u of %u: build "
                         "both with the same vaisc", shown, image->abi, image->size, HOT_ABI, (unsigned)sizeof *image);
    if (strcmp(image->module, m->name) != 0)
        return hoti_fail(error, "contract_changed", "%s is the module %s, not %s", shown, image->module, m->name);
    if (strcmp(image->triple, own->triple) != 0)
        return hoti_fail(error, "wrong_platform", "%s is built for %s, the program for %s", shown, image->triple,
                         own->triple);
    if (order->build != NULL && strcmp(image->build_id, order->build) != 0)
        return hoti_fail(error, "image_invalid", "%s is build %s, not %s", shown, image->build_id, order->build);
    return 1;
}

/* Where the loaded code is, for reports of where it failed. */
static void locate(hoti_version *v) {
#ifdef __linux__
    Dl_info info;
    const Elf64_Ehdr *head;
    const Elf64_Phdr *parts;
    if (dladdr(v->image, &info) == 0) return;
    head = info.dli_fbase;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return; /* a linker that maps no header */
    parts = (const Elf64_Phdr *)((const char *)head + head->e_phoff);
    v->origin = (size_t)info.dli_fbase;
    v->base = v->end = 0;
    for (unsigned i = 0; i < head->e_phnum; i++) {
        size_t from = v->origin + parts[i].p_vaddr;
        if (parts[i].p_type != PT_LOAD || (parts[i].p_flags & PF_X) == 0) continue;
        if (v->base == 0 || from < v->base) v->base = from;
        if (from + parts[i].p_memsz > v->end) v->end = from + parts[i].p_memsz;
    }
#else
    (void)v;
#endif
}

/* 0: it stays in memory, now and for ever. */
int hoti_unload(hoti_version *v) {
    void *still;
    if (v->resident != NULL) return 0;
    dlclose(v->handle);
    v->handle = NULL;
    still = dlopen(v->path, RTLD_NOW | RTLD_NOLOAD); /* the loader may have its own reasons to keep it */
    if (still == NULL) return 1;
    dlclose(still);
    v->resident = "the loader";
    return 0;
}

/* Out of memory, but with its file kept; no thread may use it any more. */
void hoti_park(hoti_version *v) {
    if (v->handle == NULL || !hoti_unload(v)) return;
    hoti_bind_undo(v);
    v->image = NULL;
}

/* Back into memory, from the private copy, as it was. */
int hoti_unpark(hoti_version *v) {
    hoti_error error;
    if (v->image != NULL) return 1;
    v->handle = dlopen(v->path, RTLD_NOW | RTLD_LOCAL);
    if (v->handle == NULL) return 0;
    v->image = dlsym(v->handle, "vais_hot_image");
    if (v->image == NULL || !hoti_bind(v, &error)) {
        hoti_park(v);
        return 0;
    }
    locate(v);
    return 1;
}

/* A version that is loaded and bound and that no thread knows yet, or null; then nothing has changed, and the error
 * says why, or has no code when the image is the one that `unless` names. */
hoti_version *hoti_load(hoti_module *module, const hoti_load_order *order, hoti_error *error) {
    hoti_version *v = hoti_version_make(module, order);
    if (v == NULL) {
        hoti_fail(error, "storage", "no memory for another version of %s", module->name);
        return NULL;
    }
    if (order->path == NULL) {
        if (hoti_bind_builtin(v, error)) return v;
        hoti_version_free(v);
        return NULL;
    }
    v->image = NULL;
    v->path = hoti_copy(module->name, order, v->digest, error);
    if (v->path != NULL && check_file(v->path, order->path, error)) {
        v->resident = hoti_lingers(v->path);
        v->handle = dlopen(v->path, RTLD_NOW | RTLD_LOCAL);
        if (v->handle == NULL) {
            const char *why = dlerror();
            hoti_fail(error, "load_refused", "%s", why == NULL ? "the loader refused it" : why);
        } else {
            v->image = dlsym(v->handle, "vais_hot_image");
            if (check_image(module, v->image, order, error) &&
                (order->unless == NULL || strcmp(order->unless, v->image->build_id) != 0) &&
                hoti_contract_check(module->running->image, v->image, error) && hoti_bind(v, error)) {
                locate(v);
                return v;
            }
        }
    }
    hoti_version_free(v);
    return NULL;
}
