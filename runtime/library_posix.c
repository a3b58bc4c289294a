/* library_posix.c: the loader, and what has to be known of a file before the loader gets it. */
#ifndef _WIN32
#include "hot_internal.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <elf.h>
#include <sys/auxv.h>
#ifndef __TINYC__ /* it cannot read this */
#include <link.h>
#endif
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
int hoti_library_check(const char *path, const char *shown, hoti_error *error) {
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
#elif !defined(__APPLE__)
int hoti_library_check(const char *path, const char *shown, hoti_error *error) {
    (void)path, (void)shown, (void)error;
    return 1;
}
#endif

/* musl says nothing of itself to the compiler; what is neither it nor glibc is Android's, which unloads. */
#if defined(__linux__) && !defined(__GLIBC__) && !defined(__BIONIC__)
/* A program without an interpreter was linked with -static, and musl has no loader for such a program. */
static int is_static(void) {
    const Elf64_Phdr *parts = (const Elf64_Phdr *)getauxval(AT_PHDR);
    unsigned long count = getauxval(AT_PHNUM);
    for (unsigned long i = 0; parts != NULL && i < count; i++)
        if (parts[i].p_type == PT_INTERP) return 0;
    return parts != NULL;
}

const char *hoti_library_loading(void) { return is_static() ? "none" : "keeps"; }
#else
const char *hoti_library_loading(void) { return "unloads"; }
#endif

void *hoti_library_open(const char *path, hoti_error *error) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why = library == NULL ? dlerror() : NULL;
    if (library != NULL) return library;
    if (strcmp(hoti_library_loading(), "none") == 0)
        why = "this program is linked with -static, and musl loads no library into such a program: link it without";
    hoti_fail(error, "load_refused", "%s", why == NULL ? "the loader refused it" : why);
    return NULL;
}

void *hoti_library_symbol(void *library, const char *name) { return dlsym(library, name); }

void *hoti_library_inside(void *library) {
#if defined(__linux__) && !defined(__TINYC__)
    struct link_map *map = NULL;
    return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map != NULL ? (void *)map->l_ld : NULL;
#else
    (void)library;
    return NULL;
#endif
}

int hoti_library_close(void *library, const char *path) {
    void *still;
    dlclose(library);
    still = dlopen(path, RTLD_NOW | RTLD_NOLOAD); /* the loader may have its own reasons to keep it */
    if (still == NULL) return 1;
    dlclose(still);
    return 0;
}

void *hoti_library_any(const char *name) { return dlsym(RTLD_DEFAULT, name); }

#ifndef __APPLE__
void hoti_library_place(const void *inside, size_t *origin, size_t *base, size_t *end) {
#ifdef __linux__
    Dl_info info;
    const Elf64_Ehdr *head;
    const Elf64_Phdr *parts;
    if (dladdr(inside, &info) == 0) return;
    head = (const Elf64_Ehdr *)info.dli_fbase;
    if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) return; /* a linker that maps no header */
    parts = (const Elf64_Phdr *)((const char *)head + head->e_phoff);
    *origin = (size_t)info.dli_fbase;
    *base = *end = 0;
    for (unsigned i = 0; i < head->e_phnum; i++) {
        size_t from = *origin + parts[i].p_vaddr;
        if (parts[i].p_type != PT_LOAD || (parts[i].p_flags & PF_X) == 0) continue;
        if (*base == 0 || from < *base) *base = from;
        if (from + parts[i].p_memsz > *end) *end = from + parts[i].p_memsz;
    }
#else
    (void)inside, (void)origin, (void)base, (void)end;
#endif
}
#endif
#endif
