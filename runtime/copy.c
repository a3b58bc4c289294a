/* copy.c: private copies of images. The loader never opens the path it was given but a copy that nobody else writes,
 * hashed while it is made; a debugger finds it under a name that says what it is, libgame.v4.so. */
#include "hot_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#if defined(__APPLE__)
#define SUFFIX ".dylib"
#else
#define SUFFIX ".so"
#endif

static char folder[512]; /* "": not made yet */
static int folder_lock = -1;

/* A folder of ours that nobody else can write, on a file system that lets code be run. */
static int is_private(const char *path) {
    struct stat s;
    return lstat(path, &s) == 0 && S_ISDIR(s.st_mode) && s.st_uid == geteuid() && (s.st_mode & 077) == 0;
}

static int runs_code(const char *path) {
#ifdef ST_NOEXEC
    struct statvfs s;
    if (statvfs(path, &s) == 0 && (s.f_flag & ST_NOEXEC) != 0) return 0;
#else
    (void)path;
#endif
    return 1;
}

/* The folder above the processes' own: made when it is not there. 0: cannot be used. */
static int parent_at(unsigned choice, char *path, size_t room) {
    const char *given = choice == 0 ? getenv("XDG_RUNTIME_DIR") : NULL;
    static const char *const roots[] = {NULL, "/tmp", "/var/tmp", "/dev/shm"};
    int n;
    if (choice == 0) {
        if (given == NULL || given[0] != '/') return 0;
        n = snprintf(path, room, "%s/vais-hot", given);
    } else {
        n = snprintf(path, room, "%s/vais-hot-%lu", roots[choice], (unsigned long)geteuid());
    }
    if (n < 0 || (size_t)n >= room) return 0;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) return 0;
    return is_private(path) && runs_code(path);
}

static void remove_folder(const char *path) {
    DIR *d = opendir(path);
    struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
    if (d != NULL) closedir(d);
    rmdir(path);
}

/* A folder is in use as long as its process holds its lock: unlike a process id, that is never reused, and it is seen
 * from other containers that share the file system. */
static int lock_folder(const char *path) {
    int d = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (d >= 0 && flock(d, LOCK_EX | LOCK_NB) != 0) {
        close(d);
        return -1;
    }
    return d;
}

static int make_folder(hoti_error *error) {
    char parent[400];
    for (unsigned choice = 0; choice < 4; choice++) {
        if (!parent_at(choice, parent, sizeof parent)) continue;
        for (unsigned again = 0; again < 100; again++) {
            char path[sizeof folder];
            int d;
            snprintf(path, sizeof path, again == 0 ? "%s/%ld" : "%s/%ld.%u", parent, (long)getpid(), again);
            if (mkdir(path, 0700) != 0 && errno != EEXIST) break;
            d = lock_folder(path);
            if (d < 0) continue; /* another container's process of this number */
            if (!is_private(path)) { /* or swept before we had the lock */
                close(d);
                continue;
            }
            strcpy(folder, path);
            folder_lock = d;
            return 1;
        }
    }
    return hoti_fail(error, "storage", "no folder for private copies can be made: neither $XDG_RUNTIME_DIR, /tmp, "
                     "/var/tmp nor /dev/shm is writable and allows code to be run");
}

/* Folders of processes that were killed. */
void hoti_copies_sweep(void) {
    char parent[400];
    for (unsigned choice = 0; choice < 4; choice++) {
        DIR *d;
        struct dirent *e;
        struct stat s;
        const char *base = choice == 0 ? getenv("XDG_RUNTIME_DIR") : NULL;
        if (choice == 0) snprintf(parent, sizeof parent, "%s/vais-hot", base == NULL ? "" : base);
        else snprintf(parent, sizeof parent, "%s/vais-hot-%lu",
                      choice == 1 ? "/tmp" : choice == 2 ? "/var/tmp" : "/dev/shm", (unsigned long)geteuid());
        if (lstat(parent, &s) != 0 || !is_private(parent) || (d = opendir(parent)) == NULL) continue;
        while ((e = readdir(d)) != NULL) {
            char path[sizeof parent + sizeof e->d_name + 1];
            int lock;
            if (e->d_name[0] < '1' || e->d_name[0] > '9' || strspn(e->d_name, "0123456789.") != strlen(e->d_name))
                continue;
            snprintf(path, sizeof path, "%s/%s", parent, e->d_name);
            if (strcmp(path, folder) == 0 || !is_private(path) || (lock = lock_folder(path)) < 0) continue;
            remove_folder(path);
            close(lock);
        }
        closedir(d);
    }
}

