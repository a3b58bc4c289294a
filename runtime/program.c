/* program.c: read first. Start and end of the runtime, and the background thread's loop, which tells the whole story:
 * wait for the agent, for a library beside the source or for a thread that has moved; then do what follows from it. */
#include "hot_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

unsigned hoti_is_child;
static char program_name[256] = "program";
static pthread_t background_thread;
static volatile unsigned stopping, stopped; /* under hoti_lock */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int wake_pipe[2] = {-1, -1};

hoti_u64 hoti_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (hoti_u64)t.tv_sec * 1000000000u + (hoti_u64)t.tv_nsec;
}

const char *hoti_program_name(void) { return program_name; }

long hoti_thread_id(void) {
#ifdef __linux__
    return (long)syscall(SYS_gettid);
#else
    return 0;
#endif
}

/* $VAIS_HOT_NAME, else the executable's name. */
static void find_name(const char *started_as) {
    const char *given = getenv("VAIS_HOT_NAME"), *slash;
    char path[4096];
    size_t n;
#ifdef __linux__
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        started_as = path;
    }
#else
    (void)path;
#endif
    if (given == NULL || *given == '\0') given = started_as;
    else started_as = NULL;
    if (given == NULL) return;
    slash = strrchr(given, '/');
    if (started_as != NULL && slash != NULL) given = slash + 1;
    n = strlen(given);
    if (started_as != NULL && n > 4 && strcmp(given + n - 4, ".exe") == 0) n -= 4;
    if (n >= sizeof program_name) n = sizeof program_name - 1;
    memcpy(program_name, given, n);
    program_name[n] = '\0';
}

/* ---- waking and waiting: for the few calls that exchange something with the background thread ---- */
void hoti_program_wake(void) {
    ssize_t n;
    do n = write(wake_pipe[1], "", 1);
    while (n < 0 && errno == EINTR);
}

/* Waits until *flag is `value`; gives up after `ns`. */
int hoti_program_await(volatile unsigned *flag, unsigned value, hoti_u64 ns) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    ns += (hoti_u64)until.tv_nsec;
    until.tv_sec += (time_t)(ns / 1000000000u);
    until.tv_nsec = (long)(ns % 1000000000u);
    while (*flag != value)
        if (pthread_cond_timedwait(&changed, &hoti_lock, &until) != 0) break;
    return *flag == value;
}

void hoti_program_signal(void) { pthread_cond_broadcast(&changed); }

/* ---- the background thread ---- */
static void sleep_until_something(void) {
    struct pollfd p[3] = {{wake_pipe[0], POLLIN, 0}, {-1, 0, 0}, {-1, POLLIN, 0}};
    hoti_u64 now, wait, other;
    p[1].fd = hoti_link_descriptor(&p[1].events);
    p[2].fd = hoti_local_descriptor();
    now = hoti_now();
    wait = hoti_link_wait(now);
    other = hoti_settle_wait(now);
    if (other < wait) wait = other;
    other = hoti_local_wait(now);
    if (other < wait) wait = other;
#ifdef __linux__
    {
        struct timespec t = {(time_t)(wait / 1000000000u), (long)(wait % 1000000000u)};
        ppoll(p, 3, wait == HOTI_NEVER ? NULL : &t, NULL);
    }
#else
    poll(p, 3, wait == HOTI_NEVER ? -1 : (int)(wait / 1000000u) + 1);
#endif
    if (p[0].revents != 0) {
        char drop[64];
        while (read(wake_pipe[0], drop, sizeof drop) > 0) continue;
    }
    now = hoti_now();
    hoti_link_step(p[1].revents, now);
    hoti_local_step(p[2].revents != 0, now);
}

static void *background(void *unused) {
    (void)unused;
#ifdef __linux__
    prctl(PR_SET_NAME, "vais-hot");
    prctl(PR_SET_TIMERSLACK, 1000); /* ns; the default of 50 us would be half of our shortest wait */
#endif
    hoti_copies_sweep();
    hoti_link_begin();
    while (!HOTI_GET(stopping)) {
        sleep_until_something();
        hoti_failure_step();
        hoti_failure_watch(hoti_now());
        hoti_settle();
        hoti_report_state();
    }
    hoti_link_end();
    hoti_copies_remove();
    pthread_mutex_lock(&hoti_lock);
    stopped = 1;
    hoti_program_signal();
    pthread_mutex_unlock(&hoti_lock);
    return NULL;
}

/* ---- start, fork, end ---- */
static void at_end(void) {
    if (hoti_is_child || pthread_equal(pthread_self(), background_thread)) return;
    pthread_mutex_lock(&hoti_lock);
    HOTI_SET(stopping, 1);
    hoti_program_wake();
    hoti_program_await(&stopped, 1, 500000000u); /* a constructor that hangs in a library does not hold up the exit */
    pthread_mutex_unlock(&hoti_lock);
}

static void before_fork(void) { pthread_mutex_lock(&hoti_lock); }
static void after_fork(void) { pthread_mutex_unlock(&hoti_lock); }

/* The child keeps the code it has and has nothing to do with the agent: the link and the copies are the parent's. */
static void in_child(void) {
    hoti_is_child = 1;
    hoti_threads_forget();
    hoti_link_forget();
    hoti_local_forget();
    hoti_copies_forget();
    for (int i = 0; i < 2; i++) {
        close(wake_pipe[i]);
        wake_pipe[i] = -1;
    }
    pthread_mutex_unlock(&hoti_lock);
}

static int open_pipe(void) {
    if (pipe(wake_pipe) != 0) return 0;
    for (int i = 0; i < 2; i++) {
        fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
    }
    return 1;
}

/* What cannot be set up leaves a program that runs version 1, which is better than one that does not run. */
void hot_program(int argc, char **argv, hot_module *const *modules, unsigned count) {
    sigset_t all, before;
    int failed;
    if (hoti_modules != NULL || count == 0) return;
    /* An agent that runs us reads our output from a file; lines must not wait for a full block, nor die with us. */
    if (getenv("VAIS_HOT_OUTPUT_LINES") != NULL) setvbuf(stdout, NULL, _IOLBF, 0);
    find_name(argc > 0 ? argv[0] : NULL);
    if (!hoti_thread_start() || !hoti_module_register(modules, count) || !open_pipe()) return;
    hoti_guards_begin();
    pthread_atfork(before_fork, after_fork, in_child);
    sigfillset(&all); /* signals are the program's, in the program's threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&background_thread, NULL, background, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) return;
    pthread_detach(background_thread);
    atexit(at_end);
}
