/* stub_unwind.c: exceptions, and whatever else unwinds the stack (pthread_exit, pthread_cancel), through a stub.
 *
 * A stub has no frame of its own: its frame has the address that the callee's has, which unwinders take for the same
 * one, so a personality that only says "go on" ends in abort(). Ours sends the unwinder to a landing that puts the
 * return address back where it was and goes on from the caller. */
#include "native.h"

#if HOTI_STUBS
#include <dlfcn.h>
#include <stdlib.h>
#include <unwind.h>

#define HIDDEN __attribute__((visibility("hidden")))
#define USED __attribute__((visibility("hidden"), used)) /* by the assembly, which no compiler reads */
USED _Unwind_Reason_Code hoti_stub_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class_,
                                               struct _Unwind_Exception *exception, struct _Unwind_Context *context);
USED void *hoti_stub_left(hoti_entry *entry);
HIDDEN void hoti_stub_leave(hoti_entry *entry);
HIDDEN void hot_stub_unwound(void);

/* The unwinder is that of whoever throws; the program itself may be linked with none. */
#pragma weak _Unwind_Resume
#pragma weak _Unwind_SetGR
#pragma weak _Unwind_SetIP

static void *find(const char *name, void *linked) {
    void *library;
    if (linked != NULL) return linked;
    linked = dlsym(RTLD_DEFAULT, name);
    if (linked != NULL) return linked;
    library = dlopen("libgcc_s.so.1", RTLD_NOW | RTLD_NOLOAD);
    if (library != NULL) linked = dlsym(library, name);
    if (linked == NULL) abort();
    return linked;
}

#define FIND(type, name) ((type)(size_t)find(#name, (void *)(size_t)name))

_Unwind_Reason_Code hoti_stub_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class class_,
                                          struct _Unwind_Exception *exception, struct _Unwind_Context *context) {
    enum { RAX = 0 };
    (void)version, (void)class_;
    if ((actions & _UA_SEARCH_PHASE) != 0) return _URC_CONTINUE_UNWIND;
    FIND(void (*)(struct _Unwind_Context *, int, _Unwind_Word), _Unwind_SetGR)(context, RAX, (_Unwind_Word)(size_t)exception);
    FIND(void (*)(struct _Unwind_Context *, _Unwind_Ptr), _Unwind_SetIP)(context, (_Unwind_Ptr)(size_t)hot_stub_unwound);
    return _URC_INSTALL_CONTEXT;
}

/* What the landing goes on with. */
void *hoti_stub_left(hoti_entry *entry) {
    hoti_stub_leave(entry);
    return find("_Unwind_Resume", (void *)(size_t)_Unwind_Resume);
}
#endif
