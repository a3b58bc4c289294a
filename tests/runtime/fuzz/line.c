/* libFuzzer's target for runtime/line.c: whatever comes over the link, parsing stays inside the buffer, and what was
 * parsed and is written again is parsed to the same. */
#include "hot_internal.h"

#include <stdlib.h>
#include <string.h>

static void require(int holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
    char *text = malloc(size + 1), *copy;
    hoti_line line, again;
    hoti_text out = {0};
    hoti_u64 number;
    if (size != 0) memcpy(text, data, size);
    if (hoti_line_parse(&line, text, size)) {
        require(strlen(line.verb) > 0 && line.count <= HOTI_PAIRS_MAX);
        hoti_text_verb(&out, line.verb);
        for (unsigned i = 0; i < line.count; i++) {
            hoti_text_pair(&out, line.pairs[i].key, line.pairs[i].value);
            hoti_line_number(&line, line.pairs[i].key, &number);
            require(hoti_line_get(&line, line.pairs[i].key) != NULL);
        }
        copy = malloc(out.length + 1);
        memcpy(copy, out.bytes, out.length);
        require(hoti_line_parse(&again, copy, out.length));
        require(strcmp(line.verb, again.verb) == 0 && line.count == again.count);
        for (unsigned i = 0; i < line.count; i++)
            require(strcmp(line.pairs[i].key, again.pairs[i].key) == 0 &&
                    strcmp(line.pairs[i].value, again.pairs[i].value) == 0);
        free(copy);
        hoti_text_free(&out);
    }
    free(text);
    return 0;
}
