/* copy.c: private copies of images. The loader never opens the path it was given but a copy that nobody else writes,
 * hashed while it is made; a debugger finds it under a name that says what it is, libgame.v4.so. */
#include "hot_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[512]; /* "": not made yet */

void hoti_copies_sweep(void) { hoti_folder_sweep(folder); }

void hoti_copies_remove(void) {
    if (folder[0] != '\0') hoti_folder_remove(folder);
    hoti_copies_forget();
}

/* In the child of a fork: the folder is the parent's. */
void hoti_copies_forget(void) {
    folder[0] = '\0';
    hoti_folder_forget();
}

/* A name that no loaded library has: the loader takes two libraries of one name for the same. A file is deleted only
 * after its library was unloaded, so a name that is free among the files is free in the loader. */
static int create(const char *module, hoti_u64 number, char **path) {
    size_t room = strlen(folder) + strlen(module) + 64;
    int fd = -1;
    *path = (char *)malloc(room);
    for (unsigned again = 1; *path != NULL && again < 10000; again++) {
        if (again == 1) snprintf(*path, room, "%s/lib%s.v%llu" HOTI_SUFFIX, folder, module, number);
        else snprintf(*path, room, "%s/lib%s.v%llu.%u" HOTI_SUFFIX, folder, module, number, again);
        fd = hoti_file_create(*path);
        if (fd >= 0 || errno != EEXIST) break;
    }
    return fd;
}

/* Copies and hashes; only hashes when `to` is -1. */
static int pour(int from, int to, char digest[65]) {
    char buffer[65536];
    hoti_sha256 hash;
    hoti_sha256_begin(&hash);
    for (;;) {
        long n = hoti_file_read(from, buffer, sizeof buffer);
        if (n == 0) break;
        if (n < 0) return 0;
        hoti_sha256_add(&hash, buffer, (size_t)n);
        for (long done = 0; to >= 0 && done < n;) {
            long w = hoti_file_write(to, buffer + done, (size_t)(n - done));
            if (w <= 0) return 0;
            done += w;
        }
    }
    hoti_sha256_end(&hash, digest);
    return 1;
}

int hoti_digest(const char *path, char digest[65]) {
    int fd = hoti_file_open(path), good;
    if (fd < 0) return 0;
    good = pour(fd, -1, digest);
    hoti_file_close(fd);
    return good;
}

/* The background thread and who calls hot_open make copies. */
static int have_folder(hoti_error *error) {
    int good = 1;
    hoti_lock_take();
    if (folder[0] == '\0') good = hoti_folder_make(folder, sizeof folder, error);
    hoti_lock_give();
    return good;
}

/* Copies the image; the path of the copy, allocated, or null. `digest` becomes that of the bytes that were copied. */
char *hoti_copy(const char *module, const hoti_load_order *order, char digest[65], hoti_error *error) {
    char *path = NULL;
    int from, to = -1, good = 0;
    if (!have_folder(error)) return NULL;
    from = hoti_file_open(order->path);
    if (from < 0) {
        hoti_fail(error, "storage", "cannot read %s: %s", order->path, errno == 0 ? "not a file" : strerror(errno));
        return NULL;
    }
    to = create(module, order->number, &path);
    if (to < 0 && errno == ENOENT) { /* swept by whoever keeps /tmp clean, or out of sight since a chroot */
        free(path);
        path = NULL;
        hoti_copies_forget();
        if (!have_folder(error)) {
            hoti_file_close(from);
            return NULL;
        }
        to = create(module, order->number, &path);
    }
    if (to >= 0) good = pour(from, to, digest);
    if (!good) hoti_fail(error, "storage", "cannot copy %s to %s: %s", order->path, folder, strerror(errno));
    if (to >= 0 && !hoti_file_close(to)) good = 0;
    hoti_file_close(from);
    if (good && order->digest != NULL && strcmp(order->digest, digest) != 0)
        good = hoti_fail(error, "digest_mismatch", "the bytes of %s have the digest %s, not %s", order->path, digest,
                         order->digest);
    if (good) return path;
    if (to >= 0) hoti_file_remove(path);
    free(path);
    return NULL;
}
