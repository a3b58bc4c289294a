/* peer_posix.c: the agent's Unix socket: where it is, whether it can be trusted, bytes both ways. */
#ifndef _WIN32
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address;
static char parent[sizeof address.sun_path]; /* "": the path was given, and is trusted */
static hoti_descriptor connection = {-1, 0, 0};

int hoti_peer_find(void) {
    const char *given = getenv("VAIS_HOT_LINK"), *runtime = getenv("XDG_RUNTIME_DIR");
    int n;
    address.sun_family = AF_UNIX;
    if (getuid() != geteuid() || getgid() != getegid()) return 0; /* set-user-id: takes no code from its caller */
    if (given != NULL) {
        n = snprintf(address.sun_path, sizeof address.sun_path, "%s", given);
    } else {
        if (runtime != NULL && runtime[0] == '/') n = snprintf(parent, sizeof parent, "%s/vais-hot", runtime);
        else n = snprintf(parent, sizeof parent, "/tmp/vais-hot-%lu", (unsigned long)geteuid());
        if (n >= 0 && (size_t)n < sizeof parent)
            n = snprintf(address.sun_path, sizeof address.sun_path, "%.90s/link.sock", parent);
    }
    return n > 0 && (size_t)n < sizeof address.sun_path;
}

/* What comes over this socket is code to run: nobody else may have put it there. */
static int is_trusted_folder(void) {
    struct stat s;
    return parent[0] == '\0' || (lstat(parent, &s) == 0 && S_ISDIR(s.st_mode) && (s.st_mode & 022) == 0 &&
                                 (s.st_uid == geteuid() || s.st_uid == 0));
}

static int is_trusted_peer(int fd) {
#ifdef SO_PEERCRED
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
    return peer.uid == geteuid() || peer.uid == 0;
#else
    uid_t user;
    gid_t group;
    return getpeereid(fd, &user, &group) == 0 && (user == geteuid() || user == 0);
#endif
}

int hoti_peer_dial(void) {
    int fd = -1;
    if (is_trusted_folder()) fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return 0;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
    {
        int on = 1;
        setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
    }
#endif
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 || !is_trusted_peer(fd)) {
        close(fd);
        return 0;
    }
    hoti_descriptor_keep(&connection, fd);
    return 1;
}

void hoti_peer_close(void) { hoti_descriptor_close(&connection); }

void hoti_peer_watch(hoti_watch *watch, int sends) {
    watch->descriptors[watch->count++] = hoti_descriptor_get(&connection);
    watch->sends = sends;
}

long hoti_peer_read(char *bytes, size_t room) {
    int from = hoti_descriptor_get(&connection);
    for (;;) {
        ssize_t n = recv(from, bytes, room, 0);
        if (n > 0) return (long)n;
        if (n == 0) return -1;
        if (errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
}

long hoti_peer_write(const char *bytes, size_t count) {
    int flags = 0, to = hoti_descriptor_get(&connection);
#ifdef MSG_NOSIGNAL
    flags = MSG_NOSIGNAL;
#endif
    for (;;) {
        ssize_t n = send(to, bytes, count, flags);
        if (n >= 0) return (long)n;
        if (errno != EINTR) return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
    }
}
#endif
