/* os_posix.c: time, the lock and threads, by POSIX. */
#ifndef _WIN32
#include "hot_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

hoti_u64 hoti_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (hoti_u64)t.tv_sec * 1000000000u + (hoti_u64)t.tv_nsec;
}

hoti_u64 hoti_time(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (hoti_u64)t.tv_sec;
}

/* ---- the lock ---- */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
#ifdef __APPLE__
#define CLOCK CLOCK_REALTIME
#else
#define CLOCK CLOCK_MONOTONIC /* which nobody sets */
#endif

void hoti_lock_take(void) { pthread_mutex_lock(&lock); }
void hoti_lock_give(void) { pthread_mutex_unlock(&lock); }

int hoti_lock_await(volatile unsigned *flag, unsigned value, hoti_u64 ns) {
    struct timespec until;
    clock_gettime(CLOCK, &until);
    ns += (hoti_u64)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    while ((int)(*flag - value) < 0)
        if (pthread_cond_timedwait(&changed, &lock, &until) != 0) break;
    return (int)(*flag - value) >= 0;
}

void hoti_lock_signal(void) { pthread_cond_broadcast(&changed); }

/* ---- threads ---- */
static pthread_t background;
static void (*background_run)(void);

static void *background_main(void *unused) {
    (void)unused;
#ifdef __linux__
    prctl(PR_SET_NAME, "vais-hot");
    prctl(PR_SET_TIMERSLACK, 1000); /* ns; the default of 50 us would be half of our shortest wait */
#elif defined(__APPLE__)
    pthread_setname_np("vais-hot");
#endif
    background_run();
    return NULL;
}

int hoti_background_start(void (*run)(void)) {
    sigset_t all, before;
    int failed;
    background_run = run;
#ifndef __APPLE__
    {
        pthread_condattr_t kind;
        pthread_condattr_init(&kind);
        pthread_condattr_setclock(&kind, CLOCK);
        pthread_cond_init(&changed, &kind); /* nobody waits yet */
        pthread_condattr_destroy(&kind);
    }
#endif
    sigfillset(&all); /* signals are the program's, in the program's threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&background, NULL, background_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return 0;
    pthread_detach(background);
    return 1;
}

int hoti_background_is(void) { return pthread_equal(pthread_self(), background); }

static pthread_key_t key;
static int key_made;

int hoti_key_make(void (*end)(void *own)) {
    key_made = pthread_key_create(&key, end) == 0;
    return key_made;
}

void *hoti_key_get(void) { return key_made ? pthread_getspecific(key) : NULL; }
int hoti_key_set(void *own) { return key_made && pthread_setspecific(key, own) == 0; }

void hoti_at_fork(void (*before)(void), void (*after)(void), void (*in_child)(void)) {
    pthread_atfork(before, after, in_child);
}

#ifndef __APPLE__
long hoti_thread_id(void) {
#ifdef __linux__
    return (long)syscall(SYS_gettid);
#else
    return 0;
#endif
}
#endif

long hoti_process_id(void) { return (long)getpid(); }

hoti_u64 hoti_process_space(void) {
#ifdef __linux__
    char name[64]; /* "pid:[4026531836]" */
    ssize_t length = readlink("/proc/self/ns/pid", name, sizeof name - 1);
    if (length > 5 && memcmp(name, "pid:[", 5) == 0) {
        name[length] = '\0';
        return strtoull(name + 5, NULL, 10);
    }
#endif
    return 0;
}

/* ---- what is left ---- */
#ifndef __APPLE__
size_t hoti_executable(char *path, size_t room) {
#ifdef __linux__
    ssize_t length = readlink("/proc/self/exe", path, room - 1);
    if (length <= 0) return 0;
    path[length] = '\0';
    return (size_t)length;
#else
    (void)path, (void)room;
    return 0;
#endif
}
#endif

void hoti_output_lines(void) { setvbuf(stdout, NULL, _IOLBF, 0); }

void *hoti_aligned(size_t align, size_t size) {
    void *place;
    return posix_memalign(&place, align, size) == 0 ? place : NULL;
}

void hoti_aligned_free(void *place) { free(place); }
#endif
