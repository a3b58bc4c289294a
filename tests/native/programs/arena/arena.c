#include "arena.h"

#include <stdlib.h>

static int random_below(arena *a, int n) {
    a->seed = a->seed * 1103515245u + 12345u;
    return (int)((a->seed >> 16) % (unsigned)n);
}

arena *arena_new(unsigned seed) {
    arena *a = calloc(1, sizeof *a);
    if (a == NULL) return NULL;
    a->x = WIDTH / 2;
    a->y = HEIGHT - 1;
    a->lives = 1000000;
    a->seed = seed;
    return a;
}

static void add_rock(arena *a) {
    for (int i = 0; i < MAX_ROCKS; i++) {
        rock *r = &a->rocks[i];
        if (r->alive) continue;
        r->x = random_below(a, WIDTH);
        r->y = 0;
        r->alive = 1;
        if (i >= a->rock_count) a->rock_count = i + 1;
        return;
    }
}

/* 0: the game is over. */
int arena_step(arena *a, int key) {
    if (key == 'a' && a->x > 0) a->x--;
    if (key == 'd' && a->x < WIDTH - 1) a->x++;
    if (a->frame % 4 == 0) add_rock(a);
    for (int i = 0; i < a->rock_count; i++) {
        rock *r = &a->rocks[i];
        if (!r->alive) continue;
        r->y++;
        if (r->y < HEIGHT) continue;
        r->alive = 0;
        a->score += 1;
        if (r->x == a->x) a->lives--;
    }
    a->frame++;
    return key != 'q' && a->lives > 0;
}
