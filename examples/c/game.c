/* A ball between two walls: a program in C whose functions are exchanged while it runs. This one source is built twice,
 * as the program, with version 1 and the runtime inside, and with -DHOT_IMAGE as a library, which is a later version.
 *
 * Try, while it runs: GRAVITY, the look of the ball in game_draw, a crash (`*(volatile int *)0 = 1;`) in game_step. */
#include "hot.h"

#include <stdio.h>
#ifndef HOT_IMAGE
#include <unistd.h>
#endif

#define GRAVITY 9.81
#define WIDTH 48

/* What outlives a version: the program holds one, and hands it to the hot functions. */
typedef struct Game {
    long long frames;
    double x, speed;
} Game;

/* What both sides promise each other; the compiler checks each figure. */
#define GAME_FUNCTIONS(F) F(game_step, "fn(*Game, f64) -> i64") F(game_draw, "fn(*Game) -> i64")
#define GAME_STRUCTS(STRUCT, FIRST, NEXT, END) \
    STRUCT(Game, 24, 8) FIRST(Game, frames, "i64", 0) NEXT(Game, x, "f64", 8) NEXT(Game, speed, "f64", 16) END

#ifndef HOT_IMAGE /* in the program these are version 1, and the thunks below have their names */
#define game_step HOT_FIRST(game_step)
#define game_draw HOT_FIRST(game_draw)
#endif

static long long game_step(Game *game, double dt) {
    game->frames++;
    game->speed += GRAVITY * dt;
    game->x += game->speed * dt;
    if (game->x > WIDTH || game->x < 0) {
        game->x = game->x < 0 ? 0 : WIDTH;
        game->speed = -game->speed;
    }
    return game->frames;
}

static long long game_draw(Game *game) {
    printf("version %lld frame %lld %*s\n", hot_runtime->version(), game->frames, (int)game->x + 1, "o");
    return fflush(stdout);
}

HOT_MODULE_IMAGE(game, "game.c", GAME_FUNCTIONS, GAME_STRUCTS)

#ifndef HOT_IMAGE
#undef game_step
#undef game_draw

HOT_MODULE_PROGRAM(game)
HOT_THUNK2(game, 0, long long, game_step, Game *, double)
HOT_THUNK1(game, 1, long long, game_draw, Game *)

int main(int argc, char **argv) {
    static hot_module *const modules[] = {&HOT_MODULE_OF(game)};
    static Game game = {0, 0, 20};
    hot_program(argc, argv, modules, 1);
    hot_state(&game, sizeof game); /* a call that crashed is undone to this */
    for (;;) {
        hot_check();
        game_step(&game, 0.02);
        game_draw(&game);
        usleep(20000);
    }
}
#endif
