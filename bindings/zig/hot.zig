//! Exchange functions of a running program. The functions are exported by a dynamic library, the state is the program's:
//!
//!     // game.zig: zig build-lib -dynamic -fPIC game.zig
//!     export fn step(state: *State, dt: f64) void { state.x += dt; }
//!
//!     // the program, linked with hot.c: zig build-exe main.zig hot.c -lc
//!     const hot = @import("hot.zig");
//!     var game = try hot.Module.open("game", "./libgame.so");
//!     const step = try game.symbol(*const fn (*State, f64) callconv(.C) void, "step");
//!     while (true) { _ = hot.check(); step(&state, 0.016); }
const RawModule = opaque {};

extern fn hot_open(name: [*:0]const u8, path: [*:0]const u8) ?*RawModule;
extern fn hot_symbol(module: *RawModule, name: [*:0]const u8) ?*anyopaque;
extern fn hot_close(module: *RawModule) c_longlong;
extern fn hot_check_now() c_longlong;
extern fn hot_version() c_longlong;
extern fn hot_error() [*:0]const u8;
extern fn hot_state(address: *anyopaque, size: c_ulonglong) c_longlong;

pub const Error = error{ CannotOpen, NoSuchFunction };

/// The text of the last error, valid until the next call on this thread.
pub fn lastError() [*:0]const u8 {
    return hot_error();
}

/// A library whose functions are exchanged while the program runs.
pub const Module = struct {
    raw: *RawModule,

    /// Opens a library under a name, by which versions are pushed. Without an agent the file at `path` is followed.
    pub fn open(name: [*:0]const u8, path: [*:0]const u8) Error!Module {
        return .{ .raw = hot_open(name, path) orelse return Error.CannotOpen };
    }

    /// A function's address, for ever: it always leads to the code that the calling thread runs. `T` is a pointer to a
    /// function with the C calling convention.
    pub fn symbol(self: Module, comptime T: type, name: [*:0]const u8) Error!T {
        const found = hot_symbol(self.raw, name) orelse return Error.NoSuchFunction;
        return @ptrCast(@alignCast(found));
    }

    pub fn close(self: Module) void {
        _ = hot_close(self.raw);
    }
};

/// A safe point. 1: this thread runs new code from now on; 0: nothing new; negative: lastError() says what was refused or
/// taken back.
pub fn check() i64 {
    return hot_check_now();
}

/// The version that this thread runs: 1 for the code that the program started with.
pub fn version() i64 {
    return hot_version();
}

/// Registers a place that an undone call puts back, byte for byte.
pub fn state(comptime T: type, place: *T) void {
    _ = hot_state(place, @sizeOf(T));
}
