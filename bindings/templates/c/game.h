#ifndef GAME_H
#define GAME_H

/* The state is the program's: it stays when the code changes. */
typedef struct Game {
    long frame;
    double x, speed;
} Game;

void game_step(Game *game, double dt);

#endif
