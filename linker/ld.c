/* ld.c: stands in for the linker (ld, ld.bfd, ld.gold, ld.lld) when a shared library is built with our flags, so that its
 * variables keep their values and addresses when it is loaded anew.
 *
 * Assemblers write a reference to a variable that only its file sees as the section and a distance; once linked, "one past
 * `array`" looks like "the start of the next one". Compiled with -fdata-sections a section holds one variable, so before
 * linking it can still be told: here relocations are made to name the variable, in copies of the files. The linker then leaves
 * the relocations in the library (--emit-relocs), and finish.ts makes the list of them that the runtime reads. Everything but
 * shared libraries is linked as if we were not there. */
#define _GNU_SOURCE 1
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name; /* of the linker that we stand in for */
static char folder[] = "/tmp/vais-link-XXXXXX";
static int have_folder;

static void fail(const char *what, const char *about) {
    fprintf(stderr, "vais-remote %s: %s%s\n", name, what, about);
    exit(1);
}

static void *need(void *memory) {
    if (memory == NULL) fail("no memory", "");
    return memory;
}

static char *join(const char *a, const char *b, const char *c) {
    char *text = need(malloc(strlen(a) + strlen(b) + strlen(c) + 1));
    return strcat(strcat(strcpy(text, a), b), c);
}

/* ---- the words of the command line ---- */
typedef struct words {
    char **all;
    unsigned count, room;
} words;

static void add(words *w, char *word) {
    if (w->count + 2 > w->room) w->all = need(realloc(w->all, (w->room = w->room * 2 + 64) * sizeof *w->all));
    w->all[w->count++] = word;
    w->all[w->count] = NULL;
}

static char *read_whole(const char *path, size_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat s;
    char *bytes = NULL;
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode)) {
        size_t done = 0;
        bytes = need(malloc((size_t)s.st_size + 1));
        while (done < (size_t)s.st_size) {
            ssize_t n = read(fd, bytes + done, (size_t)s.st_size - done);
            if (n <= 0) break;
            done += (size_t)n;
        }
        bytes[done] = '\0';
        *size = done;
    }
    if (fd >= 0) close(fd);
    return bytes;
}

/* A response file: blanks divide words, quotes and backslashes hold them together. */
static void add_response(words *w, const char *path, unsigned depth);

static void add_word(words *w, char *word, unsigned depth) {
    if (word[0] == '@' && depth < 16) add_response(w, word + 1, depth + 1);
    else add(w, word);
}

static void add_response(words *w, const char *path, unsigned depth) {
    size_t size = 0;
    char *text = read_whole(path, &size), *at = text;
    if (text == NULL) {
        add(w, join("@", path, ""));
        return;
    }
    for (;;) {
        char *word, *to, quote = '\0';
        while (*at != '\0' && strchr(" \t\r\n", *at) != NULL) at++;
        if (*at == '\0') return;
        for (word = to = at; *at != '\0' && (quote != '\0' || strchr(" \t\r\n", *at) == NULL); at++) {
            if (*at == '\\' && quote != '\'' && at[1] != '\0') *to++ = *++at;
            else if (quote == '\0' && (*at == '"' || *at == '\'')) quote = *at;
            else if (quote != '\0' && *at == quote) quote = '\0';
            else *to++ = *at;
        }
        if (*at != '\0') at++;
        *to = '\0';
        add_word(w, word, depth);
    }
}

static int takes_value(const char *word) {
    static const char *const all[] = {
        "-o", "-m", "-L", "-l", "-z", "-h", "-soname", "-e", "-u", "-T", "-y", "-I", "-dynamic-linker", "--dynamic-linker",
        "-rpath", "--rpath", "-rpath-link", "--rpath-link", "-plugin", "--plugin", "-Map", "--version-script", "--dynamic-list",
        "--defsym", "--sysroot", "-init", "-fini", "-a", "-A", "-b", "-F", "-f", "-G", "-R", "--soname", "--undefined", "--entry",
        "-Ttext", "-Tdata", "-Tbss", "-c", "--format", "--oformat", "--wrap", "--exclude-libs", NULL};
    for (unsigned i = 0; all[i] != NULL; i++)
        if (strcmp(word, all[i]) == 0) return 1;
    return 0;
}

