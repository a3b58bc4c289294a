/* local.c: local mode. Without an agent, hot_init("./game.vais") follows the library that `vaisc watch` writes beside
 * the source, and a program that never calls it the libraries beside its executable. The background thread looks; the
 * program's threads never touch the file system. */
#include "hot_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file system's word is not always given (bind mounts, network folders), so we also look by ourselves. */
#define LOOK_EVERY 500000000u /* ns */

typedef struct follow {
    struct follow *next;
    hoti_module *module;
    char *library;
    int watched;
    int opened;  /* by hot_open: the digest of what runs is known from the start */
    int unasked; /* followed by hot_open or hot_beside, not hot_init: as long as no agent is there */
    hoti_stamp seen;  /* the file as it was when we last looked; all zero: it was not there */
    char digest[65];  /* of what was loaded or refused last */
} follow;

/* Under the lock: the list, which only grows, and the requests. The rest is the background thread's. */
static follow *follows;
static volatile unsigned is_stopped, reloads_wanted, reloads_done;
static hoti_u64 look_at;

int hoti_local_stopped(void) { return (int)HOTI_GET(is_stopped); }

/* "./game.vais" -> module "game", "/where/it/is/libgame.so". */
static follow *make_follow(const char *source) {
    char folder[PATH_MAX], name[256];
    const char *base = hoti_path_base(source), *dot = strrchr(base, '.');
    size_t n = dot == NULL || dot == base ? strlen(base) : (size_t)(dot - base), room;
    char relative[PATH_MAX];
    follow *f;
    snprintf(relative, sizeof relative, "%.*s", base == source ? 1 : (int)(base - source), base == source ? "." : source);
    if (n >= sizeof name || !hoti_path_whole(relative, folder, sizeof folder)) return NULL;
    memcpy(name, base, n);
    name[n] = '\0';
    f = (follow *)calloc(1, sizeof *f);
    if (f == NULL) return NULL;
    f->module = hoti_module_named(name);
    room = strlen(folder) + n + sizeof "/lib" HOTI_SUFFIX;
    f->library = (char *)malloc(room);
    if (f->module == NULL || f->library == NULL) {
        free(f->library);
        free(f);
        return NULL;
    }
    snprintf(f->library, room, "%s/lib%s" HOTI_SUFFIX, folder, name);
    return f;
}

static void add(follow *f) {
    hoti_lock_take();
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
    hoti_wake();
    hoti_lock_give();
}

int hoti_local_follow(hoti_module *module, const char *library, const char *digest) {
    follow *f = (follow *)calloc(1, sizeof *f);
    if (f == NULL) return 0;
    f->module = module;
    f->library = strdup(library);
    f->opened = f->unasked = 1;
    if (f->library == NULL) {
        free(f);
        return 0;
    }
    snprintf(f->digest, sizeof f->digest, "%s", digest);
    add(f);
    return 1;
}

long long hot_init(const char *source) {
    hoti_error error = {NULL, ""};
    follow *f;
    if (hoti_is_child) hoti_fail(&error, "usage", "this process takes no part in reloading: it is a fork, or has no background thread");
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
    add(f);
    return 0;
}

void hot_beside(void) {
    const char *agent = getenv("VAIS_HOT_LINK");
    char path[PATH_MAX], source[PATH_MAX];
    size_t folder;
    if (hoti_is_child || (agent != NULL && *agent != '\0') || hoti_executable(path, sizeof path) == 0) return;
    folder = (size_t)(hoti_path_base(path) - path);
    path[folder] = '\0';
    if (folder == 0 || !hoti_folder_vouches(path)) return;
    for (unsigned i = 0; i < hoti_module_count; i++) {
        follow *f;
        int length = snprintf(source, sizeof source, "%s%s.vais", path, hoti_modules[i].name);
        if (length < 0 || (size_t)length >= sizeof source) continue;
        f = make_follow(source);
        if (f == NULL) continue;
        f->unasked = 1;
        add(f);
    }
}

