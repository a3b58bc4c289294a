#include "arena.h"

#include <ncurses.h>

int main(void) {
    arena *a;
    initscr();
    cbreak();
    noecho();
    curs_set(0);
    timeout(20);
    a = arena_new(42);
    while (arena_step(a, getch()))
        arena_draw(a);
    endwin();
    return 0;
}
