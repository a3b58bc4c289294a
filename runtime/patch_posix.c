/* patch_posix.c: writes into an image that was loaded and that nobody runs yet. Code and constants are never made writable:
 * a copy of them is changed and mapped over them. */
#include "statics.h"

#ifdef __linux__
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#ifndef RTLD_DI_LINKMAP
#define RTLD_DI_LINKMAP 2
#endif

size_t hoti_library_bias(void *library) {
    size_t *map = NULL; /* struct link_map begins with it; tcc cannot read link.h */
    return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 && map != NULL ? *map : 0;
}

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* Systems from Linux 6.3 on may want to be told that it will hold code; older ones do not know the word. */
static int memory_file(void) {
    int fd = memfd_create("vais-hot", MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) fd = memfd_create("vais-hot", MFD_CLOEXEC);
    return fd;
}

/* The first and the last field of the segment, to whole pages; 0: it has none. */
static int extent(const hoti_list *list, const hoti_segment *s, size_t *from, size_t *to) {
    size_t page = page_size();
    unsigned first = hoti_list_from(list, s->start), last = hoti_list_from(list, s->start + s->size);
    if (first == last) return 0;
    *from = (size_t)HOTI_FIELD_PLACE(&list->fields[first]);
    *to = (size_t)HOTI_FIELD_PLACE(&list->fields[last - 1]) + 16;
    if (*to > s->start + s->size) *to = s->start + s->size;
    *from = ((list->bias + *from) & ~(page - 1)) - list->bias;
    *to = ((list->bias + *to + page - 1) & ~(page - 1)) - list->bias;
    return 1;
}

static int fill(int fd, const char *bytes, size_t size) {
    while (size != 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return 0;
        bytes += n;
        size -= (size_t)n;
    }
    return 1;
}

static int replace(hoti_list *list, const hoti_target *wanted, const hoti_segment *s, size_t from, size_t to, hoti_error *error) {
    size_t size = to - from;
    char *live = (char *)(list->bias + from), *view = (char *)MAP_FAILED;
    int fd = memory_file(), good = 0;
    if (fd >= 0 && fill(fd, live, size))
        view = (char *)mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (view != MAP_FAILED) {
        hoti_patch_fields(list, wanted, from, to, view, from);
        munmap(view, size);
        good = mmap(live, size, PROT_READ | (s->executable ? PROT_EXEC : 0), MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd, 0) !=
               MAP_FAILED;
    }
    if (!good) hoti_fail(error, "storage", "no memory file for the new code's references to variables: %s", strerror(errno));
    if (fd >= 0) close(fd);
    return good;
}

static int write_data(hoti_list *list, const hoti_target *wanted, size_t from, size_t to, hoti_error *error) {
    size_t page = page_size(), start = (list->bias + list->sealed) & ~(page - 1);
    size_t end = (list->bias + list->sealed + list->sealed_size) & ~(page - 1);
    int sealed = end > start && list->bias + from < end && list->bias + to > start;
    if (sealed && mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) != 0)
        return hoti_fail(error, "storage", "the new image's table of addresses cannot be written: %s", strerror(errno));
    hoti_patch_fields(list, wanted, from, to, (char *)(list->bias + from), from);
    if (sealed) mprotect((void *)start, end - start, PROT_READ);
    return 1;
}

int hoti_patch_write(hoti_list *list, const hoti_target *wanted, hoti_error *error) {
    for (unsigned i = 0; i < list->segment_count; i++) {
        const hoti_segment *s = &list->segments[i];
        size_t from, to;
        if (!extent(list, s, &from, &to)) continue;
        if (!(s->writable ? write_data(list, wanted, from, to, error) : replace(list, wanted, s, from, to, error))) return 0;
    }
    return 1;
}
#endif
