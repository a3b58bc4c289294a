/* edit: a small terminal editor in one file. Ctrl-S saves, Ctrl-Q quits, Ctrl-F finds, Ctrl-G goes to a line, Ctrl-Z undoes,
 * Ctrl-K cuts a line, Ctrl-U puts it back. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#undef CTRL
#define CTRL(key) ((key)&0x1f)
#define TAB_STOP 8
#define UNDO_MAX 512

enum key { BACKSPACE = 127, LEFT = 1000, RIGHT, UP, DOWN, DELETE, HOME, END, PAGE_UP, PAGE_DOWN };
enum color { PLAIN, COMMENT, KEYWORD, STRING, NUMBER, MATCH };

struct row {
    char *text;
    int length;
    char *shown;
    unsigned char *colors;
    int shown_length;
    int opens_comment; /* a block comment goes on in the next row */
};

struct undo {
    enum { INSERTED, DELETED, SPLIT, JOINED } what;
    int x, y, c;
};

struct editor {
    int x, y, shown_x;
    int row_offset, column_offset;
    int screen_rows, screen_columns;
    int row_count;
    struct row *rows;
    int dirty, quits;
    char *name;
    char message[160];
    time_t message_time;
    char *cut;
    struct undo undone[UNDO_MAX];
    int undo_count, undoing;
    struct termios before;
};

static struct editor E;

static const char *const keywords[] = {
    "if", "else", "while", "for", "do", "switch", "case", "break", "continue", "return", "struct", "enum", "union",
    "typedef", "static", "const", "void", "int", "char", "long", "short", "unsigned", "double", "float", "sizeof", NULL,
};

void set_message(const char *format, ...);
void refresh_screen(void);
char *ask(const char *prompt, void (*each)(char *, int));

/* ---- the terminal ---- */
static void die(const char *what) {
    write(STDOUT_FILENO, "\x1b[2J\x1b[H", 7);
    perror(what);
    exit(1);
}

static void leave_raw_mode(void) { tcsetattr(STDIN_FILENO, TCSAFLUSH, &E.before); }

static void enter_raw_mode(void) {
    struct termios raw;
    if (tcgetattr(STDIN_FILENO, &E.before) == -1) die("tcgetattr");
    raw = E.before;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_cflag |= CS8;
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 1;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == -1) die("tcsetattr");
    atexit(leave_raw_mode);
}

static int escape_sequence(void) {
    char s[3];
    if (read(STDIN_FILENO, &s[0], 1) != 1 || read(STDIN_FILENO, &s[1], 1) != 1) return '\x1b';
    if (s[0] == '[' && s[1] >= '0' && s[1] <= '9') {
        if (read(STDIN_FILENO, &s[2], 1) != 1 || s[2] != '~') return '\x1b';
        switch (s[1]) {
        case '1': case '7': return HOME;
        case '4': case '8': return END;
        case '3': return DELETE;
        case '5': return PAGE_UP;
        case '6': return PAGE_DOWN;
        default: return '\x1b';
        }
    }
    if (s[0] == '[' || s[0] == 'O') {
        switch (s[1]) {
        case 'A': return UP;
        case 'B': return DOWN;
        case 'C': return RIGHT;
        case 'D': return LEFT;
        case 'H': return HOME;
        case 'F': return END;
        }
    }
    return '\x1b';
}

int read_key(void) {
    char c;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) != 1)
        if (n == -1 && errno != EAGAIN) die("read");
    return c == '\x1b' ? escape_sequence() : (unsigned char)c;
}

static void window_size(void) {
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) {
        E.screen_rows = 22;
        E.screen_columns = 80;
    } else {
        E.screen_rows = size.ws_row - 2;
        E.screen_columns = size.ws_col;
    }
}

/* ---- colors ---- */
static int is_separator(int c) { return isspace(c) || c == '\0' || strchr(",.()+-/*=~%<>[];{}&|!", c) != NULL; }

static int keyword_at(const char *text) {
    for (int i = 0; keywords[i] != NULL; i++) {
        size_t n = strlen(keywords[i]);
        if (strncmp(text, keywords[i], n) == 0 && is_separator((unsigned char)text[n])) return (int)n;
    }
    return 0;
}

