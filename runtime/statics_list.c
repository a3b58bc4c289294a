/* statics_list.c: reads the list of variables and fields out of an image's file, and holds it to its own bounds. */
#include "statics.h"

#ifdef __linux__
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTION ".vais.statics"

static int read_at(int fd, void *to, size_t size, hoti_u64 at) {
    char *next = (char *)to;
    while (size != 0) {
        ssize_t n = pread(fd, next, size, (off_t)at);
        if (n <= 0) return 0;
        next += n;
        at += (size_t)n;
        size -= (size_t)n;
    }
    return 1;
}

static int read_segments(int fd, const Elf64_Ehdr *head, hoti_list *list) {
    for (unsigned i = 0; i < head->e_phnum; i++) {
        Elf64_Phdr part;
        hoti_segment *s = &list->segments[list->segment_count];
        if (!read_at(fd, &part, sizeof part, head->e_phoff + i * sizeof part)) return 0;
        if (part.p_type == PT_GNU_RELRO) {
            list->sealed = (size_t)part.p_vaddr;
            list->sealed_size = (size_t)part.p_memsz;
        }
        if (part.p_type != PT_LOAD || part.p_memsz == 0) continue;
        if (list->segment_count == HOTI_SEGMENTS) return 0;
        s->start = (size_t)part.p_vaddr;
        s->size = (size_t)part.p_memsz;
        s->writable = (part.p_flags & PF_W) != 0;
        s->executable = (part.p_flags & PF_X) != 0;
        list->segment_count++;
    }
    return 1;
}

/* The section's bytes, ending with a 0 that is not counted; null: there is none, or no memory. */
static char *read_section(int fd, const Elf64_Ehdr *head, size_t *size) {
    Elf64_Shdr names, one;
    char name[sizeof SECTION], *bytes;
    if (head->e_shentsize != sizeof one || head->e_shstrndx >= head->e_shnum ||
        !read_at(fd, &names, sizeof names, head->e_shoff + head->e_shstrndx * sizeof names))
        return NULL;
    for (unsigned i = head->e_shnum; i-- > 0;) {
        if (!read_at(fd, &one, sizeof one, head->e_shoff + i * sizeof one) || one.sh_size >> 32 != 0 ||
            !read_at(fd, name, sizeof name, names.sh_offset + one.sh_name) || memcmp(name, SECTION, sizeof name) != 0)
            continue;
        bytes = (char *)malloc((size_t)one.sh_size + 1);
        if (bytes == NULL || !read_at(fd, bytes, (size_t)one.sh_size, one.sh_offset)) {
            free(bytes);
            return NULL;
        }
        bytes[one.sh_size] = '\0';
        *size = (size_t)one.sh_size;
        return bytes;
    }
    return NULL;
}

/* A compiler's own bookkeeping takes eight bytes of each. */
int hoti_list_missing(const char *path) {
    Elf64_Ehdr head;
    Elf64_Shdr names, one;
    int fd = open(path, O_RDONLY | O_CLOEXEC), found = 0;
    if (fd < 0) return 0;
    if (read_at(fd, &head, sizeof head, 0) && head.e_shentsize == sizeof one && head.e_shstrndx < head.e_shnum &&
        read_at(fd, &names, sizeof names, head.e_shoff + head.e_shstrndx * sizeof names))
        for (unsigned i = 1; !found && i < head.e_shnum; i++) {
            char name[sizeof ".tdata"];
            if (!read_at(fd, &one, sizeof one, head.e_shoff + i * sizeof one) ||
                !read_at(fd, name, sizeof name, names.sh_offset + one.sh_name))
                break;
            name[sizeof name - 1] = '\0';
            if (strcmp(name, ".data") == 0 || strcmp(name, ".bss") == 0) found = one.sh_size > 8;
            if (strcmp(name, ".tdata") == 0 || strcmp(name, ".tbss") == 0) found = one.sh_size > 0;
        }
    close(fd);
    return found;
}

const hoti_segment *hoti_list_segment(const hoti_list *list, hoti_u64 place, size_t size) {
    for (unsigned i = 0; i < list->segment_count; i++) {
        const hoti_segment *s = &list->segments[i];
        if (place >= s->start && place - s->start < s->size && size <= s->size - (place - s->start)) return s;
    }
    return NULL;
}

unsigned hoti_list_from(const hoti_list *list, hoti_u64 place) {
    unsigned low = 0, high = list->head->fields;
    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        if (HOTI_FIELD_PLACE(&list->fields[middle]) < place) low = middle + 1;
        else high = middle;
    }
    return low;
}

