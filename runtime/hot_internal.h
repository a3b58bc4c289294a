/* hot_internal.h: the words the runtime's files share. Nothing here is for programs or images.
 *
 * Who may touch what:
 *   - a program's thread touches its own hot_thread, reads module->published, and nothing else of the runtime; it
 *     does no I/O, takes no lock and allocates nothing, except when it joins, ends, or calls a function that says so;
 *   - everything else belongs to the background thread, which alone loads, publishes, unloads and talks;
 *   - the lock (os.h) guards the lists of threads, and what the few waiting calls exchange with the background thread.
 */
#ifndef VAIS_HOT_INTERNAL_H
#define VAIS_HOT_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "hot.h"

#include "os.h"

#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

#define HOTI_RUNTIME "0.1.0"

/* Modules that a program may open by hot_open, over those that it was built with. */
#define HOTI_NATIVE_MODULES 64
#define HOTI_NATIVE_SLOTS 4096 /* functions of one such module that the program asked for */

/* ---- atomics: gcc's, or on tcc (x86 only, never reorders) plain accesses and a few instructions ---- */
#if defined(__TINYC__)
#define HOTI_GET(place) (*(volatile __typeof__(place) *)&(place))
#define HOTI_SET(place, value) (*(volatile __typeof__(place) *)&(place) = (value))
#define HOTI_SET_FIRST(place, value) (HOTI_SET(place, value), hoti_fence())
#define HOTI_GET_AFTER(place) HOTI_GET(place)
static inline void hoti_fence(void) { __asm__ __volatile__("lock; addl $0,(%%rsp)" ::: "memory"); }
static inline unsigned hoti_swap(unsigned *place, unsigned value) {
    __asm__ __volatile__("xchgl %0,%1" : "+r"(value), "+m"(*place) : : "memory");
    return value;
}
#else
#define HOTI_GET(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define HOTI_SET(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
/* A write and a read of two places by which two threads see each other: at least one sees what the other wrote. */
#define HOTI_SET_FIRST(place, value) __atomic_store_n(&(place), (value), __ATOMIC_SEQ_CST)
#define HOTI_GET_AFTER(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
static inline unsigned hoti_swap(unsigned *place, unsigned value) {
    return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}
#endif

#if defined(__GNUC__) && !defined(__TINYC__)
#if defined(_WIN32)
#define HOTI_PRINTF(text, first) __attribute__((format(gnu_printf, text, first))) /* mingw's own, by _GNU_SOURCE */
#else
#define HOTI_PRINTF(text, first) __attribute__((format(printf, text, first)))
#endif
#else
#define HOTI_PRINTF(text, first)
#endif

/* What the assembly takes for granted. */
#ifdef __cplusplus
#define HOTI_HOLDS(test) static_assert(test, #test)
#else
#define HOTI_HOLDS(test) _Static_assert(test, #test)
#endif

/* For code that reads stacks as they are, which sanitizers take for a mistake. */
#if defined(__GNUC__) && !defined(__TINYC__)
#define HOTI_RAW __attribute__((no_sanitize_address, no_sanitize_thread, noinline))
#else
#define HOTI_RAW
#endif

/* ---- errors ---- */
struct hoti_error {
    const char *code; /* a name of the table in common/error.ts; null: no error */
    char text[1024];
};

/* Returns 0, so that `return hoti_fail(...)` reads well in functions that return a success flag or a pointer. */
int hoti_fail(hoti_error *error, const char *code, const char *format, ...) HOTI_PRINTF(3, 4);

/* ---- line.c: the link's line format ---- */
enum { HOTI_LINE_MAX = 65536, HOTI_PAIRS_MAX = 64 };

typedef struct hoti_line {
    char *verb;
    unsigned count;
    struct { char *key, *value; } pairs[HOTI_PAIRS_MAX];
} hoti_line;

/* A growing buffer of lines to be sent. */
typedef struct hoti_text {
    char *bytes;
    size_t length, room;
    int failed; /* memory ran out; what follows is dropped */
} hoti_text;

