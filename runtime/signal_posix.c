/* signal_posix.c: the handlers. Armed only while a guarded call runs on the very thread that the signal hits; everything else
 * goes to whoever handled it before, core dumps included. */
#ifndef _WIN32
#undef _FORTIFY_SOURCE /* it takes the jump from the signal stack to the thread's for a mistake */
#include "posix.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#ifndef __APPLE__
#include <ucontext.h>
#endif

static const int caught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
enum { CAUGHT = sizeof caught / sizeof caught[0] };
static struct sigaction before[CAUGHT]; /* whom we chain to; written before our handler can run */
static unsigned taken;

const char *hoti_signal_name(int number) {
    static const char *const names[CAUGHT] = {"SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGABRT"};
    for (unsigned i = 0; i < CAUGHT; i++)
        if (caught[i] == number) return names[i];
    return "signal";
}

/* ---- where it happened ---- */
static void read_registers(const ucontext_t *c, size_t *pc, size_t *sp, size_t *fp) {
    *pc = *sp = *fp = 0;
#if defined(__linux__) && defined(__x86_64__)
    *pc = (size_t)c->uc_mcontext.gregs[16]; /* REG_RIP, which is an enumerator in some headers only */
    *sp = (size_t)c->uc_mcontext.gregs[15];
    *fp = (size_t)c->uc_mcontext.gregs[10];
#elif defined(__linux__) && defined(__aarch64__)
    *pc = (size_t)c->uc_mcontext.pc;
    *sp = (size_t)c->uc_mcontext.sp;
    *fp = (size_t)c->uc_mcontext.regs[29];
#elif defined(__APPLE__)
    hoti_mac_registers(c, pc, sp, fp);
#else
    (void)c;
#endif
}

static int is_code_of(const hoti_version *v, size_t pc) { return pc >= v->base && pc < v->end; }

/* The return addresses on the stack between the crash and the guarded call that lie in the image. The chain of frame
 * pointers is not relied on: code without them is common, and a wild one must not make us crash again. So a stale
 * address may be among them; the first is where it happened, or the nearest caller of that. */
static HOTI_RAW void walk(hoti_crash *c, const hoti_version *v, const void *end, const ucontext_t *context) {
    size_t pc, sp, fp, top = (size_t)end & ~(sizeof(size_t) - 1);
    read_registers(context, &pc, &sp, &fp);
    c->frame_count = 0;
    c->stack = sp;
    c->outside = !is_code_of(v, pc);
    if (!c->outside) c->frames[c->frame_count++] = pc;
    sp &= ~(sizeof(size_t) - 1);
    /* An overflowed stack ends below what is mapped, and its frames are all the same: the page that is there tells. */
    if ((c->signal == SIGSEGV || c->signal == SIGBUS) && (size_t)c->address < sp + 65536 && (size_t)c->address + 65536 > sp) sp += 131072;
    if (sp > top || top - sp > (64u << 20)) return;
    if (top - sp > (512u << 10)) top = sp + (512u << 10);
    for (size_t at = sp; at < top && c->frame_count < HOTI_FRAMES; at += sizeof at) {
        size_t word = *(const size_t *)at;
        if (word > v->base && word < v->end) c->frames[c->frame_count++] = word;
    }
}

/* Whether the code that was interrupted runs inside the guarded call whose frame is at `end`: not after that was left by
 * a longjmp, and not on another stack, in a handler of the program. */
static int is_within(const void *end, const ucontext_t *context) {
    size_t pc, sp, fp;
    read_registers(context, &pc, &sp, &fp);
    return sp == 0 || (sp < (size_t)end && (size_t)end - sp < ((size_t)1 << 32));
}

/* ---- whose it is ---- */

/* Who made it. macOS names a sender with SIGABRT alone, and gives the codes of a fault to faults only. */
#ifdef __APPLE__
static int is_sent(const siginfo_t *info) { return info->si_code == 0 || info->si_code >= SI_USER; }
static int is_own(const siginfo_t *info) { return info->si_pid == getpid() || info->si_pid == 0; }
#else
static int is_sent(const siginfo_t *info) { return info->si_code <= 0; }
static int is_own(const siginfo_t *info) { return info->si_pid == getpid(); }
#endif

