/* SPDX-License-Identifier: GPL-2.0 */
/* cgroup v2 directories with the memory controller, for tests and the demo. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup {
	char path[256];
};

/*
 * Create /sys/fs/cgroup/<name>; parents in the name must exist. Enables the
 * memory controller for it. Functions return 0 or -errno.
 */
int cgroup_create(struct cgroup *cg, const char *name);
/* Kills what still runs in it, then removes it. */
int cgroup_destroy(struct cgroup *cg);
/* Without killing: -EBUSY while somebody is in it. */
int cgroup_remove(struct cgroup *cg);
/* Move the calling process, with all its threads. */
int cgroup_enter(const struct cgroup *cg);
/* Move the calling process to the root. */
int cgroup_leave(void);

int cgroup_write(const struct cgroup *cg, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int cgroup_read(const struct cgroup *cg, const char *file, char *text, size_t len);
/* A file with one number; "max" reads as ~0. */
int cgroup_read_u64(const struct cgroup *cg, const char *file, uint64_t *value);
/* "key number" in a file such as memory.stat or memory.events. */
int cgroup_read_key(const struct cgroup *cg, const char *file, const char *key,
		    uint64_t *value);
/* memory.reclaim; -EAGAIN if less than @bytes were reclaimed. */
int cgroup_reclaim(const struct cgroup *cg, uint64_t bytes);

#endif /* CGROUP_H */
