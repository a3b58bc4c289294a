/* file_windows.c: files, and the folder of private copies: in the user's own part of the disk, and locked as long as
 * its process lives. */
#ifdef _WIN32
#include "win.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>

static int say(DWORD error) {
    errno = error == ERROR_FILE_NOT_FOUND || error == ERROR_PATH_NOT_FOUND   ? ENOENT
            : error == ERROR_FILE_EXISTS || error == ERROR_ALREADY_EXISTS    ? EEXIST
            : error == ERROR_ACCESS_DENIED || error == ERROR_SHARING_VIOLATION ? EACCES
            : error == ERROR_DISK_FULL                                       ? ENOSPC
                                                                             : EIO;
    return -1;
}

static int open_wide(const char *path, DWORD access, DWORD share, DWORD how, int flags) {
    hoti_wide wide;
    HANDLE file;
    int fd;
    if (!hoti_widen(path, wide)) return say(ERROR_PATH_NOT_FOUND);
    file = CreateFileW(wide, access, share, NULL, how, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE) return say(GetLastError());
    if (GetFileType(file) != FILE_TYPE_DISK) {
        CloseHandle(file);
        errno = 0;
        return -1;
    }
    fd = _open_osfhandle((intptr_t)file, flags | _O_BINARY | _O_NOINHERIT);
    if (fd < 0) CloseHandle(file);
    return fd;
}

/* A file that somebody has open to write is not whole yet, and is not opened. */
int hoti_file_open(const char *path) {
    return open_wide(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, OPEN_EXISTING, _O_RDONLY);
}

int hoti_file_create(const char *path) { return open_wide(path, GENERIC_WRITE, 0, CREATE_NEW, _O_WRONLY); }
long hoti_file_read(int file, void *bytes, size_t count) { return _read(file, bytes, (unsigned)count); }
long hoti_file_write(int file, const void *bytes, size_t count) { return _write(file, bytes, (unsigned)count); }
int hoti_file_close(int file) { return _close(file) == 0; }

void hoti_file_remove(const char *path) {
    hoti_wide wide;
    if (hoti_widen(path, wide)) DeleteFileW(wide);
}

