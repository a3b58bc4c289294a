/* signal_windows.c: crashes and hangs, by Windows. A crash is an exception, which we see before anybody else; where a
 * guarded call runs on the very thread, the thread goes on at the call's mark instead. Everything else goes to whoever
 * handled it before. What stands in reports are the names of the matching signals. */
#ifdef _WIN32
#include "win.h"

#include <malloc.h>
#include <signal.h>
#include <stdlib.h>

/* Numbers of POSIX, which has more of them than this system's C library. */
enum { ILL = 4, ABRT = 6, BUS = 7, FPE = 8, SEGV = 11 };
#define OUR_ABORT 0xE0766169u /* an exception of ours: a call of abort() */

const char *hoti_signal_name(int number) {
    switch (number) {
    case ILL: return "SIGILL";
    case ABRT: return "SIGABRT";
    case BUS: return "SIGBUS";
    case FPE: return "SIGFPE";
    case SEGV: return "SIGSEGV";
    default: return "signal";
    }
}

/* 0: no crash, but a thing between the program and its languages or debuggers. */
static int signal_of(DWORD code) {
    switch (code) {
    case EXCEPTION_ACCESS_VIOLATION:
    case EXCEPTION_STACK_OVERFLOW:
    case EXCEPTION_ARRAY_BOUNDS_EXCEEDED: return SEGV;
    case EXCEPTION_IN_PAGE_ERROR:
    case EXCEPTION_DATATYPE_MISALIGNMENT: return BUS;
    case EXCEPTION_INT_DIVIDE_BY_ZERO:
    case EXCEPTION_INT_OVERFLOW:
    case EXCEPTION_FLT_DIVIDE_BY_ZERO:
    case EXCEPTION_FLT_INVALID_OPERATION:
    case EXCEPTION_FLT_OVERFLOW:
    case EXCEPTION_FLT_UNDERFLOW:
    case EXCEPTION_FLT_INEXACT_RESULT:
    case EXCEPTION_FLT_DENORMAL_OPERAND:
    case EXCEPTION_FLT_STACK_CHECK: return FPE;
    case EXCEPTION_ILLEGAL_INSTRUCTION:
    case EXCEPTION_PRIV_INSTRUCTION: return ILL;
    case OUR_ABORT: return ABRT;
    default: return 0;
    }
}

/* ---- where it happened ---- */

/* As in signal_posix.c: the return addresses on the stack that lie in the image. */
static void walk(hoti_guard *g, size_t pc, size_t sp, int overflowed) {
    size_t top = (size_t)g & ~(sizeof(size_t) - 1);
    const hoti_version *v = g->version;
    hoti_crash *c = &g->crash;
    c->frame_count = 0;
    c->outside = pc < v->base || pc >= v->end;
    if (!c->outside) c->frames[c->frame_count++] = pc;
    sp = (sp + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1);
    if (overflowed) sp += 65536; /* its frames are all the same: what is there for certain tells */
    if (sp > top || top - sp > (64u << 20)) return;
    if (top - sp > (512u << 10)) top = sp + (512u << 10);
    for (size_t at = sp; at < top && c->frame_count < HOTI_FRAMES; at += sizeof at) {
        size_t word = *(const size_t *)at;
        if (word > v->base && word < v->end) c->frames[c->frame_count++] = word;
    }
}

/* Not after the call was left by a longjmp, and not on the stack of a fiber. */
static int is_within(const hoti_guard *g, size_t sp) { return sp < (size_t)g && (size_t)g - sp < ((size_t)1 << 32); }

/* The thread will go on at the call's mark: what gcc's own jump would do, with the flags as a function expects them. */
static void redirect(hoti_guard *g, CONTEXT *c) {
    enum { DIRECTION = 0x400, TRAP = 0x100 };
    g->armed = 0;
    c->Rbp = (DWORD64)g->jump[0];
    c->Rip = (DWORD64)g->jump[1];
    c->Rsp = (DWORD64)g->jump[2];
    c->EFlags &= ~(DWORD)(DIRECTION | TRAP);
}

