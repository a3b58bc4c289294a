/* error.c: the ground that every file stands on: how errors are made and remembered, and whether this process takes part. */
#include "hot_internal.h"

#include <stdarg.h>
#include <stdio.h>

unsigned hoti_is_child;

static char last_error[1024]; /* under the lock */
static unsigned last_status;  /* what the next hot_check returns, negated; 0: nothing to say */

int hoti_fail(hoti_error *error, const char *code, const char *format, ...) {
    va_list arguments;
    error->code = code;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return 0;
}

/* Remembers an error for hot_error(), and with a status, which is the background thread's to give, for one
 * hot_check(). */
void hoti_note(const hoti_error *error, unsigned status) {
    hoti_lock_take();
    snprintf(last_error, sizeof last_error, "%s", error->text);
    hoti_lock_give();
    if (status == 0) return;
    hoti_swap(&last_status, status);
    HOTI_SET(hot_published, hot_published + 1);
}

unsigned hoti_note_take(void) { return HOTI_GET(last_status) == 0 ? 0 : hoti_swap(&last_status, 0); }

void hoti_note_last(char *into, size_t room) {
    hoti_lock_take();
    snprintf(into, room, "%s", last_error);
    hoti_lock_give();
}