static void color_row(int at) {
    struct row *r = &E.rows[at];
    int in_comment = at > 0 && E.rows[at - 1].opens_comment, in_string = 0, after_separator = 1, changed;
    r->colors = realloc(r->colors, (size_t)r->shown_length + 1);
    memset(r->colors, PLAIN, (size_t)r->shown_length + 1);
    for (int i = 0; i < r->shown_length; i++) {
        char c = r->shown[i];
        int n;
        if (in_comment) {
            r->colors[i] = COMMENT;
            if (c == '*' && r->shown[i + 1] == '/') {
                r->colors[++i] = COMMENT;
                in_comment = 0;
            }
            after_separator = 1;
        } else if (in_string) {
            r->colors[i] = STRING;
            if (c == '\\' && i + 1 < r->shown_length) r->colors[++i] = STRING;
            else if (c == in_string) in_string = 0;
            after_separator = 1;
        } else if (c == '/' && r->shown[i + 1] == '/') {
            memset(r->colors + i, COMMENT, (size_t)(r->shown_length - i));
            break;
        } else if (c == '/' && r->shown[i + 1] == '*') {
            r->colors[i] = COMMENT;
            r->colors[++i] = COMMENT;
            in_comment = 1;
        } else if (c == '"' || c == '\'') {
            in_string = c;
            r->colors[i] = STRING;
        } else if (isdigit((unsigned char)c) && (after_separator || (i > 0 && r->colors[i - 1] == NUMBER))) {
            r->colors[i] = NUMBER;
            after_separator = 0;
        } else if (after_separator && (n = keyword_at(r->shown + i)) != 0) {
            memset(r->colors + i, KEYWORD, (size_t)n);
            i += n - 1;
            after_separator = 0;
        } else {
            after_separator = is_separator((unsigned char)c);
        }
    }
    changed = r->opens_comment != in_comment;
    r->opens_comment = in_comment;
    if (changed && at + 1 < E.row_count) color_row(at + 1);
}

static int escape_of(unsigned char color) {
    switch (color) {
    case COMMENT: return 36;
    case KEYWORD: return 33;
    case STRING: return 35;
    case NUMBER: return 31;
    case MATCH: return 34;
    default: return 39;
    }
}

/* ---- rows ---- */
static int shown_x(const struct row *r, int x) {
    int shown = 0;
    for (int i = 0; i < x; i++) shown += r->text[i] == '\t' ? TAB_STOP - shown % TAB_STOP : 1;
    return shown;
}

static int text_x(const struct row *r, int wanted) {
    int shown = 0, i = 0;
    for (; i < r->length; i++) {
        shown += r->text[i] == '\t' ? TAB_STOP - shown % TAB_STOP : 1;
        if (shown > wanted) break;
    }
    return i;
}

static void update_row(int at) {
    struct row *r = &E.rows[at];
    int tabs = 0, n = 0;
    for (int i = 0; i < r->length; i++) tabs += r->text[i] == '\t';
    free(r->shown);
    r->shown = malloc((size_t)(r->length + tabs * (TAB_STOP - 1) + 1));
    for (int i = 0; i < r->length; i++) {
        if (r->text[i] != '\t') {
            r->shown[n++] = r->text[i];
            continue;
        }
        do r->shown[n++] = ' ';
        while (n % TAB_STOP != 0);
    }
    r->shown[n] = '\0';
    r->shown_length = n;
    color_row(at);
}

static void insert_row(int at, const char *text, size_t length) {
    if (at < 0 || at > E.row_count) return;
    E.rows = realloc(E.rows, sizeof *E.rows * (size_t)(E.row_count + 1));
    memmove(&E.rows[at + 1], &E.rows[at], sizeof *E.rows * (size_t)(E.row_count - at));
    memset(&E.rows[at], 0, sizeof E.rows[at]);
    E.rows[at].text = malloc(length + 1);
    memcpy(E.rows[at].text, text, length);
    E.rows[at].text[length] = '\0';
    E.rows[at].length = (int)length;
    E.row_count++;
    update_row(at);
    E.dirty++;
}

static void free_row(struct row *r) {
    free(r->text);
    free(r->shown);
    free(r->colors);
}

