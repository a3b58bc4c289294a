/* symbol_windows.c: what a DLL's file says: the name of the function at a place, from the COFF symbol table that mingw
 * leaves in it, and whether it imports what makes unloading it unsafe. */
#ifdef _WIN32
#include "win.h"

#include <stdlib.h>

typedef struct pe {
    unsigned char *bytes;
    size_t size;
    const IMAGE_NT_HEADERS *nt;
    const IMAGE_SECTION_HEADER *sections;
    unsigned section_count;
} pe;

static int read_file(const char *path, pe *file) {
    hoti_stamp stamp;
    int fd = -1;
    long n;
    size_t at = 0;
    memset(file, 0, sizeof *file);
    if (!hoti_file_look(path, &stamp) || stamp.size < sizeof(IMAGE_DOS_HEADER) || stamp.size > 1u << 30) return 0;
    file->bytes = malloc((size_t)stamp.size);
    if (file->bytes != NULL) fd = hoti_file_open(path);
    while (fd >= 0 && at < stamp.size && (n = hoti_file_read(fd, file->bytes + at, (size_t)stamp.size - at)) > 0)
        at += (size_t)n;
    if (fd >= 0) hoti_file_close(fd);
    file->size = at;
    if (at == stamp.size) {
        size_t head = (size_t)((const IMAGE_DOS_HEADER *)file->bytes)->e_lfanew;
        if (head < at && at - head > sizeof *file->nt) {
            file->nt = (const IMAGE_NT_HEADERS *)(file->bytes + head);
            file->sections = IMAGE_FIRST_SECTION(file->nt);
            file->section_count = file->nt->FileHeader.NumberOfSections;
            if ((const unsigned char *)(file->sections + file->section_count) <= file->bytes + at) return 1;
        }
    }
    free(file->bytes);
    file->bytes = NULL;
    return 0;
}

/* The bytes at an address of the image, at least `count` of them; null: the file has none. */
static const void *at_address(const pe *file, size_t address, size_t count) {
    for (unsigned i = 0; i < file->section_count; i++) {
        const IMAGE_SECTION_HEADER *s = &file->sections[i];
        size_t inside = address - s->VirtualAddress, place = inside + s->PointerToRawData;
        if (address >= s->VirtualAddress && inside < s->SizeOfRawData && place < file->size &&
            file->size - place >= count)
            return file->bytes + place;
    }
    return NULL;
}

static int find_symbol(const pe *file, size_t offset, char *name, size_t room) {
    const IMAGE_FILE_HEADER *head = &file->nt->FileHeader;
    size_t from = head->PointerToSymbolTable, count = head->NumberOfSymbols, texts, best = 0;
    if (from == 0 || from >= file->size || count > (file->size - from) / IMAGE_SIZEOF_SYMBOL) return 0;
    texts = from + count * IMAGE_SIZEOF_SYMBOL;
    for (size_t i = 0; i < count; i++) {
        IMAGE_SYMBOL s;
        size_t place, length;
        const char *text;
        memcpy(&s, file->bytes + from + i * IMAGE_SIZEOF_SYMBOL, IMAGE_SIZEOF_SYMBOL);
        i += s.NumberOfAuxSymbols;
        if (s.Type != 0x20 || s.SectionNumber < 1 || s.SectionNumber > (int)file->section_count) continue;
        place = s.Value + file->sections[s.SectionNumber - 1].VirtualAddress;
        if (place > offset || place < best) continue;
        text = (const char *)s.N.ShortName;
        length = strnlen(text, 8);
        if (s.N.Name.Short == 0) {
            if (s.N.Name.Long >= file->size - texts) continue;
            text = (const char *)file->bytes + texts + s.N.Name.Long;
            length = strnlen(text, file->size - texts - s.N.Name.Long);
        }
        if (length == 0 || length >= room) continue;
        memcpy(name, text, length);
        name[length] = '\0';
        best = place;
    }
    return best != 0;
}

int hoti_symbol(const char *path, size_t offset, char *name, size_t room) {
    pe file;
    int found = read_file(path, &file) && find_symbol(&file, offset, name, room);
    free(file.bytes);
    return found;
}

/* What leaves something behind that comes back into the image later: a thread, a timer, a handler. */
static const char *leaves_behind(const char *import, size_t room) {
    static const char *const names[] = {
        "CreateThread", "_beginthread", "_beginthreadex", "FlsAlloc", "signal", "SetUnhandledExceptionFilter",
        "AddVectoredExceptionHandler", "AddVectoredContinueHandler", "CreateThreadpoolWork", "CreateThreadpoolTimer",
        "TrySubmitThreadpoolCallback", "QueueUserWorkItem", "CreateTimerQueueTimer", "RegisterWaitForSingleObject",
        "SetConsoleCtrlHandler", "pthread_create", "thrd_create",
    };
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) < room && strcmp(names[i], import) == 0) return names[i];
    return NULL;
}

static const char *find_import(const pe *file) {
    size_t at = file->nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    for (;; at += sizeof(IMAGE_IMPORT_DESCRIPTOR)) {
        const IMAGE_IMPORT_DESCRIPTOR *library = at_address(file, at, sizeof *library);
        size_t entries;
        if (library == NULL || library->Name == 0) return NULL;
        for (entries = library->OriginalFirstThunk;; entries += sizeof(hoti_u64)) {
            const hoti_u64 *entry = at_address(file, entries, sizeof *entry);
            const char *name, *found;
            if (entry == NULL || *entry == 0) break;
            if (*entry >> 63 != 0) continue; /* by number */
            name = at_address(file, (size_t)*entry + 2, 1);
            found = name == NULL ? NULL : leaves_behind(name, file->size - (size_t)(name - (const char *)file->bytes));
            if (found != NULL) return found;
        }
    }
}

static void tell_exports(const pe *file, int (*each)(const char *name, void *own), void *own) {
    const IMAGE_DATA_DIRECTORY *d = &file->nt->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
    const IMAGE_EXPORT_DIRECTORY *e = at_address(file, d->VirtualAddress, sizeof *e);
    const DWORD *names;
    if (d->Size == 0 || e == NULL || e->NumberOfNames > 1u << 20) return;
    names = at_address(file, e->AddressOfNames, e->NumberOfNames * sizeof *names);
    for (DWORD i = 0; names != NULL && i < e->NumberOfNames; i++) {
        const char *name = at_address(file, names[i], 1);
        if (name == NULL || memchr(name, '\0', file->size - (size_t)((const unsigned char *)name - file->bytes)) == NULL) continue;
        if (each(name, own)) return;
    }
}

char *hoti_section(const char *path, const char *name, size_t *size) {
    (void)path, (void)name; /* for plain libraries, which are not opened here */
    *size = 0;
    return NULL;
}

void hoti_symbols_exported(const char *path, int (*each)(const char *name, void *own), void *own) {
    pe file;
    if (read_file(path, &file)) tell_exports(&file, each, own);
    free(file.bytes);
}

const char *hoti_lingers(const char *path) {
    pe file;
    const char *name = read_file(path, &file) ? find_import(&file) : NULL;
    free(file.bytes);
    return name;
}
#endif
