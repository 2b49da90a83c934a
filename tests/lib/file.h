/* SPDX-License-Identifier: GPL-2.0 */
/* Small files of the kernel: /proc, /sys, debugfs, cgroups. Functions return 0 or -errno. */
#ifndef FILE_H
#define FILE_H

#include <stddef.h>

/* All of @text by one write, to what exists; -EIO if the kernel took only a part. */
int file_write(const char *path, const char *text);
/* As much as fits, and a NUL behind it. */
int file_read(const char *path, char *text, size_t len);

#endif /* FILE_H */