static void delete_row(int at) {
    if (at < 0 || at >= E.row_count) return;
    free_row(&E.rows[at]);
    memmove(&E.rows[at], &E.rows[at + 1], sizeof *E.rows * (size_t)(E.row_count - at - 1));
    E.row_count--;
    E.dirty++;
}

static void row_insert(int y, int x, int c) {
    struct row *r = &E.rows[y];
    r->text = realloc(r->text, (size_t)r->length + 2);
    memmove(r->text + x + 1, r->text + x, (size_t)(r->length - x + 1));
    r->text[x] = (char)c;
    r->length++;
    update_row(y);
    E.dirty++;
}

static void row_delete(int y, int x) {
    struct row *r = &E.rows[y];
    if (x < 0 || x >= r->length) return;
    memmove(r->text + x, r->text + x + 1, (size_t)(r->length - x));
    r->length--;
    update_row(y);
    E.dirty++;
}

static void row_append(int y, const char *text, size_t length) {
    struct row *r = &E.rows[y];
    r->text = realloc(r->text, (size_t)r->length + length + 1);
    memcpy(r->text + r->length, text, length);
    r->length += (int)length;
    r->text[r->length] = '\0';
    update_row(y);
    E.dirty++;
}

/* ---- editing ---- */
static void remember(int what, int x, int y, int c) {
    if (E.undoing) return;
    if (E.undo_count == UNDO_MAX) {
        memmove(E.undone, E.undone + 1, sizeof E.undone - sizeof E.undone[0]);
        E.undo_count--;
    }
    E.undone[E.undo_count].what = what;
    E.undone[E.undo_count].x = x;
    E.undone[E.undo_count].y = y;
    E.undone[E.undo_count++].c = c;
}

static void insert_char(int c) {
    if (E.y == E.row_count) insert_row(E.row_count, "", 0);
    remember(INSERTED, E.x, E.y, c);
    row_insert(E.y, E.x++, c);
}

static void insert_newline(void) {
    remember(SPLIT, E.x, E.y, 0);
    if (E.x == 0) {
        insert_row(E.y, "", 0);
    } else {
        struct row *r = &E.rows[E.y];
        insert_row(E.y + 1, r->text + E.x, (size_t)(r->length - E.x));
        r = &E.rows[E.y];
        r->length = E.x;
        r->text[r->length] = '\0';
        update_row(E.y);
    }
    E.y++;
    E.x = 0;
}

static void delete_char(void) {
    if (E.y == E.row_count || (E.x == 0 && E.y == 0)) return;
    if (E.x > 0) {
        remember(DELETED, E.x - 1, E.y, E.rows[E.y].text[E.x - 1]);
        row_delete(E.y, --E.x);
        return;
    }
    E.x = E.rows[E.y - 1].length;
    remember(JOINED, E.x, E.y - 1, 0);
    row_append(E.y - 1, E.rows[E.y].text, (size_t)E.rows[E.y].length);
    delete_row(E.y--);
}

static void undo(void) {
    struct undo u;
    if (E.undo_count == 0) {
        set_message("nothing to undo");
        return;
    }
    u = E.undone[--E.undo_count];
    E.undoing = 1;
    E.x = u.x;
    E.y = u.y;
    switch (u.what) {
    case INSERTED: row_delete(u.y, u.x); break;
    case DELETED: row_insert(u.y, u.x, u.c); E.x++; break;
    case SPLIT: E.y++; E.x = 0; delete_char(); break;
    case JOINED: insert_newline(); break;
    }
    E.undoing = 0;
}

static void cut_line(void) {
    if (E.y >= E.row_count) return;
    free(E.cut);
    E.cut = strdup(E.rows[E.y].text);
    delete_row(E.y);
    E.undo_count = 0;
    E.x = 0;
}

static void paste_line(void) {
    if (E.cut == NULL) return;
    insert_row(E.y, E.cut, strlen(E.cut));
    E.undo_count = 0;
    E.y++;
}

/* ---- files ---- */
static void open_file(const char *name) {
    FILE *f = fopen(name, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    E.name = strdup(name);
    while (f != NULL && (n = getline(&line, &room, f)) != -1) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) n--;
        insert_row(E.row_count, line, (size_t)n);
    }
    free(line);
    if (f != NULL) fclose(f);
    E.dirty = 0;
}

