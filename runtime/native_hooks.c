/* native_hooks.c: what the runtime has to know of what a hot function calls in libc.
 *
 * longjmp: calls that it leaves are over. */
#include "native.h"

#if HOTI_STUBS
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>

typedef void jumper(struct __jmp_buf_tag *, int);

static jumper *jump_as_libc;

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
        if (t->depth != 0) return 1;
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

/* ---- the list ---- */
static const hoti_hook hooks[] = {
    {"longjmp", (void *)our_longjmp},
    {"_longjmp", (void *)our_longjmp},
    {"siglongjmp", (void *)our_longjmp},
    {"__longjmp_chk", (void *)our_longjmp}, /* whose check takes coroutines for a mistake, and is left out */
};

const hoti_hook *hoti_hook_named(const char *name) {
    for (unsigned i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
        if (strcmp(hooks[i].name, name) == 0) return &hooks[i];
    return NULL;
}

int hoti_hooks_ready(void) {
    union { void *data; jumper *code; } symbol;
    if (jump_as_libc != NULL) return 1;
    symbol.data = dlsym(RTLD_DEFAULT, "siglongjmp");
    jump_as_libc = symbol.code;
    return jump_as_libc != NULL;
}
#endif
