//! The program: owns the state and the loop, and runs the newest game.zig.
const std = @import("std");
const hot = @import("hot.zig");
const State = @import("game.zig").State;

pub fn main() !void {
    var state = State{};
    const game = try hot.Module.open("game", "./libgame.so");
    const step = try game.symbol(*const fn (*State) callconv(.C) void, "step");
    while (true) {
        _ = hot.check();
        step(&state);
        std.time.sleep(200 * std.time.ns_per_ms);
    }
}
