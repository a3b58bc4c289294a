/* stub_x64.c: the stubs' code on x86-64, System V.
 *
 * A stub calls a function without knowing its arguments: it takes the return address from the stack, so that the callee
 * finds everything where its caller has put it, and pushes it back afterwards, so that the processor predicts the
 * return. Meanwhile it is in an entry of the thread's, to which rbx points: the callee gives rbx back, and the unwind
 * information finds return address and the caller's rbx there. Before the call only r11 is free: r10 may be a static
 * chain, al the count of vector arguments.
 *
 * Entries come from a list of free ones, not from a stack of them, as coroutines return in another order. A signal
 * handler may make hot calls between any two instructions. */
#include "native.h"

#if HOTI_STUBS

/* Where the assembly finds its words. */
#define HOLDS(test) _Static_assert(test, #test)
HOLDS(offsetof(hoti_entry, back) == 0 && offsetof(hoti_entry, rbx) == 8 && offsetof(hoti_entry, stack) == 16);
HOLDS(offsetof(hoti_entry, thread) == 24 && offsetof(hoti_entry, next) == 32);
HOLDS(offsetof(hoti_context, stub) == 40 && offsetof(hoti_context, kept) == 48);
HOLDS(offsetof(hoti_context, integers) == 88 && offsetof(hoti_context, vectors) == 152);
HOLDS(offsetof(hoti_native_thread, free) == 0 && offsetof(hoti_native_thread, context) == 8);
HOLDS(offsetof(hoti_native_thread, quick) == 16 && offsetof(hoti_native_thread, mark) == 24);
HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, table) == 32);
HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, depth) == 40);
HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, guarded) == 48);
HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, slot) == 144);
HOLDS(offsetof(hoti_stub, place) == 0 && offsetof(hoti_stub, slot) == 8 && offsetof(hoti_stub, quick) == 16);
HOLDS(sizeof(hoti_stub) == 80 && HOTI_STUBS == 2048);

/* While the call runs: rbx is the entry, the frame's address is the stack pointer itself. */
#define CALLED \
    ".cfi_def_cfa %rsp, 0\n" \
    ".cfi_escape 0x10, 16, 2, 0x73, 0\n" /* return address at rbx + 0 */ \
    ".cfi_escape 0x10, 3, 2, 0x73, 8\n"  /* rbx at rbx + 8 */

/* The frame information of the call itself has a personality: an exception that passes comes to stub_unwind.c. */
#define CALL(target) \
    ".cfi_endproc\n" \
    ".cfi_startproc\n" \
    ".cfi_personality 0x1b, hoti_stub_personality\n" CALLED \
    "call *" target "\n" \
    ".cfi_endproc\n" \
    ".cfi_startproc\n" CALLED

/* `instruction` for each of the `count` first vector registers, as wide as the processor has them. */
#define WIDE_(label, from, move, last) \
    "cmpl $32, hoti_vector_width(%rip)\n" \
    "ja " label "3f\n" \
    "je " label "2f\n" \
    move("movups", "xmm", from, last) \
    "jmp " label "4f\n" \
    label "2:\n" \
    move("vmovups", "ymm", from, last) \
    "jmp " label "4f\n" \
    label "3:\n" \
    move("vmovups", "zmm", from, last) \
    label "4:\n"
#define STORE2(op, reg, from, place) \
    op " %" reg "0, 0+" place "\n" op " %" reg "1, 64+" place "\n"
#define LOAD2(op, reg, from, place) \
    op " 0+" place ", %" reg "0\n" op " 64+" place ", %" reg "1\n"
#define STORE8(op, reg, from, place) STORE2(op, reg, from, place) \
    op " %" reg "2, 128+" place "\n" op " %" reg "3, 192+" place "\n" \
    op " %" reg "4, 256+" place "\n" op " %" reg "5, 320+" place "\n" \
    op " %" reg "6, 384+" place "\n" op " %" reg "7, 448+" place "\n"
#define LOAD8(op, reg, from, place) LOAD2(op, reg, from, place) \
    op " 128+" place ", %" reg "2\n" op " 192+" place ", %" reg "3\n" \
    op " 256+" place ", %" reg "4\n" op " 320+" place ", %" reg "5\n" \
    op " 384+" place ", %" reg "6\n" op " 448+" place ", %" reg "7\n"
#define STORES(place) WIDE_("1", 0, STORE8, place)
#define LOADS(place) WIDE_("2", 0, LOAD8, place)
#define STORE_RESULTS(place) WIDE_("3", 0, STORE2, place)
#define LOAD_RESULTS(place) WIDE_("4", 0, LOAD2, place)