int hoti_line_parse(hoti_line *line, char *text, size_t length);
const char *hoti_line_get(const hoti_line *line, const char *key);
int hoti_line_number(const hoti_line *line, const char *key, hoti_u64 *number);
void hoti_text_verb(hoti_text *out, const char *verb);
void hoti_text_pair(hoti_text *out, const char *key, const char *value);
void hoti_text_bytes(hoti_text *out, const char *key, const char *value, size_t length);
void hoti_text_number(hoti_text *out, const char *key, hoti_u64 number);
void hoti_text_end(hoti_text *out);
void hoti_text_lines(hoti_text *out, const hoti_text *lines);
void hoti_text_free(hoti_text *out);

/* ---- sha256.c ---- */
typedef struct hoti_sha256 {
    unsigned state[8];
    hoti_u64 length;
    unsigned char block[64];
} hoti_sha256;

void hoti_sha256_begin(hoti_sha256 *hash);
void hoti_sha256_add(hoti_sha256 *hash, const void *bytes, size_t count);
void hoti_sha256_end(hoti_sha256 *hash, char hex[65]);

/* ---- the modules and their versions ---- */
typedef struct hoti_module hoti_module;
typedef struct hoti_native hoti_native; /* native.h */
typedef struct hoti_list hoti_list; /* statics.h */

enum hoti_state { HOTI_LOADED, HOTI_PROBATION, HOTI_CONFIRMED, HOTI_FAILED };

/* A global the program holds for its images. */
typedef struct hoti_global {
    struct hoti_global *next;
    const char *name, *type; /* in the same allocation */
    hoti_u64 size;
    void *address;
    unsigned users; /* versions in memory that are bound to it */
    int kept;       /* for ever: a call of a version that uses it has returned, or it is the program's own */
    int settled;    /* its type, too: such a version was confirmed */
} hoti_global;

/* One version: immutable once published, but for `state`. */
typedef struct hoti_version {
    struct hoti_version *next; /* all that are in memory, newest first */
    hoti_module *module;
    hoti_u64 number;
    char nonce[64]; /* of the load to answer; empty: nobody asked */
    char asked[64]; /* the last such nonce, of this connection or not: for what must be said in any case */
    char digest[65]; /* "-" for the code the program started with */
    const hot_image *image;
    void *handle; /* null for the code the program started with */
    void *described; /* the hot_image that native_image.c wrote for it; null: the image brought its own */
    char *path;   /* of the private copy */
    hoti_list *list; /* of a native module: its variables, and what leads to them; null: the image brought none */
    size_t origin;    /* where it is mapped; 0: it is the program's own code */
    size_t base, end; /* its code is between these */
    const char *resident; /* why it is never unloaded; null: it is */
    hoti_global **bound;
    unsigned bound_count;
    unsigned state;     /* enum hoti_state */
    int tabled;         /* of a native module: its table is complete; under the lock */
    unsigned group;     /* of versions that were published together; 0: alone */
    unsigned guarded;   /* calls are guarded although it is confirmed */
    hot_address before, after; /* hot_before_swap and hot_after_swap; null: it has none */
    unsigned hooking;   /* 1: a thread runs them just now, 2: they have run */
    unsigned announced; /* the callback of hot_on_reload was called for it */
    unsigned ran;       /* an outermost call of it has returned: what it did stays; its threads write it */
    hoti_u64 loaded_at, swapped_at; /* ns; loaded_at is 0 until it is published */
    hot_address table[]; /* one a slot, in the order of the program's own image */
} hoti_version;

