/* os_windows.c: time, the lock and threads, by Windows. */
#ifdef _WIN32
#include "win.h"

#include <malloc.h>
#include <stdio.h>

hoti_u64 hoti_now(void) {
    static hoti_u64 frequency;
    LARGE_INTEGER n;
    hoti_u64 count;
    if (frequency == 0) {
        QueryPerformanceFrequency(&n);
        frequency = (hoti_u64)n.QuadPart;
    }
    QueryPerformanceCounter(&n);
    count = (hoti_u64)n.QuadPart;
    return count / frequency * 1000000000u + count % frequency * 1000000000u / frequency;
}

hoti_u64 hoti_time(void) {
    FILETIME t;
    GetSystemTimeAsFileTime(&t);
    return ((hoti_u64)t.dwHighDateTime << 32 | t.dwLowDateTime) / 10000000u - 11644473600u; /* since 1601 */
}

/* ---- the lock ---- */
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;

void hoti_lock_take(void) { AcquireSRWLockExclusive(&lock); }
void hoti_lock_give(void) { ReleaseSRWLockExclusive(&lock); }

int hoti_lock_await(volatile unsigned *flag, unsigned value, hoti_u64 ns) {
    hoti_u64 until = hoti_now() + ns, now;
    while ((int)(*flag - value) < 0 && (now = hoti_now()) < until)
        SleepConditionVariableSRW(&changed, &lock, (DWORD)((until - now) / 1000000u) + 1, 0);
    return (int)(*flag - value) >= 0;
}

void hoti_lock_signal(void) { WakeAllConditionVariable(&changed); }

/* ---- threads ---- */
static DWORD background;
static void (*background_run)(void);

static DWORD WINAPI background_main(void *unused) {
    union { FARPROC any; HRESULT(WINAPI *name)(HANDLE, PCWSTR); } set; /* newer than the oldest that we run on */
    (void)unused;
    set.any = GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "SetThreadDescription");
    if (set.any != NULL) set.name(GetCurrentThread(), L"vais-hot");
    SetThreadErrorMode(SEM_FAILCRITICALERRORS | SEM_NOOPENFILEERRORBOX, NULL); /* a library that cannot be opened is
                                                                                  no reason to ask anybody */
    background_run();
    return 0;
}

int hoti_background_start(void (*run)(void)) {
    HANDLE thread;
    background_run = run;
    thread = CreateThread(NULL, 0, background_main, NULL, 0, &background);
    if (thread == NULL) return 0;
    CloseHandle(thread);
    return 1;
}

int hoti_background_is(void) { return GetCurrentThreadId() == background; }

/* Two of them, as the one that tells of a thread's end is the slower to look into, and belongs to fibers. */
static DWORD key = TLS_OUT_OF_INDEXES, end_key;
static void (*key_end)(void *own);
static BOOLEAN(WINAPI *is_ending)(void);

static void WINAPI thread_ends(void *own) {
    if (own == NULL || (is_ending != NULL && is_ending())) return; /* other threads may be gone with our lock */
    TlsSetValue(key, NULL);
    key_end(own);
}

int hoti_key_make(void (*end)(void *own)) {
    union { FARPROC any; BOOLEAN(WINAPI *is)(void); } found;
    key_end = end;
    found.any = GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlDllShutdownInProgress");
    is_ending = found.is;
    end_key = FlsAlloc(thread_ends);
    if (end_key != FLS_OUT_OF_INDEXES) key = TlsAlloc();
    return key != TLS_OUT_OF_INDEXES;
}

/* Every hot call comes here. TlsGetValue is slower, and resets GetLastError(), which is the program's. */
void *hoti_key_get(void) {
#ifdef __x86_64__
    enum { SLOTS = 0x1480 }; /* of the first 64 values, in the thread's own block */
    if (HOT_LIKELY(key < 64)) {
        void *own;
        __asm__ __volatile__("movq %%gs:(%1), %0" : "=r"(own) : "r"((size_t)SLOTS + key * sizeof own));
        return own;
    }
#endif
    return key == TLS_OUT_OF_INDEXES ? NULL : TlsGetValue(key);
}

int hoti_key_set(void *own) { return key != TLS_OUT_OF_INDEXES && TlsSetValue(key, own) && FlsSetValue(end_key, own); }

void hoti_at_fork(void (*before)(void), void (*after)(void), void (*in_child)(void)) {
    (void)before, (void)after, (void)in_child;
}

long hoti_thread_id(void) { return (long)GetCurrentThreadId(); }
long hoti_process_id(void) { return (long)GetCurrentProcessId(); }

hoti_u64 hoti_process_space(void) { return 0; }

/* ---- what is left ---- */
size_t hoti_executable(char *path, size_t room) {
    hoti_wide wide;
    DWORD n = GetModuleFileNameW(NULL, wide, HOTI_WIDE_MAX);
    return n != 0 && n < HOTI_WIDE_MAX && hoti_narrow(wide, path, room) ? strlen(path) : 0;
}

/* Lines are no unit of buffering here: each write is one by itself. */
void hoti_output_lines(void) { setvbuf(stdout, NULL, _IONBF, 0); }

void *hoti_aligned(size_t align, size_t size) { return _aligned_malloc(size, align); }
void hoti_aligned_free(void *place) { _aligned_free(place); }

int hoti_widen(const char *path, hoti_wide wide) {
    hoti_wide given;
    DWORD n;
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, given, HOTI_WIDE_MAX) == 0) return 0;
    n = GetFullPathNameW(given, HOTI_WIDE_MAX - 8, wide, NULL);
    if (n == 0 || n >= HOTI_WIDE_MAX - 8) return 0;
    if (n < MAX_PATH - 12 || wide[0] == L'\\') return 1;
    memmove(wide + 4, wide, (n + 1) * sizeof *wide);
    memcpy(wide, L"\\\\?\\", 4 * sizeof *wide);
    return 1;
}

int hoti_narrow(const wchar_t *wide, char *text, size_t room) {
    return WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, (int)room, NULL, NULL) != 0;
}
#endif
