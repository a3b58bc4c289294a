// The program: owns the state and the loop, and runs the newest game.cpp.
#include "game.hpp"
#include "hot.h"

#include <iostream>
#include <unistd.h>

int main() {
    game::World world;
    hot_module *module = hot_open("game", "./libgame.so");
    if (module == nullptr) {
        std::cerr << hot_error() << std::endl;
        return 1;
    }
    hot_state(&world, sizeof world); // put back when new code crashes
    for (;; usleep(200000)) {
        if (hot_check() < 0) std::cerr << hot_error() << std::endl;
        HOT_CALL(module, game::step)(world);
    }
}
