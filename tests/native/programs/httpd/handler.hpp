#pragma once
#include <map>
#include <string>

struct Request {
    std::string method, path;
};

struct Response {
    int status = 200;
    std::string body;
};

Response handle(const Request &request);