/* ---- object files ---- */

/* The variable that is alone in each section, by the section; of several names for it one that no other file can take. */
static void name_in_table(char *file, const Elf64_Shdr *sections, unsigned count, unsigned table, int *changed) {
    const Elf64_Sym *symbols = (const Elf64_Sym *)(file + sections[table].sh_offset);
    size_t symbol_count = sections[table].sh_size / sizeof *symbols;
    unsigned *only = need(calloc(count, sizeof *only)); /* a symbol; ~0u: several */
    for (unsigned i = 1; i < symbol_count; i++) {
        const Elf64_Sym *s = &symbols[i], *other;
        unsigned type = ELF64_ST_TYPE(s->st_info);
        if ((type != STT_OBJECT && type != STT_TLS) || s->st_shndx == SHN_UNDEF || s->st_shndx >= count ||
            (sections[s->st_shndx].sh_flags & SHF_WRITE) == 0)
            continue;
        other = &symbols[only[s->st_shndx] == ~0u ? 0 : only[s->st_shndx]];
        if (only[s->st_shndx] == 0) only[s->st_shndx] = i;
        else if (only[s->st_shndx] == ~0u) continue;
        else if (other->st_value != s->st_value || other->st_size != s->st_size) only[s->st_shndx] = ~0u;
        else if (ELF64_ST_BIND(s->st_info) == STB_LOCAL && ELF64_ST_BIND(other->st_info) != STB_LOCAL) only[s->st_shndx] = i;
    }
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Shdr *r = &sections[i];
        Elf64_Rela *relocations = (Elf64_Rela *)(file + r->sh_offset);
        if (r->sh_type != SHT_RELA || r->sh_link != table || r->sh_info >= count ||
            (sections[r->sh_info].sh_flags & SHF_ALLOC) == 0)
            continue;
        for (size_t j = 0; j < r->sh_size / sizeof *relocations; j++) {
            size_t number = ELF64_R_SYM(relocations[j].r_info);
            const Elf64_Sym *s = number < symbol_count ? &symbols[number] : &symbols[0];
            unsigned variable;
            if (ELF64_ST_TYPE(s->st_info) != STT_SECTION || s->st_shndx >= count) continue;
            variable = only[s->st_shndx];
            if (variable == 0 || variable == ~0u) continue;
            relocations[j].r_info = ELF64_R_INFO((Elf64_Xword)variable, ELF64_R_TYPE(relocations[j].r_info));
            relocations[j].r_addend -= (Elf64_Sxword)symbols[variable].st_value;
            *changed = 1;
        }
    }
    free(only);
}

static void name_in_object(char *file, size_t size, const char *path, int *changed) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
    const Elf64_Shdr *sections;
    if (size < sizeof *head || memcmp(file, ELFMAG "\2\1", 6) != 0 || head->e_type != ET_REL || ((size_t)file & 1) != 0 ||
        head->e_shentsize != sizeof *sections || head->e_shoff > size || head->e_shnum > (size - head->e_shoff) / sizeof *sections)
        return;
    sections = (const Elf64_Shdr *)(file + head->e_shoff);
    for (unsigned i = 0; i < head->e_shnum; i++)
        if (sections[i].sh_type != SHT_NOBITS && (sections[i].sh_offset > size || sections[i].sh_size > size - sections[i].sh_offset))
            return; /* the linker says it better */
    for (unsigned i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *names = &sections[head->e_shstrndx < head->e_shnum ? head->e_shstrndx : 0];
        if (sections[i].sh_name + 9 < names->sh_size && memcmp(file + names->sh_offset + sections[i].sh_name, ".gnu.lto_", 9) == 0)
            fail("a library that is optimized as a whole (-flto) cannot keep its variables; build it without: ", path);
        if (sections[i].sh_type == SHT_SYMTAB) name_in_table(file, sections, head->e_shnum, i, changed);
    }
}

