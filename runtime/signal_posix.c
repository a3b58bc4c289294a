/* signal_posix.c: the handlers. Armed only while a guarded call runs on the very thread that the signal hits; everything else
 * goes to whoever handled it before, core dumps included. */
#ifndef _WIN32
#undef _FORTIFY_SOURCE /* it takes the jump from the signal stack to the thread's for a mistake */
#include "hot_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

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
#else
    (void)c;
#endif
}

/* The return addresses on the stack between the crash and the guarded call that lie in the image. The chain of frame
 * pointers is not relied on: code without them is common, and a wild one must not make us crash again. So a stale
 * address may be among them; the first is where it happened, or the nearest caller of that. */
static HOTI_RAW void walk(hoti_guard *g, const ucontext_t *context) {
    size_t pc, sp, fp, top = (size_t)g & ~(sizeof(size_t) - 1);
    const hoti_version *v = g->version;
    hoti_crash *c = &g->crash;
    read_registers(context, &pc, &sp, &fp);
    c->frame_count = 0;
    if (pc >= v->base && pc < v->end) c->frames[c->frame_count++] = pc;
    sp &= ~(sizeof(size_t) - 1);
    /* An overflowed stack ends below what is mapped, and its frames are all the same: the page that is there tells. */
    if (c->signal == SIGSEGV && (size_t)c->address < sp + 65536 && (size_t)c->address + 65536 > sp) sp += 131072;
    if (sp > top || top - sp > (64u << 20)) return;
    if (top - sp > (512u << 10)) top = sp + (512u << 10);
    for (size_t at = sp; at < top && c->frame_count < HOTI_FRAMES; at += sizeof at) {
        size_t word = *(const size_t *)at;
        if (word > v->base && word < v->end) c->frames[c->frame_count++] = word;
    }
}

/* Whether the code that was interrupted runs inside the guarded call: not after that was left by a longjmp, and not on
 * another stack, in a handler of the program. */
static int is_within(const hoti_guard *g, const ucontext_t *context) {
    size_t pc, sp, fp;
    read_registers(context, &pc, &sp, &fp);
    return sp == 0 || (sp < (size_t)g && (size_t)g - sp < ((size_t)1 << 32));
}

/* ---- whose it is, when it is not ours ---- */
static void pass_on(int number, siginfo_t *info, void *context, hoti_self *self) {
    struct sigaction old = {0};
    unsigned i = 0;
    int sent = info->si_code <= 0; /* by kill or raise: does not happen again by itself when we return */
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

/* Back to the guarded call. On glibc not by gcc's jump but by libc's, which on its way releases what libc holds in the
 * frames that are left: printf's lock on a stream, for one. libc's is given what gcc's mark has saved, in the form
 * that its own would have: frame, stack and place, disguised. */
static void jump_back(hoti_guard *g) {
#if defined(HOTI_QUICK) && defined(__GLIBC__)
    enum { FRAME = 1, STACK = 6, PLACE = 7 };
    jmp_buf libc;
    size_t secret;
    __asm__("mov %%fs:0x30, %0" : "=r"(secret));
    memset(&libc, 0, sizeof libc);
#define DISGUISE(word) ((long)(((size_t)(word) ^ secret) << 17 | ((size_t)(word) ^ secret) >> 47))
    libc[0].__jmpbuf[FRAME] = DISGUISE(g->jump[0]);
    libc[0].__jmpbuf[PLACE] = DISGUISE(g->jump[1]);
    libc[0].__jmpbuf[STACK] = DISGUISE(g->jump[2]);
    _longjmp(libc, 1);
#elif defined(HOTI_QUICK)
    __builtin_longjmp(g->jump, 1);
#else
    _longjmp(g->jump, 1);
#endif
}

static void on_signal(int number, siginfo_t *info, void *context) {
    int kept = errno;
    hoti_self *self = hoti_self_peek();
    hoti_guard *g = self == NULL ? NULL : self->guard;
    int armed = g != NULL && g->armed && !hoti_is_child && is_within(g, context);
    /* The background thread stops a call by this signal; it may come when the call is already over. */
    if (self != NULL && number == SIGSEGV && info->si_code <= 0 && info->si_pid == getpid() &&
        hoti_swap(&self->stop, 0) != 0) {
        hoti_u64 started = self->started;
        if (!armed || g->phase != HOTI_RUNNING || started == 0 || hoti_now() - started < hoti_deadline() / 2) {
            errno = kept;
            return;
        }
        g->crash.hung = 1;
        number = 0;
    } else if (armed && info->si_code <= 0 && info->si_pid != getpid()) {
        armed = 0; /* another process sent it: not the code's doing */
    }
    if (!armed) {
        errno = kept;
        pass_on(number, info, context, self);
        return;
    }
    if (g->phase == HOTI_RUNNING) {
        if (number != 0) g->crash.hung = 0;
        g->crash.signal = number;
        g->crash.address = number == 0 || info->si_code <= 0 ? NULL : info->si_addr;
        g->crash.line = self->line;
        walk(g, context);
    }
    /* Our handler masks nothing, but a sanitizer that stands in front of it masks all. The kernel fills in 8 bytes. */
    sigemptyset(&g->caught.mask);
    memcpy(&g->caught.mask, &((ucontext_t *)context)->uc_sigmask, 8);
    g->armed = 0;
    jump_back(g);
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
    self->thread = pthread_self();
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

void hoti_signals_landed(const hoti_caught *caught) { pthread_sigmask(SIG_SETMASK, &caught->mask, NULL); }

void hoti_signals_stop(hoti_self *self) {
    hoti_swap(&self->stop, 1);
    pthread_kill(self->thread, SIGSEGV);
}
#endif
