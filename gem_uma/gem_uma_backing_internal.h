/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the backing share. */
#ifndef _GEM_UMA_BACKING_INTERNAL_H_
#define _GEM_UMA_BACKING_INTERNAL_H_

#include <linux/fs.h>

#include <drm/gem_uma/gem_uma_backing.h>

struct folio_batch;

static inline struct address_space *
gem_uma_backing_mapping(const struct gem_uma_backing *b)
{
	return b->file->f_mapping;
}

void gem_uma_backing_release_batch(struct gem_uma_backing *b, struct folio_batch *fbatch,
				   bool keep);
unsigned long gem_uma_backing_release(struct gem_uma_backing *b, bool keep);

#endif
