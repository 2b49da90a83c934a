/* SPDX-License-Identifier: GPL-2.0 */
/* Small files of the kernel: /proc, /sys, debugfs, cgroups. Functions return 0 or -errno. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All of @text by one write, to what exists; -EIO if the kernel took only a part. */
int file_write(const char *path, const char *text);
/* As much as fits, and a NUL behind it. */
int file_read(const char *path, char *text, size_t len);
/* Was the kernel told that devices get copies of all memory: swiotlb=[size,]force? */
bool memory_is_copied(void);
/* A file in the debugfs of the DRM device that @fd is; NULL with errno if there is none. */
FILE *open_debugfs(int fd, const char *name, const char *mode);

#endif /* FILE_H */
