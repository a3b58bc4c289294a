/* native_hooks.c: what the runtime has to know of what a hot function calls in libc.
 *
 * longjmp: calls that it leaves are over. free, and with it `delete`, which calls it: a call that can be undone takes
 * effect when it has returned, so that what it was given is whole again after an undo. */
#include "native.h"

#if HOTI_STUBS
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

typedef void jumper(struct __jmp_buf_tag *, int);

static jumper *jump_as_libc, *jump_checked;

/* ---- longjmp ---- */

/* The thread's own stack; coroutines have others. */
static int own_stack(hoti_self *self, size_t *from, size_t *to) {
    if (self->stack_end == 0) {
        pthread_attr_t attributes;
        void *low = NULL;
        size_t size = 0;
        if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
        pthread_attr_getstack(&attributes, &low, &size);
        pthread_attr_destroy(&attributes);
        self->stack_start = (size_t)low;
        self->stack_end = (size_t)low + size;
    }
    *from = self->stack_start;
    *to = self->stack_end;
    return 1;
}

/* Where the stack pointer will be: libc hides it. */
static size_t stack_of(const struct __jmp_buf_tag *buffer) {
    enum { STACK = 6 };
#ifdef __GLIBC__
    size_t secret, word = (size_t)buffer->__jmpbuf[STACK];
    __asm__("movq %%fs:0x30, %0" : "=r"(secret));
    return (word >> 17 | word << 47) ^ secret;
#else
    return (size_t)((const unsigned long *)buffer)[STACK];
#endif
}

static int has_calls(const hoti_self *self) {
    for (const hot_thread *t = self->joined; t != NULL; t = t->mine)
        if (hoti_depth(t) != 0) return 1;
    return 0;
}

/* Frames below the one that is jumped to are dead, wherever on the same stack we come from. A jump to another stack is
 * a coroutine's, whose calls go on later. */
static void before_jump(const struct __jmp_buf_tag *buffer) {
    hoti_self *self = hoti_self_peek();
    size_t from, to, target = stack_of(buffer);
    if (self == NULL || self->jumping || !has_calls(self) || !own_stack(self, &from, &to)) return;
    if (target >= from && target < to) hoti_native_left(from, target + 1);
}

static void our_longjmp(struct __jmp_buf_tag *buffer, int value) {
    before_jump(buffer);
    jump_as_libc(buffer, value);
    __builtin_unreachable();
}

/* ---- free: what a call that can be undone frees is freed when it has returned ---- */
static void (*free_as_libc)(void *);
static void *(*realloc_as_libc)(void *, size_t);

static hoti_self *is_deferring(void) {
    hoti_self *self = hoti_self_peek();
    return self->guard != NULL && self->guard->defers && self->guard->phase == HOTI_RUNNING ? self : NULL;
}

static void defer(hoti_self *self, void *block) {
    if (self->freed_count == self->freed_room) {
        size_t room = self->freed_room == 0 ? 256 : self->freed_room * 2;
        void **more = (void **)realloc_as_libc(self->freed, room * sizeof *more);
        if (more == NULL) return; /* leaks, which an undone call does as well */
        self->freed = more;
        self->freed_room = room;
    }
    self->freed[self->freed_count++] = block;
}

static void our_free(void *block) {
    hoti_self *self = block == NULL ? NULL : is_deferring();
    if (HOT_LIKELY(self == NULL)) free_as_libc(block);
    else defer(self, block);
}

static void *our_realloc(void *block, size_t size) {
    hoti_self *self = block == NULL ? NULL : is_deferring();
    size_t had;
    void *other;
    if (HOT_LIKELY(self == NULL)) return realloc_as_libc(block, size);
    if (size == 0) {
        defer(self, block);
        return NULL;
    }
    other = realloc_as_libc(NULL, size);
    if (other == NULL) return NULL;
    had = malloc_usable_size(block);
    memcpy(other, block, had < size ? had : size);
    defer(self, block);
    return other;
}

/* The call has returned: what it freed goes, unless a call around it may still be undone. Or it was undone: then nothing
 * was freed. */
void hoti_freed_settle(hoti_self *self, size_t from, int undone) {
    if (!undone && self->guard != NULL && self->guard->defers) return;
    while (self->freed_count > from) {
        void *block = self->freed[--self->freed_count];
        if (!undone) free_as_libc(block);
    }
}

/* ---- the list ---- */
hoti_hook hoti_hooks[] = {
    {"longjmp", (void *)(size_t)our_longjmp, (void **)&jump_as_libc, NULL},
    {"_longjmp", (void *)(size_t)our_longjmp, (void **)&jump_as_libc, NULL},
    {"__longjmp_chk", (void *)(size_t)our_longjmp, (void **)&jump_checked, NULL}, /* its check takes coroutines for a mistake */
    {"siglongjmp", (void *)(size_t)our_longjmp, (void **)&jump_as_libc, NULL},
    {"free", (void *)(size_t)our_free, (void **)&free_as_libc, NULL},
    {"realloc", (void *)(size_t)our_realloc, (void **)&realloc_as_libc, NULL},
    {NULL, NULL, NULL, NULL},
};
#else
void hoti_hooks_set(void) {}
void hoti_freed_settle(hoti_self *self, size_t from, int undone) { (void)self, (void)from, (void)undone; }
#endif
