/* native.h: modules that a program opens by hot_open: plain libraries, with no table and no contract inside.
 *
 * The program calls their functions through stubs, stable addresses that know nothing of a function's arguments.
 * stub_x64.c is the code, stub.c what it calls when there is more to do than to call, native.c opens modules. */
#ifndef VAIS_HOT_NATIVE_H
#define VAIS_HOT_NATIVE_H

#include "hot_internal.h"

/* Where there is assembly for the stubs. */
#ifdef HOTI_STUBS_HERE
#define HOTI_STUBS 2048 /* functions that one program may have asked for */
#else
#define HOTI_STUBS 0
#endif

typedef struct hoti_native_thread hoti_native_thread;

/* One call through a stub. While it runs, rbx holds its address: there the unwinder finds what belongs to the caller. The assembly
 * knows these places. */
typedef struct hoti_entry {
    void *back;   /* the return address, which is on no stack while the call runs */
    size_t rbx;   /* the caller's */
    size_t stack; /* where the call was made, at or just below the caller's stack pointer; 0: the entry is not in use */
    hoti_native_thread *thread;
    /* Of an entry of the list: the next free one. Of the first entry: the stub that was called last. */
    struct hoti_entry *next;
    unsigned position;       /* among them, counted from those in use: of a free one, in their order */
} hoti_entry;

/* The outermost call of a thread, where it is guarded: all that is needed to make it again. */
typedef struct hoti_context {
    hoti_entry entry;
    const struct hoti_stub *stub;
    size_t kept[5];     /* rbp, r12 to r15 */
    size_t integers[8]; /* rdi, rsi, rdx, rcx, r8, r9, rax, r10 */
    unsigned char vectors[8][64];
    unsigned char arguments[256]; /* those on the stack, as many as `copied` says */
    size_t copied;
    int framed; /* `frame` is in use: the call can be undone */
    hoti_frame frame;
} hoti_context;

struct hoti_native_thread {
    hoti_entry first; /* of a call that is in no other */
    hoti_entry *free;
    hoti_context *context;
    const hot_address *quick; /* the table of a confirmed version that is guarded by the quick way; null: it is not */
    size_t mark;              /* the outermost call's entry.stack, while it runs that way */
    hot_thread base;          /* its depth counts the outermost call alone, where that has the context */
    struct hoti_entries *blocks;
    unsigned entries;         /* in all blocks */
};

/* What a stub knows of its function. */
typedef struct hoti_stub {
    size_t place; /* of this thread's hoti_native_thread, from the thread pointer */
    size_t offset; /* of its slot in a table, in bytes */
    void (*quick)(void); /* the quick way that saves what this function needs */
    hoti_module *module;
    const char *name;
    int shaped;     /* the contract told its arguments; under the lock */
    hot_site site; /* reaches are offsets in a hoti_context */
    size_t stacked; /* bytes of arguments on the stack that are put back when the call is made again */
} hoti_stub;

struct hoti_native {
    unsigned number;         /* among those that were opened */
    hot_module given;
    hot_image own;           /* version 1 */
    hot_function *functions; /* those that the program asked for, in the order of the slots */
    void *handle;            /* of version 1, which stays loaded: its variables are the program's */
    char *library;           /* the path that hot_open was given, whole */
    char *copy;              /* what was opened */
    char digest[65];
    char build[33];
    size_t origin, base, end;
    unsigned opened;         /* by hot_open, less what was closed */
    hoti_stub **stubs;       /* one a slot */
};

/* ---- native_image.c ---- */
void hoti_native_build(void *inside, const char *digest, char build[33]);
void *hoti_native_find(void *handle, const char *path, const char *name); /* null: it exports no such function */
void hoti_native_missing(void); /* what a slot leads to in a version that does not have the function */

/* ---- hook_posix.c and native_hooks.c: what is called in libc's stead ---- */
typedef struct hoti_hook {
    const char *name;
    void *ours;
    void **theirs; /* what ours calls in the end */
    void *shown;   /* what a cell may hold as well: the program's own entry for it */
} hoti_hook;

extern hoti_hook hoti_hooks[]; /* ended by one without a name */
void hoti_hooks_set(void);  /* in all that is loaded by now; cheap when nothing new is */

/* ---- stub.c and stub_x64.c ---- */
hoti_stub *hoti_stub_new(hoti_module *module, unsigned slot, const char *name); /* null: all are in use */
void hoti_stub_shape(hoti_stub *stub, const hot_image *image); /* by the contract, where there is one */
void *hoti_stub_address(const hoti_stub *stub);
hoti_native_thread *hoti_native_of(hot_thread *thread);
void hoti_native_left(size_t from, size_t to); /* this thread's calls whose frames are between were left by a jump */

#endif
