//! The part that changes: edit it while the program runs, and save.
const std = @import("std");

/// The state is the program's: it stays when the code changes.
pub const State = extern struct { frame: u64 = 0 };

export fn step(state: *State) void {
    state.frame += 1;
    std.debug.print("frame {d}\n", .{state.frame});
}