struct hoti_module {
    hot_module *given;
    hoti_native *native; /* null: its images bring a table and a contract of their own */
    struct hoti_statics *statics; /* of a native module: the variables of all versions; null: not looked for yet */
    const char *name;
    char source[256];
    unsigned index;
    hoti_u64 number;         /* of the published version; atomic, for threads that hold none */
    hoti_u64 highest;        /* number that a version was published with: none that may have run is given twice */
    hoti_version *published; /* what threads move to; atomic */
    hoti_version *running;   /* every thread has moved to it */
    hoti_version *pending;   /* published, and some thread has not moved to it yet; null: none */
    hoti_version *good;      /* the last that was confirmed: what a failure falls back to */
    hoti_version *previous;  /* the one before: parked, its file kept and its library unloaded; or null */
    hoti_version *versions;
    hoti_global *globals;
    hot_thread *threads; /* under the lock */
    int stale;           /* a version is in memory only because a thread has not left it yet */
    int waiting_said;    /* the threads that hold the pending version back were named */
};

/* One guarded call, on its thread's stack. The handler of a signal reads and writes it, on the same thread. */
enum hoti_phase { HOTI_SAVING, HOTI_RUNNING, HOTI_RESTORING };
enum { HOTI_FRAMES = 16 };

typedef struct hoti_crash {
    int signal;    /* 0 with `hung` */
    int hung;      /* stopped by the deadline */
    int line;      /* of the source, 0: not known */
    void *address; /* that could not be accessed */
    size_t stack;  /* the stack pointer where it came */
    int result;    /* of a hook that refused; signal is 0 then */
    int outside;   /* it came in code of a library or of the program, not of the image */
    size_t frames[HOTI_FRAMES]; /* code addresses, innermost first */
    unsigned frame_count;
} hoti_crash;

/* gcc's own setjmp saves three words where libc's saves all and hides them: a guarded call is hardly more than a call.
 * Sanitizers know only libc's. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HOTI_SANITIZED 1
#endif
#endif
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__TINYC__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(HOTI_SANITIZED)
#define HOTI_QUICK 1
typedef void *hoti_jump[5];
#define HOTI_MARK(jump) __builtin_setjmp((void **)(jump))
#else
typedef jmp_buf hoti_jump;
#define HOTI_MARK(jump) _setjmp(*(hoti_jump *)&(jump))
#endif

struct hoti_guard {
    hoti_jump jump;
    volatile int armed;
    volatile int phase; /* enum hoti_phase */
    int defers;         /* what it frees is freed when it has returned */
    const void *end;    /* where the call's frame is: what it runs on is below */
    void *context;      /* of a call through a stub, where the way back is its landing; null: it is `jump` */
    struct hoti_guard *outer;
    const hoti_version *version;
    hoti_caught caught;
    hoti_crash crash;
};

/* Calls of a confirmed version that may crash take the short way of shortcut.c, where there is assembly for it. */
#if defined(HOTI_QUICK) && defined(__linux__) && !defined(__ILP32__) && !defined(HOT_NO_TLS)
#define HOTI_SHORTCUT 1
#endif

/* Stubs of native.h: the same, and they need no signature. */
#ifdef HOTI_SHORTCUT
#define HOTI_STUBS_HERE 1
#endif

/* A thread's state beyond a single module. */
struct hoti_self {
    hot_thread *joined; /* this thread's states, linked by `mine` */
    hoti_guard *guard;  /* the innermost guarded call */
    unsigned turn;      /* odd while an outermost call runs that the deadline holds for; another number each time */
    unsigned watched;   /* the turn that the background thread saw last, */
    hoti_u64 since;     /* and when it saw it first, ns */
    unsigned stop;      /* the turn that the background thread asks the handler to stop; 0: none */
    unsigned tries;     /* how often the handler came while the call was in somebody else's code */
    size_t chaining;    /* where on the stack we called a handler of the program; 0: not */
    hoti_thread_handle thread;
    void *stack;        /* for signal handlers, ours; null: the thread has its own */
    char *saved;        /* what undone calls put back */
    size_t saved_room, saved_used;
    int line;
    size_t stack_start, stack_end; /* of the thread; 0: not asked for yet */
    void **freed;       /* by calls that may still be undone */
    size_t freed_count, freed_room;
    int jumping; /* out of a handler, back to a call that crashed */
    int listed; /* the thread's end will be seen */
    void *probing; /* the jmp_buf of heap_posix.c, while it finds out whether malloc can still be used */
    hoti_caught caught; /* of a crash on the short way */
    hoti_crash crash;
    char error[256];
};

