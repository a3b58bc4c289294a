/* macos.c: what macOS has ways of its own for. Compiled and linked for both machines in our tests, and not yet run on a Mac:
 * docs/platforms.md. */
#ifdef __APPLE__
#include "posix.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <mach-o/dyld.h>
#include <mach-o/loader.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* <sys/xattr.h>, which not every set of headers for macOS has. */
int removexattr(const char *path, const char *name, int options);
#ifndef XATTR_NOFOLLOW
#define XATTR_NOFOLLOW 1
#endif

#if defined(__arm64__)
#define OWN_MACHINE CPU_TYPE_ARM64
#else
#define OWN_MACHINE CPU_TYPE_X86_64
#endif

/* Each segment is held against the file's size, as in library_posix.c for ELF: the kernel ends a process that touches a
 * page beyond the end of a file, and on arm64 one that maps code with no signature. */
static int check_commands(int fd, off_t size, const struct mach_header_64 *head, const char *shown, hoti_error *error) {
    off_t at = sizeof *head;
    int is_signed = 0;
    for (unsigned i = 0; i < head->ncmds; i++) {
        struct load_command command;
        struct segment_command_64 segment;
        if (pread(fd, &command, sizeof command, at) != (ssize_t)sizeof command || command.cmdsize < sizeof command)
            return hoti_fail(error, "image_invalid", "%s is cut short: it has no load command %u", shown, i);
        if (command.cmd == LC_CODE_SIGNATURE) is_signed = 1;
        if (command.cmd == LC_SEGMENT_64 &&
            (pread(fd, &segment, sizeof segment, at) != (ssize_t)sizeof segment ||
             segment.fileoff > (hoti_u64)size || segment.filesize > (hoti_u64)size - segment.fileoff))
            return hoti_fail(error, "image_invalid", "%s is cut short: segment %.16s ends beyond its %lld bytes", shown,
                             segment.segname, (long long)size);
        at += command.cmdsize;
    }
    if (OWN_MACHINE == CPU_TYPE_ARM64 && !is_signed)
        return hoti_fail(error, "image_invalid", "%s has no signature, and macOS on arm64 loads no library without: "
                         "codesign --sign - FILE gives it one", shown);
    return 1;
}

int hoti_library_check(const char *path, const char *shown, hoti_error *error) {
    struct mach_header_64 head;
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC), good = 0;
    if (fd < 0 || fstat(fd, &s) != 0 || pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        head.magic != MH_MAGIC_64)
        hoti_fail(error, "image_invalid", "%s is no shared library for one machine: it is too short or does not begin as one",
                  shown);
    else if (head.cputype != OWN_MACHINE)
        hoti_fail(error, "wrong_platform", "%s is for another machine (Mach-O machine %#x, the program's is %#x)", shown,
                  (unsigned)head.cputype, (unsigned)OWN_MACHINE);
    else if (head.filetype != MH_DYLIB && head.filetype != MH_BUNDLE)
        hoti_fail(error, "image_invalid", "%s is a Mach-O file but no shared library", shown);
    else
        good = check_commands(fd, s.st_size, &head, shown, error);
    if (fd >= 0) close(fd);
    /* A sandboxed program marks each file that it writes as if it came from the net, and the loader refuses code that is
     * marked. This file is our copy of one that the user built or that the agent has checked. */
    if (good) removexattr(path, "com.apple.quarantine", XATTR_NOFOLLOW);
    return good;
}

/* Where the code of a loaded image lies: the segment that may be run. */
void hoti_library_place(const void *inside, size_t *origin, size_t *base, size_t *end) {
    Dl_info info;
    const struct mach_header_64 *head;
    const struct load_command *command;
    size_t slide = 0;
    if (dladdr(inside, &info) == 0) return;
    head = info.dli_fbase;
    if (head->magic != MH_MAGIC_64) return;
    *origin = (size_t)head;
    *base = *end = 0;
    command = (const struct load_command *)(head + 1);
    for (unsigned i = 0; i < head->ncmds; i++) {
        const struct segment_command_64 *segment = (const struct segment_command_64 *)command;
        if (command->cmd == LC_SEGMENT_64 && strcmp(segment->segname, SEG_TEXT) == 0) slide = *origin - segment->vmaddr;
        if (command->cmd == LC_SEGMENT_64 && (segment->initprot & VM_PROT_EXECUTE) != 0) {
            size_t from = segment->vmaddr + slide;
            if (*base == 0 || from < *base) *base = from;
            if (from + segment->vmsize > *end) *end = from + segment->vmsize;
        }
        command = (const struct load_command *)((const char *)command + command->cmdsize);
    }
}

size_t hoti_executable(char *path, size_t room) {
    unsigned size = (unsigned)room;
    return _NSGetExecutablePath(path, &size) == 0 ? strlen(path) : 0;
}

long hoti_thread_id(void) {
    __uint64_t id = 0;
    pthread_threadid_np(NULL, &id);
    return (long)id;
}

/* ---- in a signal handler ---- */
void hoti_mac_registers(const void *context, size_t *pc, size_t *sp, size_t *fp) {
    const ucontext_t *c = context;
#if defined(__arm64__)
    *pc = (size_t)__darwin_arm_thread_state64_get_pc(c->uc_mcontext->__ss);
    *sp = (size_t)__darwin_arm_thread_state64_get_sp(c->uc_mcontext->__ss);
    *fp = (size_t)__darwin_arm_thread_state64_get_fp(c->uc_mcontext->__ss);
#else
    *pc = (size_t)c->uc_mcontext->__ss.__rip;
    *sp = (size_t)c->uc_mcontext->__ss.__rsp;
    *fp = (size_t)c->uc_mcontext->__ss.__rbp;
#endif
}

void hoti_mac_return(void *context, void (*landing)(hoti_guard *), hoti_guard *guard) {
    enum { ROOM = 65536, RED_ZONE = 256 };
    ucontext_t *c = context;
    size_t pc, sp, fp;
    hoti_mac_registers(context, &pc, &sp, &fp);
    /* Below all that is still in use. The calls in between are left; after an overflow there is no room below them. */
    sp = (size_t)guard - sp > 2 * ROOM ? (size_t)guard - ROOM : sp - RED_ZONE;
    sp &= ~(size_t)15;
#if defined(__arm64__)
    c->uc_mcontext->__ss.__x[0] = (size_t)guard;
    __darwin_arm_thread_state64_set_sp(c->uc_mcontext->__ss, (void *)sp);
    __darwin_arm_thread_state64_set_pc_fptr(c->uc_mcontext->__ss, landing);
#else
    c->uc_mcontext->__ss.__rdi = (size_t)guard;
    c->uc_mcontext->__ss.__rsp = sp - sizeof(size_t); /* as a call would leave it */
    c->uc_mcontext->__ss.__rip = (size_t)landing;
#endif
}
#endif