static void save(void) {
    FILE *f;
    long bytes = 0;
    if (E.name == NULL && (E.name = ask("Save as: %s", NULL)) == NULL) return;
    f = fopen(E.name, "w");
    if (f == NULL) {
        set_message("cannot save: %s", strerror(errno));
        return;
    }
    for (int i = 0; i < E.row_count; i++) bytes += fprintf(f, "%s\n", E.rows[i].text);
    fclose(f);
    E.dirty = 0;
    set_message("%ld bytes saved", bytes);
}

/* ---- finding ---- */
static void find_each(char *query, int key) {
    static int last = -1, colored = -1;
    int step = key == LEFT || key == UP ? -1 : 1;
    if (colored != -1 && colored < E.row_count) color_row(colored);
    colored = -1;
    if (key == '\r' || key == '\x1b') {
        last = -1;
        return;
    }
    if (key != LEFT && key != UP && key != RIGHT && key != DOWN) last = -1;
    for (int i = 0, at = last; i < E.row_count; i++) {
        char *found;
        at = (at + step + E.row_count) % E.row_count;
        found = strstr(E.rows[at].shown, query);
        if (found == NULL) continue;
        last = colored = E.y = at;
        E.x = text_x(&E.rows[at], (int)(found - E.rows[at].shown));
        memset(E.rows[at].colors + (found - E.rows[at].shown), MATCH, strlen(query));
        return;
    }
}

static void find(void) {
    int x = E.x, y = E.y;
    char *query = ask("Find: %s (arrows: next, Esc: back)", find_each);
    if (query == NULL) {
        E.x = x;
        E.y = y;
    }
    free(query);
}

static void go_to_line(void) {
    char *text = ask("Line: %s", NULL);
    int line = text == NULL ? 0 : atoi(text);
    if (line > 0 && line <= E.row_count) {
        E.y = line - 1;
        E.x = 0;
    }
    free(text);
}

/* ---- what is shown ---- */
struct buffer {
    char *bytes;
    size_t length;
};

static void add(struct buffer *b, const char *bytes, size_t count) {
    char *more = realloc(b->bytes, b->length + count);
    if (more == NULL) return;
    memcpy(more + b->length, bytes, count);
    b->bytes = more;
    b->length += count;
}

