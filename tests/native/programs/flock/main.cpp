#include "flock.hpp"

#include <chrono>
#include <iostream>
#include <thread>

int main() {
    flock::World world(20);
    for (;;) {
        flock::step(world, 0.016);
        std::cout << flock::describe(world) << std::endl;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}
