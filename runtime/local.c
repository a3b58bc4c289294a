/* local.c: local mode. Without an agent, hot_init("./game.vais") follows the library that `vaisc watch` writes beside
 * the source. The background thread looks; the program's threads never touch the file system. */
#include "hot_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

#if defined(__APPLE__)
#define SUFFIX ".dylib"
#else
#define SUFFIX ".so"
#endif

/* The file system's word is not always given (bind mounts, network folders), so we also look by ourselves. */
#define LOOK_EVERY 500000000u /* ns */

typedef struct follow {
    struct follow *next;
    hoti_module *module;
    char *library;
    int watched;
    struct stat seen; /* the file as it was when we last looked; all zero: it was not there */
    char digest[65];  /* of what was loaded or refused last */
} follow;

/* Under hoti_lock: the list, which only grows, and the requests. The rest is the background thread's. */
static follow *follows;
static volatile unsigned is_stopped, reloads_wanted, reloads_done;
static hoti_u64 look_at;
static int notices = -1;

int hoti_local_stopped(void) { return (int)HOTI_GET(is_stopped); }

/* "./game.vais" -> module "game", "/where/it/is/libgame.so". */
static follow *make_follow(const char *source) {
    char folder[PATH_MAX], name[256];
    const char *slash = strrchr(source, '/'), *base = slash == NULL ? source : slash + 1, *dot = strrchr(base, '.');
    size_t n = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base), room;
    char relative[PATH_MAX];
    follow *f;
    snprintf(relative, sizeof relative, "%.*s", slash == NULL ? 1 : (int)(slash - source + 1),
             slash == NULL ? "." : source);
    if (n >= sizeof name || realpath(relative, folder) == NULL) return NULL;
    memcpy(name, base, n);
    name[n] = '\0';
    f = calloc(1, sizeof *f);
    if (f == NULL) return NULL;
    f->module = hoti_module_named(name);
    room = strlen(folder) + n + sizeof "/lib" SUFFIX;
    f->library = malloc(room);
    if (f->module == NULL || f->library == NULL) {
        free(f->library);
        free(f);
        return NULL;
    }
    snprintf(f->library, room, "%s/lib%s" SUFFIX, folder, name);
    return f;
}

long long hot_init(const char *source) {
    hoti_error error = {NULL, ""};
    follow *f;
    if (hoti_is_child) hoti_fail(&error, "usage", "this process is a fork: hot reloading is its parent's");
    else if (hoti_modules == NULL) hoti_fail(&error, "usage", "this program was built without hot functions");
    else if (source == NULL) hoti_fail(&error, "usage", "hot_init wants the path of a source");
    if (error.code == NULL) {
        f = make_follow(source);
        if (f == NULL)
            hoti_fail(&error, "no_such_module", "%s is no source of this program's hot modules, or its folder is not "
                      "there", source);
    }
    if (error.code != NULL) {
        hoti_note(&error, 0);
        return -1;
    }
    pthread_mutex_lock(&hoti_lock);
    for (follow *old = follows; old != NULL && f != NULL; old = old->next)
        if (strcmp(old->library, f->library) == 0) {
            free(f->library);
            free(f);
            f = NULL;
        }
    if (f != NULL) {
        f->next = follows;
        HOTI_SET(follows, f);
    }
    HOTI_SET(is_stopped, 0);
    hoti_program_wake();
    pthread_mutex_unlock(&hoti_lock);
    return 0;
}

long long hot_cleanup(void) {
    pthread_mutex_lock(&hoti_lock);
    HOTI_SET(is_stopped, 1);
    if (!hoti_is_child && hoti_modules != NULL) hoti_program_wake();
    pthread_mutex_unlock(&hoti_lock);
    return 0;
}

