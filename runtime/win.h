/* win.h: what the Windows half of the runtime shares with itself alone. */
#ifndef VAIS_HOT_WIN_H
#define VAIS_HOT_WIN_H

#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN 1
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602 /* Windows 8 */
#endif
#include <windows.h>

#include "hot_internal.h"

enum { HOTI_WIDE_MAX = 2048 };
typedef wchar_t hoti_wide[HOTI_WIDE_MAX];

/* A path as the system wants it: UTF-16, whole, and marked where it is too long for the usual form. 0: has none. */
int hoti_widen(const char *path, hoti_wide wide);
/* 0: does not fit. */
int hoti_narrow(const wchar_t *wide, char *text, size_t room);
/* Whether what this handle is of belongs to this user, to the system or to its administrators. */
int hoti_is_ours(HANDLE handle);

/* The events of the connection, for the wait. Null: nothing of that kind is on its way. */

#endif
