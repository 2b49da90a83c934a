/* SPDX-License-Identifier: GPL-2.0 */
/* What user space does with a mapping, and what its page tables say. */
#ifndef _GEM_UMA_USER_H_
#define _GEM_UMA_USER_H_

#include <linux/mm_types.h>

#include "gem_uma_mock.h"

/* A device, an object and a mapping of all of it. */
struct gem_uma_user {
	struct gem_uma_mock *mock;
	struct gem_uma_mock_object *mobj;
	struct gem_uma_object *uobj;
	struct gem_uma_cpu_map *cmap;
	struct drm_gem_object *obj;
	unsigned long addr;
	unsigned long size;
};

/* What a page table says of one address. */
struct gem_uma_user_pte {
	bool present;
	bool writable;
	bool huge;
	unsigned long pfn;
	pgprot_t prot;
};

void gem_uma_user_object(struct kunit *test, struct gem_uma_user *user,
			 unsigned long pages, u32 flags);
struct gem_uma_user gem_uma_user_create(struct kunit *test, unsigned long pages);
u32 gem_uma_user_pattern(unsigned long pgoff);
void gem_uma_user_fill(struct kunit *test, struct gem_uma_object *uobj);
u32 gem_uma_user_get(struct kunit *test, unsigned long addr);
void gem_uma_user_put(struct kunit *test, unsigned long addr, u32 word);
void gem_uma_user_expect_pages(struct kunit *test, unsigned long addr, pgoff_t pgoff,
			       unsigned long nr);
unsigned long gem_uma_user_evict_all(struct gem_uma_user *user);
struct gem_uma_user_pte gem_uma_user_look(unsigned long addr);
unsigned long gem_uma_user_count_ptes(unsigned long addr, unsigned long nr);
struct page *gem_uma_user_page(struct kunit *test, struct gem_uma_object *uobj,
			       pgoff_t pgoff);
bool gem_uma_user_is_dirty(struct kunit *test, struct gem_uma_object *uobj, pgoff_t pgoff);
bool gem_uma_user_is_resident(struct gem_uma_object *uobj, pgoff_t pgoff);

#endif
