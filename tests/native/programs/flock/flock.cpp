#include "flock.hpp"

#include <cmath>
#include <sstream>

namespace flock {

World::World(std::size_t count) {
    for (std::size_t i = 0; i < count; i++) {
        double angle = 0.7 * static_cast<double>(i);
        birds.push_back({std::cos(angle) * 10, std::sin(angle) * 10, std::sin(angle), std::cos(angle),
                         "a bird with a long enough name, number " + std::to_string(i)});
    }
}

static void steer(Bird &bird, const World &world) {
    double cx = 0, cy = 0;
    for (const Bird &other : world.birds) {
        cx += other.x;
        cy += other.y;
    }
    cx /= static_cast<double>(world.birds.size());
    cy /= static_cast<double>(world.birds.size());
    bird.vx += (cx - bird.x) * 0.01;
    bird.vy += (cy - bird.y) * 0.01;
}

void step(World &world, double dt) {
    for (Bird &bird : world.birds) {
        steer(bird, world);
        bird.x += bird.vx * dt;
        bird.y += bird.vy * dt;
    }
    if (world.frames % 10 == 0) world.birds.push_back(world.birds[world.frames % 7]);
    if (world.birds.size() > 50) world.birds.erase(world.birds.begin());
    world.frames++;
}

std::string describe(const World &world) {
    std::ostringstream out;
    out << "frame " << world.frames << ": " << world.birds.size() << " birds, first at "
        << static_cast<long>(world.birds.front().x) << "," << static_cast<long>(world.birds.front().y);
    return out.str();
}

} // namespace flock
