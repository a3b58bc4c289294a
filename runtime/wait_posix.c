/* wait_posix.c: what the background thread waits for: a byte in a socket of its own, the agent's socket, and, on Linux,
 * the system's notices of files that change. */
#ifndef _WIN32
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#endif

/* ---- descriptors ---- */
void hoti_descriptor_keep(hoti_descriptor *d, int number) {
    struct stat s;
    d->number = number >= 0 && fstat(number, &s) == 0 ? number : -1;
    if (d->number < 0) return;
    d->device = s.st_dev;
    d->inode = s.st_ino;
}

int hoti_descriptor_get(hoti_descriptor *d) {
    struct stat s;
    if (d->number >= 0 && (fstat(d->number, &s) != 0 || s.st_dev != d->device || s.st_ino != d->inode)) d->number = -1;
    return d->number;
}

void hoti_descriptor_close(hoti_descriptor *d) {
    if (hoti_descriptor_get(d) >= 0) close(d->number);
    d->number = -1;
}

/* ---- waking: not by a pipe, as writing to one that nobody reads any more would be a signal ---- */
enum { READS, WRITES };
static hoti_descriptor ends[2] = {{-1, 0, 0}, {-1, 0, 0}}; /* under the lock once there are threads */
/* Who closes our descriptors while we wait cannot wake us any more, nor can anybody else. */
#define LONGEST 1000000000u /* ns */
static hoti_descriptor notices = {-1, 0, 0};

int hoti_wait_begin(void) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 0;
    for (int i = 0; i < 2; i++) {
        fcntl(pair[i], F_SETFD, FD_CLOEXEC);
        fcntl(pair[i], F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
        {
            int on = 1;
            setsockopt(pair[i], SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
        }
#endif
        hoti_descriptor_keep(&ends[i], pair[i]);
    }
    return 1;
}

void hoti_wake(void) {
    int to = hoti_descriptor_get(&ends[WRITES]), flags = 0;
#ifdef MSG_NOSIGNAL
    flags = MSG_NOSIGNAL;
#endif
    while (to >= 0 && send(to, "", 1, flags) < 0 && errno == EINTR) continue;
}

/* Both ends, or new ones: what a program closed has to be made again. */
static int waking_end(void) {
    int from;
    hoti_lock_take();
    if (hoti_descriptor_get(&ends[READS]) < 0 || hoti_descriptor_get(&ends[WRITES]) < 0) {
        hoti_descriptor_close(&ends[READS]);
        hoti_descriptor_close(&ends[WRITES]);
        hoti_wait_begin();
    }
    from = ends[READS].number;
    hoti_lock_give();
    return from;
}

static void drop(int descriptor) { /* what was said does not matter: that it was does */
    char bytes[4096];
    while (read(descriptor, bytes, sizeof bytes) > 0) continue;
}

unsigned hoti_wait(hoti_u64 ns, int sends) {
    struct pollfd p[3] = {{waking_end(), POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
    if (ns > LONGEST) ns = LONGEST;
    p[1].fd = hoti_peer_descriptor();
    if (sends) p[1].events = POLLIN | POLLOUT;
    p[2].fd = hoti_descriptor_get(&notices);
#ifdef __linux__
    {
        struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        ppoll(p, 3, &t, NULL);
    }
#else
    poll(p, 3, (int)(ns / 1000000u) + 1);
#endif
    if (p[0].revents != 0) drop(p[0].fd);
    if (p[2].revents != 0) drop(p[2].fd);
    return (p[1].revents != 0 ? HOTI_READY_PEER : 0u) | (p[2].revents != 0 ? HOTI_READY_NOTICE : 0u);
}

void hoti_notice(const char *folder) {
#ifdef __linux__
    if (hoti_descriptor_get(&notices) < 0) hoti_descriptor_keep(&notices, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (notices.number >= 0) inotify_add_watch(notices.number, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
#else
    (void)folder;
#endif
}

void hoti_wait_forget(void) {
    hoti_descriptor_close(&notices);
    hoti_descriptor_close(&ends[READS]);
    hoti_descriptor_close(&ends[WRITES]);
}
#endif
