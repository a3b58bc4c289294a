/* Reads lines and sends each through the plugins that are named on the command line. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef void (*filter)(char *line, size_t room);

int main(int argc, char **argv) {
    filter filters[16];
    int count = 0;
    char line[256];
    for (int i = 1; i < argc && count < 16; i++) {
        void *plugin = dlopen(argv[i], RTLD_NOW);
        filter f = plugin == NULL ? NULL : (filter)dlsym(plugin, "plugin_filter");
        if (f == NULL) {
            fprintf(stderr, "%s: %s\n", argv[i], dlerror());
            return 1;
        }
        filters[count++] = f;
    }
    while (fgets(line, sizeof line, stdin) != NULL) {
        for (int i = 0; i < count; i++) filters[i](line, sizeof line);
        fputs(line, stdout);
        fflush(stdout);
    }
    return 0;
}