static void add_text(struct buffer *b, const char *format, ...) {
    char text[256];
    va_list list;
    int n;
    va_start(list, format);
    n = vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (n > 0) add(b, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static void scroll(void) {
    E.shown_x = E.y < E.row_count ? shown_x(&E.rows[E.y], E.x) : 0;
    if (E.y < E.row_offset) E.row_offset = E.y;
    if (E.y >= E.row_offset + E.screen_rows) E.row_offset = E.y - E.screen_rows + 1;
    if (E.shown_x < E.column_offset) E.column_offset = E.shown_x;
    if (E.shown_x >= E.column_offset + E.screen_columns) E.column_offset = E.shown_x - E.screen_columns + 1;
}

static void draw_row(struct buffer *b, const struct row *r) {
    int length = r->shown_length - E.column_offset, color = 39;
    if (length > E.screen_columns) length = E.screen_columns;
    for (int i = 0; i < length; i++) {
        int wanted = escape_of(r->colors[E.column_offset + i]);
        if (wanted != color) add_text(b, "\x1b[%dm", color = wanted);
        add(b, &r->shown[E.column_offset + i], 1);
    }
    add(b, "\x1b[39m", 5);
}

static void draw_rows(struct buffer *b) {
    for (int i = 0; i < E.screen_rows; i++) {
        int at = i + E.row_offset;
        if (at < E.row_count) draw_row(b, &E.rows[at]);
        else add(b, "~", 1);
        add(b, "\x1b[K\r\n", 5);
    }
}

static void draw_status(struct buffer *b) {
    add_text(b, "\x1b[7m %.40s %s| line %d of %d, column %d \x1b[m\x1b[K\r\n", E.name == NULL ? "[no name]" : E.name,
             E.dirty ? "(changed) " : "", E.y + 1, E.row_count, E.x + 1);
}

static void draw_message(struct buffer *b) {
    add(b, "\x1b[K", 3);
    if (time(NULL) - E.message_time < 5) add_text(b, "%.*s", E.screen_columns, E.message);
}

void refresh_screen(void) {
    struct buffer b = {NULL, 0};
    scroll();
    add(&b, "\x1b[?25l\x1b[H", 9);
    draw_rows(&b);
    draw_status(&b);
    draw_message(&b);
    add_text(&b, "\x1b[%d;%dH\x1b[?25h", E.y - E.row_offset + 1, E.shown_x - E.column_offset + 1);
    write(STDOUT_FILENO, b.bytes, b.length);
    free(b.bytes);
}

void set_message(const char *format, ...) {
    va_list list;
    va_start(list, format);
    vsnprintf(E.message, sizeof E.message, format, list);
    va_end(list);
    E.message_time = time(NULL);
}

/* ---- keys ---- */
char *ask(const char *prompt, void (*each)(char *, int)) {
    size_t room = 64, length = 0;
    char *text = malloc(room);
    text[0] = '\0';
    for (;;) {
        int c;
        set_message(prompt, text);
        refresh_screen();
        c = read_key();
        if ((c == BACKSPACE || c == CTRL('h') || c == DELETE) && length > 0) text[--length] = '\0';
        else if (c == '\x1b' || (c == '\r' && length > 0)) {
            set_message("");
            if (each != NULL) each(text, c);
            if (c == '\r') return text;
            free(text);
            return NULL;
        } else if (c < 128 && !iscntrl(c)) {
            if (length + 1 == room) text = realloc(text, room *= 2);
            text[length++] = (char)c;
            text[length] = '\0';
        }
        if (each != NULL) each(text, c);
    }
}

static void move_cursor(int key) {
    int length = E.y < E.row_count ? E.rows[E.y].length : 0;
    switch (key) {
    case LEFT:
        if (E.x > 0) E.x--;
        else if (E.y > 0) E.x = E.rows[--E.y].length;
        break;
    case RIGHT:
        if (E.x < length) E.x++;
        else if (E.y < E.row_count) E.y++, E.x = 0;
        break;
    case UP: E.y -= E.y > 0; break;
    case DOWN: E.y += E.y < E.row_count; break;
    }
    length = E.y < E.row_count ? E.rows[E.y].length : 0;
    if (E.x > length) E.x = length;
}

/* 0: the editor ends. */
int process_key(int c) {
    switch (c) {
    case '\r': insert_newline(); break;
    case CTRL('q'):
        if (E.dirty && E.quits-- > 0) {
            set_message("not saved; Ctrl-Q again quits");
            return 1;
        }
        write(STDOUT_FILENO, "\x1b[2J\x1b[H", 7);
        return 0;
    case CTRL('s'): save(); break;
    case CTRL('f'): find(); break;
    case CTRL('g'): go_to_line(); break;
    case CTRL('z'): undo(); break;
    case CTRL('k'): cut_line(); break;
    case CTRL('u'): paste_line(); break;
    case HOME: E.x = 0; break;
    case END:
        if (E.y < E.row_count) E.x = E.rows[E.y].length;
        break;
    case BACKSPACE: case CTRL('h'): delete_char(); break;
    case DELETE:
        move_cursor(RIGHT);
        delete_char();
        break;
    case PAGE_UP: case PAGE_DOWN:
        for (int i = 0; i < E.screen_rows; i++) move_cursor(c == PAGE_UP ? UP : DOWN);
        break;
    case LEFT: case RIGHT: case UP: case DOWN: move_cursor(c); break;
    case '\x1b': case CTRL('l'): break;
    default: insert_char(c);
    }
    E.quits = 1;
    return 1;
}

void start(const char *name) {
    enter_raw_mode();
    window_size();
    E.quits = 1;
    if (name != NULL) open_file(name);
    set_message("Ctrl-S saves, Ctrl-Q quits, Ctrl-F finds, Ctrl-Z undoes");
}

int main(int argc, char **argv) {
    start(argc > 1 ? argv[1] : NULL);
    do
        refresh_screen();
    while (process_key(read_key()));
    return 0;
}
