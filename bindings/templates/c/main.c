/* The program: owns the state and the loop, and runs the newest game.c. */
#include "game.h"
#include "hot.h"

#include <stdio.h>
#include <unistd.h>

int main(void) {
    Game game = {0, 0, 1};
    hot_module *module = hot_open("game", "./libgame.so");
    if (module == NULL) {
        fprintf(stderr, "%s\n", hot_error());
        return 1;
    }
    hot_state(&game, sizeof game); /* put back when new code crashes */
    for (;; usleep(200000)) {
        if (hot_check() < 0) fprintf(stderr, "%s\n", hot_error());
        HOT_CALL(module, game_step)(&game, 0.2);
    }
}
