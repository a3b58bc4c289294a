/* stub.c: what a stub calls when there is more to do than to call: the thread's first call, a call that can be undone,
 * a crash. stub_x64.c is the other half. */
#include "native.h"

#if HOTI_STUBS
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define USED __attribute__((visibility("hidden"), used)) /* by the assembly, which no compiler reads */

/* The registers of a call, on its stack; stub_x64.c has its places. */
typedef struct hoti_registers {
    size_t integers[8]; /* rdi, rsi, rdx, rcx, r8, r9, rax, r10 */
    size_t kept[5];     /* rbp, r12 to r15 */
    size_t rbx;
    const hoti_stub *stub;
    hot_address target; /* to be called */
    unsigned char vectors[8][64];
    size_t unused;
    void *back; /* the return address */
} hoti_registers;
HOTI_HOLDS(offsetof(hoti_registers, back) == 648); /* the frame of hot_stub_slow */

/* For the assembly and by it. */
extern HIDDEN hoti_stub hoti_stubs[HOTI_STUBS];
extern HIDDEN unsigned hoti_vector_width;
USED hoti_entry *hoti_stub_enter(hoti_registers *registers);
USED void hoti_stub_leave(hoti_entry *entry);
USED hot_address hoti_stub_landed(hoti_context *context);
extern HIDDEN char hot_stub_code[];
HIDDEN void hot_stub_quick_all(void);

USED hoti_stub hoti_stubs[HOTI_STUBS];
USED unsigned hoti_vector_width; /* bytes of a vector register */
static unsigned stub_count; /* under the lock */

/* ---- stubs ---- */
/* Asked of the processor itself: the compiler's own way needs its library, which a program by Zig does not have. What the system
 * does not save of a thread is not there. */