/* ---- crashes ---- */
static LONG CALLBACK on_exception(EXCEPTION_POINTERS *pointers) {
    const EXCEPTION_RECORD *r = pointers->ExceptionRecord;
    CONTEXT *c = pointers->ContextRecord;
    hoti_self *self = hoti_self_peek();
    hoti_guard *g = self == NULL ? NULL : self->guard;
    int number = signal_of(r->ExceptionCode);
    if (number == 0 || g == NULL || !g->armed || !is_within(g, (size_t)c->Rsp)) return EXCEPTION_CONTINUE_SEARCH;
    g->caught.overflowed = r->ExceptionCode == EXCEPTION_STACK_OVERFLOW;
    if (g->phase == HOTI_RUNNING) {
        int has_address = r->ExceptionCode == EXCEPTION_ACCESS_VIOLATION || r->ExceptionCode == EXCEPTION_IN_PAGE_ERROR;
        g->crash.hung = 0;
        g->crash.result = 0;
        g->crash.signal = number;
        g->crash.address = has_address && r->NumberParameters > 1 ? (void *)r->ExceptionInformation[1] : NULL;
        g->crash.line = self->line;
        walk(g, (size_t)c->Rip, (size_t)c->Rsp, g->caught.overflowed);
    }
    redirect(g, c);
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* abort() raises no exception but calls a handler, on the thread that called it. */
static void (*abort_before)(int);

static void on_abort(int number) {
    hoti_self *self = hoti_self_peek();
    hoti_guard *g = self == NULL ? NULL : self->guard;
    signal(number, on_abort); /* it was taken away for this call */
    if (g != NULL && g->armed && is_within(g, (size_t)&self)) RaiseException(OUR_ABORT, 0, 0, NULL);
    signal(number, abort_before);
    if (abort_before != SIG_DFL && abort_before != SIG_IGN) abort_before(number);
}

/* Takes its place before the other handlers, also before those that came since. Not before there is anything to guard. */
void hoti_signals_take(void) {
    static void *ours;
    void *before = ours;
    void (*old)(int);
    ours = AddVectoredExceptionHandler(1, on_exception);
    if (before != NULL) RemoveVectoredExceptionHandler(before);
    old = signal(SIGABRT, on_abort);
    if (old != on_abort && old != SIG_ERR) abort_before = old;
}

void hoti_signals_landed(const hoti_caught *caught) {
    if (caught->overflowed) _resetstkoflw(); /* the next overflow is to be met as well */
}

/* ---- hangs ---- */

/* The turn that has lasted too long has to be the one that is stopped: the thread may have come further meanwhile.
 * Only a thread that runs the image's own code is stopped: in a library or the system it may hold a lock that nobody
 * would give back. Who asks again finds it in the image some time, unless it waits there for ever. */
void hoti_signals_stop(hoti_self *self) {
    const DWORD inside = 0x18000000, told = 0x80000000; /* the system works on an exception or a call of the thread */
    CONTEXT c;
    hoti_guard *g;
    c.ContextFlags = CONTEXT_FULL | 0x40000000; /* and whether it does */
    if (self->thread == NULL || SuspendThread(self->thread) == (DWORD)-1) return;
    g = HOTI_GET(self->guard);
    if (GetThreadContext(self->thread, &c) && g != NULL && g->armed && g->phase == HOTI_RUNNING &&
        HOTI_GET(self->turn) == self->watched &&
        ((c.ContextFlags & told) == 0 || (c.ContextFlags & inside) == 0) && is_within(g, (size_t)c.Rsp) &&
        c.Rip >= g->version->base && c.Rip < g->version->end) {
        g->caught.overflowed = 0;
        g->crash.hung = 1;
        g->crash.result = 0;
        g->crash.signal = 0;
        g->crash.address = NULL;
        g->crash.line = self->line;
        walk(g, (size_t)c.Rip, (size_t)c.Rsp, 0);
        redirect(g, &c);
        c.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
        SetThreadContext(self->thread, &c);
    }
    ResumeThread(self->thread);
}

/* ---- what a thread needs for it ---- */
void hoti_signals_thread(hoti_self *self) {
    ULONG reserve = 65536; /* for what runs after an overflow, on the same stack */
    SetThreadStackGuarantee(&reserve);
    if (!DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &self->thread, 0, FALSE,
                         DUPLICATE_SAME_ACCESS))
        self->thread = NULL;
}

void hoti_signals_thread_end(hoti_self *self) {
    if (self->thread != NULL) CloseHandle(self->thread);
    self->thread = NULL;
}
#endif
