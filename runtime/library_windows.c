/* library_windows.c: the loader, and what has to be known of a file before the loader gets it. */
#ifdef _WIN32
#include "win.h"

#include <psapi.h>
#include <stdlib.h>

/* The first bytes of a file, with its headers. */
static long read_head(const char *path, unsigned char *bytes, size_t room) {
    int fd = hoti_file_open(path);
    long n = fd < 0 ? -1 : hoti_file_read(fd, bytes, room);
    if (fd >= 0) hoti_file_close(fd);
    return n;
}

int hoti_library_check(const char *path, const char *shown, hoti_error *error) {
    static unsigned char bytes[65536]; /* the background thread's alone */
    hoti_stamp file;
    long n = read_head(path, bytes, sizeof bytes);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)bytes;
    const IMAGE_NT_HEADERS *nt;
    const IMAGE_SECTION_HEADER *sections;
    if (n < (long)sizeof *dos || dos->e_magic != IMAGE_DOS_SIGNATURE || dos->e_lfanew < 0 ||
        dos->e_lfanew > n - (long)sizeof *nt || !hoti_file_look(path, &file))
        return hoti_fail(error, "image_invalid", "%s is no DLL: it is too short or does not begin as one", shown);
    nt = (const IMAGE_NT_HEADERS *)(bytes + dos->e_lfanew);
    if (nt->Signature != IMAGE_NT_SIGNATURE || (nt->FileHeader.Characteristics & IMAGE_FILE_DLL) == 0)
        return hoti_fail(error, "image_invalid", "%s is a program and no DLL", shown);
    if (nt->FileHeader.Machine != IMAGE_FILE_MACHINE_AMD64)
        return hoti_fail(error, "wrong_platform", "%s is for another machine (%#x, the program's is %#x)", shown,
                         nt->FileHeader.Machine, IMAGE_FILE_MACHINE_AMD64);
    sections = IMAGE_FIRST_SECTION(nt);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; i++)
        if ((const unsigned char *)(sections + i + 1) > bytes + n ||
            (hoti_u64)sections[i].PointerToRawData + sections[i].SizeOfRawData > file.size)
            return hoti_fail(error, "image_invalid", "%s is cut short: section %u ends beyond its %llu bytes", shown, i,
                             file.size);
    return 1;
}

const char *hoti_library_loading(void) { return "unloads"; }

static const char *why(DWORD error) {
    switch (error) {
    case ERROR_MOD_NOT_FOUND: return "a library that it needs is not there";
    case ERROR_PROC_NOT_FOUND: return "a function that it needs is in none of its libraries";
    case ERROR_BAD_EXE_FORMAT: return "it is no DLL for this machine";
    case ERROR_DLL_INIT_FAILED: return "its own start failed";
    case ERROR_ACCESS_DENIED: return "it may not be read";
    default: return "the loader refused it";
    }
}

/* What it needs is looked for beside it, beside the program and in the system, and never in the current folder. */
void *hoti_library_open(const char *path, hoti_error *error) {
    hoti_wide wide;
    HMODULE library = NULL;
    if (hoti_widen(path, wide))
        library = LoadLibraryExW(wide, NULL, LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR);
    if (library == NULL) {
        DWORD number = GetLastError();
        hoti_fail(error, "load_refused", "%s: %s (error %lu)", path, why(number), number);
    }
    return library;
}

void *hoti_library_symbol(void *library, const char *name) {
    union { FARPROC code; void *data; } symbol;
    symbol.code = GetProcAddress(library, name);
    return symbol.data;
}

void *hoti_library_inside(void *library) { return library; } /* the handle is where it begins */

int hoti_library_close(void *library, const char *path) {
    hoti_wide wide;
    HMODULE still = NULL;
    FreeLibrary(library);
    return !hoti_widen(path, wide) ||
           !GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, wide, &still);
}

/* The program first, then its libraries as they were loaded; not other images, which come and go. */
void *hoti_library_any(const char *name) {
    HMODULE all[1024];
    DWORD size = 0;
    if (!EnumProcessModules(GetCurrentProcess(), all, sizeof all, &size)) return NULL;
    if (size > sizeof all) size = sizeof all;
    for (DWORD i = 0; i < size / sizeof all[0]; i++) {
        void *found = hoti_library_symbol(all[i], name);
        if (found != NULL && (i == 0 || hoti_library_symbol(all[i], "vais_hot_image") == NULL)) return found;
    }
    return NULL;
}

void hoti_library_place(const void *inside, size_t *origin, size_t *base, size_t *end) {
    HMODULE library;
    const IMAGE_NT_HEADERS *nt;
    const IMAGE_SECTION_HEADER *sections;
    if (!GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, inside,
                            &library))
        return;
    *origin = (size_t)library;
    *base = *end = 0;
    nt = (const IMAGE_NT_HEADERS *)(*origin + (size_t)((const IMAGE_DOS_HEADER *)library)->e_lfanew);
    sections = IMAGE_FIRST_SECTION(nt);
    for (unsigned i = 0; i < nt->FileHeader.NumberOfSections; i++) {
        size_t from = *origin + sections[i].VirtualAddress;
        if ((sections[i].Characteristics & IMAGE_SCN_MEM_EXECUTE) == 0) continue;
        if (*base == 0 || from < *base) *base = from;
        if (from + sections[i].Misc.VirtualSize > *end) *end = from + sections[i].Misc.VirtualSize;
    }
}
#endif
