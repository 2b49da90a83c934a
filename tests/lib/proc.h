/* SPDX-License-Identifier: GPL-2.0 */
/* Facts that the kernel tells in /proc. All return 0, or -errno. */
#ifndef PROC_H
#define PROC_H

#include <stdint.h>

/* The number of a line "<key> 123" or "<key>: 123 kB", in bytes then. */
int proc_key(const char *path, const char *key, uint64_t *value);
/* What the kernel has allocated for itself, now. */
int proc_kernel_bytes(uint64_t *bytes);
int proc_shrink_slabs(void);
/* The same, when what was freed is free. */
int proc_weigh_kernel(uint64_t *bytes);

#endif /* PROC_H */
