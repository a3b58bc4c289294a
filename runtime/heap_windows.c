/* heap_windows.c: can malloc still be used after a crash? A call that crashed inside it keeps its lock, which this
 * thread may take again, and no other. So another one tries. */
#ifdef _WIN32
#include "win.h"

#include <stdlib.h>

enum { PATIENCE = 2000 }; /* ms */

static DWORD WINAPI use_heap(void *unused) {
    (void)unused;
    free(malloc(100000));
    HeapLock(GetProcessHeap());
    HeapUnlock(GetProcessHeap());
    return 0;
}

int hoti_heap_works(hoti_self *self) {
    HANDLE thread = CreateThread(NULL, 0, use_heap, NULL, 0, NULL);
    int works;
    (void)self;
    if (thread == NULL) return 1; /* then it cannot be known */
    works = WaitForSingleObject(thread, PATIENCE) == WAIT_OBJECT_0;
    CloseHandle(thread);
    return works;
}

static void say(const char *text) {
    DWORD n;
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), text, (DWORD)strlen(text), &n, NULL);
}

/* Without malloc, and with nothing of the program that might use it. */
void hoti_heap_end(const char *module) {
    enum { AS_ABORT = 3 };
    say("vais-hot: new code of ");
    say(module);
    say(" crashed inside malloc or free and left it locked: the program cannot go on\r\n");
    TerminateProcess(GetCurrentProcess(), AS_ABORT);
}
#endif
