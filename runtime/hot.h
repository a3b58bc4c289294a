/* hot.h: the hot runtime's manual and its only public header.
 *
 * Includes no other header, so that images for any system can be built without that system's SDK.
 *
 *
 * WHAT IT IS
 *
 * A program is built with this runtime inside and with version 1 of its hot functions. While it runs, newer versions of
 * them arrive as shared libraries (images), and from one pass of its loop to the next it runs the new code, with its
 * state. Nothing has to be there for that: without an agent and without a library the program runs version 1,
 * and costs what it always cost, plus 1 to 2 ns for each call of a hot function (3 to 4 once new code runs, docs/runtime.md).
 *
 *     update_game(&state, 0.016);       the program calls the thunk; the thunk calls through this thread's table
 *     hot_check();                      a safe point: here, and nowhere else, the thread moves to another table
 *
 * A background thread does everything slow: it talks to the agent (docs/link.md) or watches the library beside the
 * source, makes a private copy of the image, opens it, checks its contract, binds it to the program's globals and makes
 * a table. Then it publishes the table. The program's thread finds it at its next safe point and moves a pointer; how
 * large the library is makes no difference to that. When the last thread has left the old image, it is unloaded.
 *
 *
 * SAFE POINTS
 *
 * hot_check(), hot_loop(), hot_reload() and hot_safe_point(), called where no hot function of the module is on this
 * thread's stack. Below a hot function they do nothing and return 0, as the code that would go away is running.
 * Vais programs that call none of them get one at the head of each loop that calls hot functions.
 *
 *
 * THREADS
 *
 * Any number of threads may call hot functions. Each has its own table and its own safe points, so no thread sees two
 * versions within a pass, and two threads may run different versions for a moment. A thread counts from its first hot
 * call to its end. One that does not come to a safe point keeps the old image in memory and holds back the report that
 * the version has swapped; after a second it is named, with the function it sits in.
 * At a safe point the program's thread takes no lock, allocates nothing and makes no system call but to read the clock.
 * It takes a lock once when it joins, and it allocates in probation, for what is saved. When it joins, SIGSEGV, SIGBUS,
 * SIGFPE and SIGILL are unblocked in it: a crash while they are blocked would end the program.
 * hot_check, hot_loop, hot_version, hot_error, hot_line: any thread. hot_init, hot_start, hot_reload, hot_cleanup,
 * hot_state, hot_guard, hot_on_reload: any thread, too, but they take a lock, and hot_reload waits for the library.
 *
 *
 * LIFETIMES
 *
 * Globals live in the program and keep their values over all versions; a new global is born with the version that first
 * has it. It is gone again if each call of that version was undone; once one has returned, its place stays for ever,
 * also when the version was taken back or superseded: another may have kept its address. Function pointers: keep the address of a thunk, never
 * one taken inside an image, which ends with the image. String literals and other constants of an image end with it as
 * well: what outlives a version must be copied. hot_on_reload takes a hot function by its name, not by its address.
 *
 *
 * PROBATION, AND WHAT IS UNDONE
 *
 * A version is in probation until 10 of its outermost calls have returned and their threads have come to a safe point,
 * or until half a second after its swap if at least one has; then it is confirmed. (hot_guard changes that.)
 * In probation each outermost call is guarded: when it crashes (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, an overflowed
 * stack) or runs longer than the deadline of 3 s (the background thread looks at it every 20 ms at most; a call that sits
 * in a library then is given 0.2 s to come back into the image's code),
 *   - the globals that the version uses,
 *   - what was registered with hot_state, and
 *   - what the call's own pointer arguments point to (one struct each, not what that points to in turn)
 * are put back as they were when the call began, up to 64 MiB; the version before makes the same call, and the program
 * goes on. The report names the signal, the function, the source line and the places on the stack.
 * A hot function that waits longer than that on purpose, for input or another thread, wants a larger one (hot_guard).
 * After probation a crash still brings the version before back, which makes the call on what the failed one left. A
 * crash of the code that the program was started with, of a thread that is in no hot call, or of the repeated call goes
 * to the handler that was there before ours, or makes the core dump that it always made.
 *
 * WHAT CANNOT BE UNDONE: memory that is reached through further pointers, the heap (what was freed is gone, what was
 * allocated leaks; a struct that the call was given and freed is written to all the same), other threads' work on the
 * same memory (it is put back with the rest), files, sockets, output, locks (but for those of stdin, stdout and stderr,
 * which are released, also one that the program itself took with flockfile), and the state of libraries.
 * A crash inside malloc or free is undone like any other when malloc still works afterwards, which is tried (a bad
 * pointer that is freed, a double free that is noticed at once). When it has left malloc locked, as most overwritten
 * blocks do, every thread would wait for it sooner or later: then the program ends with SIGABRT and says why. (Linux; on
 * glibc all arenas are tried.) A hot function that is left by longjmp or an exception counts as never left, so its
 * thread does not swap any more.
 *
 *
 * PROCESSES
 *
 * The child of a fork keeps the code it has and takes no part in reloading; the link, the copies and the library watch
 * are its parent's, and a crash in it is a crash. A program that becomes a daemon by fork has to be started without
 * (systemd and the like want that anyhow). A set-user-id program takes no code from anybody.
 * A program may close all its descriptors: ours are known again by what they are, and opened anew within a second. After
 * a chroot the agent's paths and the folder of copies are out of sight: pushes are refused, the code that runs stays.
 * A program that ends by exit() says `bye`; by _exit or a signal it does not, and the next one sweeps its copies.
 * Private copies of images are in $XDG_RUNTIME_DIR/vais-hot/PID or, without that variable, /tmp/vais-hot-UID/PID, under
 * names like libgame.v4.so, where gdb and perf find them; they go when the program ends, and those of a killed program
 * when the next one starts.
 * Constructors and destructors of an image run in the background thread, with all signals blocked.
 * On Windows a crash is an exception and reports name the matching signal, a hang is stopped only in the image's own
 * code, copies are in %LOCALAPPDATA%\vais-hot\PID, and the link is a named pipe: docs/platforms.md.
 *
 *
 * ENVIRONMENT
 *
 *   VAIS_HOT_NAME             the program's name; else that of its executable
 *   VAIS_HOT_LINK             the agent's socket; empty: none. Else see docs/link.md
 *   VAIS_HOT_GUARD=off        no guarded calls
 *   VAIS_HOT_DEADLINE         ms that a call in probation may take (3000)
 *   VAIS_HOT_PROBATION_CALLS  outermost calls until a version is confirmed (10)
 *   VAIS_HOT_PROBATION_MS     ms after which one is enough (500)
 *
 *
 * CONTENTS
 *
 *   1. What an image and the runtime say to each other
 *   2. What a program says to its runtime
 *   3. For generated code: thunks and safe points, with a whole example
 *   4. The program's interface
 *   5. For modules and programs that people write in C or C++
 */