/* Arguments and the registers that a callee keeps, into the context in r11. */
#define KEEP_ARGUMENTS \
    "movq %rdi, 88(%r11)\nmovq %rsi, 96(%r11)\nmovq %rdx, 104(%r11)\n" \
    "movq %rcx, 112(%r11)\nmovq %r8, 120(%r11)\nmovq %r9, 128(%r11)\n" \
    "movq %rax, 136(%r11)\n"
#define KEEP_KEPT \
    "movq %rbp, 48(%r11)\nmovq %r12, 56(%r11)\nmovq %r13, 64(%r11)\nmovq %r14, 72(%r11)\nmovq %r15, 80(%r11)\n"
#define KEEP_XMM \
    "movups %xmm0, 152(%r11)\nmovups %xmm1, 216(%r11)\nmovups %xmm2, 280(%r11)\nmovups %xmm3, 344(%r11)\n" \
    "movups %xmm4, 408(%r11)\nmovups %xmm5, 472(%r11)\nmovups %xmm6, 536(%r11)\nmovups %xmm7, 600(%r11)\n"

/* The quick way: rbx is the thread, r11 the stub, the caller's rbx at -16(rsp), the stub at -24(rsp). */
#define QUICK(name, keep) \
    ".p2align 5\n" \
    ".globl " name "\n.hidden " name "\n.type " name ", @function\n" \
    name ":\n" \
    ".cfi_startproc\n" \
    ".cfi_offset %rbx, -24\n" \
    "movl $1, 40(%rbx)\n" /* depth, first: a handler's calls are no outermost ones */ \
    "movq 8(%rbx), %r11\n" keep KEEP_KEPT \
    "movq -16(%rsp), %rdi\n" \
    "movq %rdi, 8(%r11)\n" \
    "movq -24(%rsp), %rdi\n" \
    "movq %rdi, 40(%r11)\n" \
    "movq 8(%rdi), %rdi\n" \
    "movq 16(%rbx), %rax\n" \
    "movq (%rax,%rdi,8), %rax\n" \
    "movq %rax, -32(%rsp)\n" \
    "movq 88(%r11), %rdi\n" \
    "movq 136(%r11), %rax\n" \
    "movq %r11, %rbx\n" \
    ".cfi_escape 0x10, 3, 2, 0x73, 8\n" \
    "movq 24(%rbx), %r11\n" \
    "popq (%rbx)\n" CALLED \
    "movq %rsp, 16(%rbx)\n" \
    "movq %rsp, 24(%r11)\n" /* the mark: armed from here, */ \
    CALL("-40(%rsp)") \
    "pushq (%rbx)\n" \
    ".cfi_def_cfa %rsp, 8\n.cfi_offset 16, -8\n" \
    "movq 24(%rbx), %r11\n" \
    "movq 8(%rbx), %rcx\n" \
    ".cfi_register %rbx, %rcx\n" \
    "movq $0, 24(%r11)\n" /* to here */ \
    "decl 40(%r11)\n" /* other coroutines may have calls by now */ \
    "movq %rcx, %rbx\n" \
    ".cfi_same_value %rbx\n" \
    "ret\n" \
    ".cfi_endproc\n" \
    ".size " name ", .-" name "\n"

