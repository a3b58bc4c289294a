/* window_posix.c: room for new code within reach of the variables that it uses. Code reaches 2 GB far; a program that maps
 * more than that after its modules were opened would push later images out of reach, so some address space, which takes no
 * memory, is kept free below the first image. */
#include "statics.h"

#ifdef __linux__
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define WINDOW ((size_t)256 << 20)
#define STEP ((size_t)32 << 20)
#define REACH ((size_t)1 << 30) /* with room for both images' own extent */
enum { PLUGS = 512 };

static int hold(size_t start, size_t size) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    void *at = mmap((void *)start, size, PROT_NONE, flags, -1, 0);
    if (at == (void *)start) return 1;
    if (at != MAP_FAILED) munmap(at, size); /* an old system, which takes the address for a wish */
    return 0;
}

void hoti_window_reserve(hoti_window *w, size_t near) {
    size_t top = near & ~(STEP - 1);
    if (w->size != 0) return;
    for (size_t below = WINDOW; below < REACH && below < top; below += STEP)
        if (hold(top - below, WINDOW)) {
            w->start = top - below;
            w->size = WINDOW;
            return;
        }
}

/* Takes all room above the window where the image would fit, so that the loader can only put it into the window. */
static unsigned plug(size_t from, size_t size, size_t plugs[PLUGS][2]) {
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    size_t last = 0, holes[PLUGS][2];
    unsigned hole_count = 0, count = 0;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        char *end;
        size_t start = strtoull(line, &end, 16), stop;
        if (*end != '-') continue; /* the rest of a long line */
        stop = strtoull(end + 1, NULL, 16);
        if (last >= from && start > last && start - last >= size && start >> 47 == 0 && hole_count < PLUGS) {
            holes[hole_count][0] = last;
            holes[hole_count++][1] = start - last;
        }
        last = stop;
    }
    if (maps != NULL) fclose(maps);
    for (unsigned i = 0; i < hole_count; i++)
        if (hold(holes[i][0], holes[i][1])) {
            plugs[count][0] = holes[i][0];
            plugs[count++][1] = holes[i][1];
        }
    return count;
}

void *hoti_library_open_near(hoti_window *w, const char *path, hoti_error *error) {
    size_t plugs[PLUGS][2], size = 1 << 20, end = w->start + w->size;
    unsigned count;
    void *library;
    struct stat s;
    if (stat(path, &s) == 0) size += ((size_t)s.st_size * 2 + ((1 << 20) - 1)) & ~(size_t)((1 << 20) - 1); /* with what is zero at first */
    if (w->size < size) {
        hoti_fail(error, "load_refused", "the new code was loaded more than 2 GB away from the variables that it uses, and there is "
                  "no room left near them: start the program again");
        return NULL;
    }
    count = plug(end, size / 2, plugs);
    w->size -= size;
    munmap((void *)(end - size), size);
    library = hoti_library_open(path, error);
    for (unsigned i = 0; i < count; i++) munmap((void *)plugs[i][0], plugs[i][1]);
    return library;
}
#endif
