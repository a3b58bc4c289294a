#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace flock {

struct Bird {
    double x, y, vx, vy;
    std::string name;
};

class World {
public:
    explicit World(std::size_t birds);
    std::vector<Bird> birds;
    long frames = 0;
};

void step(World &world, double dt);
std::string describe(const World &world);

} // namespace flock
