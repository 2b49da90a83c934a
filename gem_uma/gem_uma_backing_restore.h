/* SPDX-License-Identifier: GPL-2.0 */
/* Reading ahead what was swapped out; for the backing only. */
#ifndef _GEM_UMA_BACKING_RESTORE_H_
#define _GEM_UMA_BACKING_RESTORE_H_

#include <drm/gem_uma/gem_uma_backing.h>

struct gem_uma_restore_job;

/**
 * struct gem_uma_restore - a task that populates, and its helpers
 */
struct gem_uma_restore {
	/** @job: what helpers were given, or NULL. */
	struct gem_uma_restore_job *job;
	/** @stalled: the task waits for memory that it had before. */
	bool stalled;
	/** @pflags: of psi_memstall_enter(). */
	unsigned long pflags;
};

int gem_uma_backing_module_init(void);
void gem_uma_backing_module_exit(void);

void gem_uma_backing_restore_begin_locked(struct gem_uma_restore *restore,
					  struct gem_uma_backing *b, pgoff_t start,
					  pgoff_t end)
	__must_hold(b->obj->resv);
void gem_uma_backing_restore_reached(struct gem_uma_restore *restore, pgoff_t pgoff);
void gem_uma_backing_restore_end(struct gem_uma_restore *restore);

#endif
