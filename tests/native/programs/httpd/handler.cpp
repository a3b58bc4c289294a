#include "handler.hpp"

#include <atomic>
#include <mutex>
#include <vector>

static std::atomic<long> served{0};
static std::mutex lock;
static std::vector<std::string> notes;

static Response list() {
    std::lock_guard<std::mutex> guard(lock);
    std::string all;
    for (const std::string &note : notes) all += note + "\n";
    return {200, all};
}

static Response add(const std::string &text) {
    std::lock_guard<std::mutex> guard(lock);
    notes.push_back(text);
    return {201, "kept " + std::to_string(notes.size()) + "\n"};
}

Response handle(const Request &request) {
    long number = ++served;
    if (request.path == "/count") return {200, "request " + std::to_string(number) + "\n"};
    if (request.path == "/notes") return list();
    if (request.path.rfind("/add/", 0) == 0) return add(request.path.substr(5));
    if (request.path == "/hello") return {200, "hello, world\n"};
    return {404, "there is no " + request.path + "\n"};
}
