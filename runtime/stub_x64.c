/* stub_x64.c: the stubs' code on x86-64, System V.
 *
 * A stub calls a function without knowing its arguments: it takes the return address from the stack, so that the callee
 * finds everything where its caller has put it, and pushes it back afterwards, so that the processor predicts the
 * return. Meanwhile it is in an entry of the thread's, to which rbx points: the callee gives rbx back, and the unwind
 * information finds return address and the caller's rbx there. Before the call only r11 is free: r10 may be a static
 * chain, al the count of vector arguments.
 *
 * Entries come from a list of free ones, not from a stack of them, as coroutines return in another order. How many are in
 * use is the position of the first free one; nothing counts. A signal handler may make hot calls between any two
 * instructions. */
#include "native.h"

#if HOTI_STUBS

/* Where the assembly finds its words. */
HOTI_HOLDS(offsetof(hoti_entry, back) == 0 && offsetof(hoti_entry, rbx) == 8 && offsetof(hoti_entry, stack) == 16);
HOTI_HOLDS(offsetof(hoti_entry, thread) == 24 && offsetof(hoti_entry, next) == 32);
HOTI_HOLDS(offsetof(hoti_entry, position) == 40);
HOTI_HOLDS(offsetof(hoti_context, stub) == 48 && offsetof(hoti_context, kept) == 56);
HOTI_HOLDS(offsetof(hoti_context, integers) == 96 && offsetof(hoti_context, vectors) == 160);
HOTI_HOLDS(offsetof(hoti_native_thread, free) == 48 && offsetof(hoti_native_thread, context) == 56);
HOTI_HOLDS(offsetof(hoti_native_thread, quick) == 64 && offsetof(hoti_native_thread, mark) == 72);
HOTI_HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, table) == 80);
HOTI_HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, depth) == 88);
HOTI_HOLDS(offsetof(hoti_native_thread, base) + offsetof(hot_thread, guarded) == 96);
HOTI_HOLDS(offsetof(hoti_stub, place) == 0 && offsetof(hoti_stub, offset) == 8 && offsetof(hoti_stub, quick) == 16);
HOTI_HOLDS(sizeof(hoti_stub) == 88 && HOTI_STUBS == 2048);

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
    "movq %rdi, 96(%r11)\nmovq %rsi, 104(%r11)\nmovq %rdx, 112(%r11)\n" \
    "movq %rcx, 120(%r11)\nmovq %r8, 128(%r11)\nmovq %r9, 136(%r11)\n" \
    "movq %rax, 144(%r11)\n"
#define KEEP_KEPT \
    "movq %rbp, 56(%r11)\nmovq %r12, 64(%r11)\nmovq %r13, 72(%r11)\nmovq %r14, 80(%r11)\nmovq %r15, 88(%r11)\n"
#define KEEP_XMM \
    "movups %xmm0, 160(%r11)\nmovups %xmm1, 224(%r11)\nmovups %xmm2, 288(%r11)\nmovups %xmm3, 352(%r11)\n" \
    "movups %xmm4, 416(%r11)\nmovups %xmm5, 480(%r11)\nmovups %xmm6, 544(%r11)\nmovups %xmm7, 608(%r11)\n"

/* The quick way: rbx is the thread, r11 the stub; on the stack are the caller's rbx and the stub. */
#define QUICK(name, keep) \
    ".p2align 5\n" \
    ".globl " name "\n.hidden " name "\n.type " name ", @function\n" \
    name ":\n" \
    ".cfi_startproc\n" \
    ".cfi_adjust_cfa_offset 16\n.cfi_rel_offset %rbx, 0\n" \
    "movl $1, 88(%rbx)\n" /* depth, first: a handler's calls are no outermost ones */ \
    "movq 56(%rbx), %r11\n" keep KEEP_KEPT \
    "popq 8(%r11)\n" \
    ".cfi_adjust_cfa_offset -8\n" \
    "movq %rbx, %rax\n" /* the thread, and the caller's rbx is where it stays */ \
    "movq %r11, %rbx\n" \
    ".cfi_escape 0x10, 3, 2, 0x73, 8\n" \
    "popq %r11\n" \
    ".cfi_adjust_cfa_offset -8\n" \
    "movq %r11, 48(%rbx)\n" \
    "movq 8(%r11), %r11\n" \
    "addq 64(%rax), %r11\n" \
    "movq (%r11), %r11\n" \
    "popq (%rbx)\n" CALLED \
    "movq %rsp, 16(%rbx)\n" \
    "movq %rsp, 72(%rax)\n" /* the mark: armed from here, */ \
    "movq 144(%rbx), %rax\n" \
    CALL("%r11") \
    "pushq (%rbx)\n" \
    ".cfi_def_cfa %rsp, 8\n.cfi_offset 16, -8\n" \
    "movq 24(%rbx), %r11\n" \
    "movq 8(%rbx), %rcx\n" \
    ".cfi_register %rbx, %rcx\n" \
    "movq $0, 72(%r11)\n" /* to here */ \
    "movl $0, 88(%r11)\n" \
    "movq %rcx, %rbx\n" \
    ".cfi_same_value %rbx\n" \
    "ret\n" \
    ".cfi_endproc\n" \
    ".size " name ", .-" name "\n"