#ifndef VAIS_HOT_H
#define VAIS_HOT_H

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 1. What an image and the runtime say to each other ------------------------------------------------------- */

/* Spelled out, never counted by the compiler; a change of any struct below raises it. */
#define HOT_ABI 1u

typedef void (*hot_address)(void);

/* A hot function of an image. `type` is the canonical form that contracts compare: "fn(*GameState, f64) -> i64". */
typedef struct hot_function {
    const char *name;
    const char *type;
    hot_address address;
} hot_function;

/* A global that the image uses. The runtime finds the program's global of this name and type, or makes it from
 * `initial` (zero bytes when null), and writes its address to `*slot` before any code of the image runs. */
typedef struct hot_global {
    const char *name;
    const char *type;
    unsigned long long size;  /* bytes */
    unsigned long long align; /* bytes, a power of two */
    void **slot;
    const void *initial;
} hot_global;

/* A foreign function that the image calls and that may live in the program itself. The runtime writes its address. */
typedef struct hot_foreign {
    const char *name;
    hot_address *slot;
} hot_foreign;

/* The runtime's functions, handed to each image on load. Only ever extended at the end. */
typedef struct hot_api {
    unsigned abi;  /* HOT_ABI of the runtime */
    unsigned size; /* sizeof(hot_api) of the runtime, in bytes */
    long long (*init)(const char *source);
    long long (*check)(void);
    long long (*reload)(void);
    long long (*version)(void);
    long long (*cleanup)(void);
    long long (*on_reload)(void (*callback)(long long version));
    const char *(*error)(void);
    int *(*line)(void); /* this thread's cell for the current source line */
    long long (*start)(const char *source);
    long long (*loop)(long long (*update)(void));
    long long (*state)(void *address, unsigned long long size);
} hot_api;

/* Exported by every image under the name `vais_hot_image`; the executable holds one for version 1 as a static. */
typedef struct hot_image {
    unsigned abi;           /* HOT_ABI */
    unsigned size;          /* sizeof(hot_image) in bytes, so that fields can be added at the end */
    const char *module;     /* "game" */
    const char *build_id;   /* 32 hex digits; reported from here, so from the code that is really loaded */
    const char *triple;     /* "x86_64-linux-gnu" */
    const char *contract;   /* NUL-terminated JSON records, as in the section `vais_contract` */
    unsigned long long contract_size; /* bytes, the last NUL included */
    unsigned tier;          /* 1 fast, 2 optimized */
    unsigned function_count;
    const hot_function *functions;
    unsigned global_count;
    unsigned foreign_count;
    const hot_global *globals;
    const hot_foreign *foreigns;
    const hot_api **api;    /* the runtime writes its table here before any code of the image runs; may be null */
} hot_image;

/* ---- 2. What a program says to its runtime --------------------------------------------------------------------- */

/* A foreign function that lives in the program: offered to images by name. */
typedef struct hot_offer {
    const char *name;
    hot_address address;
} hot_offer;