static void pass_on(int number, siginfo_t *info, void *context, hoti_self *self) {
    struct sigaction old = {0};
    unsigned i = 0;
    int sent = is_sent(info); /* by kill or raise: does not happen again by itself when we return */
    while (i < CAUGHT && caught[i] != number) i++;
    if (i < CAUGHT) old = before[i];
    /* Whoever was put in front of us chains to us as we chain to them: then it has been round once, and we are deeper
     * on the stack than before. A handler that left by a jump never came back to say so, but we are not deeper then. */
    if (self != NULL && (size_t)&old < self->chaining) old.sa_handler = SIG_DFL, old.sa_flags = 0;
    if ((old.sa_flags & SA_SIGINFO) == 0 && old.sa_handler == SIG_IGN && sent) return;
    if ((old.sa_flags & SA_SIGINFO) == 0 && (old.sa_handler == SIG_DFL || old.sa_handler == SIG_IGN)) {
        struct sigaction plain;
        memset(&plain, 0, sizeof plain);
        plain.sa_handler = SIG_DFL;
        sigaction(number, &plain, NULL);
        if (sent && number != SIGABRT) raise(number); /* abort() raises it again by itself */
        return; /* to the instruction that failed: it fails again, and the system makes its core dump of that */
    }
    {
        sigset_t mask;
        sigset_t add = old.sa_mask;
        if ((old.sa_flags & SA_NODEFER) == 0) sigaddset(&add, number);
        pthread_sigmask(SIG_BLOCK, &add, &mask);
        if (self != NULL) self->chaining = (size_t)&old;
        if ((old.sa_flags & SA_SIGINFO) != 0) old.sa_sigaction(number, info, context);
        else old.sa_handler(number);
        if (self != NULL) self->chaining = 0;
        pthread_sigmask(SIG_SETMASK, &mask, NULL);
    }
}

/* ---- back to the guarded call ---- */

/* On glibc not by gcc's jump but by libc's, which on its way releases what libc holds in the frames that are left:
 * printf's lock on a stream, for one. libc's is given what gcc's mark has saved, in the form that its own would have:
 * frame, stack and place, disguised. */
#if defined(HOTI_QUICK) && defined(__GLIBC__)
static void jump_by_libc(size_t rbx, size_t frame, size_t stack, size_t place) {
    enum { RBX = 0, FRAME = 1, STACK = 6, PLACE = 7 };
    jmp_buf libc;
    size_t secret;
    __asm__("mov %%fs:0x30, %0" : "=r"(secret));
    memset(&libc, 0, sizeof libc);
#define DISGUISE(word) ((long)(((size_t)(word) ^ secret) << 17 | ((size_t)(word) ^ secret) >> 47))
    libc[0].__jmpbuf[RBX] = (long)rbx;
    libc[0].__jmpbuf[FRAME] = DISGUISE(frame);
    libc[0].__jmpbuf[PLACE] = DISGUISE(place);
    libc[0].__jmpbuf[STACK] = DISGUISE(stack);
    _longjmp(libc, 1);
}
#endif

static void jump(hoti_guard *g) {
#if defined(HOTI_QUICK) && defined(__GLIBC__)
    jump_by_libc(0, (size_t)g->jump[0], (size_t)g->jump[2], (size_t)g->jump[1]);
#elif defined(HOTI_QUICK)
    __builtin_longjmp(g->jump, 1);
#else
    _longjmp(g->jump, 1);
#endif
}

/* On macOS not out of the handler: the kernel would take the thread to be on the signal stack from then on, and the next
 * overflow would find none. The handler returns, to a place on the thread's own stack from where the jump is made. */
#ifdef HOTI_STUBS_HERE
/* The stub's own place on the stack, with rbx as its landing wants it. */
static void jump_to_stub(void *context) {
#ifdef __GLIBC__
    jump_by_libc((size_t)context, 0, hoti_stub_return(context), (size_t)hot_stub_landing);
#else
    __asm__ volatile("movq %0, %%rsp\n\tjmp hot_stub_landing" : : "r"(hoti_stub_return(context)), "b"(context) : "memory");
#endif
}
#endif

