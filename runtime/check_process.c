/* check_process.c: the check process: the program's executable, before its main and before any other constructor of it.
 * It loads the image as the program would, says what came of it, and ends. It ran nothing before, and runs nothing after. */
#if defined(__linux__) && !defined(__TINYC__)
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *stage = "load";

static void send_text(hoti_text *text) {
    hoti_text_end(text);
    for (size_t done = 0; done < text->length;) {
        ssize_t n = write(HOTI_CHECK_FD, text->bytes + done, text->length - done);
        if (n <= 0 && errno != EINTR) _exit(1); /* the program has ended: nobody wants to know */
        if (n > 0) done += (size_t)n;
    }
    hoti_text_free(text);
}

static void say_stage(const char *now) {
    hoti_text text = {0};
    stage = now;
    hoti_text_verb(&text, "stage");
    hoti_text_pair(&text, "at", now);
    send_text(&text);
}

/* A crash says which one it was; then it is one. */
static void crashed(int number) {
    static const char hex[] = "0123456789";
    char line[] = "crashed signal=00\n";
    line[15] = hex[number / 10 % 10];
    line[16] = hex[number % 10];
    if (write(HOTI_CHECK_FD, line, sizeof line - 1) < 0) _exit(1);
    _exit(1);
}

/* Memory for the image several times over, no core file, the calling processor for a while; where memory runs out
 * because of a library, this is the process to end, and not the program. */
static void limit(hoti_u64 size) {
    struct rlimit none = {0, 0}, cpu = {2 * HOTI_CHECK_SECONDS, 2 * HOTI_CHECK_SECONDS}, memory;
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    int adjust = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (adjust >= 0) {
        if (write(adjust, "1000", 4) < 0) errno = 0;
        close(adjust);
    }
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &cpu);
    if (file != NULL && fscanf(file, "%lu", &pages) == 1 && pages < (1ul << 28)) { /* sanitizers reserve terabytes */
        memory.rlim_cur = memory.rlim_max = (rlim_t)pages * 4096 + 4 * size + (1ull << 30);
        setrlimit(RLIMIT_AS, &memory);
    }
    if (file != NULL) fclose(file);
}

static void watch_crashes(void) {
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};
    static char room[65536];
    stack_t stack;
    struct sigaction action;
    memset(&stack, 0, sizeof stack);
    stack.ss_sp = room;
    stack.ss_size = sizeof room;
    sigaltstack(&stack, NULL);
    memset(&action, 0, sizeof action);
    action.sa_handler = crashed;
    action.sa_flags = SA_ONSTACK | (int)SA_RESETHAND;
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    alarm(2 * HOTI_CHECK_SECONDS); /* where the program is killed meanwhile */
}

static int is_described(void *library, const hoti_line *ask, hoti_error *error) {
    const hot_image *image = (const hot_image *)hoti_library_symbol(library, "vais_hot_image");
    const char *module = hoti_line_get(ask, "module"), *build = hoti_line_get(ask, "build");
    if (image == NULL)
        return hoti_fail(error, "check_failed", "the library does not export vais_hot_image, so no program can take it");
    if (image->abi != HOT_ABI || image->size < sizeof *image)
        return hoti_fail(error, "check_failed", "the library was built for version %u of the runtime's interface, and "
                         "this is version %u", image->abi, HOT_ABI);
    if (image->module == NULL || module == NULL || strcmp(image->module, module) != 0)
        return hoti_fail(error, "check_failed", "the loaded library is the module %.64s, not %s",
                         image->module == NULL ? "(none)" : image->module, module == NULL ? "(none)" : module);
    if (image->build_id == NULL || build == NULL || strcmp(image->build_id, build) != 0)
        return hoti_fail(error, "check_failed", "the loaded library is the build %.64s, not %s",
                         image->build_id == NULL ? "(none)" : image->build_id, build == NULL ? "(none)" : build);
    if (image->contract == NULL || image->contract_size == 0)
        return hoti_fail(error, "check_failed", "the loaded library points to no contract");
    if (memmem(image->contract, image->contract_size, build, strlen(build)) == NULL)
        return hoti_fail(error, "check_failed", "the loaded library points to the contract of another build than %s", build);
    return 1;
}

