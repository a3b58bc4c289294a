/* posix.h: what the POSIX half of the runtime shares with itself alone. */
#ifndef VAIS_HOT_POSIX_H
#define VAIS_HOT_POSIX_H

#include "hot_internal.h"

#include <sys/types.h>

/* A descriptor that we know again: a program may close all that it has, and be given the number for something else. */
typedef struct hoti_descriptor {
    int number; /* -1: none */
    dev_t device;
    ino_t inode;
} hoti_descriptor;

void hoti_descriptor_keep(hoti_descriptor *d, int number);
int hoti_descriptor_get(hoti_descriptor *d); /* -1, and forgotten: it is not ours any more */
void hoti_descriptor_close(hoti_descriptor *d);



#ifdef __APPLE__
/* macos.c, of the handler's third argument. */
void hoti_mac_registers(const void *context, size_t *pc, size_t *sp, size_t *fp);
void hoti_mac_return(void *context, void (*landing)(hoti_guard *), hoti_guard *guard); /* where the handler returns to */
#endif

#endif
