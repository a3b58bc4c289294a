/* check.h: what the two ends of a check share. */
#ifndef VAIS_HOT_CHECK_H
#define VAIS_HOT_CHECK_H

#include "hot_internal.h"

/* tcc makes no constructors: a program that it built would not end before its main. */
#if defined(__linux__) && !defined(__TINYC__)
#define HOTI_CHECKS 1
#endif

#define HOTI_CHECK_VARIABLE "VAIS_HOT_CHECK"
enum {
    HOTI_CHECK_FD = 3,       /* where a check process finds its request */
    HOTI_CHECK_SECONDS = 5   /* what loading may take before it counts as hung */
};

/* check_start.c. `token` goes into the environment, so that the process and what it starts are known by it.
 * The end of a socket to it, or -1 with errno. */
int hoti_check_spawn(const char *token);
void hoti_check_kill(const char *token); /* it, and all that it has started */

#endif
