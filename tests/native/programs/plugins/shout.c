#include <ctype.h>
#include <stddef.h>

void plugin_filter(char *line, size_t room) {
    for (size_t i = 0; i < room && line[i] != '\0'; i++) line[i] = (char)toupper((unsigned char)line[i]);
}
