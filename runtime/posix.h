/* posix.h: what the POSIX half of the runtime shares with itself alone. */
#ifndef VAIS_HOT_POSIX_H
#define VAIS_HOT_POSIX_H

#include "hot_internal.h"

int hoti_peer_descriptor(void); /* -1: not connected */

#endif
