/* shortcut.c: the short way of a guarded call, after probation: nothing is saved but what the way back needs.
 *
 * In assembly, as C has no cheap way back: setjmp makes its compiler keep everything in memory around the call. The six
 * registers that a callee keeps are pushed, the stack pointer is noted in the thread's state, and the call is made. It
 * gives the registers back by itself, so they are not popped. After a crash the handler comes to the landing with the
 * stack as it was noted. All of it has unwind information, for debuggers and for C++.
 *
 * Only on x86-64 Linux, in threads that use one module; elsewhere hoti_guard_quickly does it in C. */
#include "hot_internal.h"

#if defined(__x86_64__) && !defined(__ILP32__) && defined(__linux__) && defined(__GNUC__) && !defined(HOT_NO_TLS)

/* Where the assembly finds its words. */
HOTI_HOLDS(offsetof(hot_thread, depth) == 8);
HOTI_HOLDS(offsetof(hot_thread, mark) == 32);
HOTI_HOLDS(offsetof(hot_thread, site) == 40);
HOTI_HOLDS(offsetof(hot_site, tail) == 24);

/* hot_shortcut(function rdi, call rsi, thread rdx, site rcx) */
__asm__(".text\n"
        ".p2align 5\n"
        ".globl hot_shortcut\n"
        ".type hot_shortcut, @function\n"
        "hot_shortcut:\n"
        ".cfi_startproc\n"
        "pushq %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
        "pushq %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbp, 0\n"
        "pushq %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r12, 0\n"
        "pushq %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r13, 0\n"
        "pushq %r14\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r14, 0\n"
        "pushq %r15\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset %r15, 0\n"
        "pushq %rsi\n.cfi_adjust_cfa_offset 8\n"
        "movq %rdx, %rbx\n"
        "movq %rcx, 40(%rdx)\n" /* site */
        "movq %rsp, 32(%rdx)\n" /* mark: armed from here, */
        "movl $1, 8(%rdx)\n"    /* depth */
        "call *24(%rcx)\n"      /* tail(function, call) */
        "movq $0, 32(%rbx)\n"   /* to here */
        "movl $0, 8(%rbx)\n"
        "movq 48(%rsp), %rbx\n"
        ".cfi_remember_state\n"
        "addq $56, %rsp\n.cfi_adjust_cfa_offset -56\n"
        "ret\n"
        ".cfi_restore_state\n"
        /* After a crash: the stack pointer is the mark, rbx the thread. */
        ".globl hot_shortcut_landing\n"
        "hot_shortcut_landing:\n"
        "movq %rbx, %rdi\n"
        "call hoti_shortcut_landed\n" /* the code that makes the call again; depth is 1 again */
        "movq 40(%rbx), %rcx\n"
        "movq %rax, %rdi\n"
        "movq (%rsp), %rsi\n"
        "call *24(%rcx)\n"
        "movl $0, 8(%rbx)\n"
        "addq $8, %rsp\n.cfi_adjust_cfa_offset -8\n"
        "popq %r15\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r15\n"
        "popq %r14\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r14\n"
        "popq %r13\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r13\n"
        "popq %r12\n.cfi_adjust_cfa_offset -8\n.cfi_restore %r12\n"
        "popq %rbp\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbp\n"
        "popq %rbx\n.cfi_adjust_cfa_offset -8\n.cfi_restore %rbx\n"
        "ret\n"
        ".cfi_endproc\n"
        ".size hot_shortcut, .-hot_shortcut\n");

/* Called by the landing, and by nobody else. */
__attribute__((used)) hot_address hoti_shortcut_landed(hot_thread *t);

hot_address hoti_shortcut_landed(hot_thread *t) {
    hoti_self *self = (hoti_self *)t->self;
    const hoti_module *m = (const hoti_module *)t->module->runtime;
    const hoti_version *v;
    unsigned slot = t->site->slot;
    int answered;
    HOT_STORE(t->depth, 0);
    hoti_signals_landed(&self->caught);
    hoti_guard_landed(t, &self->crash);
    answered = hoti_failure_tell((hoti_module *)t->module->runtime, t, slot, &self->crash, 0);
    HOT_STORE(t->depth, 1);
    v = (const hoti_version *)t->version;
    return answered ? v->table[slot] : m->given->image->functions[slot].address;
}
#endif