static unsigned vector_width(void) {
    unsigned a = 1, b, c = 0, d, saved, high;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    if ((c & (1u << 27)) == 0 || (c & (1u << 28)) == 0) return 16; /* OSXSAVE, AVX */
    __asm__ volatile("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
    if ((saved & 0x6) != 0x6) return 16;
    a = 7, c = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (b & (1u << 16)) != 0 && (saved & 0xe6) == 0xe6 ? 64 : 32; /* AVX-512F */
}

/* All threads find their state for the n-th module at one distance from their thread pointer. */
static __thread hoti_native_thread *here[HOTI_NATIVE_MODULES] __attribute__((tls_model("initial-exec")));

static size_t place_of(const hoti_module *m) {
    size_t pointer;
    __asm__("movq %%fs:0, %0" : "=r"(pointer));
    return (size_t)&here[m->native->number] - pointer;
}

hoti_stub *hoti_stub_new(hoti_module *m, unsigned slot, const char *name) {
    hoti_stub *s = &hoti_stubs[stub_count];
    if (stub_count == HOTI_STUBS) return NULL;
    if (stub_count++ == 0) hoti_vector_width = vector_width();
    s->place = place_of(m);
    s->offset = slot * sizeof(hot_address);
    s->quick = hot_stub_quick_all;
    s->module = m;
    s->name = name;
    s->site.slot = slot;
    s->stacked = 128;
    return s;
}

void *hoti_stub_address(const hoti_stub *s) { return hot_stub_code + 16 * (s - hoti_stubs); }

/* ---- this thread ---- */
enum { ENTRIES = 63 };

typedef struct hoti_entries {
    struct hoti_entries *next;
    hoti_entry entries[ENTRIES];
} hoti_entries;

hoti_native_thread *hoti_native_of(hot_thread *t) {
    return (hoti_native_thread *)((char *)t - offsetof(hoti_native_thread, base));
}

size_t hoti_native_mark(const hot_thread *t) { return HOTI_GET(hoti_native_of((hot_thread *)t)->mark); }

hot_thread *hoti_native_here(const hoti_module *m) {
    static hot_thread nobody;
    hoti_native_thread *t = here[m->native->number];
    return t == NULL ? &nobody : &t->base;
}

/* Where all are in use. */
static int more_entries(hoti_native_thread *t) {
    hoti_entries *block = (hoti_entries *)calloc(1, sizeof *block);
    if (block == NULL) return 0;
    block->next = t->blocks;
    t->blocks = block;
    for (unsigned i = 0; i < ENTRIES; i++) {
        block->entries[i].thread = t;
        block->entries[i].next = i + 1 < ENTRIES ? &block->entries[i + 1] : NULL;
        block->entries[i].position = t->entries + i;
    }
    t->entries += ENTRIES;
    t->free = &block->entries[0];
    return 1;
}

/* The free entries are in another order than before: numbers them anew, and sees to it that those in use come this way
 * as well when they are given back. Marks the free ones by a stack of 0. */
static void renumber(hoti_native_thread *t) {
    unsigned count = t->entries;
    for (hoti_entry *e = t->free; e != NULL; e = e->next) e->stack = 0, count--;
    for (hoti_entry *e = t->free; e != NULL; e = e->next) e->position = count++;
    for (hoti_entries *block = t->blocks; block != NULL; block = block->next)
        for (unsigned i = 0; i < ENTRIES; i++)
            if (block->entries[i].stack != 0) block->entries[i].next = &block->entries[i];
}

/* The slot of the outermost call, while there is one. */
unsigned hoti_native_slot(const hot_thread *base) {
    const hoti_native_thread *t = hoti_native_of((hot_thread *)base);
    const hoti_stub *stub = HOTI_GET(t->base.depth) != 0 ? HOTI_GET(t->context->stub) : (const hoti_stub *)HOTI_GET(t->first.next);
    return stub == NULL ? 0 : stub->site.slot;
}

/* Calls of this module on its thread's stacks. */
unsigned hoti_native_depth(const hot_thread *base) {
    const hoti_native_thread *t = hoti_native_of((hot_thread *)base);
    const hoti_entry *first = HOTI_GET(t->free);
    return HOTI_GET(base->depth) + (HOTI_GET(t->first.stack) != 0) + (first == NULL ? t->entries : HOTI_GET(first->position));
}

hot_thread *hoti_native_join(hoti_module *m) {
    hoti_native_thread *t = (hoti_native_thread *)hoti_aligned(64, sizeof *t);
    if (t == NULL) return NULL;
    memset(t, 0, sizeof *t);
    t->context = (hoti_context *)calloc(1, sizeof *t->context);
    if (t->context == NULL || !more_entries(t)) {
        free(t->context);
        hoti_aligned_free(t);
        return NULL;
    }
    t->context->entry.thread = t->first.thread = t;
    here[m->native->number] = t;
    return &t->base;
}

void hoti_native_end(hot_thread *base) {
    hoti_native_thread *t = hoti_native_of(base);
    const hoti_module *m = (const hoti_module *)base->module->runtime;
    here[m->native->number] = NULL;
    while (t->blocks != NULL) {
        hoti_entries *block = t->blocks;
        t->blocks = block->next;
        free(block);
    }
    free(t->context);
    hoti_aligned_free(t);
}

/* The quick way back leaves only calls of modules that keep entries: not with others on the same thread. */
void hoti_native_use(hot_thread *base) {
    const hoti_self *self = (const hoti_self *)base->self;
    int alone = 1;
    base->shortcut = NULL;
    for (const hot_thread *t = self->joined; t != NULL; t = t->mine)
        alone &= ((hoti_module *)t->module->runtime)->native != NULL;
    hoti_native_of(base)->quick = alone ? base->guarded : NULL;
}

/* ---- the slow way in and out ---- */
static void keep(hoti_context *c, const hoti_registers *r) {
    c->stub = r->stub;
    memcpy(c->kept, r->kept, sizeof c->kept);
    memcpy(c->integers, r->integers, sizeof c->integers);
    memcpy(c->vectors, r->vectors, sizeof c->vectors);
    c->copied = 0;
}

/* Guards this call: what can be put back is saved. `r->back` is followed by the arguments on the stack; how many there
 * are the contract says, if there is one. */
static void guard(hoti_context *c, hoti_registers *r, hoti_version *v, hot_thread *t) {
    int probation = HOTI_GET(v->state) != HOTI_CONFIRMED;
    keep(c, r);
    if (r->stub->stacked <= sizeof c->arguments && probation) {
        /* Near the end of a stack there may be less. */
        size_t page = ((c->entry.stack + 4095) & ~(size_t)4095) - c->entry.stack;
        c->copied = page != 0 && page < r->stub->stacked ? page : r->stub->stacked;
        memcpy(c->arguments, (const void *)c->entry.stack, c->copied);
    }
    c->frame.self = (hoti_self *)t->self;
    c->frame.guard.end = (const void *)c->entry.stack;
    hoti_frame_begin(&c->frame, v, probation ? &r->stub->site : NULL, c);
    c->frame.guard.end = (const void *)c->entry.stack;
    c->frame.guard.context = c;
    c->framed = 1;
}

hoti_entry *hoti_stub_enter(hoti_registers *r) {
    int error = errno;
    hoti_module *m = r->stub->module;
    hot_thread *t = hoti_native_here(m);
    hoti_native_thread *own;
    hoti_version *v;
    hoti_entry *e;
    int guarded;
    if (!t->joined) t = hoti_thread_join(m, t);
    own = hoti_native_of(t);
    v = (hoti_version *)t->version;
    guarded = hoti_native_depth(t) == 0 && !hoti_is_child && hoti_guards_wanted() &&
              (HOTI_GET(v->state) != HOTI_CONFIRMED || HOTI_GET(v->guarded));
    if (guarded) {
        e = &own->context->entry;
    } else if (own->first.stack == 0) {
        e = &own->first;
        e->next = (hoti_entry *)r->stub;
    } else {
        if (own->free == NULL && !more_entries(own)) abort(); /* as any call does whose stack cannot grow */
        e = own->free;
        own->free = e->next;
    }
    HOT_STORE(t->slot, r->stub->site.slot);
    e->back = r->back;
    e->rbx = r->rbx;
    e->stack = (size_t)(&r->back + 1);
    if (guarded) {
        guard(own->context, r, v, t);
        HOT_STORE(t->depth, 1);
    }
    r->target = v->table[r->stub->site.slot];
    errno = error;
    return e;
}

/* The call has returned, or an exception passes. */
void hoti_stub_leave(hoti_entry *e) {
    int error = errno;
    hoti_native_thread *own = e->thread;
    hot_thread *t = &own->base;
    hoti_version *v = (hoti_version *)t->version;
    int again = 0;
    if (e == &own->context->entry) {
        again = own->mark == 0 && !own->context->framed; /* made by the version before */
        if (own->context->framed) hoti_frame_leave(&own->context->frame);
        own->context->framed = 0;
        HOTI_SET(own->mark, 0);
        HOT_STORE(t->depth, 0);
    } else if (e == &own->first) {
        HOTI_SET(e->stack, 0);
    } else if (own->free == e->next) {
        HOTI_SET(e->stack, 0);
        HOTI_SET(own->free, e);
    } else {
        e->stack = 0;
        e->next = own->free;
        own->free = e;
        renumber(own);
    }
    if (!again && hoti_native_depth(t) == 0) {
        t->returned++;
        if (HOTI_GET(v->ran) == 0) HOTI_SET(v->ran, 1);
    }
    errno = error;
}

/* ---- jumps ---- */

/* This thread's calls whose frames are from `from` to below `to` are over: a jump has left them. */
void hoti_native_left(size_t from, size_t to) {
    for (hot_thread *base = hoti_self_get()->joined; base != NULL; base = base->mine) {
        hoti_native_thread *t;
        if (((hoti_module *)base->module->runtime)->native == NULL || hoti_native_depth(base) == 0) continue;
        t = hoti_native_of(base);
        if (t->first.stack != 0 && t->first.stack >= from && t->first.stack < to) HOTI_SET(t->first.stack, 0);
        renumber(t);
        for (hoti_entries *block = t->blocks; block != NULL; block = block->next)
            for (unsigned i = 0; i < ENTRIES; i++) {
                hoti_entry *e = &block->entries[i];
                if (e->stack == 0 || e->stack < from || e->stack >= to) continue;
                e->next = t->free;
                t->free = e;
                e->stack = 0;
            }
        renumber(t);
        if ((t->mark != 0 || t->context->framed) && t->context->entry.stack >= from && t->context->entry.stack < to) {
            if (t->context->framed) hoti_frame_leave(&t->context->frame);
            t->context->framed = 0;
            HOTI_SET(t->mark, 0);
            HOT_STORE(base->depth, 0);
        }
    }
}

/* ---- after a crash ---- */

/* The calls that a call whose frame is at `end` made, down to where it crashed; an overflowed stack is reported a little
 * below its end. */
void hoti_native_crashed(const hoti_crash *crash, const void *end) {
    size_t to = (size_t)end, from = crash->stack > 131072 ? crash->stack - 131072 : 0;
    if (from < to && to - from < ((size_t)1 << 32)) hoti_native_left(from, to);
}

size_t hoti_stub_return(const void *context) { return ((const hoti_context *)context)->entry.stack; }
void *hoti_native_context(const hot_thread *t) { return hoti_native_of((hot_thread *)t)->context; }

hot_address hoti_stub_landed(hoti_context *c) {
    hoti_native_thread *own = c->entry.thread;
    hot_thread *t = &own->base;
    hoti_self *self = (hoti_self *)t->self;
    hoti_module *m = (hoti_module *)t->module->runtime;
    const hoti_version *v;
    hoti_crash crash;
    unsigned slot = c->stub->site.slot;
    int undone = 0, answered;
    self->jumping = 0;
    if (c->framed) {
        hoti_signals_landed((const hoti_caught *)&c->frame.guard.caught);
        crash = c->frame.guard.crash;
        undone = c->frame.complete && HOTI_GET(((hoti_version *)t->version)->state) != HOTI_CONFIRMED;
        hoti_frame_undo(&c->frame);
        if (c->copied != 0) memcpy((void *)c->entry.stack, c->arguments, c->copied);
    } else {
        hoti_signals_landed(&self->caught);
        crash = self->crash;
    }
    c->framed = 0;
    HOTI_SET(own->mark, 0);
    hoti_native_crashed(&crash, (const void *)c->entry.stack);
    HOT_STORE(t->depth, 0);
    hoti_guard_landed(t, &crash);
    answered = hoti_failure_tell(m, t, slot, &crash, undone);
    HOT_STORE(t->depth, 1);
    v = (const hoti_version *)t->version;
    return answered ? v->table[slot] : m->given->image->functions[slot].address;
}
#else
hot_thread *hoti_native_here(const hoti_module *module) {
    (void)module;
    return NULL;
}
hot_thread *hoti_native_join(hoti_module *module) {
    (void)module;
    return NULL;
}
void hoti_native_use(hot_thread *thread) { (void)thread; }
unsigned hoti_native_depth(const hot_thread *thread) { return thread->depth; }
unsigned hoti_native_slot(const hot_thread *thread) { return thread->slot; }
void hoti_native_crashed(const hoti_crash *crash, const void *end) { (void)crash, (void)end; }
void hoti_native_end(hot_thread *thread) { (void)thread; }
size_t hoti_native_mark(const hot_thread *thread) {
    (void)thread;
    return 0;
}
size_t hoti_stub_return(const void *context) { return ((const hoti_context *)context)->entry.stack; }
void *hoti_native_context(const hot_thread *thread) {
    (void)thread;
    return NULL;
}
void hot_stub_landing(void) {}
hoti_stub *hoti_stub_new(hoti_module *module, unsigned slot, const char *name) {
    (void)module, (void)slot, (void)name;
    return NULL;
}
void *hoti_stub_address(const hoti_stub *stub) {
    (void)stub;
    return NULL;
}
#endif