/* The path to link instead: the same, or that of a copy whose relocations name their variables. */
static char *prepare(char *path, unsigned number) {
    size_t size = 0;
    char *file = read_whole(path, &size), *copy = path;
    int changed = 0;
    if (file == NULL) return path;
    if (size > 4 && memcmp(file, "BC\xc0\xde", 4) == 0)
        fail("a library that is optimized as a whole (-flto) cannot keep its variables; build it without: ", path);
    if (size > 8 && memcmp(file, "!<arch>\n", 8) == 0)
        for (size_t at = 8; at + 60 <= size;) {
            char digits[11] = "";
            size_t member;
            memcpy(digits, file + at + 48, 10);
            member = strtoul(digits, NULL, 10);
            if (member > size - at - 60) break;
            name_in_object(file + at + 60, member, path, &changed);
            at += 60 + member + (member & 1);
        }
    else name_in_object(file, size, path, &changed);
    if (changed) {
        char prefix[32];
        const char *slash = strrchr(path, '/');
        FILE *out;
        if (!have_folder && mkdtemp(folder) == NULL) fail("no folder for changed object files can be made: ", strerror(errno));
        have_folder = 1;
        snprintf(prefix, sizeof prefix, "/%u-", number);
        copy = join(folder, prefix, slash == NULL ? path : slash + 1);
        out = fopen(copy, "wb");
        if (out == NULL || fwrite(file, 1, size, out) != size || fclose(out) != 0) fail("cannot write ", copy);
    }
    free(file);
    return copy;
}

/* ---- libraries by name: those that the linker would take as archives ---- */
static char *archive_of(const char *library, const words *folders, int is_static) {
    for (unsigned i = 0; i < folders->count; i++) {
        char *archive, *shared;
        if (library[0] == ':') {
            archive = join(folders->all[i], "/", library + 1);
            if (access(archive, R_OK) == 0) return archive;
            continue;
        }
        shared = join(folders->all[i], "/lib", join(library, ".so", ""));
        if (!is_static && access(shared, R_OK) == 0) return NULL;
        archive = join(folders->all[i], "/lib", join(library, ".a", ""));
        if (access(archive, R_OK) == 0) return archive;
    }
    return NULL;
}

static int is_the_compilers(const char *library) {
    return strcmp(library, "gcc") == 0 || strcmp(library, "gcc_eh") == 0 || strcmp(library, "c") == 0;
}

