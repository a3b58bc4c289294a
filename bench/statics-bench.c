/* Leads the code of one image to the variables of another, as the runtime does: FIRST SECOND TIMES. Says for each time the
 * nanoseconds of the loader, of reading the list, and of patching; then what the second one's code makes of the variables. */
#include "statics.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int hoti_fail(hoti_error *error, const char *code, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
    error->code = code;
    return 0;
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static const hoti_list *sorting;
static int by_key(const void *a, const void *b) {
    const char *text = sorting->text;
    return strcmp(text + sorting->variables[*(const unsigned *)a].key, text + sorting->variables[*(const unsigned *)b].key);
}

static unsigned *sorted(const hoti_list *list) {
    unsigned *order = calloc(list->head->variables + 1, sizeof *order);
    for (unsigned i = 0; i < list->head->variables; i++) order[i] = i;
    sorting = list;
    qsort(order, list->head->variables, sizeof *order, by_key);
    return order;
}

/* Where each variable of `list` is in the first image. */
static hoti_target *targets(const hoti_list *first, const unsigned *of_first, const hoti_list *list) {
    hoti_target *wanted = calloc(list->head->variables + 1, sizeof *wanted);
    unsigned *order = sorted(list), at = 0;
    memcpy(wanted, list->now, list->head->variables * sizeof *wanted);
    for (unsigned i = 0; i < list->head->variables; i++) {
        const char *key = list->text + list->variables[order[i]].key;
        int before = -1;
        while (at < first->head->variables && (before = strcmp(first->text + first->variables[of_first[at]].key, key)) < 0) at++;
        if (at < first->head->variables && before == 0) wanted[order[i]] = first->now[of_first[at]];
    }
    free(order);
    return wanted;
}

static void *open_or_end(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library != NULL) return library;
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
}

static void report(void *library, const char *name) {
    const char *(*say)(void) = (const char *(*)(void))dlsym(library, "report");
    if (say != NULL) printf("%s%s\n", name, say());
}

int main(int argc, char **argv) {
    hoti_error error = {NULL, ""};
    void *library;
    hoti_list *first;
    unsigned *of_first;
    if (argc < 4) return 2;
    library = open_or_end(argv[1]);
    first = hoti_list_open(argv[1], library, &error);
    if (first == NULL) return 3;
    of_first = sorted(first);
    report(library, "first");
    for (int times = atoi(argv[3]); times > 0; times--) {
        long long start = now(), opened, listed, patched;
        void *next = open_or_end(argv[2]);
        hoti_list *list;
        hoti_target *wanted;
        opened = now();
        list = hoti_list_open(argv[2], next, &error);
        if (list == NULL) return 4;
        if (list->head->refusals != 0) {
            fprintf(stderr, "%s\n", list->text + list->refusals[0]);
            return 6;
        }
        listed = now();
        wanted = targets(first, of_first, list);
        patched = now();
        if (hoti_patch(list, wanted, &error) <= 0) {
            fprintf(stderr, "%s\n", error.text);
            return 5;
        }
        printf("patch %lld %lld %lld %u\n", opened - start, listed - opened, now() - patched, list->head->fields);
        if (times == 1) report(next, "second");
        dlclose(next);
        hoti_list_free(list);
        free(wanted);
    }
    return 0;
}