typedef struct hot_thread hot_thread;
typedef struct hot_site hot_site;

/* One hot module of the program. Static storage; the runtime keeps the address. The order of image->functions is the
 * order of the table's slots, for ever: later images are matched to it by name. */
typedef struct hot_module {
    unsigned abi;  /* HOT_ABI */
    unsigned size; /* sizeof(hot_module) in bytes */
    const hot_image *image; /* version 1; the slots of its globals already point to the program's storage */
    const hot_offer *offers;
    unsigned offer_count;
    hot_thread *(*thread)(void); /* this thread's state for this module */
    void *runtime; /* the runtime's own; null at start */
} hot_module;

/* ---- 3. For generated code: thunks and safe points --------------------------------------------------------------
 *
 * A program with one hot function, as `vaisc build` writes it. `update_game` is the thunk: everything outside the
 * image calls it, and its address is the one that may be kept. (tests/runtime/fixtures/program.c is this, whole.)
 *
 *   #include "hot.h"
 *   typedef struct GameState { long long x; long long y; } GameState;
 *
 *   static long long v1_update_game(GameState *state, double dt) { ... }             // version 1 of the body
 *
 *   static hot_module module_game;
 *   HOT_MODULE_THREAD(module_game, thread_game)                // defines: static hot_thread *thread_game(void)
 *
 *   struct call_update_game { long long result; GameState *state; double dt; };  // result first; none when void
 *   static long long tail_update_game(hot_address f, void *call) {
 *       struct call_update_game *c = (struct call_update_game *)call;
 *       return ((long long (*)(GameState *, double))f)(c->state, c->dt);
 *   }
 *   static void run_update_game(hot_address f, void *call) {
 *       ((struct call_update_game *)call)->result = tail_update_game(f, call);
 *   }
 *   static const hot_reach reach_update_game[] = {            // each pointer argument, and what it points to
 *       {HOT_OFFSET(struct call_update_game, state), sizeof(GameState)}};
 *   static const hot_site site_update_game = {0, 1, run_update_game, reach_update_game,    // slot, reaches (0: null)
 *                                             (hot_address)tail_update_game};
 *   HOT_SHORTCUT_AS(long long, short_update_game)
 *
 *   long long update_game(GameState *state, double dt) {      // the thunk
 *       hot_thread *t = thread_game();
 *       if (HOT_PLAIN(t)) {
 *           long long result;
 *           HOT_ENTER(t);
 *           result = ((long long (*)(GameState *, double))HOT_SLOT(t, 0))(state, dt);
 *           HOT_LEAVE(t);
 *           return result;
 *       }
 *       struct call_update_game c;
 *       c.state = state; c.dt = dt;
 *       if (HOT_SHORTCUT(t, long long))
 *           return HOT_BY_SHORTCUT(short_update_game, tail_update_game, t, 0, &site_update_game, &c);
 *       hot_call(&module_game, t, &site_update_game, &c);
 *       return c.result;
 *   }
 *
 *   static const hot_function functions_game[] = {
 *       {"update_game", "fn(*GameState, f64) -> i64", (hot_address)v1_update_game}};
 *   static const hot_image image_game = {HOT_ABI, sizeof(hot_image), "game", ...};
 *   static hot_module module_game = {HOT_ABI, sizeof(hot_module), &image_game, offers, 1, thread_game, 0};
 *   static hot_module *const modules[] = {&module_game};
 *
 *   int main(int argc, char **argv) {
 *       hot_program(argc, argv, modules, 1);
 *       for (;;) { hot_safe_point(); update_game(&state, 0.016); }
 *   }
 *
 * An image has no thunks: its hot functions call each other directly, and it reaches the runtime through
 * `hot_image.api` alone. Code of an image defines HOT_IMAGE before it includes this header.
 */
#if defined(__TINYC__) || defined(_WIN32)
#define HOT_NO_TLS 1 /* tcc has no thread-local storage, and mingw's is slow: the thread's state is looked up */
#else
#define HOT_TLS __thread
#endif

#if defined(__GNUC__) && !defined(__TINYC__)
#define HOT_LIKELY(x) __builtin_expect(!!(x), 1)
#define HOT_LOAD(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define HOT_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#else
#define HOT_LIKELY(x) (x)
#define HOT_LOAD(place) (place)
#define HOT_STORE(place, value) ((place) = (value))
#endif

#if defined(__GNUC__) && !defined(__TINYC__)
#define HOT_MAYBE __attribute__((unused))
#else
#define HOT_MAYBE
#endif

#if defined(_WIN32)
#define HOT_EXPORT __declspec(dllexport)
#elif defined(__GNUC__) && !defined(__TINYC__)
#define HOT_EXPORT __attribute__((visibility("default")))
#else
#define HOT_EXPORT
#endif

/* Before the definition of a function of a module: HOT void sim_step(Sim *sim, double dt) { ... }
 * The function is exported, kept by the linker and listed in the contract. Where a module marks none, all functions
 * that it exports are hot. How it is known again: it stands in a section of its own, `vais_hot`. */
