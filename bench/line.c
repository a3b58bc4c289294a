/*
 * A line between two network namespaces, with a delay, loss, and a cut: what `tc netem` does, for kernels that have none.
 *
 *   line NAMESPACE NAMESPACE     makes the device `line` in each; whoever starts it gives them addresses
 *
 * Reads commands, a line each, and answers each with a line: `delay MS` (each way), `loss PERCENT` (each way), `cut`, `join`,
 * `count` (bytes that went from the first namespace to the second, and back). Packets are lost by a fixed row of chances.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { largest = 65536, longest = 16384 };

struct packet {
  double due;
  int size;
  unsigned char *bytes;
};

/* One way of the line: packets in the order in which they came. */
struct way {
  int from, to;
  unsigned first, next;
  unsigned long long bytes;
  struct packet packets[longest];
};

static struct way ways[2];
static double delay_ms;
static double loss;
static int is_cut;
static uint64_t chance = 88172645463325252ull;

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static int is_lost(void) {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return (double)(chance % 1000000) < loss * 10000;
}

static void fail(const char *what) {
  fprintf(stderr, "line: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int open_end(const char *name) {
  char path[256];
  snprintf(path, sizeof path, "/var/run/netns/%s", name);
  int space = open(path, O_RDONLY);
  if (space < 0 || setns(space, CLONE_NEWNET) != 0) fail(path);
  close(space);
  int end = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  if (end < 0) fail("/dev/net/tun");
  struct ifreq want = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(want.ifr_name, "line");
  if (ioctl(end, TUNSETIFF, &want) != 0) fail("TUNSETIFF");
  return end;
}

static void take(struct way *way) {
  static unsigned char bytes[largest];
  for (;;) {
    ssize_t size = read(way->from, bytes, sizeof bytes);
    if (size <= 0) return;
    if (is_cut || is_lost() || way->next - way->first == longest) continue;
    struct packet *packet = &way->packets[way->next % longest];
    *packet = (struct packet){now() + delay_ms, (int)size, malloc((size_t)size)};
    if (packet->bytes == NULL) fail("memory");
    memcpy(packet->bytes, bytes, (size_t)size);
    way->next += 1;
  }
}

static void give(struct way *way) {
  while (way->first != way->next) {
    struct packet *packet = &way->packets[way->first % longest];
    if (packet->due > now()) return;
    /* What is full loses packets, as a real one does; a cut loses those that are on their way. */
    if (!is_cut && write(way->to, packet->bytes, (size_t)packet->size) > 0) way->bytes += (unsigned long long)packet->size;
    free(packet->bytes);
    way->first += 1;
  }
}

static void obey(void) {
  static char line[256];
  static size_t length;
  ssize_t count = read(0, line + length, sizeof line - 1 - length);
  if (count <= 0) exit(0);
  length += (size_t)count;
  line[length] = 0;
  char *end;
  while ((end = strchr(line, '\n')) != NULL) {
    *end = 0;
    int known = 1;
    if (strcmp(line, "cut") == 0) is_cut = 1;
    else if (strcmp(line, "join") == 0) is_cut = 0;
    else if (strcmp(line, "count") == 0) known = 2;
    else known = sscanf(line, "delay %lf", &delay_ms) == 1 || sscanf(line, "loss %lf", &loss) == 1;
    if (known == 2) printf("%llu %llu\n", ways[0].bytes, ways[1].bytes);
    else puts(known ? "ok" : "what?");
    fflush(stdout);
    length -= (size_t)(end + 1 - line);
    memmove(line, end + 1, length + 1);
  }
}

int main(int count, char **args) {
  if (count != 3) return 2;
  ways[0].from = ways[1].to = open_end(args[1]);
  ways[0].to = ways[1].from = open_end(args[2]);
  puts("ready");
  fflush(stdout);
  for (;;) {
    double wait = 1000;
    for (int way = 0; way < 2; way += 1)
      if (ways[way].first != ways[way].next) {
        double left = ways[way].packets[ways[way].first % longest].due - now();
        if (left < wait) wait = left < 0 ? 0 : left;
      }
    struct pollfd on[] = {{0, POLLIN, 0}, {ways[0].from, POLLIN, 0}, {ways[1].from, POLLIN, 0}};
    struct timespec span = {(time_t)(wait / 1000), (long)((wait - 1000 * (double)(time_t)(wait / 1000)) * 1e6)};
    if (ppoll(on, 3, &span, NULL) < 0 && errno != EINTR) fail("poll");
    if (on[0].revents) obey();
    for (int way = 0; way < 2; way += 1) {
      take(&ways[way]);
      give(&ways[way]);
    }
  }
}