static int is_sound(hoti_list *list, size_t size) {
    const hoti_list_head *h = list->head = (const hoti_list_head *)list->bytes;
    hoti_u64 whole = sizeof *h;
    if (size < sizeof *h || memcmp(h->magic, "VAISVAR1", sizeof h->magic) != 0) return 0;
    whole += (hoti_u64)h->variables * sizeof *list->variables + (hoti_u64)h->fields * sizeof *list->fields;
    whole += (hoti_u64)h->refusals * sizeof *list->refusals + h->text;
    if (whole != size || h->text == 0) return 0;
    list->variables = (const hoti_list_variable *)(h + 1);
    list->fields = (const hoti_list_field *)(list->variables + h->variables);
    list->refusals = (const unsigned *)(list->fields + h->fields);
    list->text = (const char *)(list->refusals + h->refusals);
    for (unsigned i = 0; i < h->variables; i++) {
        const hoti_list_variable *v = &list->variables[i];
        if (v->key >= h->text || v->type >= h->text) return 0;
        if (v->kind == HOTI_STATIC_DATA && hoti_list_segment(list, v->address, (size_t)v->size) == NULL) return 0;
    }
    for (unsigned i = 0; i < h->refusals; i++)
        if (list->refusals[i] >= h->text) return 0;
    for (unsigned i = 0; i < h->fields; i++) {
        const hoti_list_field *f = &list->fields[i];
        size_t bytes = HOTI_FIELD_KIND(f) == HOTI_FIELD_TLS_PAIR ? 16 : 8;
        if (HOTI_FIELD_KIND(f) == HOTI_FIELD_PC32 || HOTI_FIELD_KIND(f) == HOTI_FIELD_TLS32 ||
            (HOTI_FIELD_KIND(f) >= HOTI_FIELD_ADRP && HOTI_FIELD_KIND(f) != HOTI_FIELD_SLOT))
            bytes = 4;
        if (f->variable >= h->variables || hoti_list_segment(list, HOTI_FIELD_PLACE(f), bytes) == NULL) return 0;
        if (i != 0 && HOTI_FIELD_PLACE(f) < HOTI_FIELD_PLACE(f - 1)) return 0;
    }
    return 1;
}

/* What the fields lead to as they were linked and loaded. */
static int find_own(hoti_list *list) {
    list->now = (hoti_target *)calloc(list->head->variables + 1, sizeof *list->now);
    if (list->now == NULL) return 0;
    for (unsigned i = 0; i < list->head->fields && list->module == 0; i++) {
        const hoti_list_field *f = &list->fields[i];
        unsigned kind = HOTI_FIELD_KIND(f);
        if (kind == HOTI_FIELD_TLS_PAIR || kind == HOTI_FIELD_TLS_MODULE)
            memcpy(&list->module, (const char *)(list->bias + (size_t)HOTI_FIELD_PLACE(f)), sizeof list->module);
    }
    for (unsigned i = 0; i < list->head->variables; i++) {
        const hoti_list_variable *v = &list->variables[i];
        int is_tls = v->kind == HOTI_STATIC_TLS;
        list->now[i].address = (size_t)v->address + (is_tls ? 0 : list->bias);
        list->now[i].module = is_tls ? list->module : 0;
    }
    for (unsigned i = 0; i < list->head->fields; i++) {
        const hoti_list_field *f = &list->fields[i];
        if (HOTI_FIELD_KIND(f) == HOTI_FIELD_SLOT)
            memcpy(&list->now[f->variable].address, (const char *)(list->bias + (size_t)HOTI_FIELD_PLACE(f)), sizeof(size_t));
    }
    return 1;
}

hoti_list *hoti_list_open(const char *path, void *library, hoti_error *error) {
    Elf64_Ehdr head;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC), good = 0;
    hoti_list *list = (hoti_list *)(fd < 0 ? NULL : calloc(1, sizeof *list));
    if (list != NULL && read_at(fd, &head, sizeof head, 0)) list->bytes = read_section(fd, &head, &size);
    if (list == NULL || list->bytes == NULL) {
        if (fd >= 0) close(fd);
        free(list);
        return NULL;
    }
    good = read_segments(fd, &head, list) && is_sound(list, size);
    close(fd);
    if (!good) hoti_fail(error, "image_invalid", "the list of variables in %s is damaged", path);
    else {
        list->bias = hoti_library_bias(library);
        good = find_own(list);
        if (!good) hoti_fail(error, "storage", "no memory for the variables of %s", path);
    }
    if (good) return list;
    hoti_list_free(list);
    return NULL;
}

void hoti_list_free(hoti_list *list) {
    if (list == NULL) return;
    free(list->bytes);
    free(list->now);
    free(list);
}
#else
hoti_list *hoti_list_open(const char *path, void *library, hoti_error *error) {
    (void)path, (void)library, (void)error;
    return NULL;
}

void hoti_list_free(hoti_list *list) { (void)list; }
#endif
