/* peer_windows.c: the agent's named pipe: where it is, whether it can be trusted, bytes both ways. A read is always on
 * its way, and its event ends the background thread's wait. */
#ifdef _WIN32
#include "win.h"

#include <stdio.h>
#include <stdlib.h>

static wchar_t address[512];
static HANDLE pipe = INVALID_HANDLE_VALUE;
static OVERLAPPED arriving, leaving;
static int arrives, leaves, over;
static char arrived[65536], left[65536];
static DWORD arrived_at, arrived_count;

int hoti_peer_find(void) {
    wchar_t user[257];
    DWORD n = GetEnvironmentVariableW(L"VAIS_HOT_LINK", address, sizeof address / sizeof *address);
    if (n == 0 && GetLastError() == ERROR_ENVVAR_NOT_FOUND) {
        DWORD room = sizeof user / sizeof *user;
        if (!GetUserNameW(user, &room)) return 0;
        swprintf(address, sizeof address / sizeof *address, L"\\\\.\\pipe\\vais-hot-%ls", user);
        n = (DWORD)wcslen(address);
    }
    if (n == 0 || n >= sizeof address / sizeof *address) return 0;
    for (wchar_t *at = address; *at != L'\0'; at++) /* //./pipe/… is easier to write in a shell */
        if (*at == L'/') *at = L'\\';
    arriving.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    leaving.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    return arriving.hEvent != NULL && leaving.hEvent != NULL && wcsncmp(address, L"\\\\.\\pipe\\", 9) == 0;
}

static void begin_read(void) {
    if (over || arrives) return;
    if (ReadFile(pipe, arrived, sizeof arrived, NULL, &arriving) || GetLastError() == ERROR_IO_PENDING) arrives = 1;
    else over = 1;
}

int hoti_peer_dial(void) {
    /* The agent may know who we are, and not act as us. */
    DWORD flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
    pipe = CreateFileW(address, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, flags, NULL);
    if (pipe == INVALID_HANDLE_VALUE) return 0;
    if (!hoti_is_ours(pipe)) { /* anybody may make a pipe of a name that is free, and what comes from there is code */
        CloseHandle(pipe);
        pipe = INVALID_HANDLE_VALUE;
        return 0;
    }
    arrives = leaves = over = 0;
    arrived_at = arrived_count = 0;
    begin_read();
    return 1;
}

void hoti_peer_close(void) {
    DWORD n;
    if (pipe == INVALID_HANDLE_VALUE) return;
    if (leaves) WaitForSingleObject(leaving.hEvent, 100); /* a last word */
    CancelIo(pipe); /* both are of this thread */
    if (arrives) GetOverlappedResult(pipe, &arriving, &n, TRUE);
    if (leaves) GetOverlappedResult(pipe, &leaving, &n, TRUE);
    CloseHandle(pipe);
    pipe = INVALID_HANDLE_VALUE;
    arrives = leaves = 0;
}

long hoti_peer_read(char *bytes, size_t room) {
    for (;;) {
        DWORD n = arrived_count - arrived_at;
        if (n != 0) {
            if (n > room) n = (DWORD)room;
            memcpy(bytes, arrived + arrived_at, n);
            arrived_at += n;
            return (long)n;
        }
        if (arrives) {
            if (!GetOverlappedResult(pipe, &arriving, &n, FALSE)) {
                if (GetLastError() == ERROR_IO_INCOMPLETE) return 0;
                over = 1;
            }
            arrives = 0;
            arrived_at = 0;
            arrived_count = over ? 0 : n;
            continue;
        }
        begin_read();
        if (over) return -1;
    }
}

long hoti_peer_write(const char *bytes, size_t count) {
    DWORD n;
    if (leaves && !GetOverlappedResult(pipe, &leaving, &n, FALSE)) {
        if (GetLastError() == ERROR_IO_INCOMPLETE) return 0;
        over = 1;
    }
    leaves = 0;
    if (over) return -1;
    if (count > sizeof left) count = sizeof left;
    memcpy(left, bytes, count);
    if (!WriteFile(pipe, left, (DWORD)count, NULL, &leaving) && GetLastError() != ERROR_IO_PENDING) return -1;
    leaves = 1;
    return (long)count;
}

void hoti_peer_watch(hoti_watch *watch, int sends) {
    watch->handles[0] = pipe != INVALID_HANDLE_VALUE ? arriving.hEvent : NULL;
    watch->handles[1] = sends && leaves ? leaving.hEvent : NULL;
}
#endif
