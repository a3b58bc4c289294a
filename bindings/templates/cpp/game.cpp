// The part that changes: edit it while the program runs, and save.
#include "game.hpp"

#include <iostream>

void game::step(World &world) {
    world.frame++;
    if (world.frame % 5 == 0) world.names.push_back("bird " + std::to_string(world.frame));
    std::cout << "frame " << world.frame << ": " << world.names.size() << " names" << std::endl;
}
