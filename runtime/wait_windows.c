/* wait_windows.c: what the background thread waits for: an event of its own, the agent's pipe, a timer, and the
 * system's notices of files that change. */
#ifdef _WIN32
#include "win.h"

#include <string.h>

enum { FOLDERS_MAX = 16, OTHERS = 4 };
static HANDLE woken, timer, folders[FOLDERS_MAX];
static unsigned folder_count;

int hoti_wait_begin(void) {
    enum { FINE = 2 }; /* CREATE_WAITABLE_TIMER_HIGH_RESOLUTION: else a wait lasts at least a tick of the system */
    woken = CreateEventW(NULL, FALSE, FALSE, NULL);
    timer = CreateWaitableTimerExW(NULL, NULL, FINE, TIMER_ALL_ACCESS);
    if (timer == NULL) timer = CreateWaitableTimerExW(NULL, NULL, 0, TIMER_ALL_ACCESS);
    return woken != NULL && timer != NULL;
}

void hoti_wake(void) { SetEvent(woken); }

static int is_set(HANDLE event) { return event != NULL && WaitForSingleObject(event, 0) == WAIT_OBJECT_0; }

unsigned hoti_wait(hoti_u64 ns, const hoti_watch *watch) {
    HANDLE all[OTHERS + FOLDERS_MAX], peer = watch->handles[0], leaves = watch->handles[1];
    unsigned count = 0, ready = 0;
    if (ns != HOTI_NEVER) {
        LARGE_INTEGER due;
        due.QuadPart = -(long long)(ns / 100 + 1);
        SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE);
        all[count++] = timer;
    }
    all[count++] = woken;
    if (peer != NULL) all[count++] = peer;
    if (leaves != NULL) all[count++] = leaves;
    for (unsigned i = 0; i < folder_count; i++) all[count++] = folders[i];
    WaitForMultipleObjects(count, all, FALSE, INFINITE);
    if (is_set(peer)) ready |= HOTI_READY_PEER;
    for (unsigned i = 0; i < folder_count; i++)
        if (is_set(folders[i])) {
            ready |= HOTI_READY_NOTICE;
            FindNextChangeNotification(folders[i]);
        }
    return ready;
}

void hoti_notice(const char *folder) {
    hoti_wide wide;
    HANDLE found;
    if (folder_count == FOLDERS_MAX || !hoti_widen(folder, wide)) return;
    found = FindFirstChangeNotificationW(wide, FALSE, FILE_NOTIFY_CHANGE_FILE_NAME | FILE_NOTIFY_CHANGE_LAST_WRITE);
    if (found != INVALID_HANDLE_VALUE) folders[folder_count++] = found;
}

/* The notice may be of a file that is still being written: whoever writes it would have written on by then. */
int hoti_notice_settled(const char *path, const hoti_stamp *now) {
    hoti_stamp then;
    Sleep(30);
    return hoti_file_look(path, &then) && memcmp(&then, now, sizeof then) == 0;
}

void hoti_wait_forget(void) {}
#endif
