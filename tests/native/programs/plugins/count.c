#include <stdio.h>
#include <string.h>

static int lines;

void plugin_filter(char *line, size_t room) {
    char text[256];
    snprintf(text, sizeof text, "%d: %s", ++lines, line);
    snprintf(line, room, "%s", text);
}