/* Nobody but a pedant counts the letters of a literal. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverlength-strings"
__asm__(".text\n"
        /* ---- the stubs: 16 bytes each, in the order of hoti_stubs ---- */
        ".p2align 5\n"
        ".globl hot_stub_code\n.hidden hot_stub_code\n.type hot_stub_code, @function\n"
        "hot_stub_code:\n"
        ".cfi_startproc\n"
        "hoti_stub_number = 0\n"
        ".rept 2048\n"
        ".p2align 4\n"
        "leaq hoti_stubs+88*hoti_stub_number(%rip), %r11\n"
        "jmp hot_stub_enter\n"
        "hoti_stub_number = hoti_stub_number + 1\n"
        ".endr\n"
        ".cfi_endproc\n"
        ".size hot_stub_code, .-hot_stub_code\n"

        /* ---- a call as it mostly is: r11 is the stub ----
         * What it costs is what it writes, so it writes little: an entry's `stack`, which is where the call was made, says
         * that it is in use. */
        ".p2align 6\n"
        ".type hot_stub_enter, @function\n"
        "hot_stub_enter:\n"
        ".cfi_startproc\n"
        "pushq %r11\n"
        ".cfi_adjust_cfa_offset 8\n"
        "movq (%r11), %r11\n"
        "movq %fs:(%r11), %r11\n" /* this thread's state for the module, and its first entry */
        "testq %r11, %r11\n"
        "jz hot_stub_slow\n"
        "cmpq $0, 80(%r11)\n"
        "je 2f\n"
        "cmpq $0, 16(%r11)\n"
        "jne 1f\n"
        "movq %rsp, 16(%r11)\n"
        "movq %rbx, 8(%r11)\n"
        "movq %r11, %rbx\n"
        ".cfi_escape 0x10, 3, 2, 0x73, 8\n"
        "popq %r11\n"
        ".cfi_adjust_cfa_offset -8\n"
        "movq %r11, 32(%rbx)\n" /* for reports */
        "movq 8(%r11), %r11\n"
        "addq 80(%rbx), %r11\n"
        "movq (%r11), %r11\n"
        "popq (%rbx)\n" CALLED CALL("%r11")
        "pushq (%rbx)\n"
        ".cfi_def_cfa %rsp, 8\n.cfi_offset 16, -8\n"
        "movq 8(%rbx), %rcx\n"
        ".cfi_register %rbx, %rcx\n"
        "movq $0, 16(%rbx)\n" /* free from here on: a handler may take it */
        "movq %rcx, %rbx\n"
        ".cfi_same_value %rbx\n"
        "ret\n"
        ".cfi_endproc\n"

        /* Below another call: an entry of the list. r11 is the thread, the stub on the stack. */
        ".cfi_startproc\n"
        ".cfi_adjust_cfa_offset 8\n"
        "1:\n"
        "cmpq $0, 48(%r11)\n"
        "je hot_stub_slow\n"
        "pushq %rbx\n"
        ".cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
        "movq %r11, %rbx\n"
        "movq 8(%rsp), %r11\n"
        "movq 8(%r11), %r11\n"
        "addq 80(%rbx), %r11\n"
        "4:\n"
        "movq (%r11), %r11\n"
        "movq %r11, 8(%rsp)\n" /* what is to be called */
        "movq 48(%rbx), %r11\n"
        "pushq 32(%r11)\n"
        ".cfi_adjust_cfa_offset 8\n"
        "popq 48(%rbx)\n"
        ".cfi_adjust_cfa_offset -8\n"
        "movq %r11, %rbx\n"
        "popq 8(%rbx)\n"
        ".cfi_adjust_cfa_offset -8\n.cfi_escape 0x10, 3, 2, 0x73, 8\n"
        "movq %rsp, 16(%rbx)\n"
        "popq %r11\n"
        ".cfi_adjust_cfa_offset -8\n"
        "popq (%rbx)\n" CALLED CALL("%r11")
        /* The list is as it was, mostly. */
        "movq 24(%rbx), %r11\n"
        "movq 32(%rbx), %rcx\n"
        "cmpq %rcx, 48(%r11)\n"
        "jne hot_stub_returned\n"
        "pushq (%rbx)\n"
        ".cfi_def_cfa %rsp, 8\n.cfi_offset 16, -8\n"
        "movq 8(%rbx), %rcx\n"
        ".cfi_register %rbx, %rcx\n"
        "movq $0, 16(%rbx)\n"
        "movq %rbx, 48(%r11)\n" /* free from here on */
        "movq %rcx, %rbx\n"
        ".cfi_same_value %rbx\n"
        "ret\n"
        ".cfi_endproc\n"

        /* Guarded, or something to do first. */
        ".cfi_startproc\n"
        ".cfi_adjust_cfa_offset 8\n"
        "2:\n"
        "cmpq $0, 96(%r11)\n"
        "je hot_stub_slow\n"
        "cmpq $0, 48(%r11)\n"
        "je hot_stub_slow\n"
        "pushq %rbx\n"
        ".cfi_adjust_cfa_offset 8\n.cfi_rel_offset %rbx, 0\n"
        "movq %r11, %rbx\n"
        "movq 8(%rsp), %r11\n"
        "cmpl $0, 88(%rbx)\n"
        "jne 3f\n"
        "cmpq $0, 16(%rbx)\n"
        "jne 3f\n"
        "movq 48(%rbx), %r11\n"
        "cmpl $0, 40(%r11)\n" /* the first free one's position */
        "movq 8(%rsp), %r11\n"
        "jne 3f\n"
        "cmpq $0, 64(%rbx)\n"
        "je 5f\n"
        "jmp *16(%r11)\n"
        "3:\n" /* below another call */
        "movq 8(%r11), %r11\n"
        "addq 96(%rbx), %r11\n"
        "jmp 4b\n"
        "5:\n"
        "popq %rbx\n"
        ".cfi_adjust_cfa_offset -8\n.cfi_same_value %rbx\n"
        "jmp hot_stub_slow\n"
        ".cfi_endproc\n"
        ".size hot_stub_enter, .-hot_stub_enter\n"

        /* ---- all that C has to look at: the registers go into a hoti_registers on the stack ---- */
        ".p2align 5\n"
        ".type hot_stub_slow, @function\n"
        "hot_stub_slow:\n"
        ".cfi_startproc\n"
        ".cfi_adjust_cfa_offset 8\n"
        "popq %r11\n"
        ".cfi_adjust_cfa_offset -8\n"
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
        "hot_stub_returned:\n"
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
        "movq %rax, %r11\n" LOADS("160(%rbx)")
        "movq 56(%rbx), %rbp\nmovq 64(%rbx), %r12\nmovq 72(%rbx), %r13\nmovq 80(%rbx), %r14\nmovq 88(%rbx), %r15\n"
        "movq 96(%rbx), %rdi\nmovq 104(%rbx), %rsi\nmovq 112(%rbx), %rdx\nmovq 120(%rbx), %rcx\n"
        "movq 128(%rbx), %r8\nmovq 136(%rbx), %r9\nmovq 144(%rbx), %rax\nmovq 152(%rbx), %r10\n" CALL("%r11")
        "jmp hot_stub_returned\n"
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

        QUICK("hot_stub_quick_all", KEEP_ARGUMENTS "movq %r10, 152(%r11)\n" KEEP_XMM)
        QUICK("hot_stub_quick_integers", KEEP_ARGUMENTS)
        QUICK("hot_stub_quick_few", "movq %rdi, 96(%r11)\nmovq %rsi, 104(%r11)\nmovq %rdx, 112(%r11)\n"
              "movq %rax, 144(%r11)\nmovups %xmm0, 160(%r11)\nmovups %xmm1, 224(%r11)\n")
        QUICK("hot_stub_quick_three", "movq %rdi, 96(%r11)\nmovq %rsi, 104(%r11)\nmovq %rdx, 112(%r11)\n"
              "movq %rax, 144(%r11)\n"));
#pragma GCC diagnostic pop
#endif
