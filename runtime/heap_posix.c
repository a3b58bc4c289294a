/* heap_posix.c: can malloc still be used after a crash? glibc's and musl's have locks that a call which crashed inside
 * them, or which abort() ended there, never gives back; whoever allocates next would wait for ever. That cannot be
 * mended from outside, and what the lock protects is half changed as well. But it can be found out. */
#if !defined(_WIN32)
#undef _FORTIFY_SOURCE
#include "hot_internal.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <malloc.h>
#include <sys/syscall.h>
#include <time.h>

enum { PATIENCE = 2 }; /* s; malloc_info of a large heap takes some ms */

/* Takes the lock of each of malloc's arenas once, and that of whatever is there instead. */
static void use_heap(void) {
#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 33)
    (void)mallinfo2();
#else
    (void)mallinfo();
#endif
#endif
    free(malloc(100000));
}

int hoti_heap_works(hoti_self *self) {
    struct sigevent event;
    struct itimerspec limit;
    sigset_t open, kept;
    jmp_buf back;
    int timer;
    volatile int works = 0;
    memset(&event, 0, sizeof event);
    memset(&limit, 0, sizeof limit);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGSEGV; /* our handler's, which sees self->probing */
#ifdef sigev_notify_thread_id
    event.sigev_notify_thread_id = (int)hoti_thread_id();
#else
    event._sigev_un._tid = (int)hoti_thread_id();
#endif
    limit.it_value.tv_sec = PATIENCE;
    limit.it_interval.tv_nsec = 10000000; /* again, should the first come too early to be seen */
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) return 1; /* then it cannot be known */
    sigemptyset(&open);
    sigaddset(&open, SIGSEGV);
    pthread_sigmask(SIG_UNBLOCK, &open, &kept);
    if (_setjmp(back) == 0) {
        self->probing = &back;
        syscall(SYS_timer_settime, timer, 0, &limit, NULL);
        use_heap();
        works = 1;
    }
    self->probing = NULL;
    syscall(SYS_timer_delete, timer);
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
    return works;
}
#else
int hoti_heap_works(hoti_self *self) {
    (void)self; /* macOS notices that a lock is taken twice, and ends the program by itself */
    return 1;
}
#endif

/* Without malloc, and with nothing of the program that might use it. */
void hoti_heap_end(const char *module) {
    static const char head[] = "vais-hot: new code of ",
                      tail[] = " crashed inside malloc or free and left it locked: the program cannot go on\n";
    struct sigaction plain;
    sigset_t open;
    if (write(2, head, sizeof head - 1) >= 0 && write(2, module, strlen(module)) >= 0 &&
        write(2, tail, sizeof tail - 1) >= 0) {}
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigaction(SIGABRT, &plain, NULL);
    sigemptyset(&open);
    sigaddset(&open, SIGABRT);
    pthread_sigmask(SIG_UNBLOCK, &open, NULL);
    raise(SIGABRT);
    _exit(134);
}
#endif
