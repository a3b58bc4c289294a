#pragma once
#include <string>
#include <vector>

namespace game {

// The state is the program's: it stays when the code changes.
struct World {
    std::vector<std::string> names;
    long frame = 0;
};

void step(World &world);

} // namespace game