typedef struct hoti_load_order {
    hoti_u64 number;
    const char *nonce;
    const char *digest; /* null: not checked (local mode) */
    const char *path;   /* null: the code the program started with */
    const char *build;  /* null: any */
    const char *unless; /* a build that need not be loaded; null: none */
} hoti_load_order;

/* ---- module.c: registry, tables, swap ---- */
extern hoti_module *hoti_modules;
extern unsigned hoti_module_count;

int hoti_module_register(hot_module *const *modules, unsigned count);
hoti_module *hoti_module_add(hot_module *given, hoti_native *native);
unsigned hoti_module_slots(const hoti_module *module);
hoti_module *hoti_module_named(const char *name);
hoti_version *hoti_version_make(hoti_module *module, const hoti_load_order *order);
void hoti_version_free(hoti_version *version);
void hoti_publish(hoti_version *const *versions, unsigned count);
extern unsigned hoti_sequence; /* odd while something is being published */
void hoti_cancel(hoti_module *module, const char *nonce);
void hoti_settle(void);
void hoti_settle_swaps(void); /* that alone: nothing is confirmed or unloaded */
void hoti_revert(hoti_module *module, hoti_version *failed);
hoti_u64 hoti_settle_wait(hoti_u64 now);

/* ---- native.c: modules that the program opens by hot_open; their own words are in native.h ---- */
void hoti_native_own(hoti_version *version); /* which is version 1's code */
int hoti_native_describe(hoti_version *version, const char *digest, hoti_error *error);
int hoti_native_table(hoti_version *version, hoti_error *error);
const char *hoti_native_file(const hoti_module *module); /* that version 1 was opened from */
const char *hoti_native_first(const hoti_module *module, void **library); /* the same, and the loader's handle */
hot_thread *hoti_native_here(const hoti_module *module);
hot_thread *hoti_native_join(hoti_module *module); /* null: no memory */
void hoti_native_use(hot_thread *thread);          /* after its tables have changed */
void hoti_native_end(hot_thread *thread);
size_t hoti_native_mark(const hot_thread *thread); /* where its outermost call's frame is, while that is guarded; or 0 */
void hoti_freed_settle(hoti_self *self, size_t from, int undone);
unsigned hoti_native_slot(const hot_thread *thread);
unsigned hoti_native_depth(const hot_thread *thread);
void hoti_native_crashed(const hoti_crash *crash, const void *end);
void *hoti_native_context(const hot_thread *thread);
size_t hoti_stub_return(const void *context); /* the stack pointer to come back with after a crash */
void hot_stub_landing(void);

/* ---- statics.c: variables of plain libraries keep value and address ---- */
int hoti_statics_bind(hoti_version *version, hoti_error *error); /* -1: too far from where they are; 0: refused */
void hoti_statics_begin(hoti_module *module);                    /* version 1 was opened */
void *hoti_statics_open(hoti_version *version, hoti_error *error); /* its library, within reach of the variables */
const char *hoti_statics_keep(const hoti_version *version);      /* why it has to stay loaded; null: it can go */
void hoti_statics_end(hoti_version *version, int stays);

