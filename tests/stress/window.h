/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Race windows, opened wide by the kernel module uma_delay. Which function each of them
 * is, and what went wrong there for others, is in the table of window.c.
 */
#ifndef WINDOW_H
#define WINDOW_H

#include <stdbool.h>
#include <stddef.h>

enum window {
	WINDOW_PICK,
	WINDOW_ZAP,
	WINDOW_DROP,
	WINDOW_RELEASE,
	WINDOW_REFILE,
	WINDOW_WRITEBACK,
	WINDOW_PURGE,
	WINDOW_DISCARD,
	WINDOW_LAST_PUT,
	WINDOW_FREE,
	WINDOW_DYING,
	WINDOW_FAULT,
	WINDOW_FAULT_AGAIN,
	WINDOW_POPULATE,
	WINDOW_INSERT,
	WINDOW_DIRTY,
	WINDOW_PIN,
	WINDOW_UNPIN,
	WINDOW_ATTACH,
	WINDOW_MOVE,
	WINDOW_BIND,
	WINDOW_TABLES,
	WINDOW_VALIDATED,
	WINDOW_VMA_OPEN,
	WINDOW_VMA_CLOSE,
	WINDOW_UNPLUG,
	WINDOW_POP,
	WINDOW_TIMEOUT,
	WINDOW_TIMEOUT_END,
	WINDOW_PUBLISH,
	WINDOW_STALE,
	WINDOW_LOOKED_UP,
	WINDOW_PIECE,
	WINDOW_HOP,
	WINDOW_OFFSET,
	WINDOWS,
};

/*
 * Fails the test if the kernel does not know the function of a window. Where there are no
 * kprobes, says so, returns false, and the windows stay as narrow as they are.
 */
bool windows_open(const enum window *windows, size_t count);
/* How often somebody was made to wait there so far, who may still wait. */
unsigned long window_waits(enum window window);
/* Whether somebody has waited in each of them by now. */
bool windows_used(const enum window *windows, size_t count);
/* Notes the windows in which nobody has waited yet. */
void windows_note(const enum window *windows, size_t count);
/*
 * Tells how often they were reached. Not while somebody goes through one all the time: an
 * emulator (QEMU before 8.1) can keep running code that the kernel has just changed.
 */
void windows_close(const enum window *windows, size_t count);
/* Forgets all of them; for the clean-up after a test. */
void windows_clear(void);

#endif /* WINDOW_H */
