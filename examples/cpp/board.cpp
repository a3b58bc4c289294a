/* A score board: a program in C++ whose functions are exchanged while it runs. This one source is built twice, as the
 * program, with version 1 and the runtime inside, and with -DHOT_IMAGE as a library, which is a later version.
 *
 * What lives over versions is plain data that the program holds. Within a call anything of C++ may be used; an object
 * with a virtual function or a std::function must not be kept, as its code ends with the version that made it. */
#include "hot.h"

#include <cstdio>
#include <string>
#include <vector>
#ifndef HOT_IMAGE
#include <unistd.h>
#endif

struct Board {
    long long rounds;
    double scores[3];
};

#define BOARD_FUNCTIONS(F) F(board_play, "fn(*Board, i64) -> i64") F(board_show, "fn(*Board) -> i64")
#define BOARD_STRUCTS(STRUCT, FIRST, NEXT, END) \
    STRUCT(Board, 32, 8) FIRST(Board, rounds, "i64", 0) NEXT(Board, scores, "[f64; 3]", 8) END

#ifndef HOT_IMAGE // in the program these are version 1, and the thunks below have their names
#define board_play HOT_FIRST(board_play)
#define board_show HOT_FIRST(board_show)
#endif

static const double points = 1.5;

static long long board_play(Board *board, long long player) {
    board->scores[player % 3] += points;
    return ++board->rounds;
}

static long long board_show(Board *board) {
    std::vector<std::string> names{"Ann", "Bob", "Cy"};
    std::string line = "version " + std::to_string(hot_runtime->version()) + " round " + std::to_string(board->rounds);
    for (size_t i = 0; i < names.size(); i++) line += " " + names[i] + "=" + std::to_string(board->scores[i]);
    std::puts(line.c_str());
    return std::fflush(stdout);
}

HOT_MODULE_IMAGE(board, "board.cpp", BOARD_FUNCTIONS, BOARD_STRUCTS)

#ifndef HOT_IMAGE
#undef board_play
#undef board_show

HOT_MODULE_PROGRAM(board)
HOT_THUNK2(board, 0, long long, board_play, Board *, long long)
HOT_THUNK1(board, 1, long long, board_show, Board *)

int main(int argc, char **argv) {
    static hot_module *const modules[] = {&HOT_MODULE_OF(board)};
    static Board board;
    hot_program(argc, argv, modules, 1);
    hot_state(&board, sizeof board); // a call that crashed is undone to this
    for (;;) {
        hot_check();
        board_play(&board, board.rounds);
        board_show(&board);
        usleep(20000);
    }
}
#endif
