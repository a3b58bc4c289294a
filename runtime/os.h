/* os.h: all that the runtime wants from the system. The files that say it in the system's own words are
 * <topic>_posix.c and <topic>_windows.c; nothing else asks which system it is.
 */
#ifndef VAIS_HOT_OS_H
#define VAIS_HOT_OS_H

#include <stddef.h>

#if !defined(_WIN32)
#include <pthread.h>
#include <signal.h>
#endif

typedef unsigned long long hoti_u64;
typedef struct hoti_error hoti_error;
typedef struct hoti_self hoti_self;
typedef struct hoti_guard hoti_guard;

#if defined(_WIN32)
#define HOTI_SUFFIX ".dll"
#elif defined(__APPLE__)
#define HOTI_SUFFIX ".dylib"
#else
#define HOTI_SUFFIX ".so"
#endif

/* ---- os_*.c: time, the lock, threads ---- */
hoti_u64 hoti_now(void); /* ns, monotonic */
hoti_u64 hoti_time(void); /* s, of the calendar, as files have it */
void hoti_lock_take(void); /* the one lock: lists of threads, and what is exchanged with the background thread */
void hoti_lock_give(void);
/* Until *flag has come to `value`, or past it; with the lock held. 0: gave up. */
int hoti_lock_await(volatile unsigned *flag, unsigned value, hoti_u64 ns);
void hoti_lock_signal(void);                                               /* the same */
int hoti_background_start(void (*run)(void)); /* all signals blocked; 0: cannot be started */
int hoti_background_is(void);                 /* this thread is that */
int hoti_key_make(void (*end)(void *own));    /* `end` is called when a thread ends that has something there */
void *hoti_key_get(void);
int hoti_key_set(void *own);
void hoti_at_fork(void (*before)(void), void (*after)(void), void (*in_child)(void));
long hoti_thread_id(void);
long hoti_process_id(void);
hoti_u64 hoti_process_space(void); /* the pid namespace that this number counts in; 0: there is none */
size_t hoti_executable(char *path, size_t room); /* its path's length; 0: not known */
void hoti_output_lines(void); /* standard output comes line by line, also into a file */
void *hoti_aligned(size_t align, size_t size);
void hoti_aligned_free(void *place);

/* ---- file_*.c: files, and the folder of private copies. Paths are UTF-8 ---- */
typedef struct hoti_stamp {
    hoti_u64 seconds, rest; /* when it was changed: s of the calendar, and what comes behind */
    hoti_u64 size, id;
} hoti_stamp;

int hoti_file_open(const char *path);   /* for reading; -1, with errno, or 0 there when it is no file */
int hoti_file_create(const char *path); /* that was not there; -1 with errno */
long hoti_file_read(int file, void *bytes, size_t count);
long hoti_file_write(int file, const void *bytes, size_t count);
int hoti_file_close(int file); /* 0: what was written may be lost */
void hoti_file_remove(const char *path);
int hoti_file_look(const char *path, hoti_stamp *stamp); /* 0: there is no such file */
int hoti_path_whole(const char *path, char *whole, size_t room); /* of a folder that exists; 0: it does not */
const char *hoti_path_base(const char *path); /* what follows the last separator */
int hoti_folder_vouches(const char *folder); /* who can put a library there could as well have changed the program */

int hoti_folder_make(char *folder, size_t room, hoti_error *error); /* locked until this process ends */
void hoti_folder_sweep(const char *own); /* those of processes that were killed */
void hoti_folder_remove(const char *folder);
void hoti_folder_forget(void); /* in the child of a fork: it is the parent's */

/* ---- library_*.c: the loader ---- */
int hoti_library_check(const char *path, const char *shown, hoti_error *error); /* before it is opened */
void *hoti_library_open(const char *path, hoti_error *error);
void *hoti_library_symbol(void *library, const char *name);
void *hoti_library_inside(void *library); /* an address in it; null: not known */
int hoti_library_close(void *library, const char *path); /* 0: the loader keeps it */
const char *hoti_library_loading(void); /* "unloads"; "keeps": the loader never unloads; "none": it loads nothing */
void *hoti_library_any(const char *name); /* a function of the program or of its libraries */
/* Where the library that `inside` lies in is mapped, and its code; unchanged where that cannot be found. */
void hoti_library_place(const void *inside, size_t *origin, size_t *base, size_t *end);

/* ---- symbol_*.c: what a library's file says ---- */
int hoti_symbol(const char *path, size_t offset, char *name, size_t room);
/* Calls `each` with the name of every function that the library exports, until it returns other than 0. */
void hoti_symbols_exported(const char *path, int (*each)(const char *name, void *own), void *own);
/* The bytes of a section, allocated, and how many; null: it has none of that name. */
char *hoti_section(const char *path, const char *name, size_t *size);
const char *hoti_lingers(const char *path); /* the function for which the image has to stay; null: it can go */

/* ---- peer_*.c: the connection to the agent. One; it never blocks ---- */
int hoti_peer_find(void); /* where it is; 0: there is to be none */
int hoti_peer_dial(void); /* 0: nobody is there, or nobody we trust */
void hoti_peer_close(void);
long hoti_peer_read(char *bytes, size_t room);         /* 0: nothing now; -1: it is over */
long hoti_peer_write(const char *bytes, size_t count); /* 0: not now; -1: it is over */

/* What the background thread waits for besides what wait_*.c knows itself, in the system's own words; the peer first. */
enum { HOTI_WATCHED = 8 };
typedef struct hoti_watch {
    void *handles[2];
    int descriptors[HOTI_WATCHED];
    unsigned count;
    int sends; /* or the peer takes bytes */
} hoti_watch;
void hoti_peer_watch(hoti_watch *watch, int sends);

/* ---- wait_*.c: what the background thread waits for ---- */
#define HOTI_NEVER (~(hoti_u64)0)
enum { HOTI_READY_PEER = 1, HOTI_READY_NOTICE = 2 };
int hoti_wait_begin(void);               /* 0: cannot be waited */
unsigned hoti_wait(hoti_u64 ns, const hoti_watch *watch); /* until there is something */
void hoti_wake(void);                    /* ends a wait; any thread */
void hoti_notice(const char *folder);    /* from now on, when files in it change, where the system tells */
int hoti_notice_settled(const char *path, const hoti_stamp *now); /* after a notice: the file is written to its end */
void hoti_wait_forget(void);

/* ---- signal_*.c: crashes ---- */
#if defined(_WIN32)
typedef struct hoti_caught { int overflowed; } hoti_caught; /* the stack's guard page has to be set again */
typedef void *hoti_thread_handle;
#else
typedef struct hoti_caught { sigset_t mask; } hoti_caught; /* as it was when the signal came */
typedef pthread_t hoti_thread_handle;
#endif
void hoti_signals_take(void);
void hoti_signals_thread(hoti_self *self);
void hoti_signals_thread_end(hoti_self *self);
void hoti_signals_landed(const hoti_caught *caught); /* the guarded call goes on after the jump */
void hoti_signals_stop(hoti_self *self);             /* its call has run past the deadline; with the lock held */
const char *hoti_signal_name(int signal);

/* ---- heap_*.c: malloc after a crash inside it ---- */
int hoti_heap_works(hoti_self *self);    /* 0: it is locked for ever, or broken */
void hoti_heap_end(const char *module);  /* says so, and ends the program as abort() does */

#endif
