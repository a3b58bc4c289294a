/* state.c: memory that the program registers with hot_state, and that an undone call puts back. */
#include "hot_internal.h"

#include <stdlib.h>

static hoti_state_range *ranges; /* under hoti_lock */
static unsigned range_count, range_room;

/* Takes a lock and may allocate: for the program's start, not for its frames. */
long long hot_state(void *address, unsigned long long size) {
    long long result = 0;
    unsigned i = 0;
    if (address == NULL) return -1;
    pthread_mutex_lock(&hoti_lock);
    while (i < range_count && ranges[i].address != address) i++;
    if (size == 0) {
        if (i < range_count) ranges[i] = ranges[--range_count];
    } else {
        if (i == range_room) {
            unsigned room = range_room == 0 ? 16 : range_room * 2;
            hoti_state_range *more = realloc(ranges, room * sizeof *more);
            if (more == NULL) result = -1;
            else ranges = more, range_room = room;
        }
        if (result == 0) {
            ranges[i].address = address;
            ranges[i].size = size;
            if (i == range_count) range_count++;
        }
    }
    pthread_mutex_unlock(&hoti_lock);
    return result;
}