void hoti_copies_remove(void) {
    if (folder[0] != '\0') remove_folder(folder);
    hoti_copies_forget();
}

/* In the child of a fork: the folder is the parent's. */
void hoti_copies_forget(void) {
    folder[0] = '\0';
    if (folder_lock >= 0) close(folder_lock);
    folder_lock = -1;
}

/* A name that no loaded library has: the loader takes two libraries of one name for the same. A file is deleted only
 * after its library was unloaded, so a name that is free among the files is free in the loader. */
static int create(const char *module, hoti_u64 number, char **path) {
    size_t room = strlen(folder) + strlen(module) + 64;
    int fd = -1;
    *path = malloc(room);
    for (unsigned again = 1; *path != NULL && again < 10000; again++) {
        if (again == 1) snprintf(*path, room, "%s/lib%s.v%llu" SUFFIX, folder, module, number);
        else snprintf(*path, room, "%s/lib%s.v%llu.%u" SUFFIX, folder, module, number, again);
        fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST) break;
    }
    return fd;
}

/* Copies and hashes; only hashes when `to` is -1. */
static int pour(int from, int to, char digest[65]) {
    static char buffer[65536]; /* the background thread's alone */
    hoti_sha256 hash;
    hoti_sha256_begin(&hash);
    for (;;) {
        ssize_t n = read(from, buffer, sizeof buffer);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return 0;
        hoti_sha256_add(&hash, buffer, (size_t)n);
        for (ssize_t done = 0; to >= 0 && done < n;) {
            ssize_t w = write(to, buffer + done, (size_t)(n - done));
            if (w < 0 && errno == EINTR) continue;
            if (w <= 0) return 0;
            done += w;
        }
    }
    hoti_sha256_end(&hash, digest);
    return 1;
}

int hoti_digest(const char *path, char digest[65]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), good;
    if (fd < 0) return 0;
    good = pour(fd, -1, digest);
    close(fd);
    return good;
}

/* Copies the image; the path of the copy, allocated, or null. `digest` becomes that of the bytes that were copied. */
char *hoti_copy(const char *module, const hoti_load_order *order, char digest[65], hoti_error *error) {
    struct stat s;
    char *path = NULL;
    int from, to = -1, good = 0;
    if (folder[0] == '\0' && !make_folder(error)) return NULL;
    from = open(order->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe in its place must not stop us */
    if (from < 0 || fstat(from, &s) != 0 || !S_ISREG(s.st_mode)) {
        hoti_fail(error, "storage", "cannot read %s: %s", order->path, from < 0 ? strerror(errno) : "not a file");
        if (from >= 0) close(from);
        return NULL;
    }
    to = create(module, order->number, &path);
    if (to >= 0) good = pour(from, to, digest);
    if (!good) hoti_fail(error, "storage", "cannot copy %s to %s: %s", order->path, folder, strerror(errno));
    if (to >= 0 && close(to) != 0) good = 0;
    close(from);
    if (good && order->digest != NULL && strcmp(order->digest, digest) != 0)
        good = hoti_fail(error, "digest_mismatch", "the bytes of %s have the digest %s, not %s", order->path, digest,
                         order->digest);
    if (good) return path;
    if (to >= 0) unlink(path);
    free(path);
    return NULL;
}
