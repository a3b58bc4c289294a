/* hook_posix.c: functions of libc that are called in our stead, in every library that is loaded: the cells through
 * which each of them calls are overwritten. (To define them in the program would do it for its own calls alone where it
 * exports nothing, and what libstdc++ does counts as well.)
 *
 * What is hooked, and why, is in native_hooks.c. */
#ifndef _WIN32
#include "native.h"

#if HOTI_STUBS
#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct tables {
    const ElfW(Sym) *symbols;
    const char *names;
    const ElfW(Rela) *rela, *jumps;
    size_t rela_size, jumps_size;
} tables;

/* The dynamic section's addresses are relocated by glibc; musl and the vdso leave them as they are. */
static const void *at(ElfW(Addr) base, ElfW(Addr) address) {
    return (const void *)(size_t)(address < base ? base + address : address);
}

static int read_tables(const struct dl_phdr_info *info, tables *t) {
    const ElfW(Dyn) *d = NULL;
    memset(t, 0, sizeof *t);
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            d = (const ElfW(Dyn) *)(size_t)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    for (; d != NULL && d->d_tag != DT_NULL; d++) {
        if (d->d_tag == DT_SYMTAB) t->symbols = (const Elf64_Sym *)at(info->dlpi_addr, d->d_un.d_ptr);
        if (d->d_tag == DT_STRTAB) t->names = (const char *)at(info->dlpi_addr, d->d_un.d_ptr);
        if (d->d_tag == DT_RELA) t->rela = (const Elf64_Rela *)at(info->dlpi_addr, d->d_un.d_ptr);
        if (d->d_tag == DT_RELASZ) t->rela_size = (size_t)d->d_un.d_val;
        if (d->d_tag == DT_JMPREL) t->jumps = (const Elf64_Rela *)at(info->dlpi_addr, d->d_un.d_ptr);
        if (d->d_tag == DT_PLTRELSZ) t->jumps_size = (size_t)d->d_un.d_val;
    }
    return t->symbols != NULL && t->names != NULL;
}

/* Cells that the loader has protected after it filled them in are opened for the moment. */
static void write_cell(void **cell, void *value, int locked) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *from = (void *)((size_t)cell & ~(page - 1));
    if (locked && mprotect(from, page, PROT_READ | PROT_WRITE) != 0) return;
    HOTI_SET(*cell, value);
    if (locked) mprotect(from, page, PROT_READ);
}

static int is_locked(const struct dl_phdr_info *info, const void *cell) {
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_GNU_RELRO && (size_t)cell - (size_t)(info->dlpi_addr + p->p_vaddr) < p->p_memsz) return 1;
    }
    return 0;
}

static int is_inside(const struct dl_phdr_info *info, const void *address) {
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type == PT_LOAD && (size_t)address - (size_t)(info->dlpi_addr + p->p_vaddr) < p->p_memsz) return 1;
    }
    return 0;
}

static const hoti_hook *find_hook(const char *name) {
    for (const hoti_hook *h = hoti_hooks; h->name != NULL; h++)
        if (strcmp(h->name, name) == 0 && *h->theirs != NULL) return h;
    return NULL;
}

static void patch(const struct dl_phdr_info *info, const tables *t, const ElfW(Rela) *r, size_t size) {
    for (size_t count = size / sizeof *r; r != NULL && count != 0; count--, r++) {
        unsigned long type = ELF64_R_TYPE(r->r_info);
        const ElfW(Sym) *symbol = &t->symbols[ELF64_R_SYM(r->r_info)];
        const hoti_hook *hook;
        void **cell;
        if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64) continue;
        if (ELF64_R_SYM(r->r_info) == 0 || r->r_addend != 0) continue;
        hook = find_hook(t->names + symbol->st_name);
        if (hook == NULL) continue;
        cell = (void **)(size_t)(info->dlpi_addr + r->r_offset);
        /* Not where it is somebody else's function of that name. What was never called leads back into the image. */
        if (*cell == *hook->theirs || *cell == hook->shown ||
            (type == R_X86_64_JUMP_SLOT && symbol->st_shndx == SHN_UNDEF && is_inside(info, *cell)))
            write_cell(cell, hook->ours, is_locked(info, cell));
    }
}

static int visit(struct dl_phdr_info *info, size_t size, void *own) {
    tables t;
    (void)size, (void)own;
    if (strstr(info->dlpi_name, "/ld-") != NULL || strstr(info->dlpi_name, "linux-vdso") != NULL) return 0;
    if (!read_tables(info, &t)) return 0;
    patch(info, &t, t.jumps, t.jumps_size);
    patch(info, &t, t.rela, t.rela_size);
    return 0;
}

/* A program that was linked with -static has a libc of its own beside that of its libraries. */
static int is_dynamic(struct dl_phdr_info *info, size_t size, void *own) {
    (void)size;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_INTERP) *(int *)own = 1;
    return 1; /* the program comes first */
}

/* How many libraries were ever loaded: another number, and there may be cells that we have not seen. */
static int count_loaded(struct dl_phdr_info *info, size_t size, void *own) {
    (void)size;
    *(unsigned long long *)own = info->dlpi_adds;
    return 1;
}

/* The function itself. A program that takes its address, linked the old way, has an entry for it that would only lead
 * back to us. */
static int is_only_an_entry(void *shown) {
#ifdef __GLIBC__
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    return shown != NULL && dladdr1(shown, &info, (void **)&symbol, RTLD_DL_SYMENT) != 0 && symbol != NULL &&
           symbol->st_shndx == SHN_UNDEF;
#else
    (void)shown;
    return 0;
#endif
}

static void find_theirs(void) {
    int dynamic = 0;
    dl_iterate_phdr(is_dynamic, &dynamic);
    if (!dynamic) return;
    for (hoti_hook *h = hoti_hooks; h->name != NULL; h++) {
        h->shown = dlsym(RTLD_DEFAULT, h->name);
        *h->theirs = h->shown;
        if (is_only_an_entry(h->shown)) *h->theirs = dlsym(RTLD_NEXT, h->name);
    }
}

void hoti_hooks_set(void) {
    static unsigned long long seen; /* under the lock */
    unsigned long long now = 0;
    dl_iterate_phdr(count_loaded, &now);
    if (HOTI_GET(seen) == now) return;
    hoti_lock_take();
    if (seen == 0) find_theirs();
    if (seen != now) dl_iterate_phdr(visit, NULL);
    HOTI_SET(seen, now);
    hoti_lock_give();
}
#endif
#endif
