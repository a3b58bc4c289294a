#include "arena.h"

#include <ncurses.h>

void arena_draw(const arena *a) {
    erase();
    for (int i = 0; i < a->rock_count; i++)
        if (a->rocks[i].alive) mvaddch(a->rocks[i].y, a->rocks[i].x, 'o');
    mvaddch(a->y, a->x, 'A');
    mvprintw(HEIGHT, 0, "score %d  lives %d  frame %d", a->score, a->lives, a->frame);
    refresh();
}
