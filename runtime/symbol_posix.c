/* symbol_posix.c: what the symbol tables in an image's file say: the name of the function at a place (the loader's own table
 * has only what the image exports), and whether it calls what makes unloading it unsafe. */
#ifndef _WIN32
#include "hot_internal.h"

#ifdef __linux__
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct wanted {
    const char *name;
    char *bytes;
    size_t size;
};

static void copy_section(const char *file, size_t size, struct wanted *w) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *all, *names;
    if (size < sizeof *head || head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shoff > size ||
        head->e_shnum > (size - head->e_shoff) / sizeof(Elf64_Shdr) || head->e_shstrndx >= head->e_shnum)
        return;
    all = (const Elf64_Shdr *)(file + head->e_shoff);
    names = &all[head->e_shstrndx];
    if (names->sh_offset > size || names->sh_size > size - names->sh_offset) return;
    for (unsigned i = 0; i < head->e_shnum; i++) {
        size_t left = names->sh_size > all[i].sh_name ? (size_t)(names->sh_size - all[i].sh_name) : 0;
        if (left <= strlen(w->name) || strcmp(file + names->sh_offset + all[i].sh_name, w->name) != 0) continue;
        if (all[i].sh_type == SHT_NOBITS || all[i].sh_offset > size || all[i].sh_size > size - all[i].sh_offset) return;
        w->bytes = (char *)malloc((size_t)all[i].sh_size + 1);
        if (w->bytes == NULL) return;
        w->size = (size_t)all[i].sh_size;
        memcpy(w->bytes, file + all[i].sh_offset, w->size);
        return;
    }
}

static void with_sections(const char *path, struct wanted *w) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat s;
    void *file = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0)
        file = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0) close(fd);
    if (file == MAP_FAILED) return;
    copy_section((const char *)file, (size_t)s.st_size, w);
    munmap(file, (size_t)s.st_size);
}

/* Calls `each` for every symbol with a name, until it returns other than 0; returns that. */
typedef int visit(const Elf64_Sym *symbol, const char *text, size_t length, void *own);

static int walk(const char *file, size_t size, visit *each, void *own) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    if (size < sizeof *head || head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shoff > size ||
        head->e_shnum > (size - head->e_shoff) / sizeof(Elf64_Shdr))
        return 0;
    for (unsigned i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *all = (const Elf64_Shdr *)(file + head->e_shoff), *s = &all[i], *names;
        if ((s->sh_type != SHT_SYMTAB && s->sh_type != SHT_DYNSYM) || s->sh_link >= head->e_shnum) continue;
        names = &all[s->sh_link];
        if (s->sh_offset > size || s->sh_size > size - s->sh_offset || names->sh_offset > size ||
            names->sh_size > size - names->sh_offset)
            continue;
        for (size_t j = 0; j < s->sh_size / sizeof(Elf64_Sym); j++) {
            const Elf64_Sym *symbol = (const Elf64_Sym *)(file + s->sh_offset) + j;
            const char *text = file + names->sh_offset + symbol->st_name;
            int result;
            if (symbol->st_name == 0 || symbol->st_name >= names->sh_size) continue;
            result = each(symbol, text, strnlen(text, (size_t)(names->sh_size - symbol->st_name)), own);
            if (result != 0) return result;
        }
    }
    return 0;
}

static int with_file(const char *path, visit *each, void *own) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), result = 0;
    struct stat s;
    void *file = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0)
        file = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0) close(fd);
    if (file == MAP_FAILED) return 0;
    result = walk((const char *)file, (size_t)s.st_size, each, own);
    munmap(file, (size_t)s.st_size);
    return result;
}

struct place {
    size_t offset, best, room;
    char *name;
};

static int nearer(const Elf64_Sym *symbol, const char *text, size_t length, void *own) {
    struct place *p = (struct place *)own;
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || symbol->st_value > p->offset ||
        symbol->st_value < p->best || length >= p->room ||
        (symbol->st_size != 0 && p->offset > symbol->st_value + symbol->st_size))
        return 0;
    memcpy(p->name, text, length);
    p->name[length] = '\0';
    p->best = (size_t)symbol->st_value;
    return 0;
}

int hoti_symbol(const char *path, size_t offset, char *name, size_t room) {
    struct place p = {offset, 0, room, name};
    with_file(path, nearer, &p);
    return p.best != 0;
}

char *hoti_section(const char *path, const char *name, size_t *size) {
    struct wanted w = {name, NULL, 0};
    with_sections(path, &w);
    *size = w.size;
    return w.bytes;
}

struct exported {
    int (*each)(const char *name, void *own);
    void *own;
};

static int tell_exported(const Elf64_Sym *symbol, const char *text, size_t length, void *own) {
    const struct exported *e = (const struct exported *)own;
    int bind = ELF64_ST_BIND(symbol->st_info);
    (void)length;
    if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF) return 0;
    return bind == STB_LOCAL ? 0 : e->each(text, e->own);
}

void hoti_symbols_exported(const char *path, int (*each)(const char *name, void *own), void *own) {
    struct exported e = {each, own};
    with_file(path, tell_exported, &e);
}

/* What leaves something behind that comes back into the image later: a thread, a destructor, a handler. What atexit
 * leaves is called by the loader when it unloads the image. */
static int lingers(const Elf64_Sym *symbol, const char *text, size_t length, void *own) {
    static const struct { const char *start, *shown; } names[] = {
        {"pthread_create", 0},
        {"thrd_create", 0},
        {"_ZNSt6thread15_M_start_thread", "std::thread"}, /* its mangled type follows */
        {"__cxa_thread_atexit", "a thread_local with a destructor"},
        {"pthread_key_create", 0},
        {"tss_create", 0},
        {"sigaction", 0},
        {"signal", 0},
        {"timer_create", 0},
        {"on_exit", 0},
        {"clone", 0},
    };
    if (symbol->st_shndx != SHN_UNDEF) return 0;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t n = strlen(names[i].start);
        if (length < n || memcmp(names[i].start, text, n) != 0 || (length > n && names[i].shown == 0)) continue;
        *(const char **)own = names[i].shown == 0 ? names[i].start : names[i].shown;
        return 1;
    }
    return 0;
}

const char *hoti_lingers(const char *path) {
    const char *name = NULL;
    with_file(path, lingers, &name);
    return name;
}
#else
char *hoti_section(const char *path, const char *name, size_t *size) {
    (void)path, (void)name;
    *size = 0;
    return NULL;
}

void hoti_symbols_exported(const char *path, int (*each)(const char *name, void *own), void *own) {
    (void)path, (void)each, (void)own;
}

int hoti_symbol(const char *path, size_t offset, char *name, size_t room) {
    (void)path, (void)offset, (void)name, (void)room;
    return 0;
}

const char *hoti_lingers(const char *path) {
    (void)path;
    return NULL;
}
#endif
#endif
