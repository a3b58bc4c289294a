/* wait_posix.c: what the background thread waits for: a byte in a pipe of its own, the agent's socket, and, on Linux,
 * the system's notices of files that change. */
#ifndef _WIN32
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

static int wake_pipe[2] = {-1, -1};
static int notices = -1;

int hoti_wait_begin(void) {
    if (pipe(wake_pipe) != 0) return 0;
    for (int i = 0; i < 2; i++) {
        fcntl(wake_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(wake_pipe[i], F_SETFL, O_NONBLOCK);
    }
    return 1;
}

void hoti_wake(void) {
    ssize_t n;
    do n = write(wake_pipe[1], "", 1);
    while (n < 0 && errno == EINTR);
}

static void drop(int descriptor) { /* what was said does not matter: that it was does */
    char bytes[4096];
    while (read(descriptor, bytes, sizeof bytes) > 0) continue;
}

unsigned hoti_wait(hoti_u64 ns, int sends) {
    struct pollfd p[3] = {{wake_pipe[0], POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    p[1].fd = hoti_peer_descriptor();
    if (sends) p[1].events = POLLIN | POLLOUT;
    p[2].fd = notices;
#ifdef __linux__
    {
        struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        ppoll(p, 3, ns == HOTI_NEVER ? NULL : &t, NULL);
    }
#else
    poll(p, 3, ns == HOTI_NEVER ? -1 : (int)(ns / 1000000u) + 1);
#endif
    if (p[0].revents != 0) drop(wake_pipe[0]);
    if (p[2].revents != 0) drop(notices);
    return (p[1].revents != 0 ? HOTI_READY_PEER : 0u) | (p[2].revents != 0 ? HOTI_READY_NOTICE : 0u);
}

void hoti_notice(const char *folder) {
#ifdef __linux__
    if (notices < 0) notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (notices >= 0) inotify_add_watch(notices, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
#else
    (void)folder;
#endif
}

void hoti_wait_forget(void) {
    if (notices >= 0) close(notices);
    notices = -1;
    for (int i = 0; i < 2; i++) {
        close(wake_pipe[i]);
        wake_pipe[i] = -1;
    }
}
#endif