#if defined(__APPLE__)
#define HOT_SECTION "__TEXT,__vais_hot"
#else
#define HOT_SECTION "vais_hot"
#endif
#if defined(__GNUC__) && !defined(__TINYC__)
#define HOT HOT_EXPORT __attribute__((used, noinline, section(HOT_SECTION)))
#else
#define HOT HOT_EXPORT
#endif

#if defined(__APPLE__)
#define HOT_CONTRACT __attribute__((used, section("__DATA,__vais_contract")))
#elif defined(_WIN32)
#define HOT_CONTRACT __attribute__((used, section(".vaisct")))
#else
#define HOT_CONTRACT __attribute__((used, section("vais_contract")))
#endif

/* musl does not name itself: it is a libc without the header that names glibc's version. */
#define HOT_LIBC "gnu"
#if defined(__linux__) && defined(__has_include)
#if __has_include(<stdio.h>) && !__has_include(<gnu/libc-version.h>)
#undef HOT_LIBC
#define HOT_LIBC "musl"
#endif
#endif

/* The triple that this code is compiled for. */
#if defined(_WIN32)
#define HOT_TRIPLE "x86_64-windows-gnu"
#elif defined(__APPLE__) && (defined(__aarch64__) || defined(__arm64__))
#define HOT_TRIPLE "aarch64-macos"
#elif defined(__APPLE__)
#define HOT_TRIPLE "x86_64-macos"
#elif defined(__aarch64__)
#define HOT_TRIPLE "aarch64-linux-" HOT_LIBC
#else
#define HOT_TRIPLE "x86_64-linux-" HOT_LIBC
#endif

#define HOT_OFFSET(type, field) ((unsigned)(unsigned long long)&((type *)0)->field)

/* One thread's state for one module. Zero bytes at start; what the macros below do not touch is the runtime's own. */
struct hot_thread {
    const hot_address *table; /* null: take the slow way, hot_call */
    unsigned depth;           /* hot calls of this module on this thread's stack */
    const hot_address *guarded; /* the table of a confirmed version whose calls are guarded */
    const hot_address *shortcut; /* the same, where the short way is open */
    const void *mark;         /* while such a call runs: where its stack frame is */
    const hot_site *site;     /* its call */
    int joined;
    int stays;                /* at this safe point, in the version that it is in */
    void *version;            /* in use */
    void *coming;             /* about to be */
    void *arrived;            /* the version whose swap this thread has done */
    unsigned long long pause; /* ns that the last swap took */
    unsigned long long returned; /* outermost calls that the version returned from */
    unsigned long long passes;   /* the same, as of the last safe point */
    unsigned long long checks;   /* safe points since the swap, in probation */
    unsigned slot;            /* of the last hot call */
    long system_id;
    void *self;               /* what the thread has for all modules */
    hot_module *module;
    hot_thread *next, **link; /* the module's threads */
    hot_thread *mine;         /* this thread's modules */
};

/* A pointer in a call's arguments: where it is in the call's struct, and the size of what it points to, in bytes.
 * In probation the runtime puts those bytes back when the call crashed. */
typedef struct hot_reach {
    unsigned offset;
    unsigned long long size;
} hot_reach;

/* A hot function as its thunk knows it: its slot, its pointer arguments. `run` calls `function` with the arguments in `call` and stores its result. */
struct hot_site {
    unsigned slot;
    unsigned reach_count;
    void (*run)(hot_address function, void *call);
    const hot_reach *reaches;
    hot_address tail; /* like `run`, but returns the result; for the short way, else null */
};

#ifndef HOT_IMAGE

/* A source that is program and module at once is compiled for the module with HOT_MODULE, as `vais-remote flags --module`
 * says: then these are the program's, where it exports them (-rdynamic), and null where it does not. */
#if defined(HOT_MODULE) && defined(__GNUC__) && !defined(_WIN32)
#define HOT_HOST __attribute__((weak))
#else
#define HOT_HOST
#endif

/* Once, first thing in main. Registers the modules (kept by address), starts the background thread, and sees to it
 * that the link says `bye` at exit. Not called: the program runs version 1 for ever. */
HOT_HOST void hot_program(int argc, char **argv, hot_module *const *modules, unsigned count);

/* The slow way of a thunk: the thread's first call, and every call that is guarded. */
void hot_call(hot_module *module, hot_thread *thread, const hot_site *site, void *call);

hot_thread *hot_thread_of(hot_module *module); /* where there is no thread-local storage */
long long hot_check_now(void);                 /* hot_check when there may be something new */
void hot_safe_point_now(void);

#ifdef HOT_NO_TLS
#define HOT_MODULE_THREAD(module, name) \
    static hot_thread *name(void) { return hot_thread_of(&(module)); }
