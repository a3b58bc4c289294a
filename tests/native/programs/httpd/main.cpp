// A small HTTP server: one thread accepts, a pool answers.
#include "handler.hpp"

#include <arpa/inet.h>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <netinet/in.h>
#include <queue>
#include <sstream>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

class Pool {
public:
    explicit Pool(unsigned count) {
        for (unsigned i = 0; i < count; i++) threads.emplace_back([this] { work(); });
    }
    void give(int socket) {
        {
            std::lock_guard<std::mutex> guard(lock);
            waiting.push(socket);
        }
        wake.notify_one();
    }

private:
    int take() {
        std::unique_lock<std::mutex> guard(lock);
        wake.wait(guard, [this] { return !waiting.empty(); });
        int socket = waiting.front();
        waiting.pop();
        return socket;
    }
    void work() {
        for (;;) serve(take());
    }
    static void serve(int socket);

    std::mutex lock;
    std::condition_variable wake;
    std::queue<int> waiting;
    std::vector<std::thread> threads;
};

static std::string read_head(int socket) {
    std::string head;
    char buffer[1024];
    while (head.find("\r\n\r\n") == std::string::npos && head.size() < 65536) {
        ssize_t n = read(socket, buffer, sizeof buffer);
        if (n <= 0) break;
        head.append(buffer, static_cast<std::size_t>(n));
    }
    return head;
}

void Pool::serve(int socket) {
    Request request;
    std::istringstream head(read_head(socket));
    head >> request.method >> request.path;
    Response response = handle(request);
    std::ostringstream out;
    out << "HTTP/1.1 " << response.status << " X\r\nContent-Length: " << response.body.size()
        << "\r\nConnection: close\r\n\r\n" << response.body;
    std::string text = out.str();
    for (std::size_t at = 0; at < text.size();) {
        ssize_t n = write(socket, text.data() + at, text.size() - at);
        if (n <= 0) break;
        at += static_cast<std::size_t>(n);
    }
    close(socket);
}

int main() {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 || listen(listener, 64) != 0) return 1;
    getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size);
    std::printf("port %d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    Pool pool(4);
    for (;;) pool.give(accept(listener, nullptr, nullptr));
}