/* Of a plain library: the functions that its contract names, by their symbols, each ended by a comma. */
static int has_functions(void *library, const char *names, hoti_error *error) {
    char name[1024];
    for (const char *at = names; *at != '\0';) {
        size_t n = strcspn(at, ",");
        if (n >= sizeof name) n = sizeof name - 1;
        memcpy(name, at, n);
        name[n] = '\0';
        if (n != 0 && hoti_library_symbol(library, name) == NULL)
            return hoti_fail(error, "check_failed", "the library does not export the function %s, which its contract "
                             "names", name);
        at += strcspn(at, ",");
        if (*at == ',') at++;
    }
    return 1;
}

/* The loader's own words, without the path of the copy, which says nothing to a developer. */
static void refuse(const char *copy, hoti_error *error) {
    char words[sizeof error->text];
    size_t length = strlen(copy);
    const char *from = error->text;
    if (strncmp(from, copy, length) == 0 && strncmp(from + length, ": ", 2) == 0) from += length + 2;
    snprintf(words, sizeof words, "%s", from);
    hoti_fail(error, "check_failed", "the library does not load: %s", words);
}

static int try_it(const hoti_line *ask, hoti_error *error) {
    hoti_load_order order = {0, NULL, hoti_line_get(ask, "digest"), hoti_line_get(ask, "path"), NULL, NULL};
    const char *module = hoti_line_get(ask, "module"), *functions = hoti_line_get(ask, "functions");
    char digest[65], *copy;
    void *library;
    int good = 0;
    if (order.path == NULL || order.digest == NULL || module == NULL)
        return hoti_fail(error, "usage", "the check says no path, digest or module");
    copy = hoti_copy(module, &order, digest, error);
    if (copy != NULL && hoti_library_check(copy, "the library", error)) {
        say_stage("load");
        library = hoti_library_open(copy, error);
        if (library != NULL) {
            say_stage("read");
            good = functions == NULL ? is_described(library, ask, error) : has_functions(library, functions, error);
            say_stage("unload");
            hoti_library_close(library, copy);
        } else {
            refuse(copy, error);
        }
    }
    hoti_copies_remove();
    return good;
}

static void answer(char *text, size_t length) {
    hoti_line ask;
    hoti_error error = {NULL, ""};
    hoti_text out = {0};
    hoti_u64 size = 0;
    int good, status;
    if (!hoti_line_parse(&ask, text, length)) _exit(1);
    hoti_line_number(&ask, "size", &size);
    limit(size);
    watch_crashes();
    good = try_it(&ask, &error);
    hoti_text_verb(&out, good ? "passed" : "failed");
    if (!good) {
        hoti_text_pair(&out, "code", error.code);
        hoti_text_pair(&out, "reason", error.text);
    }
    /* What the library has started and left comes to us, as we adopt it. */
    if (waitpid(-1, &status, WNOHANG) == 0) hoti_text_number(&out, "left", 1);
    send_text(&out);
    _exit(0);
}

/* The first of the executable's constructors. */
__attribute__((constructor(101)))
static void check_begin(void) {
    static char input[HOTI_LINE_MAX + 1];
    size_t length = 0;
    const char *set = getenv(HOTI_CHECK_VARIABLE);
    if (set == NULL || *set == '\0') return;
    unsetenv(HOTI_CHECK_VARIABLE);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (;;) {
        char *end;
        ssize_t n = read(HOTI_CHECK_FD, input + length, HOTI_LINE_MAX - length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) _exit(0); /* the program has ended, or needs us no more */
        length += (size_t)n;
        end = (char *)memchr(input, '\n', length);
        if (end != NULL) answer(input, (size_t)(end - input));
        if (length == HOTI_LINE_MAX) _exit(1);
    }
}
#endif
