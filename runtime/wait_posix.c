/* wait_posix.c: what the background thread waits for: a byte in a pipe of its own, the agent's socket, and the system's
 * notices of files that change: inotify's on Linux, kqueue's on macOS. */
#ifndef _WIN32
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#elif defined(__APPLE__)
#include <sys/event.h>
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

static void drop_notices(void) {
#ifdef __APPLE__
    struct kevent events[16];
    struct timespec none = {0, 0};
    while (kevent(notices, NULL, 0, events, 16, &none) > 0) continue;
#else
    drop(notices);
#endif
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
    if (p[2].revents != 0) drop_notices();
    return (p[1].revents != 0 ? HOTI_READY_PEER : 0u) | (p[2].revents != 0 ? HOTI_READY_NOTICE : 0u);
}

void hoti_notice(const char *folder) {
#ifdef __linux__
    if (notices < 0) notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (notices >= 0) inotify_add_watch(notices, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
#elif defined(__APPLE__)
    /* A folder is written to when a file in it is made, renamed or removed: a library that is replaced as a whole is seen at
     * once. One that is written over where it lies is not; the look at it, twice a second, sees that. */
    struct kevent change;
    int watched = open(folder, O_EVTONLY | O_CLOEXEC);
    if (notices < 0) notices = kqueue();
    EV_SET(&change, watched, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, NULL);
    /* The descriptor of the folder stays open: closing it would end the watch. A queue is not inherited by a child. */
    if (watched >= 0 && (notices < 0 || kevent(notices, &change, 1, NULL, 0, NULL) != 0)) close(watched);
#else
    (void)folder;
#endif
}

int hoti_notice_settled(const char *path, const hoti_stamp *now) {
#ifdef __APPLE__
    /* The notice may be of a file that was only made: who writes it there would have written on by then. */
    struct timespec moment = {0, 30000000};
    hoti_stamp then;
    nanosleep(&moment, NULL);
    return hoti_file_look(path, &then) && memcmp(&then, now, sizeof then) == 0;
#else
    (void)path, (void)now; /* inotify tells of files that were closed, or came by a rename */
    return 1;
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
