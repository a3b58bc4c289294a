/* file_posix.c: files, and the folder of private copies: of this user alone, where code may be run, and locked as long
 * as its process lives. */
#ifndef _WIN32
#include "posix.h"

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

int hoti_file_open(const char *path) {
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe in its place must not stop us */
    if (fd < 0 || (fstat(fd, &s) == 0 && S_ISREG(s.st_mode))) return fd;
    close(fd);
    errno = 0;
    return -1;
}

int hoti_file_create(const char *path) {
    return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

long hoti_file_read(int file, void *bytes, size_t count) {
    ssize_t n;
    do n = read(file, bytes, count);
    while (n < 0 && errno == EINTR);
    return (long)n;
}

long hoti_file_write(int file, const void *bytes, size_t count) {
    ssize_t n;
    do n = write(file, bytes, count);
    while (n < 0 && errno == EINTR);
    return (long)n;
}

int hoti_file_close(int file) { return close(file) == 0; }
void hoti_file_remove(const char *path) { unlink(path); }

int hoti_file_look(const char *path, hoti_stamp *stamp) {
    struct stat s;
    memset(stamp, 0, sizeof *stamp);
    if (stat(path, &s) != 0 || !S_ISREG(s.st_mode)) return 0;
    stamp->seconds = (hoti_u64)s.st_mtime;
#ifdef __APPLE__
    stamp->rest = (hoti_u64)s.st_mtimespec.tv_nsec;
#else
    stamp->rest = (hoti_u64)s.st_mtim.tv_nsec;
#endif
    stamp->size = (hoti_u64)s.st_size;
    stamp->id = (hoti_u64)s.st_ino;
    return 1;
}

int hoti_path_whole(const char *path, char *whole, size_t room) {
    char *found = realpath(path, NULL);
    int n = found == NULL ? -1 : snprintf(whole, room, "%s", found);
    free(found);
    return n >= 0 && (size_t)n < room;
}

const char *hoti_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* Not so where anybody may add files and only owners may replace them (/tmp), and for a set-user-id program. */
int hoti_folder_vouches(const char *folder) {
    struct stat s;
    return getuid() == geteuid() && getgid() == getegid() && stat(folder, &s) == 0 &&
           (s.st_mode & (S_ISVTX | S_IWOTH)) == 0;
}

/* ---- the folder of private copies ---- */
static hoti_descriptor folder_lock = {-1, 0, 0};

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

void hoti_folder_remove(const char *path) {
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

int hoti_folder_make(char *folder, size_t room, hoti_error *error) {
    char parent[400];
    for (unsigned choice = 0; choice < 4; choice++) {
        if (!parent_at(choice, parent, sizeof parent)) continue;
        for (unsigned again = 0; again < 100; again++) {
            char path[512];
            int d;
            snprintf(path, sizeof path, again == 0 ? "%s/%ld" : "%s/%ld.%u", parent, (long)getpid(), again);
            if (mkdir(path, 0700) != 0 && errno != EEXIST) break;
            d = lock_folder(path);
            if (d < 0) continue; /* another container's process of this number */
            if (!is_private(path)) { /* or swept before we had the lock */
                close(d);
                continue;
            }
            snprintf(folder, room, "%s", path);
            hoti_descriptor_keep(&folder_lock, d);
            return 1;
        }
    }
    return hoti_fail(error, "storage", "no folder for private copies can be made: neither $XDG_RUNTIME_DIR, /tmp, "
                     "/var/tmp nor /dev/shm is writable and allows code to be run");
}

/* Folders of processes that were killed. */
void hoti_folder_sweep(const char *own) {
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
            if (strcmp(path, own) == 0 || !is_private(path) || (lock = lock_folder(path)) < 0) continue;
            hoti_folder_remove(path);
            close(lock);
        }
        closedir(d);
    }
}

void hoti_folder_forget(void) {
    hoti_descriptor_close(&folder_lock);
}
#endif
