/* The part that changes: edit it while the program runs, and save. */
#include "game.h"

#include <stdio.h>

void game_step(Game *game, double dt) {
    game->frame++;
    game->x += game->speed * dt;
    printf("frame %ld: x = %.2f\n", game->frame, game->x);
    fflush(stdout);
}
