/* symbol.c: the name of the function at a place in an image, read from the symbol table of its file: the loader's own
 * table has only what the image exports. */
#include "hot_internal.h"

#ifdef __linux__
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int look(const char *file, size_t size, size_t offset, char *name, size_t room) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    size_t best = 0;
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
            size_t length;
            if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF ||
                symbol->st_value > offset || symbol->st_value < best || symbol->st_name >= names->sh_size ||
                (symbol->st_size != 0 && offset > symbol->st_value + symbol->st_size))
                continue;
            length = strnlen(text, (size_t)(names->sh_size - symbol->st_name));
            if (length == 0 || length >= room) continue;
            memcpy(name, text, length);
            name[length] = '\0';
            best = (size_t)symbol->st_value;
        }
    }
    return best != 0;
}

int hoti_symbol(const char *path, size_t offset, char *name, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), found = 0;
    struct stat s;
    void *file = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0)
        file = mmap(NULL, (size_t)s.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0) close(fd);
    if (file == MAP_FAILED) return 0;
    found = look(file, (size_t)s.st_size, offset, name, room);
    munmap(file, (size_t)s.st_size);
    return found;
}
#else
int hoti_symbol(const char *path, size_t offset, char *name, size_t room) {
    (void)path, (void)offset, (void)name, (void)room;
    return 0;
}
#endif
