#ifndef ARENA_H
#define ARENA_H

enum { WIDTH = 60, HEIGHT = 18, MAX_ROCKS = 40 };

typedef struct {
    int x, y, alive;
} rock;

typedef struct {
    int x, y;
    int frame, score, lives;
    int rock_count;
    rock rocks[MAX_ROCKS];
    unsigned seed;
} arena;

arena *arena_new(unsigned seed);
int arena_step(arena *a, int key);
void arena_draw(const arena *a);

#endif
