/* link.c: the line to the agent. Finds it, says hello, carries lines both ways, and begins again for ever. */
#include "hot_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MS 1000000u
#define FIRST_WAIT (20u * MS)
#define LONGEST_WAIT (1000u * MS)
#define SILENCE (15000ull * MS)      /* after this much of it we ask whether the peer is alive, */
#define DEATH (3 * SILENCE)          /* and after this much it is not */
#define UNREAD_MAX (16u << 20)       /* bytes that a peer may leave unread */

static struct sockaddr_un address;
static char parent[sizeof address.sun_path]; /* "": the path was given, and is trusted */
static int enabled, connection = -1, welcome;
static hoti_u64 retry_at, backoff = FIRST_WAIT, heard_at, asked_at;
static char input[HOTI_LINE_MAX + 1];
static size_t input_length;
static hoti_text output;
static size_t output_sent;

/* ---- where the agent is ---- */
void hoti_link_begin(void) {
    const char *given = getenv("VAIS_HOT_LINK"), *runtime = getenv("XDG_RUNTIME_DIR");
    int n;
    address.sun_family = AF_UNIX;
    if (getuid() != geteuid() || getgid() != getegid()) return; /* set-user-id: takes no code from its caller */
    if (given != NULL) {
        n = snprintf(address.sun_path, sizeof address.sun_path, "%s", given);
    } else {
        if (runtime != NULL && runtime[0] == '/') n = snprintf(parent, sizeof parent, "%s/vais-hot", runtime);
        else n = snprintf(parent, sizeof parent, "/tmp/vais-hot-%lu", (unsigned long)geteuid());
        if (n >= 0 && (size_t)n < sizeof parent)
            n = snprintf(address.sun_path, sizeof address.sun_path, "%.90s/link.sock", parent);
    }
    enabled = n > 0 && (size_t)n < sizeof address.sun_path;
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

static void lose(hoti_u64 now) {
    close(connection);
    connection = -1;
    hoti_text_free(&output);
    output_sent = input_length = 0;
    retry_at = now + backoff;
    hoti_order_lost();
}

static void dial(hoti_u64 now) {
    int fd = -1;
    retry_at = now + backoff;
    backoff = backoff * 3 / 2 < LONGEST_WAIT ? backoff * 3 / 2 : LONGEST_WAIT;
    if (is_trusted_folder()) fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return;
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
        return;
    }
    connection = fd;
    welcome = 0;
    heard_at = asked_at = now;
    hoti_report_hello(&output);
}

/* ---- lines ---- */
static void say(const char *verb) {
    hoti_text_verb(&output, verb);
    hoti_text_end(&output);
}

/* 0: the peer does not keep to the protocol. */
static int hear(char *text, size_t length) {
    hoti_line line;
    hoti_u64 protocol;
    if (!hoti_line_parse(&line, text, length)) return 0;
    if (strcmp(line.verb, "ping") == 0) say("pong");
    else if (strcmp(line.verb, "welcome") == 0) {
        if (!hoti_line_number(&line, "protocol", &protocol) || protocol != 1) return 0;
        welcome = 1;
        backoff = FIRST_WAIT;
    } else if (welcome) hoti_order_line(&line);
    return 1;
}

/* 0: the connection is over. */
static int read_lines(void) {
    for (;;) {
        ssize_t n = recv(connection, input + input_length, HOTI_LINE_MAX - input_length, 0);
        char *at = input, *end;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n == 0) return 0;
        heard_at = asked_at = hoti_now();
        input_length += (size_t)n;
        while ((end = memchr(at, '\n', input_length - (size_t)(at - input))) != NULL) {
            if (!hear(at, (size_t)(end - at))) return 0;
            if (connection < 0) return 0;
            at = end + 1;
        }
        input_length -= (size_t)(at - input);
        memmove(input, at, input_length);
        if (input_length == HOTI_LINE_MAX) return 0; /* too long to be a line */
    }
}

static int write_lines(void) {
    while (output_sent < output.length) {
        int flags = 0;
        ssize_t n;
#ifdef MSG_NOSIGNAL
        flags = MSG_NOSIGNAL;
#endif
        n = send(connection, output.bytes + output_sent, output.length - output_sent, flags);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return output.length - output_sent < UNREAD_MAX;
        if (n < 0) return 0;
        output_sent += (size_t)n;
    }
    output.length = output_sent = 0;
    return !output.failed;
}

/* ---- steps of the background thread's loop ---- */
hoti_text *hoti_link_out(void) { return connection < 0 ? NULL : &output; }

int hoti_link_descriptor(short *events) {
    if (connection >= 0 && output_sent < output.length && !write_lines()) lose(hoti_now());
    *events = (short)(output_sent < output.length ? POLLIN | POLLOUT : POLLIN);
    return connection;
}

hoti_u64 hoti_link_wait(hoti_u64 now) {
    hoti_u64 due = connection < 0 ? retry_at : asked_at + SILENCE;
    if (!enabled || (connection < 0 && hoti_local_stopped())) return HOTI_NEVER;
    return due > now ? due - now : 0;
}

void hoti_link_step(short ready, hoti_u64 now) {
    if (!enabled) return;
    if (hoti_local_stopped()) {
        hoti_link_end();
        return;
    }
    if (connection < 0) {
        if (now >= retry_at) dial(now);
        return;
    }
    if (ready != 0 && !read_lines()) {
        lose(now);
        return;
    }
    if (now - heard_at > DEATH && heard_at < now) {
        lose(now);
    } else if (now > asked_at && now - asked_at >= SILENCE) {
        asked_at = now;
        say("ping");
    }
}

void hoti_link_end(void) {
    if (connection < 0) return;
    say("bye");
    write_lines();
    lose(hoti_now());
}

/* In the child of a fork: the connection is the parent's. */
void hoti_link_forget(void) {
    if (connection >= 0) close(connection);
    connection = -1;
    enabled = 0;
}