long long hot_cleanup(void) {
    hoti_lock_take();
    HOTI_SET(is_stopped, 1);
    if (!hoti_is_child && hoti_modules != NULL) hoti_wake();
    hoti_lock_give();
    return 0;
}

long long hot_reload(void) {
    if (hoti_modules == NULL || hoti_is_child || hoti_local_stopped()) return 0;
    hoti_lock_take();
    {
        unsigned mine = reloads_wanted + 1;
        HOTI_SET(reloads_wanted, mine);
        hoti_wake();
        hoti_lock_await(&reloads_done, mine, 10000000000u); /* or more: several threads may have asked */
    }
    hoti_lock_give();
    return hot_check();
}

/* ---- the background thread's part ---- */
static void watch_folder(follow *f) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(f->library, '/') - f->library), f->library);
    hoti_notice(folder[0] == '\0' ? "/" : folder);
    f->watched = 1;
}

/* A library that was there before the program was built is older code, not newer. */
static int is_older_than_program(const hoti_stamp *library) {
    char path[PATH_MAX];
    hoti_stamp program;
    if (hoti_executable(path, sizeof path) == 0 || !hoti_file_look(path, &program)) return 0;
    return library->seconds < program.seconds;
}

static int is_same_file(const hoti_stamp *a, const hoti_stamp *b) {
    return a->id == b->id && a->size == b->size && a->seconds == b->seconds && a->rest == b->rest;
}

/* Whoever writes the file in place may be in the middle of it, unless the system said that it is closed. */
static int is_fresh(const hoti_stamp *file) { return (long long)(hoti_time() - file->seconds) < 1; }

static void look(follow *f, int notified, int forced) {
    hoti_module *m = f->module;
    const hoti_version *newest = m->pending != NULL ? m->pending : m->running;
    hoti_load_order order = {(newest->number > m->highest ? newest->number : m->highest) + 1, "", NULL, f->library, NULL, NULL};
    hoti_error error = {NULL, ""};
    int first = !f->watched;
    char digest[65];
    hoti_stamp now;
    if (f->unasked && hoti_link_out() != NULL) return;
    if (first) watch_folder(f);
    if (!hoti_file_look(f->library, &now)) return;
    if (!forced && is_same_file(&now, &f->seen)) return;
    if (!forced && !first && is_fresh(&now) && !(notified && hoti_notice_settled(f->library, &now))) return;
    f->seen = now;
    if (first && !forced && !f->opened && is_older_than_program(&now)) return;
    if (!hoti_digest(f->library, digest) || (!forced && strcmp(digest, f->digest) == 0)) return;
    strcpy(f->digest, digest);
    if (strcmp(digest, newest->digest) == 0) return; /* it runs, or waits to */
    order.digest = digest;
    if (first || newest->handle == NULL) order.unless = newest->image->build_id;
    if (hoti_order_load(m, &order, &error) || error.code == NULL) return;
    if (strcmp(error.code, "digest_mismatch") == 0) memset(&f->seen, 0, sizeof f->seen); /* it changes just now */
    else hoti_note(&error, 1);
}

hoti_u64 hoti_local_wait(hoti_u64 now) {
    if (HOTI_GET(follows) == NULL || hoti_local_stopped()) return HOTI_NEVER;
    return look_at > now ? look_at - now : 0;
}

void hoti_local_step(int notified, hoti_u64 now) {
    unsigned wanted = HOTI_GET(reloads_wanted);
    int forced = wanted != HOTI_GET(reloads_done);
    if (!hoti_local_stopped() && !hoti_order_given() && (notified || forced || now >= look_at))
        for (follow *f = HOTI_GET(follows); f != NULL; f = f->next) look(f, notified, forced);
    look_at = now + LOOK_EVERY;
    if (forced) {
        hoti_lock_take();
        HOTI_SET(reloads_done, wanted);
        hoti_lock_signal();
        hoti_lock_give();
    }
}