#else
#define HOT_MODULE_THREAD(module, name) \
    static HOT_TLS hot_thread name##_state; \
    static hot_thread *name(void) { return &name##_state; }
#endif

/* The short way of a guarded call: hot_shortcut marks the place to come back to after a crash and calls `tail`, whose
 * result it leaves where it is, in registers. So it has a prototype of its own for each thunk, and takes no result that
 * comes in memory. */
#if defined(__x86_64__) && !defined(__ILP32__) && defined(__linux__) && defined(__GNUC__) && !defined(HOT_NO_TLS)
#define HOT_SHORTCUT_AS(R, name) R name(hot_address, void *, hot_thread *, const hot_site *) __asm__("hot_shortcut");
#define HOT_SHORTCUT(t, R) \
    (sizeof(R) <= 8 && __builtin_classify_type(*(R *)0) < 12 && (t)->shortcut != 0 && (t)->depth == 0)
#define HOT_BY_SHORTCUT(name, tail, t, number, site, call) \
    name((t)->shortcut[number], (call), (t), (site))
#else
#define HOT_SHORTCUT_AS(R, name)
#define HOT_SHORTCUT(t, R) 0
#define HOT_BY_SHORTCUT(name, tail, t, number, site, call) tail(0, (call))
#endif

#define HOT_PLAIN(t) HOT_LIKELY((t)->table != 0)
#define HOT_SLOT(t, number) (HOT_STORE((t)->slot, (number)), (t)->table[number])
/* A pair, in one block; ENTER declares a variable, so that LEAVE need not wait for what ENTER wrote. */
#define HOT_ENTER(t) \
    const unsigned hot_depth_before = (t)->depth; \
    HOT_STORE((t)->depth, hot_depth_before + 1)
#define HOT_LEAVE(t) HOT_STORE((t)->depth, hot_depth_before)

/* Counts publications; a thread that has seen the last one has nothing to do. */
extern volatile unsigned hot_published;
#ifdef HOT_NO_TLS
unsigned *hot_seen_of(void);
#define HOT_SEEN() (*hot_seen_of())
#else
extern HOT_TLS unsigned hot_seen;
#define HOT_SEEN() hot_seen
#endif

/* A safe point that the compiler puts at the head of a loop; moves this thread to the newest code. */
static inline void hot_safe_point(void) {
#ifndef HOT_MODULE /* below a hot function there is none */
    if (!HOT_LIKELY(HOT_LOAD(hot_published) == HOT_SEEN())) hot_safe_point_now();
#endif
}

/* ---- 4. The program's interface -------------------------------------------------------------------------------- */

/* A safe point. 1: this thread runs new code from now on. 0: nothing new, or called below a hot function, where no
 * code can be exchanged. Negative: a library was refused (-1) or reverted (-2); said once, hot_error() has the text. */
static inline long long hot_check(void) {
#ifdef HOT_MODULE
    return 0; /* below a hot function */
#else
    return HOT_LIKELY(HOT_LOAD(hot_published) == HOT_SEEN()) ? 0 : hot_check_now();
#endif
}

/* Follows the library beside `source` ("./game.vais" -> "./libgame.so") as long as no agent says what to load.
 * 0, or negative with hot_error(). */
HOT_HOST long long hot_init(const char *source);
/* The same: the guide's higher-level name. */
HOT_HOST long long hot_start(const char *source);
/* For a program that calls neither hot_init nor hot_start; vaisc calls it there. Follows the library of each module beside
 * the executable as long as there is no agent. Not where anybody may put files, as in /tmp. */
HOT_HOST void hot_beside(void);
/* Calls `update` for ever with a safe point before each call, until it returns other than 0; returns that. */
HOT_HOST long long hot_loop(long long (*update)(void));
/* Looks for a new library now and waits until it is loaded. Returns what hot_check() returns. */
HOT_HOST long long hot_reload(void);
/* The version this thread runs: 1 for the code the program started with. With several modules, the highest. */
HOT_HOST long long hot_version(void);
/* Stops following libraries and the agent; the code that runs stays. 0. */
HOT_HOST long long hot_cleanup(void);
/* `callback` is called at the safe point, by the first thread that runs a new version; null takes it away. 0, or
 * negative for a function of an image that is not hot: it would be gone when it is called. */
HOT_HOST long long hot_on_reload(void (*callback)(long long version));
/* How new code is guarded. Zero means the default, which the environment may change (in parentheses). */
typedef struct hot_guard_options {
    long long probation_calls; /* outermost calls until a version is confirmed: 10 (VAIS_HOT_PROBATION_CALLS), */
    long long probation_ms;    /* or, after one call, ms until then: 500 (VAIS_HOT_PROBATION_MS) */
    long long deadline_ms;     /* what a call in probation may take at most, in ms: 3000 (VAIS_HOT_DEADLINE) */
    int off;                   /* no guard at all: calls cost less, a crash is a crash (VAIS_HOT_GUARD=off) */
} hot_guard_options;

/* For versions that come from now on. 0. */
HOT_HOST long long hot_guard(const hot_guard_options *options);
/* Registers memory that an undone call puts back; the same address again changes the size, size 0 takes it away. */
HOT_HOST long long hot_state(void *address, unsigned long long size);
/* The text of the last error, or "". Valid until the next call of a hot_ function on this thread. */
HOT_HOST const char *hot_error(void);
/* This thread's cell for the current source line. */
HOT_HOST int *hot_line(void);

/* Modules that are plain libraries: in place of dlopen, dlsym and dlclose. Nothing has to be in the library; HOT before
 * a function (section 3) says which ones are meant.
 *
 *   hot_module *sim = hot_open("sim", "./libsim.so");
 *   void (*step)(Sim *, double) = (void (*)(Sim *, double))hot_symbol(sim, "sim_step");
 *   for (;;) { hot_check(); step(&state, 0.016); }
 *
 * What hot_symbol returns is an address that stays, and always leads to the code that this thread runs: it may be kept
 * and given to others. Any arguments, results, exceptions and longjmp go through it. Without an agent the library at
 * that path is followed.
 * A library may export int hot_before_swap(void) and int hot_after_swap(void): the first runs in the old code, the second in
 * the new one, at the safe point of the first thread that moves; the others move when both have returned. One that crashes
 * or returns other than 0 takes the new version back.
 * Version 1 of the library stays loaded as long as the program runs. A module that is opened once more is the same one.
 * gcc or clang on x86-64 Linux. A program with modules linked in calls hot_program first. */

/* Versions are pushed under the name; null: that of the file, "count" of "./libcount.so".
 * Null, with hot_error(): the library cannot be opened. It opens a private copy, unless only the library itself can be
 * opened, which must not be overwritten then but replaced. */
HOT_HOST hot_module *hot_open(const char *name, const char *path);
/* The address of a function of the module, for ever; null, with hot_error(): the version that runs exports none of that name.
 * C++ and Rust: the name as it is written, "sim::step", with its arguments where there are several: "sim::step(Sim*)". */
HOT_HOST void *hot_symbol(hot_module *module, const char *name);
/* A function of the module that is declared in this source: HOT_CALL(sim, sim_step)(&state, 0.016) */
#ifdef __cplusplus
#define HOT_CALL(module, function) ((decltype(&function))hot_needed((module), #function))
#else
#define HOT_CALL(module, function) ((__typeof__(&function))hot_needed((module), #function))
#endif
/* hot_symbol for those who cannot go on without: says on standard error what is missing, and ends the program. */
HOT_HOST void *hot_needed(hot_module *module, const char *name);
/* What dlclose is. The module's code stays, as somebody may still call it. 0, or negative: it was not open. */
HOT_HOST long long hot_close(hot_module *module);

#endif /* HOT_IMAGE */

/* ---- 5. For modules and programs that people write in C or C++ ---------------------------------------------------
 *
 * A header that both sides include says what the module is. A struct is told with its size and alignment, and its
 * fields with their offsets; the compiler checks each figure. The types are the words of Vais: i64, f64, *Thing. The
 * order of the functions is the order of the slots, and stays.
 *
 *   // thing.h, with a guard against being included twice
 *   typedef struct Thing { long long x; double speed; } Thing;
 *   #define THING_FUNCTIONS(F) F(thing_step, "fn(*Thing, f64) -> i64") F(thing_x, "fn(*Thing) -> i64")
 *   #define THING_STRUCTS(STRUCT, FIRST, NEXT, END) \
 *       STRUCT(Thing, 16, 8) FIRST(Thing, x, "i64", 0) NEXT(Thing, speed, "f64", 8) END
 *
 * The module. HOT_BUILD is 32 hex digits that differ for different code:
 *   cc -shared -fPIC -DHOT_BUILD=$(cat thing.h thing.c | sha256sum | head -c 32) thing.c -o libthing.so
 *
 *   // thing.c
 *   #define HOT_IMAGE
 *   #include "hot.h"
 *   #include "thing.h"
 *   static long long thing_step(Thing *thing, double dt) { ... }
 *   static long long thing_x(Thing *thing) { ... }
 *   HOT_MODULE_IMAGE(thing, "thing.c", THING_FUNCTIONS, THING_STRUCTS)
 *
 * The program. It has version 1 of the functions inside, by including the module's source without HOT_IMAGE, under
 * other names, and calls them by their thunks:
 *   cc -DHOT_BUILD=$(cat thing.h thing.c | sha256sum | head -c 32) program.c runtime/?*.c -lpthread -ldl -lm
 *
 *   // program.c
 *   #include "hot.h"
 *   #include "thing.h"
 *   #define thing_step HOT_FIRST(thing_step)
 *   #define thing_x HOT_FIRST(thing_x)
 *   #include "thing.c"
 *   #undef thing_step
 *   #undef thing_x
 *   HOT_MODULE_PROGRAM(thing)
 *   HOT_THUNK2(thing, 0, long long, thing_step, Thing *, double)   // slot, result, name, types of the arguments
 *   HOT_THUNK1(thing, 1, long long, thing_x, Thing *)
 *   static hot_module *const modules[] = {&HOT_MODULE_OF(thing)};
 *   int main(int argc, char **argv) { hot_program(argc, argv, modules, 1); hot_state(&thing, sizeof thing); ... }
 *
 * A thunk returns a value; a hot function with nothing to return returns 0. What its arguments point to is put back by
 * an undone call only if it was registered with hot_state. (tests/runtime/fixtures/thing* is this, whole.)
 */
#define HOT_TEXT_(x) #x
#define HOT_TEXT(x) HOT_TEXT_(x)
#define HOT_FIRST(name) hot_v1_##name
#ifdef __cplusplus
#define HOT_HOLDS(test) static_assert(test, #test);
#define HOT_ALIGN_(name) alignof(name)
#else
#define HOT_HOLDS(test) _Static_assert(test, #test);
#define HOT_ALIGN_(name) (sizeof(struct { char before; name it; }) - sizeof(name))
#endif

#define HOT_FUNCTION_(name, type) {#name, type, (hot_address)name},
#define HOT_FUNCTION_RECORD_(name, type) "{\"record\":\"function\",\"name\":\"" #name "\",\"type\":\"" type "\"}\0"
#define HOT_FIELD_(field, type, offset) "{\"name\":\"" #field "\",\"type\":\"" type "\",\"offset\":" #offset "}"
#define HOT_STRUCT_RECORD_(name, size, align) \
    "{\"record\":\"struct\",\"name\":\"" #name "\",\"size\":" #size ",\"align\":" #align ",\"held\":true,\"fields\":["
#define HOT_FIRST_FIELD_(name, field, type, offset) HOT_FIELD_(field, type, offset)
#define HOT_NEXT_FIELD_(name, field, type, offset) "," HOT_FIELD_(field, type, offset)
#define HOT_STRUCT_END_ "]}\0"
#define HOT_STRUCT_CHECK_(name, size, align) \
    HOT_HOLDS(sizeof(name) == size) HOT_HOLDS(HOT_ALIGN_(name) == align)
#define HOT_FIELD_CHECK_(name, field, type, offset) HOT_HOLDS(HOT_PLACE_(name, field) == offset)
#if defined(__GNUC__) && !defined(__TINYC__)
#define HOT_PLACE_(name, field) __builtin_offsetof(name, field)
#else
#define HOT_PLACE_(name, field) ((unsigned long long)&((name *)0)->field)
#endif
#define HOT_NOTHING_

/* The contract, the table, and the image: exported by an image, a static of the program. */
#define HOT_STATE_(module, source, FUNCTIONS, STRUCTS, linkage, image, api) \
    STRUCTS(HOT_STRUCT_CHECK_, HOT_FIELD_CHECK_, HOT_FIELD_CHECK_, HOT_NOTHING_) \
    HOT_CONTRACT static const char hot_contract_##module[] = \
        "{\"record\":\"module\",\"format\":1,\"name\":\"" #module "\",\"triple\":\"" HOT_TRIPLE "\",\"build\":\"" \
        HOT_TEXT(HOT_BUILD) "\",\"tier\":\"optimized\",\"compiler\":\"C\",\"source\":\"" source "\"}\0" \
        FUNCTIONS(HOT_FUNCTION_RECORD_) \
        STRUCTS(HOT_STRUCT_RECORD_, HOT_FIRST_FIELD_, HOT_NEXT_FIELD_, HOT_STRUCT_END_); \
    static const hot_function hot_functions_##module[] = {FUNCTIONS(HOT_FUNCTION_)}; \
    linkage const hot_image image = { \
        HOT_ABI, sizeof(hot_image), #module, HOT_TEXT(HOT_BUILD), HOT_TRIPLE, hot_contract_##module, \
        sizeof hot_contract_##module, 2, sizeof hot_functions_##module / sizeof hot_functions_##module[0], \
        hot_functions_##module, 0, 0, 0, 0, api};

#ifdef HOT_IMAGE
/* The runtime's functions, for code of an image: hot_runtime->version(). */
HOT_MAYBE static const hot_api *hot_runtime;
#ifdef __cplusplus
#define HOT_MODULE_IMAGE(module, source, FUNCTIONS, STRUCTS) \
    HOT_STATE_(module, source, FUNCTIONS, STRUCTS, extern "C" HOT_EXPORT, vais_hot_image, &hot_runtime)
#else
#define HOT_MODULE_IMAGE(module, source, FUNCTIONS, STRUCTS) \
    HOT_STATE_(module, source, FUNCTIONS, STRUCTS, HOT_EXPORT, vais_hot_image, &hot_runtime)
#endif
#else
HOT_MAYBE static const hot_api *hot_runtime;
#define HOT_MODULE_IMAGE(module, source, FUNCTIONS, STRUCTS) \
    HOT_STATE_(module, source, FUNCTIONS, STRUCTS, static, hot_image_##module, &hot_runtime)
#define HOT_MODULE_OF(module) hot_module_##module
#define HOT_MODULE_PROGRAM(module) \
    extern hot_module hot_module_##module; \
    HOT_MODULE_THREAD(hot_module_##module, hot_thread_##module) \
    hot_module hot_module_##module = { \
        HOT_ABI, sizeof(hot_module), &hot_image_##module, 0, 0, hot_thread_##module, 0};

#define HOT_THUNK_(module, number, R, name, PARAMETERS, TYPES, GIVEN, KEPT, FIELDS, SET) \
    struct hot_call_##name { R result; FIELDS }; \
    static R hot_tail_##name(hot_address f, void *call) { \
        struct hot_call_##name *c = (struct hot_call_##name *)call; \
        (void)c; \
        return ((R (*) TYPES)f) KEPT; \
    } \
    static void hot_run_##name(hot_address f, void *call) { \
        ((struct hot_call_##name *)call)->result = hot_tail_##name(f, call); \
    } \
    static const hot_site hot_site_##name = {number, 0, hot_run_##name, 0, (hot_address)hot_tail_##name}; \
    HOT_SHORTCUT_AS(R, hot_short_##name) \
    R name PARAMETERS { \
        hot_thread *t = hot_thread_##module(); \
        struct hot_call_##name c; \
        if (HOT_PLAIN(t)) { \
            R result; \
            HOT_ENTER(t); \
            result = ((R (*) TYPES)HOT_SLOT(t, number)) GIVEN; \
            HOT_LEAVE(t); \
            return result; \
        } \
        SET \
        if (HOT_SHORTCUT(t, R)) \
            return HOT_BY_SHORTCUT(hot_short_##name, hot_tail_##name, t, number, &hot_site_##name, &c); \
        hot_call(&hot_module_##module, t, &hot_site_##name, &c); \
        return c.result; \
    }
#define HOT_THUNK0(module, slot, R, name) \
    HOT_THUNK_(module, slot, R, name, (void), (void), (), (), char none;, c.none = 0;)
#define HOT_THUNK1(module, slot, R, name, T1) \
    HOT_THUNK_(module, slot, R, name, (T1 a1), (T1), (a1), (c->a1), T1 a1;, c.a1 = a1;)
#define HOT_THUNK2(module, slot, R, name, T1, T2) \
    HOT_THUNK_(module, slot, R, name, (T1 a1, T2 a2), \
               (T1, T2), (a1, a2), \
               (c->a1, c->a2), T1 a1; T2 a2;, \
               c.a1 = a1; c.a2 = a2;)
#define HOT_THUNK3(module, slot, R, name, T1, T2, T3) \
    HOT_THUNK_(module, slot, R, name, (T1 a1, T2 a2, T3 a3), \
               (T1, T2, T3), (a1, a2, a3), \
               (c->a1, c->a2, c->a3), T1 a1; T2 a2; T3 a3;, \
               c.a1 = a1; c.a2 = a2; c.a3 = a3;)
#define HOT_THUNK4(module, slot, R, name, T1, T2, T3, T4) \
    HOT_THUNK_(module, slot, R, name, (T1 a1, T2 a2, T3 a3, T4 a4), \
               (T1, T2, T3, T4), (a1, a2, a3, a4), \
               (c->a1, c->a2, c->a3, c->a4), T1 a1; T2 a2; T3 a3; T4 a4;, \
               c.a1 = a1; c.a2 = a2; c.a3 = a3; c.a4 = a4;)
#define HOT_THUNK5(module, slot, R, name, T1, T2, T3, T4, T5) \
    HOT_THUNK_(module, slot, R, name, (T1 a1, T2 a2, T3 a3, T4 a4, T5 a5), \
               (T1, T2, T3, T4, T5), (a1, a2, a3, a4, a5), \
               (c->a1, c->a2, c->a3, c->a4, c->a5), T1 a1; T2 a2; T3 a3; T4 a4; T5 a5;, \
               c.a1 = a1; c.a2 = a2; c.a3 = a3; c.a4 = a4; c.a5 = a5;)
#define HOT_THUNK6(module, slot, R, name, T1, T2, T3, T4, T5, T6) \
    HOT_THUNK_(module, slot, R, name, (T1 a1, T2 a2, T3 a3, T4 a4, T5 a5, T6 a6), \
               (T1, T2, T3, T4, T5, T6), (a1, a2, a3, a4, a5, a6), \
               (c->a1, c->a2, c->a3, c->a4, c->a5, c->a6), T1 a1; T2 a2; T3 a3; T4 a4; T5 a5; T6 a6;, \
               c.a1 = a1; c.a2 = a2; c.a3 = a3; c.a4 = a4; c.a5 = a5; c.a6 = a6;)
#endif /* HOT_IMAGE */

#ifdef __cplusplus
}
#endif
#endif