/* ---- load.c, bind.c, copy.c: from a file to a version ---- */
hoti_version *hoti_load(hoti_module *module, const hoti_load_order *order, hoti_error *error);
void hoti_park(hoti_version *version);
int hoti_unpark(hoti_version *version);
int hoti_unload(hoti_version *version);
hoti_u64 hoti_contract_size(const hot_image *image, const char *name, size_t length);
const char *hoti_contract_function(const hot_image *image, const char *name, size_t *length);
int hoti_contract_check(const hot_image *old, const hot_image *image, hoti_error *error);
int hoti_bind_own(hoti_module *module);
int hoti_bind_builtin(hoti_version *version, hoti_error *error);
int hoti_bind(hoti_version *version, hoti_error *error);
int hoti_bind_again(hoti_version *version, hoti_error *error);
void hoti_bind_keep(hoti_version *version);
void hoti_bind_undo(hoti_version *version);
char *hoti_copy(const char *module, const hoti_load_order *order, char digest[65], hoti_error *error);
int hoti_digest(const char *path, char digest[65]);
void hoti_copies_sweep(void);
void hoti_copies_remove(void);
void hoti_copies_forget(void);

/* ---- thread.c: the threads of the program ---- */
hoti_self *hoti_self_get(void);
unsigned hoti_depth(const hot_thread *thread); /* hot calls of its module on the thread's stacks; of a thread that has joined */
hot_thread *hoti_here(hoti_module *module); /* this thread's state for it; of one that never called it, an empty one */
hoti_self *hoti_self_peek(void); /* null: this thread has none yet; for signal handlers */
hot_thread *hoti_thread_join(hoti_module *module, hot_thread *thread); /* the state that it has from now on */
void hoti_threads_forget(void);
int hoti_thread_start(void);
unsigned *hoti_thread_seen(void);
void hoti_thread_use(hot_thread *thread, hoti_version *version);

/* ---- program.c: the background thread ---- */
hoti_u64 hoti_now(void); /* ns, monotonic */
const char *hoti_program_name(void);
int hoti_begin(int argc, char **argv, hot_module *const *modules, unsigned count); /* 0: cannot be set up */
extern unsigned hoti_is_child; /* this process has no background thread: a fork, most often */

/* ---- link.c: the line to the agent ---- */
void hoti_link_begin(void);
int hoti_link_sends(void); /* writes; whether something is left to be written */
void hoti_link_step(int ready, hoti_u64 now);
hoti_u64 hoti_link_wait(hoti_u64 now); /* ns until a step is due */
void hoti_link_end(void);
void hoti_link_forget(void);
void hoti_link_renew(void); /* says hello again, as another module is there; any thread */
hoti_text *hoti_link_out(void); /* null: not connected */

/* ---- report.c: what the program says ---- */
void hoti_report_hello(hoti_text *out);
void hoti_report_state(void); /* when it is another than was said */
void hoti_report_loaded(const hoti_version *version, hoti_u64 ns);
void hoti_report_swapped(const hoti_version *version, hoti_u64 ns);
void hoti_report_confirmed(const hoti_version *version);
void hoti_report_waiting(const hoti_version *version, const hot_thread *thread);
void hoti_report_reverted_too(const hoti_version *version, const hoti_version *failed);
void hoti_report_reverted(const hoti_version *version, unsigned slot, const hoti_crash *crash, int undone);
void hoti_report_superseded(const hoti_version *version);
void hoti_report_refused(const char *module, const hoti_load_order *order, const hoti_error *error);

/* ---- order.c: what the agent asks for ---- */
int hoti_order_load(hoti_module *module, const hoti_load_order *order, hoti_error *error);
void hoti_order_line(const hoti_line *line);

/* ---- check.c: images are tried in a process of their own, before the agent hands them over ---- */
int hoti_check_can(void); /* 0: not on this system */
void hoti_check_ask(const hoti_line *line);
void hoti_check_step(hoti_u64 now);
hoti_u64 hoti_check_wait(hoti_u64 now);
void hoti_check_watch(hoti_watch *watch);
void hoti_check_drop(void);
void hoti_check_forget(void);
void hoti_order_lost(void); /* the connection is gone */
int hoti_order_given(void); /* the agent says what to run: local mode is off */

