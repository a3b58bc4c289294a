/* wait_posix.c: what the background thread waits for: a byte in a socket of its own, the agent's socket, and the system's
 * notices of files that change: inotify's on Linux, kqueue's on macOS. */
#ifndef _WIN32
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/inotify.h>
#elif defined(__APPLE__)
#include <sys/event.h>
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

static void drop_notices(int descriptor) {
#ifdef __APPLE__
    struct kevent events[16];
    struct timespec none = {0, 0};
    while (kevent(descriptor, NULL, 0, events, 16, &none) > 0) continue;
#else
    drop(descriptor);
#endif
}

unsigned hoti_wait(hoti_u64 ns, const hoti_watch *watch) {
    struct pollfd p[2 + HOTI_WATCHED] = {{waking_end(), POLLIN, 0}, {-1, POLLIN, 0}};
    nfds_t count = 2;
    if (ns > LONGEST) ns = LONGEST;
    p[1].fd = hoti_descriptor_get(&notices);
    for (unsigned i = 0; i < watch->count; i++) {
        p[count].fd = watch->descriptors[i];
        p[count++].events = i == 0 && watch->sends ? POLLIN | POLLOUT : POLLIN;
    }
#ifdef __linux__
    {
        struct timespec t = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        ppoll(p, count, &t, NULL);
    }
#else
    poll(p, count, (int)(ns / 1000000u) + 1);
#endif
    if (p[0].revents != 0) drop(p[0].fd);
    if (p[1].revents != 0) drop_notices(p[1].fd);
    return (p[2].revents != 0 ? HOTI_READY_PEER : 0u) | (p[1].revents != 0 ? HOTI_READY_NOTICE : 0u);
}

void hoti_notice(const char *folder) {
#ifdef __linux__
    if (hoti_descriptor_get(&notices) < 0) hoti_descriptor_keep(&notices, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (notices.number >= 0) inotify_add_watch(notices.number, folder, IN_CLOSE_WRITE | IN_MOVED_TO);
#elif defined(__APPLE__)
    /* A folder is written to when a file in it is made, renamed or removed: a library that is replaced as a whole is seen at
     * once. One that is written over where it lies is not; the look at it, twice a second, sees that. */
    struct kevent change;
    int watched = open(folder, O_EVTONLY | O_CLOEXEC);
    if (hoti_descriptor_get(&notices) < 0) hoti_descriptor_keep(&notices, kqueue());
    EV_SET(&change, watched, EVFILT_VNODE, EV_ADD | EV_CLEAR, NOTE_WRITE, 0, NULL);
    /* The descriptor of the folder stays open: closing it would end the watch. A queue is not inherited by a child. */
    if (watched >= 0 && (notices.number < 0 || kevent(notices.number, &change, 1, NULL, 0, NULL) != 0)) close(watched);
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
    hoti_descriptor_close(&notices);
    hoti_descriptor_close(&ends[READS]);
    hoti_descriptor_close(&ends[WRITES]);
}
#endif
