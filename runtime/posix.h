/* posix.h: what the POSIX half of the runtime shares with itself alone. */
#ifndef VAIS_HOT_POSIX_H
#define VAIS_HOT_POSIX_H

#include "hot_internal.h"

int hoti_peer_descriptor(void); /* -1: not connected */

#ifdef __APPLE__
/* macos.c, of the handler's third argument. */
void hoti_mac_registers(const void *context, size_t *pc, size_t *sp, size_t *fp);
void hoti_mac_return(void *context, void (*landing)(hoti_guard *), hoti_guard *guard); /* where the handler returns to */
#endif

#endif