/* ---- group.c: modules that are pushed together ---- */
#define HOTI_TOGETHER 16 /* at most so many */
hoti_version *hoti_order_prepare(hoti_module *module, const hoti_load_order *order, hoti_error *error);
void hoti_group_add(const char *name, hoti_u64 size, hoti_version *version); /* null: that one runs already */
int hoti_group_failed(const char *name, hoti_error *error);
void hoti_group_fail(const char *name, const hoti_module *refused, const hoti_error *error);
int hoti_group_cancel(const hoti_module *module, const char *nonce);
void hoti_group_leave(const hoti_module *module);
void hoti_group_drop(void);
void hoti_group_revert(const hoti_version *failed);

/* ---- local.c: local mode ---- */
int hoti_local_follow(hoti_module *module, const char *library, const char *digest); /* 0: no memory */
void hoti_local_step(int notified, hoti_u64 now);
hoti_u64 hoti_local_wait(hoti_u64 now);
int hoti_local_stopped(void); /* hot_cleanup was called */

/* ---- swap_hooks.c ---- */
#define HOTI_SLOT_BEFORE 0x10000u /* in place of a slot, in reports */
#define HOTI_SLOT_AFTER 0x10001u
int hoti_swap_hooks_free(const hoti_version *version);
int hoti_swap_hooks(hoti_module *module, hot_thread *thread, hoti_version *version,
                    void (*arrive)(hot_thread *, hoti_version *));

/* ---- guard.c, undo.c, failure.c: a call of new code that can be undone ---- */
typedef struct hoti_range {
    char *address;
    hoti_u64 size;
} hoti_range;

/* What one guarded call has saved, in parts of self->saved. */
enum { HOTI_DEPTHS = 8 }; /* modules of one thread whose depths are put back */

typedef struct hoti_frame {
    hoti_guard guard;
    hoti_self *self;
    size_t from, to;     /* this call's part of self->saved */
    size_t freed;        /* and where its part of self->freed begins */
    size_t at;           /* where putting back has come to */
    unsigned index;      /* which range is being saved */
    unsigned states;     /* places that were registered when the saving began */
    int complete;        /* whether everything was saved */
    unsigned depths[HOTI_DEPTHS];
} hoti_frame;

void hoti_frame_begin(volatile hoti_frame *frame, hoti_version *version, const hot_site *site, const void *call);
void hoti_frame_undo(volatile hoti_frame *frame);
void hoti_frame_leave(volatile hoti_frame *frame);
int hoti_guard_call(hoti_module *module, hot_thread *thread, const hot_site *site, void *call); /* 0: it failed */
void hoti_guard_quickly(hoti_module *module, hot_thread *thread, const hot_site *site, void *call);
/* `states` is what hoti_state_count() was when the saving began. */
hoti_range hoti_undo_range(const hoti_version *version, unsigned states, const hot_site *site, const void *call,
                           unsigned index);
unsigned hoti_state_count(void);
hoti_range hoti_state_at(unsigned index);
int hoti_state_holds(const hoti_range *range);
unsigned hoti_state_changes(void);
unsigned hoti_state_sum(hoti_u64 *bytes);
int hoti_failure_tell(hoti_module *module, hot_thread *thread, unsigned slot, const hoti_crash *crash, int undone);
void hoti_failure_step(void);
void hoti_failure_watch(hoti_u64 now);
void hoti_failure_watch_late(void); /* a version was confirmed */
hoti_u64 hoti_failure_wait(hoti_u64 now); /* ns until a call has to be watched again */
void hoti_guard_landed(hot_thread *thread, const hoti_crash *crash);
void hot_shortcut_landing(void);
void hoti_guards_begin(void);
int hoti_guards_wanted(void);
hoti_u64 hoti_deadline(void); /* ns that a call in probation may take */
hoti_u64 hoti_probation_time(void); /* ns */
hoti_u64 hoti_probation_calls(void);

/* ---- api.c ---- */
extern const hot_api hoti_api;
void hoti_note(const hoti_error *error, unsigned status); /* for hot_check and hot_error */
unsigned hoti_note_take(void);
void hoti_note_last(char *into, size_t room);
void hoti_callback(hoti_u64 version);

#endif