/* ---- the linker itself ---- */
static int is_other(const char *path) {
    char own[PATH_MAX], there[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (access(path, X_OK) != 0) return 0;
    own[n < 0 ? 0 : n] = '\0';
    *strrchr(own, '/') = '\0';
    if (realpath(path, there) == NULL) return 0;
    return strncmp(there, own, strlen(own)) != 0 || there[strlen(own)] != '/';
}

static char *look(const char *folders, const char *prefix) {
    for (const char *at = folders; at != NULL && *at != '\0';) {
        const char *end = strchrnul(at, ':');
        char *part = strndup(at, (size_t)(end - at)), *path = join(need(part), "/", join(prefix, name, ""));
        if (is_other(path)) return path;
        at = *end == '\0' ? end : end + 1;
    }
    return NULL;
}

/* gcc says where its own programs are: there the linker of a cross-compiler has the plain name. clang looks on the PATH. */
static char *find(const char *emulation) {
    const char *path = getenv("PATH"), *machine = NULL;
    char *found = look(getenv("COMPILER_PATH"), "");
    if (emulation != NULL && strncmp(emulation, "aarch64", 7) == 0) machine = "aarch64-linux-gnu-";
    if (emulation != NULL && strncmp(emulation, "elf_x86_64", 10) == 0) machine = "x86_64-linux-gnu-";
#if defined(__x86_64__)
    if (machine != NULL && machine[0] == 'x') machine = NULL;
#elif defined(__aarch64__)
    if (machine != NULL && machine[0] == 'a') machine = NULL;
#endif
    if (found == NULL && machine != NULL && strcmp(name, "ld.lld") != 0) found = look(path, machine);
    else if (found == NULL) found = look(path, "");
    if (found == NULL) fail("no other linker of this name was found; install it, or choose another by -fuse-ld", "");
    return found;
}

static int run(char **all) {
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        execv(all[0], all);
        fprintf(stderr, "vais-remote %s: %s: %s\n", name, all[0], strerror(errno));
        _exit(127);
    }
    if (child < 0) fail("no process can be started: ", strerror(errno));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
    words given = {0}, linked = {0}, folders = {0};
    const char *slash = strrchr(argv[0], '/'), *output = "a.out", *emulation = NULL, *finisher = getenv("VAIS_REMOTE_FINISHES");
    int shared = 0, relocatable = 0, is_static = 0, finishes, code;
    char *unfinished;
    name = slash == NULL ? argv[0] : slash + 1;
    for (int i = 1; i < argc; i++) add_word(&given, argv[i], 0);
    for (unsigned i = 0; i < given.count; i++) {
        char *word = given.all[i], *value = i + 1 < given.count ? given.all[i + 1] : "";
        if (strcmp(word, "-o") == 0) output = value;
        if (strcmp(word, "-m") == 0) emulation = value;
        else if (strncmp(word, "-m", 2) == 0) emulation = word + 2;
        if (strncmp(word, "--output=", 9) == 0) output = word + 9;
        if (strcmp(word, "-L") == 0) add(&folders, value);
        else if (strncmp(word, "-L", 2) == 0) add(&folders, word + 2);
        shared |= strcmp(word, "-shared") == 0 || strcmp(word, "--shared") == 0 || strcmp(word, "-Bshareable") == 0;
        relocatable |= strcmp(word, "-r") == 0 || strcmp(word, "--relocatable") == 0 || strcmp(word, "-i") == 0;
        if (takes_value(word)) i++;
    }
    argv[0] = find(emulation);
    finishes = finisher == NULL || *finisher == '\0';
    unfinished = finishes ? join(output, ".unfinished", "") : (char *)output; /* who looks for the library never sees half of it */
    if (!shared || relocatable) {
        execv(argv[0], argv);
        fail("cannot be started: ", argv[0]);
    }
    add(&linked, argv[0]);
    add(&linked, "--emit-relocs");
    for (unsigned i = 0; i < given.count; i++) {
        char *word = given.all[i], *archive = NULL;
        if (strcmp(word, "-Bstatic") == 0 || strcmp(word, "-static") == 0 || strcmp(word, "-dn") == 0) is_static = 1;
        if (strcmp(word, "-Bdynamic") == 0 || strcmp(word, "-dy") == 0) is_static = 0;
        if (takes_value(word)) {
            add(&linked, word);
            if (++i < given.count) add(&linked, strcmp(word, "-o") == 0 ? unfinished : given.all[i]);
            continue;
        }
        if (strncmp(word, "--output=", 9) == 0) word = join("--output=", unfinished, "");
        if (strncmp(word, "-l", 2) == 0 && word[2] != '\0' && !is_the_compilers(word + 2))
            archive = archive_of(word + 2, &folders, is_static);
        if (archive != NULL) add(&linked, prepare(archive, i));
        else add(&linked, word[0] == '-' ? word : prepare(word, i));
    }
    code = run(linked.all);
    if (have_folder) {
        for (unsigned i = 0; i < linked.count; i++)
            if (strncmp(linked.all[i], folder, strlen(folder)) == 0) unlink(linked.all[i]);
        rmdir(folder);
    }
    if (code == 0 && finishes) {
        char *finish[] = {NODE, FINISH, unfinished, (char *)output, NULL};
        code = run(finish);
    }
    if (code != 0 && finishes) unlink(unfinished);
    return code;
}