static void jump_back(hoti_guard *g, void *context) {
#ifdef __APPLE__
    hoti_mac_return(context, jump, g);
#else
    (void)context;
    jump(g);
#endif
}

#ifdef HOTI_SHORTCUT
static void jump_to_landing(hot_thread *t) {
    const void *mark = t->mark;
    t->mark = NULL;
#ifdef __GLIBC__
    jump_by_libc((size_t)t, 0, (size_t)mark, (size_t)hot_shortcut_landing);
#else
    __asm__ volatile("movq %0, %%rsp\n\tjmp hot_shortcut_landing" : : "r"(mark), "b"(t) : "memory");
#endif
}
#endif

/* ---- the handler ---- */

/* The guarded call that the signal came in, of either kind. */
typedef struct place {
    hoti_guard *guard;
    hot_thread *shortcut;
    void *context; /* of a call through a stub */
    const hoti_version *version; /* null: the signal came in none */
    const void *end;
    hoti_crash *crash;
    hoti_caught *caught;
    int running;
} place;

/* The innermost call that is guarded the quick way of a stub. */
static const hot_thread *find_quick(const hoti_self *self, const ucontext_t *context) {
    const hot_thread *found = NULL;
    for (const hot_thread *t = self->joined; t != NULL; t = t->mine) {
        size_t mark = ((const hoti_module *)t->module->runtime)->native == NULL ? 0 : hoti_native_mark(t);
        if (mark == 0 || !is_within((const void *)mark, context)) continue;
        if (found == NULL || mark < hoti_native_mark(found)) found = t;
    }
    return found;
}

static place find_place(hoti_self *self, const ucontext_t *context) {
    place p = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0};
    const hot_thread *quick;
    if (self == NULL || hoti_is_child) return p;
#ifdef HOTI_SHORTCUT
    if (self->joined != NULL && self->joined->mark != NULL && is_within(self->joined->mark, context)) {
        p.shortcut = self->joined;
        p.version = (const hoti_version *)p.shortcut->version;
        p.end = p.shortcut->mark;
        p.crash = &self->crash;
        p.caught = &self->caught;
        p.running = 1;
        return p;
    }
#endif
    quick = find_quick(self, context);
    p.guard = self->guard;
    if (p.guard != NULL && (!p.guard->armed || !is_within(p.guard->end, context))) p.guard = NULL;
    if (quick != NULL && (p.guard == NULL || hoti_native_mark(quick) < (size_t)p.guard->end)) {
        p.guard = NULL;
        p.context = hoti_native_context(quick);
        p.version = (const hoti_version *)quick->version;
        p.end = (const void *)hoti_native_mark(quick);
        p.crash = &self->crash;
        p.caught = &self->caught;
        p.running = 1;
        return p;
    }
    if (p.guard == NULL) return p;
    p.context = p.guard->context;
    p.version = p.guard->version;
    p.end = p.guard->end;
    p.crash = &p.guard->crash;
    p.caught = &p.guard->caught;
    p.running = p.guard->phase == HOTI_RUNNING;
    return p;
}

/* The background thread stops a call that has run past its deadline by our signal. Rather in the image's own code: in
 * somebody else's it may hold a lock, of malloc for one. So it is tried again, every ms, before it is stopped there. */
static int is_to_be_stopped(const place *p, hoti_self *self, unsigned turn, const ucontext_t *context) {
    enum { PATIENCE = 200 };
    size_t pc, sp, fp;
    if (p->version == NULL || !p->running || turn != self->turn) return 0; /* that call is over */
    read_registers(context, &pc, &sp, &fp);
    return p->version->base == 0 || is_code_of(p->version, pc) || ++self->tries > PATIENCE;
}

