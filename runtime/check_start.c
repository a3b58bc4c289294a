/* check_start.c: starts the program's own executable once more, for a check, and ends it with all that it has started.
 *
 * It is nobody's child: a program that waits for any child must not meet one that it never started. So there is one
 * between us that starts it and ends at once, which says so by no signal. */
#if defined(__linux__) && !defined(__TINYC__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct {
    char **words, **environment;
    const char *path; /* where /proc is not there */
    int end, error;
    char stacks[2][16384];
} start;

static void close_from(unsigned first) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0u, 0) == 0) return;
#endif
    for (unsigned fd = first; fd < 4096; fd++) close((int)fd);
}

static int run(void *argument) {
    start *s = (start *)argument;
    int null = open("/dev/null", O_RDWR), end;
    sigset_t none;
    for (int fd = 0; fd < 3 && null >= 0; fd++) dup2(null, fd);
    end = fcntl(s->end, F_DUPFD, HOTI_CHECK_FD + 1); /* dup2 to the same number would keep its mark */
    if (end < 0 || dup2(end, HOTI_CHECK_FD) < 0) _exit(127);
    close_from(HOTI_CHECK_FD + 1);
    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/proc/self/exe", s->words, s->environment);
    execve(s->path, s->words, s->environment);
    s->error = errno;
    _exit(127);
}

static int between(void *argument) {
    start *s = (start *)argument;
    if (clone(run, s->stacks[1] + sizeof s->stacks[1], CLONE_VM | CLONE_VFORK, s) < 0) s->error = errno;
    _exit(0);
}

int hoti_check_spawn(const char *token) {
    char own[4096], variable[96];
    char *words[2];
    size_t count = 0, kept = 0;
    int ends[2], between_id;
    start *s = (start *)calloc(1, sizeof *s);
    while (environ != NULL && environ[count] != NULL) count++;
    if (s != NULL) s->environment = (char **)malloc((count + 2) * sizeof(char *));
    if (s == NULL || s->environment == NULL || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        free(s == NULL ? NULL : s->environment);
        free(s);
        return -1;
    }
    snprintf(variable, sizeof variable, HOTI_CHECK_VARIABLE "=%s", token);
    for (size_t i = 0; i < count; i++)
        if (strncmp(environ[i], HOTI_CHECK_VARIABLE "=", sizeof HOTI_CHECK_VARIABLE) != 0) s->environment[kept++] = environ[i];
    s->environment[kept++] = variable;
    s->environment[kept] = NULL;
    own[0] = '\0';
    hoti_executable(own, sizeof own);
    words[0] = own;
    words[1] = NULL;
    s->words = words;
    s->path = own;
    s->end = ends[1];
    between_id = clone(between, s->stacks[0] + sizeof s->stacks[0], CLONE_VM | CLONE_VFORK, s);
    if (between_id < 0) s->error = errno;
    else while (waitpid(between_id, NULL, __WCLONE) < 0 && errno == EINTR) continue;
    close(ends[1]);
    if (s->error != 0) {
        close(ends[0]);
        ends[0] = -1;
        errno = s->error;
    } else {
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }
    free(s->environment);
    free(s);
    return ends[0];
}

/* Whether the process was started with this in its environment. */
static int is_of(const char *pid, const char *mark, size_t length) {
    char path[300], bytes[65536];
    int fd;
    long n;
    snprintf(path, sizeof path, "/proc/%s/environ", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? -1 : (long)read(fd, bytes, sizeof bytes);
    if (fd >= 0) close(fd);
    return n > 0 && memmem(bytes, (size_t)n, mark, length) != NULL;
}

void hoti_check_kill(const char *token) {
    char mark[96];
    int length = snprintf(mark, sizeof mark, HOTI_CHECK_VARIABLE "=%s", token);
    /* Again, as one may have started another meanwhile. */
    for (unsigned again = 0, found = 1; found != 0 && again < 16; again++) {
        DIR *d = opendir("/proc");
        struct dirent *e;
        found = 0;
        while (d != NULL && (e = readdir(d)) != NULL) {
            if (e->d_name[0] < '1' || e->d_name[0] > '9' || atol(e->d_name) == (long)getpid()) continue;
            if (!is_of(e->d_name, mark, (size_t)length + 1)) continue; /* with the NUL that ends it */
            if (kill((pid_t)atol(e->d_name), SIGKILL) == 0) found = 1;
        }
        if (d != NULL) closedir(d);
    }
}
#endif