long long hot_reload(void) {
    if (hoti_modules == NULL || hoti_is_child || hoti_local_stopped()) return 0;
    pthread_mutex_lock(&hoti_lock);
    {
        unsigned mine = reloads_wanted + 1;
        HOTI_SET(reloads_wanted, mine);
        hoti_program_wake();
        hoti_program_await(&reloads_done, mine, 10000000000u);
    }
    pthread_mutex_unlock(&hoti_lock);
    return hot_check();
}

/* ---- the background thread's part ---- */
static void watch_folder(follow *f) {
#ifdef __linux__
    char folder[PATH_MAX];
    if (notices < 0) notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(f->library, '/') - f->library), f->library);
    if (notices >= 0) inotify_add_watch(notices, folder[0] == '\0' ? "/" : folder, IN_CLOSE_WRITE | IN_MOVED_TO);
#endif
    f->watched = 1;
}

/* A library that was there before the program was built is older code, not newer. */
static int is_older_than_program(const struct stat *library) {
    struct stat program;
    if (stat("/proc/self/exe", &program) != 0) return 0;
    return library->st_mtime < program.st_mtime;
}

static int is_same_file(const struct stat *a, const struct stat *b) {
#ifdef __APPLE__
    if (a->st_mtimespec.tv_nsec != b->st_mtimespec.tv_nsec) return 0;
#else
    if (a->st_mtim.tv_nsec != b->st_mtim.tv_nsec) return 0;
#endif
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtime == b->st_mtime;
}

/* Whoever writes the file in place may be in the middle of it, unless the system said that it is closed. */
static int is_fresh(const struct stat *file) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - file->st_mtime < 1;
}

static void look(follow *f, int notified, int forced) {
    hoti_module *m = f->module;
    const hoti_version *newest = m->pending != NULL ? m->pending : m->running;
    hoti_load_order order = {newest->number + 1, "", NULL, f->library, NULL, NULL};
    hoti_error error = {NULL, ""};
    int first = !f->watched;
    char digest[65];
    struct stat now;
    if (first) watch_folder(f);
    if (stat(f->library, &now) != 0 || !S_ISREG(now.st_mode)) return;
    if (!forced && is_same_file(&now, &f->seen)) return;
    if (!forced && !notified && !first && is_fresh(&now)) return;
    f->seen = now;
    if (first && !forced && is_older_than_program(&now)) return;
    if (!hoti_digest(f->library, digest) || (!forced && strcmp(digest, f->digest) == 0)) return;
    strcpy(f->digest, digest);
    order.digest = digest;
    if (first) order.unless = newest->image->build_id;
    if (hoti_order_load(m, &order, &error) || error.code == NULL) return;
    if (strcmp(error.code, "digest_mismatch") == 0) memset(&f->seen, 0, sizeof f->seen); /* it changes just now */
    else hoti_note(&error, 1);
}

int hoti_local_descriptor(void) { return notices; }

hoti_u64 hoti_local_wait(hoti_u64 now) {
    if (HOTI_GET(follows) == NULL || hoti_local_stopped()) return HOTI_NEVER;
    return look_at > now ? look_at - now : 0;
}

void hoti_local_step(int notified, hoti_u64 now) {
    unsigned wanted = HOTI_GET(reloads_wanted);
    int forced = wanted != HOTI_GET(reloads_done);
    if (notified) {
        char drop[4096]; /* what happened does not matter: the file tells */
        while (read(notices, drop, sizeof drop) > 0) continue;
    }
    if (!hoti_local_stopped() && !hoti_order_given() && (notified || forced || now >= look_at))
        for (follow *f = HOTI_GET(follows); f != NULL; f = f->next) look(f, notified, forced);
    look_at = now + LOOK_EVERY;
    if (forced) {
        pthread_mutex_lock(&hoti_lock);
        HOTI_SET(reloads_done, wanted);
        hoti_program_signal();
        pthread_mutex_unlock(&hoti_lock);
    }
}

void hoti_local_forget(void) {
    if (notices >= 0) close(notices);
    notices = -1;
}