static void on_signal(int number, siginfo_t *info, void *context) {
    int kept = errno;
    hoti_self *self = hoti_self_peek();
    place p = find_place(self, (const ucontext_t *)context);
    int sent = is_sent(info);
    unsigned turn = 0;
    if (self != NULL && number == SIGSEGV && sent && is_own(info)) turn = hoti_swap(&self->stop, 0);
    if (turn != 0) {
        if (!is_to_be_stopped(&p, self, turn, (const ucontext_t *)context)) {
            errno = kept;
            return;
        }
    } else if (self != NULL && self->probing != NULL && (!sent || info->si_code == SI_TIMER || is_own(info))) {
        void *back = self->probing;
        self->probing = NULL;
        _longjmp(*(jmp_buf *)back, 1);
    } else if (number == SIGSEGV && info->si_code == SI_TIMER) {
        return; /* of heap_posix.c, too late */
    } else if (p.version == NULL || (sent && !is_own(info))) { /* that another process sent is not its doing */
        errno = kept;
        pass_on(number, info, context, self);
        return;
    }
    if (p.running) {
        p.crash->hung = turn != 0;
        p.crash->result = 0;
        p.crash->signal = turn != 0 ? 0 : number;
        p.crash->address = sent ? NULL : info->si_addr;
        p.crash->line = self->line;
        walk(p.crash, p.version, p.end, (const ucontext_t *)context);
    }
    /* Our handler masks nothing, but a sanitizer that stands in front of it masks all. The kernel fills in 8 bytes. */
    sigemptyset(&p.caught->mask);
    memcpy(&p.caught->mask, &((ucontext_t *)context)->uc_sigmask, sizeof(sigset_t) < 8 ? sizeof(sigset_t) : 8);
#ifdef HOTI_SHORTCUT
    if (p.shortcut != NULL) {
        self->jumping = 1;
        jump_to_landing(p.shortcut);
    }
#endif
    self->jumping = 1; /* our hook of longjmp stays out of it */
    if (p.guard != NULL) p.guard->armed = 0;
#ifdef HOTI_STUBS_HERE
    if (p.context != NULL) jump_to_stub(p.context);
#endif
    jump_back(p.guard, context);
}

/* Takes the signals, and takes them again from whoever has taken them since. Not before there is anything to guard: a
 * program that never reloads keeps its handlers untouched. */
void hoti_signals_take(void) {
    struct sigaction ours, now;
    memset(&ours, 0, sizeof ours);
    ours.sa_sigaction = on_signal;
    /* Nothing is masked, so that nothing has to be unmasked when the handler jumps. */
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (unsigned i = 0; i < CAUGHT; i++) {
        if (sigaction(caught[i], NULL, &now) != 0) continue;
        if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal) continue;
        before[i] = now;
        sigaction(caught[i], &ours, NULL);
    }
    taken = 1;
}

/* ---- a stack for the handler: an overflowed one cannot hold it ---- */
enum { HANDLER_STACK = 65536 };

void hoti_signals_thread(hoti_self *self) {
    stack_t now, ours = {0};
    sigset_t open;
    self->thread = pthread_self();
    /* Many programs block all signals in their threads; a crash there would end the program whatever handler there is. */
    sigemptyset(&open);
    for (unsigned i = 0; i < CAUGHT; i++)
        if (caught[i] != SIGABRT) sigaddset(&open, caught[i]);
    pthread_sigmask(SIG_UNBLOCK, &open, NULL);
    if (sigaltstack(NULL, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
    self->stack = mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (self->stack == MAP_FAILED) {
        self->stack = NULL;
        return;
    }
    ours.ss_sp = self->stack;
    ours.ss_size = HANDLER_STACK;
    if (sigaltstack(&ours, NULL) == 0) return;
    munmap(self->stack, HANDLER_STACK);
    self->stack = NULL;
}

void hoti_signals_thread_end(hoti_self *self) {
    stack_t now, none = {0};
    none.ss_flags = SS_DISABLE;
    if (self->stack == NULL) return;
    if (sigaltstack(NULL, &now) == 0 && now.ss_sp == self->stack) sigaltstack(&none, NULL);
    munmap(self->stack, HANDLER_STACK);
    self->stack = NULL;
}

void hoti_signals_landed(const hoti_caught *caught) {
    hoti_self *self = hoti_self_peek();
    if (self != NULL) self->jumping = 0;
    pthread_sigmask(SIG_SETMASK, &caught->mask, NULL);
}

void hoti_signals_stop(hoti_self *self) {
    hoti_swap(&self->stop, self->watched);
    pthread_kill(self->thread, SIGSEGV);
}
#endif