__asm__(".text\n"
        /* ---- the stubs: 16 bytes each, in the order of hoti_stubs ---- */
        ".p2align 5\n"
        ".globl hot_stub_code\n.hidden hot_stub_code\n.type hot_stub_code, @function\n"
        "hot_stub_code:\n"
        ".cfi_startproc\n"
        "hoti_stub_number = 0\n"
        ".rept 2048\n"
        ".p2align 4\n"
        "leaq hoti_stubs+80*hoti_stub_number(%rip), %r11\n"
        "jmp hot_stub_enter\n"
        "hoti_stub_number = hoti_stub_number + 1\n"
        ".endr\n"
        ".cfi_endproc\n"
        ".size hot_stub_code, .-hot_stub_code\n"

        /* ---- a call as it mostly is ---- */
        ".p2align 5\n"
        ".type hot_stub_enter, @function\n"
        "hot_stub_enter:\n"
        ".cfi_startproc\n"
        "movq %rbx, -16(%rsp)\n"
        ".cfi_offset %rbx, -24\n"
        "movq %r11, -24(%rsp)\n"
        "movq (%r11), %rbx\n"
        "movq %fs:(%rbx), %rbx\n" /* this thread's state for the module */
        "movq 8(%r11), %r11\n"
        "testq %rbx, %rbx\n"
        "jz hot_stub_slow\n"
        "cmpq $0, 32(%rbx)\n"
        "je 2f\n"
        "movl %r11d, 144(%rbx)\n"
        "shlq $3, %r11\n"
        "addq 32(%rbx), %r11\n"
        "1:\n"
        "movq (%r11), %r11\n"
        "movq %r11, -32(%rsp)\n"
        "movq (%rbx), %r11\n"
        "testq %r11, %r11\n"
        "jz hot_stub_slow\n"
        "incl 40(%rbx)\n"
        "pushq 32(%r11)\n"
        ".cfi_adjust_cfa_offset 8\n"
        "popq (%rbx)\n"
        ".cfi_adjust_cfa_offset -8\n"
        "movq -16(%rsp), %rbx\n"
        "movq %rbx, 8(%r11)\n"
        "movq %r11, %rbx\n"
        ".cfi_escape 0x10, 3, 2, 0x73, 8\n"
        "popq (%rbx)\n" CALLED
        "movq %rsp, 16(%rbx)\n" CALL("-40(%rsp)")
        "pushq (%rbx)\n"
        ".cfi_def_cfa %rsp, 8\n.cfi_offset 16, -8\n"
        "movq 24(%rbx), %r11\n"
        "decl 40(%r11)\n"
        "movq (%r11), %rcx\n"
        "movq %rcx, 32(%rbx)\n"
        "movq 8(%rbx), %rcx\n"
        ".cfi_register %rbx, %rcx\n"
        "movq %rbx, (%r11)\n" /* free from here on: a handler may take it */
        "movq %rcx, %rbx\n"
        ".cfi_same_value %rbx\n"
        "ret\n"
        ".cfi_endproc\n"
        ".cfi_startproc\n"
        ".cfi_offset %rbx, -24\n"
        "2:\n" /* guarded, or something to do first */
        "cmpq $0, 48(%rbx)\n"
        "je hot_stub_slow\n"
        "movl %r11d, 144(%rbx)\n"
        "cmpl $0, 40(%rbx)\n"
        "jne 3f\n"
        "cmpq $0, 16(%rbx)\n"
        "je hot_stub_slow\n"
        "movq -24(%rsp), %r11\n"
        "jmp *16(%r11)\n"
        "3:\n" /* below a guarded call */
        "shlq $3, %r11\n"
        "addq 48(%rbx), %r11\n"
        "jmp 1b\n"
        ".cfi_endproc\n"
        ".size hot_stub_enter, .-hot_stub_enter\n"

        /* ---- all that C has to look at: the registers go into a hoti_registers on the stack ---- */
        ".p2align 5\n"
        ".type hot_stub_slow, @function\n"
        "hot_stub_slow:\n"
        ".cfi_startproc\n"
        ".cfi_offset %rbx, -24\n"
        "movq -24(%rsp), %r11\n"
        "movq -16(%rsp), %rbx\n"
        ".cfi_same_value %rbx\n"
        "subq $648, %rsp\n"
        ".cfi_adjust_cfa_offset 648\n"
        "movq %rdi, 0(%rsp)\nmovq %rsi, 8(%rsp)\nmovq %rdx, 16(%rsp)\nmovq %rcx, 24(%rsp)\n"
        "movq %r8, 32(%rsp)\nmovq %r9, 40(%rsp)\nmovq %rax, 48(%rsp)\nmovq %r10, 56(%rsp)\n"
        "movq %rbp, 64(%rsp)\nmovq %r12, 72(%rsp)\nmovq %r13, 80(%rsp)\nmovq %r14, 88(%rsp)\nmovq %r15, 96(%rsp)\n"
        "movq %rbx, 104(%rsp)\nmovq %r11, 112(%rsp)\n" STORES("128(%rsp)")
        "movq %rsp, %rdi\n"
        "call hoti_stub_enter\n"
        "movq %rax, %rbx\n"
        ".cfi_escape 0x10, 3, 2, 0x73, 8\n" LOADS("128(%rsp)")
        "movq 0(%rsp), %rdi\nmovq 8(%rsp), %rsi\nmovq 16(%rsp), %rdx\nmovq 24(%rsp), %rcx\n"
        "movq 32(%rsp), %r8\nmovq 40(%rsp), %r9\nmovq 48(%rsp), %rax\nmovq 56(%rsp), %r10\n"
        "movq 120(%rsp), %r11\n"
        ".cfi_escape 0x10, 16, 2, 0x73, 0\n"
        "addq $656, %rsp\n" CALLED CALL("%r11")
        "1:\n"
        "subq $208, %rsp\n"
        ".cfi_adjust_cfa_offset 208\n"
        "movq %rax, 128(%rsp)\nmovq %rdx, 136(%rsp)\n" STORE_RESULTS("0(%rsp)")
        "movq 8(%rbx), %rcx\n"
        "movq %rcx, 200(%rsp)\n"
        ".cfi_offset %rbx, -8\n"
        "movq (%rbx), %rcx\n"
        "movq %rcx, 192(%rsp)\n"
        ".cfi_offset 16, -16\n"
        "movq %rbx, %rdi\n"
        "call hoti_stub_leave\n" LOAD_RESULTS("0(%rsp)")
        "movq 128(%rsp), %rax\nmovq 136(%rsp), %rdx\n"
        "movq 200(%rsp), %rbx\n"
        ".cfi_same_value %rbx\n"
        "movq 192(%rsp), %rcx\n"
        ".cfi_register 16, %rcx\n"
        "addq $208, %rsp\n"
        ".cfi_adjust_cfa_offset -208\n"
        "pushq %rcx\n"
        ".cfi_adjust_cfa_offset 8\n"
        ".cfi_offset 16, -8\n"
        "ret\n"
        ".cfi_endproc\n"

        /* ---- after a crash: rbx is the context, the stack as the call found it ---- */
        ".p2align 4\n"
        ".globl hot_stub_landing\n.hidden hot_stub_landing\n"
        ".cfi_startproc\n" CALLED
        "hot_stub_landing:\n"
        "movq %rbx, %rdi\n"
        "call hoti_stub_landed\n" /* the code that makes the call again */
        "movq %rax, %r11\n" LOADS("152(%rbx)")
        "movq 48(%rbx), %rbp\nmovq 56(%rbx), %r12\nmovq 64(%rbx), %r13\nmovq 72(%rbx), %r14\nmovq 80(%rbx), %r15\n"
        "movq 88(%rbx), %rdi\nmovq 96(%rbx), %rsi\nmovq 104(%rbx), %rdx\nmovq 112(%rbx), %rcx\n"
        "movq 120(%rbx), %r8\nmovq 128(%rbx), %r9\nmovq 136(%rbx), %rax\nmovq 144(%rbx), %r10\n" CALL("%r11")
        "jmp 1b\n"
        ".cfi_endproc\n"
        ".size hot_stub_slow, .-hot_stub_slow\n"

        /* ---- an exception passes: rax is what is thrown, rbx the entry. The call counts as returned, and the
         * unwinding goes on from the caller, as if it had called _Unwind_Resume itself. ---- */
        ".p2align 4\n"
        ".globl hot_stub_unwound\n.hidden hot_stub_unwound\n.type hot_stub_unwound, @function\n"
        "hot_stub_unwound:\n"
        ".cfi_startproc\n" CALLED
        "subq $32, %rsp\n"
        ".cfi_adjust_cfa_offset 32\n"
        "movq 8(%rbx), %rcx\n"
        "movq %rcx, 24(%rsp)\n"
        ".cfi_offset %rbx, -8\n"
        "movq (%rbx), %rcx\n"
        "movq %rcx, 16(%rsp)\n"
        ".cfi_offset 16, -16\n"
        "movq %rax, (%rsp)\n"
        "movq %rbx, %rdi\n"
        "call hoti_stub_left\n" /* returns _Unwind_Resume */
        "movq (%rsp), %rdi\n"
        "movq 24(%rsp), %rbx\n"
        ".cfi_same_value %rbx\n"
        "movq 16(%rsp), %rcx\n"
        ".cfi_register 16, %rcx\n"
        "addq $32, %rsp\n"
        ".cfi_adjust_cfa_offset -32\n"
        "pushq %rcx\n"
        ".cfi_adjust_cfa_offset 8\n"
        ".cfi_offset 16, -8\n"
        "jmp *%rax\n"
        ".cfi_endproc\n"
        ".size hot_stub_unwound, .-hot_stub_unwound\n"

        QUICK("hot_stub_quick_all", KEEP_ARGUMENTS "movq %r10, 144(%r11)\n" KEEP_XMM)
        QUICK("hot_stub_quick_integers", KEEP_ARGUMENTS)
        QUICK("hot_stub_quick_three", "movq %rdi, 88(%r11)\nmovq %rsi, 96(%r11)\nmovq %rdx, 104(%r11)\n"
              "movq %rax, 136(%r11)\n"));
#endif
