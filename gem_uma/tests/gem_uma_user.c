// SPDX-License-Identifier: GPL-2.0
/* Mappings of a real address space, touched as a system call touches them. */
#include <linux/pgtable.h>

#include "gem_uma_user.h"

/* An object, not mapped. */
void gem_uma_user_object(struct kunit *test, struct gem_uma_user *user,
			 unsigned long pages, u32 flags)
{
	user->size = pages << PAGE_SHIFT;
	user->mobj = gem_uma_mock_object_create(test, user->mock, user->size, flags);
	user->uobj = &user->mobj->base;
	user->cmap = &user->uobj->cpu_map;
	user->obj = &user->uobj->base;
}

/* An object and a mapping of all of it. */
struct gem_uma_user gem_uma_user_create(struct kunit *test, unsigned long pages)
{
	struct gem_uma_user user = { .mock = gem_uma_mock_create(test, false) };

	gem_uma_user_object(test, &user, pages, 0);
	user.addr = gem_uma_mock_mmap(test, user.obj, user.size, 0);
	return user;
}

/* The word at the start of a page of an object that gem_uma_user_fill() has filled. */
u32 gem_uma_user_pattern(unsigned long pgoff)
{
	return gem_uma_mock_word(1, pgoff << (PAGE_SHIFT - 2));
}

void gem_uma_user_fill(struct kunit *test, struct gem_uma_object *uobj)
{
	gem_uma_mock_fill(test, uobj, 1);
}

/* Read as user space does. */
u32 gem_uma_user_get(struct kunit *test, unsigned long addr)
{
	u32 word = 0;

	KUNIT_EXPECT_EQ_MSG(test, 0, get_user(word, (u32 __user *)addr), "read fault");
	return word;
}

/* Write as user space does. */
void gem_uma_user_put(struct kunit *test, unsigned long addr, u32 word)
{
	KUNIT_EXPECT_EQ_MSG(test, 0, put_user(word, (u32 __user *)addr), "write fault");
}

/* Compare a mapping with the object. */
void gem_uma_user_expect_pages(struct kunit *test, unsigned long addr, pgoff_t pgoff,
			       unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ_MSG(test, gem_uma_user_get(test, addr + (i << PAGE_SHIFT)),
				    gem_uma_user_pattern(pgoff + i), "page %lu", i);
}

/* Evict all that can be. */
unsigned long gem_uma_user_evict_all(struct gem_uma_user *user)
{
	return gem_uma_reclaim_device_run(&user->mock->udev, ULONG_MAX);
}

/* Look into the page table. */
struct gem_uma_user_pte gem_uma_user_look(unsigned long addr)
{
	struct follow_pfnmap_args args = { .address = addr };
	struct gem_uma_user_pte pte = {};

	mmap_read_lock(current->mm);
	args.vma = find_vma(current->mm, addr);
	if (args.vma && args.vma->vm_start <= addr && !follow_pfnmap_start(&args)) {
		pte.present = true;
		pte.writable = args.writable;
		pte.pfn = args.pfn;
		pte.prot = args.pgprot;
		follow_pfnmap_end(&args);
		pte.huge = pmd_leaf(pmdp_get(pmd_off(current->mm, addr)));
	}
	mmap_read_unlock(current->mm);
	return pte;
}

/* Count the pages that are mapped. */
unsigned long gem_uma_user_count_ptes(unsigned long addr, unsigned long nr)
{
	unsigned long i, n = 0;

	for (i = 0; i < nr; i++)
		n += gem_uma_user_look(addr + (i << PAGE_SHIFT)).present;
	return n;
}

/* A page of an object. */
struct page *gem_uma_user_page(struct kunit *test, struct gem_uma_object *uobj,
			       pgoff_t pgoff)
{
	struct gem_uma_run run = {};

	dma_resv_lock(uobj->base.resv, NULL);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_backing_run_locked(&uobj->backing, pgoff, pgoff + 1,
							    &run));
	dma_resv_unlock(uobj->base.resv);
	return pfn_to_page(run.pfn);
}

/* Would reclaim have to write the page? */
bool gem_uma_user_is_dirty(struct kunit *test, struct gem_uma_object *uobj, pgoff_t pgoff)
{
	return folio_test_dirty(page_folio(gem_uma_user_page(test, uobj, pgoff)));
}

/* Is a page held? */
bool gem_uma_user_is_resident(struct gem_uma_object *uobj, pgoff_t pgoff)
{
	guard(gem_uma_resv)(uobj->base.resv);
	return gem_uma_backing_is_resident_locked(&uobj->backing, pgoff, pgoff + 1);
}