int hoti_file_look(const char *path, hoti_stamp *stamp) {
    WIN32_FILE_ATTRIBUTE_DATA s;
    hoti_wide wide;
    hoti_u64 written;
    memset(stamp, 0, sizeof *stamp);
    if (!hoti_widen(path, wide) || !GetFileAttributesExW(wide, GetFileExInfoStandard, &s) ||
        (s.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0)
        return 0;
    written = (hoti_u64)s.ftLastWriteTime.dwHighDateTime << 32 | s.ftLastWriteTime.dwLowDateTime;
    stamp->seconds = written / 10000000u - 11644473600u;
    stamp->rest = written % 10000000u;
    stamp->size = (hoti_u64)s.nFileSizeHigh << 32 | s.nFileSizeLow;
    return 1;
}

/* With `/` between its parts, which the system takes as well. */
int hoti_path_whole(const char *path, char *whole, size_t room) {
    hoti_wide wide;
    DWORD is;
    if (!hoti_widen(path, wide) || !hoti_narrow(wide, whole, room)) return 0;
    is = GetFileAttributesW(wide);
    if (is == INVALID_FILE_ATTRIBUTES || (is & FILE_ATTRIBUTE_DIRECTORY) == 0) return 0;
    for (char *at = whole; *at != '\0'; at++)
        if (*at == '\\') *at = '/';
    room = strlen(whole);
    if (room > 1 && whole[room - 1] == '/') whole[room - 1] = '\0';
    return 1;
}

const char *hoti_path_base(const char *path) {
    const char *base = path;
    for (; *path != '\0'; path++)
        if (*path == '/' || *path == '\\' || *path == ':') base = path + 1;
    return base;
}

/* ---- the folder of private copies ---- */
static HANDLE folder_lock = INVALID_HANDLE_VALUE;

/* A folder and no way into another one, and nobody else's. */
static int is_private(const wchar_t *path) {
    DWORD is = GetFileAttributesW(path);
    HANDLE folder;
    int ours;
    if (is == INVALID_FILE_ATTRIBUTES || (is & FILE_ATTRIBUTE_DIRECTORY) == 0 ||
        (is & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
        return 0;
    folder = CreateFileW(path, READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                         FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (folder == INVALID_HANDLE_VALUE) return 0;
    ours = hoti_is_ours(folder);
    CloseHandle(folder);
    return ours;
}

/* %LOCALAPPDATA%\vais-hot, which only the user can write to; else the same in the folder for temporary files. */
static int parent_of_folders(wchar_t *path, size_t room) {
    DWORD n = GetEnvironmentVariableW(L"LOCALAPPDATA", path, (DWORD)room - 32);
    if (n == 0 || n >= room - 32) n = GetTempPathW((DWORD)room - 32, path);
    if (n == 0 || n >= room - 32) return 0;
    wcscat(path, path[n - 1] == L'\\' ? L"vais-hot" : L"\\vais-hot");
    return 1;
}

/* Held by its process alone; gone with it, whatever ends it. */
static HANDLE take_lock(const wchar_t *folder) {
    wchar_t path[MAX_PATH + 16];
    swprintf(path, MAX_PATH + 16, L"%ls\\lock", folder);
    return CreateFileW(path, GENERIC_WRITE | DELETE, 0, NULL, OPEN_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

static void empty_folder(const wchar_t *folder) {
    wchar_t path[MAX_PATH * 2 + 16];
    WIN32_FIND_DATAW e;
    HANDLE d;
    swprintf(path, MAX_PATH * 2 + 16, L"%ls\\*", folder);
    d = FindFirstFileW(path, &e);
    if (d == INVALID_HANDLE_VALUE) return;
    do {
        if (e.cFileName[0] == L'.' || wcscmp(e.cFileName, L"lock") == 0) continue;
        swprintf(path, MAX_PATH * 2 + 16, L"%ls\\%ls", folder, e.cFileName);
        DeleteFileW(path);
    } while (FindNextFileW(d, &e));
    FindClose(d);
}

int hoti_folder_make(char *folder, size_t room, hoti_error *error) {
    wchar_t parent[MAX_PATH], path[MAX_PATH + 32];
    if (parent_of_folders(parent, MAX_PATH)) CreateDirectoryW(parent, NULL);
    else parent[0] = L'\0';
    for (unsigned again = 0; again < 100 && is_private(parent); again++) {
        swprintf(path, MAX_PATH + 32, again == 0 ? L"%ls\\%lu" : L"%ls\\%lu.%u", parent, GetCurrentProcessId(), again);
        if (!CreateDirectoryW(path, NULL) && GetLastError() != ERROR_ALREADY_EXISTS) break;
        folder_lock = take_lock(path);
        if (folder_lock == INVALID_HANDLE_VALUE) continue; /* being swept */
        if (is_private(path) && hoti_narrow(path, folder, room)) return 1;
        hoti_folder_forget();
    }
    return hoti_fail(error, "storage", "no folder for private copies can be made in %%LOCALAPPDATA%%");
}

void hoti_folder_sweep(const char *own) {
    wchar_t parent[MAX_PATH], path[MAX_PATH * 2];
    char narrow[MAX_PATH * 4];
    WIN32_FIND_DATAW e;
    HANDLE d, lock;
    if (!parent_of_folders(parent, MAX_PATH) || !is_private(parent)) return;
    swprintf(path, MAX_PATH * 2, L"%ls\\*", parent);
    d = FindFirstFileW(path, &e);
    if (d == INVALID_HANDLE_VALUE) return;
    do {
        if (e.cFileName[0] < L'1' || e.cFileName[0] > L'9' ||
            wcsspn(e.cFileName, L"0123456789.") != wcslen(e.cFileName))
            continue;
        swprintf(path, MAX_PATH * 2, L"%ls\\%ls", parent, e.cFileName);
        if (!hoti_narrow(path, narrow, sizeof narrow) || strcmp(narrow, own) == 0 || !is_private(path)) continue;
        lock = take_lock(path);
        if (lock == INVALID_HANDLE_VALUE) continue;
        empty_folder(path);
        CloseHandle(lock);
        RemoveDirectoryW(path);
    } while (FindNextFileW(d, &e));
    FindClose(d);
}

/* A library that is still loaded cannot be removed here: what stays is swept by the next program. */
void hoti_folder_remove(const char *folder) {
    hoti_wide wide;
    if (!hoti_widen(folder, wide)) return;
    empty_folder(wide);
    hoti_folder_forget();
    RemoveDirectoryW(wide);
}

void hoti_folder_forget(void) {
    if (folder_lock != INVALID_HANDLE_VALUE) CloseHandle(folder_lock);
    folder_lock = INVALID_HANDLE_VALUE;
}
#endif
