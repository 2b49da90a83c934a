// SPDX-License-Identifier: GPL-2.0
/* Tests of what is known to be clean: a CLEAN costs where the CPU may have written. */
#include <linux/bitmap.h>
#include <linux/prandom.h>

#include "gem_uma_test_sync.h"
#include "gem_uma_user.h"

#define CHUNK		GEM_UMA_BACKING_CHUNK
#define CHUNKS		3
#define CLEAN_PAGES	(CHUNKS * CHUNK - 7)
#define CLEAN_SIZE	((u64)CLEAN_PAGES << PAGE_SHIFT)

/* Which pages were cleaned since this was last asked; suites run one after the other. */
static DECLARE_BITMAP(clean_seen, CLEAN_PAGES);

static void clean_see(struct device *dev, const struct gem_uma_sync_piece *piece)
{
	pgoff_t start = piece->offset >> PAGE_SHIFT;
	pgoff_t end = (piece->offset + piece->size - 1) >> PAGE_SHIFT;

	bitmap_set(clean_seen, start, end - start + 1);
}

static void clean_ignore(struct device *dev, const struct gem_uma_sync_piece *piece)
{
}

static const struct gem_uma_sync_ops clean_recorder = {
	.clean = clean_see, .invalidate = clean_ignore,
};

/* An object of three chunks that the device has all of. */
static struct gem_uma_user clean_rig(struct kunit *test)
{
	struct gem_uma_user rig = { .mock = gem_uma_mock_create(test, false) };

	rig.mock->udev.sync_ops = &clean_recorder;
	rig.mock->udev.coherent = false;
	gem_uma_user_object(test, &rig, CLEAN_PAGES, 0);
	KUNIT_ASSERT_EQ(test, 0, object_populate(rig.uobj, 0, CLEAN_SIZE));
	return rig;
}

static void clean_do(struct kunit *test, struct gem_uma_user *rig, u64 offset, u64 size)
{
	struct gem_uma_sync_range range = { offset, size };

	bitmap_zero(clean_seen, CLEAN_PAGES);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_sync(rig->uobj, range, GEM_UMA_SYNC_CLEAN));
}

/* A CLEAN of all of it cleans these pages, and no other. */
static void clean_expect(struct kunit *test, struct gem_uma_user *rig, pgoff_t start,
			 pgoff_t end)
{
	clean_do(test, rig, 0, CLEAN_SIZE);
	KUNIT_EXPECT_EQ(test, bitmap_weight(clean_seen, CLEAN_PAGES), end - start);
	if (start < end)
		KUNIT_EXPECT_EQ(test, find_next_zero_bit(clean_seen, CLEAN_PAGES, start), end);
}

static unsigned long clean_mmap(struct kunit *test, struct gem_uma_user *rig)
{
	return gem_uma_mock_mmap(test, rig->obj, CLEAN_SIZE, 0);
}

static void clean_vmap(struct kunit *test, struct gem_uma_user *rig, struct iosys_map *map)
{
	guard(object)(rig->uobj);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_object_vmap(rig->obj, map));
}

static void clean_vunmap(struct gem_uma_user *rig, struct iosys_map *map)
{
	guard(object)(rig->uobj);
	gem_uma_object_vunmap(rig->obj, map);
}

/* What the kernel zeroed was cleaned when the device got it. */
static void clean_costs_nothing_where_no_CPU_wrote(struct kunit *test)
{
	struct sync_rig rig = sync_rig(test);
	struct gem_uma_sync_range part = { 100, PAGE_SIZE };
	unsigned int i = 0;

	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_sync(rig.uobj, part, GEM_UMA_SYNC_CLEAN));
	KUNIT_EXPECT_EQ(test, sync_log.nr, 0);
	/* To invalidate, the line may have to go. */
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_sync(rig.uobj, part,
						     GEM_UMA_SYNC_CLEAN_INVALIDATE));
	sync_expect_one(test, &rig, &i, 'c', 100, PAGE_SIZE - 100);
	sync_expect_one(test, &rig, &i, 'i', 100, PAGE_SIZE - 100);
	sync_expect_one(test, &rig, &i, 'c', PAGE_SIZE, 100);
	sync_expect_one(test, &rig, &i, 'i', PAGE_SIZE, 100);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 4);
}

/* Pages that come later are not known from before. */
static void clean_comes_with_pages_that_are_mapped_later(struct kunit *test)
{
	struct sync_rig rig = sync_rig_sized(test, PAGES * PAGE_SIZE);
	unsigned int i = 0;

	sync_map_page(test, &rig, 3);
	sync_map_page(test, &rig, 5);
	sync_expect_one(test, &rig, &i, 'c', 3 * PAGE_SIZE, PAGE_SIZE);
	sync_expect_one(test, &rig, &i, 'c', 5 * PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, sync_log.nr, 2);
}

static void clean_after_a_vmap_is_due_once(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	struct iosys_map map;

	clean_expect(test, &rig, 0, 0);
	clean_vmap(test, &rig, &map);
	clean_expect(test, &rig, 0, CLEAN_PAGES);
	/* It can be written at any time. */
	clean_expect(test, &rig, 0, CLEAN_PAGES);
	clean_vunmap(&rig, &map);
	/* What is cleaned by parts is not known to be. */
	clean_do(test, &rig, 0, CLEAN_SIZE / 2);
	clean_do(test, &rig, CLEAN_SIZE / 2, CLEAN_SIZE - CLEAN_SIZE / 2);
	clean_expect(test, &rig, 0, CLEAN_PAGES);
	clean_expect(test, &rig, 0, 0);
}

/* By chunk, and for as long as a PTE may be there. */
static void clean_of_what_is_mapped_is_due_until_unmapped(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	unsigned long addr = clean_mmap(test, &rig);
	pgoff_t next = 2 * CHUNK;

	clean_expect(test, &rig, 0, 0);
	/* A PTE for reading is one for writing. */
	gem_uma_user_get(test, addr + (CHUNK << PAGE_SHIFT));
	clean_expect(test, &rig, CHUNK, next);
	clean_expect(test, &rig, CHUNK, next);
	gem_uma_user_put(test, addr + ((CLEAN_PAGES - 1) << PAGE_SHIFT), 1);
	clean_expect(test, &rig, CHUNK, CLEAN_PAGES);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, CLEAN_SIZE));
	/* A part of a chunk is cleaned, and the chunk is not known to be. */
	clean_do(test, &rig, CHUNK << PAGE_SHIFT, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, bitmap_weight(clean_seen, CLEAN_PAGES), 1);
	clean_do(test, &rig, next << PAGE_SHIFT, CLEAN_SIZE - (next << PAGE_SHIFT));
	KUNIT_EXPECT_EQ(test, bitmap_weight(clean_seen, CLEAN_PAGES), CLEAN_PAGES - next);
	clean_expect(test, &rig, CHUNK, next);
	clean_expect(test, &rig, 0, 0);
}

/* What was unmapped while others map the object may be mapped by them. */
static void clean_of_what_one_of_two_unmapped_is_due(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	unsigned long addr = clean_mmap(test, &rig), other = clean_mmap(test, &rig);

	gem_uma_user_put(test, addr, 1);
	gem_uma_user_put(test, other, 2);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr, CLEAN_SIZE));
	clean_expect(test, &rig, 0, CHUNK);
	gem_uma_user_put(test, other, 3);
	clean_expect(test, &rig, 0, CHUNK);
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(other, CLEAN_SIZE));
	clean_expect(test, &rig, 0, CHUNK);
	clean_expect(test, &rig, 0, 0);
}

/* PTEs are gone, and what was written through them may be in the cache. */
static void clean_of_what_was_zapped_is_due_once(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	unsigned long addr = clean_mmap(test, &rig);

	gem_uma_mock_needs_swap(test);
	gem_uma_user_put(test, addr, 1);
	gem_uma_user_put(test, addr + (CHUNK << PAGE_SHIFT), 1);
	scoped_guard(object, rig.uobj)
		gem_uma_cpu_map_zap_locked(rig.cmap);
	clean_expect(test, &rig, 0, 2 * CHUNK);
	clean_expect(test, &rig, 0, 0);
	gem_uma_user_put(test, addr, 2);
	clean_expect(test, &rig, 0, CHUNK);
	/* Evicted and restored: once more, not knowing that mapping it cleaned. */
	gem_uma_user_evict_all(&rig);
	KUNIT_ASSERT_EQ(test, 0, object_populate(rig.uobj, 0, CLEAN_SIZE));
	clean_expect(test, &rig, 0, CHUNK);
	clean_expect(test, &rig, 0, 0);
}

/* A debugger writes through a mapping that nobody else sees. */
static void clean_after_a_debugger_is_due(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	unsigned long addr = clean_mmap(test, &rig);
	struct vm_area_struct *vma;
	u32 word = 42;

	mmap_read_lock(current->mm);
	vma = find_vma(current->mm, addr);
	KUNIT_EXPECT_EQ(test, sizeof(word), vma->vm_ops->access(vma, addr, &word, sizeof(word), 0));
	clean_expect(test, &rig, 0, 0);
	KUNIT_EXPECT_EQ(test, sizeof(word), vma->vm_ops->access(vma, addr, &word, sizeof(word), 1));
	mmap_read_unlock(current->mm);
	clean_expect(test, &rig, 0, CLEAN_PAGES);
	clean_expect(test, &rig, 0, 0);
}

/* Whoever says that it wrote is believed. */
static void clean_at_the_end_of_an_access_is_always_done(struct kunit *test)
{
	struct gem_uma_user rig = clean_rig(test);
	struct gem_uma_sync_range all = { .size = CLEAN_SIZE };
	struct gem_uma_object_access access;

	access = gem_uma_object_access_begin(rig.uobj, all, DMA_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, 0, access.err);
	bitmap_zero(clean_seen, CLEAN_PAGES);
	gem_uma_object_access_end(&access);
	KUNIT_EXPECT_TRUE(test, bitmap_full(clean_seen, CLEAN_PAGES));
}

/* What a flag for each chunk says. */
struct clean_model {
	struct gem_uma_user rig;
	struct rnd_state rnd;
	unsigned long addr;	/* of the mapping, or 0 */
	bool ptes[CHUNKS];	/* made since all were zapped; nobody tells of munmap() */
	bool unclean[CHUNKS];
	bool all;	/* the kernel had a mapping */
};

static void clean_model_touch(struct kunit *test, struct clean_model *m, unsigned int chunk)
{
	if (!m->addr)
		m->addr = clean_mmap(test, &m->rig);
	gem_uma_user_put(test, m->addr + (chunk * CHUNK << PAGE_SHIFT), 1);
	m->ptes[chunk] = true;
	m->unclean[chunk] = true;
}

static void clean_model_unmap(struct kunit *test, struct clean_model *m)
{
	if (m->addr)
		KUNIT_ASSERT_EQ(test, 0, vm_munmap(m->addr, CLEAN_SIZE));
	m->addr = 0;
}

static void clean_model_zap(struct clean_model *m)
{
	scoped_guard(object, m->rig.uobj)
		gem_uma_cpu_map_zap_locked(m->rig.cmap);
	memset(m->ptes, 0, sizeof(m->ptes));
}

static void clean_model_clean(struct kunit *test, struct clean_model *m)
{
	u64 offset = prandom_u32_state(&m->rnd) % CLEAN_SIZE, end, size;
	unsigned int i;
	pgoff_t pgoff;

	size = prandom_u32_state(&m->rnd) % (CLEAN_SIZE - offset) + 1;
	if (prandom_u32_state(&m->rnd) % 2)
		offset = 0;
	if (prandom_u32_state(&m->rnd) % 2)
		size = CLEAN_SIZE - offset;
	end = offset + size;
	clean_do(test, &m->rig, offset, size);
	for (pgoff = 0; pgoff < CLEAN_PAGES; pgoff++) {
		bool in = (pgoff + 1) << PAGE_SHIFT > offset && pgoff << PAGE_SHIFT < end;
		bool want = in && (m->all || m->unclean[pgoff / CHUNK]);

		KUNIT_ASSERT_EQ_MSG(test, test_bit(pgoff, clean_seen), want, "page %lu", pgoff);
	}
	m->all &= offset || end < CLEAN_SIZE;
	for (i = 0; i < CHUNKS; i++)
		if (offset <= (u64)i * CHUNK << PAGE_SHIFT && !(m->addr && m->ptes[i]) &&
		    end >= min((u64)(i + 1) * CHUNK << PAGE_SHIFT, CLEAN_SIZE))
			m->unclean[i] = false;
}

static void clean_random_equals_flags_by_chunk(struct kunit *test)
{
	struct clean_model *m = gem_uma_mock_zalloc(test, sizeof(*m));
	struct iosys_map map;
	unsigned int i;

	m->rig = clean_rig(test);
	prandom_seed_state(&m->rnd, 31);
	for (i = 0; i < 400; i++) {
		switch (prandom_u32_state(&m->rnd) % 12) {
		case 0 ... 2:
			clean_model_touch(test, m, prandom_u32_state(&m->rnd) % CHUNKS);
			break;
		case 3:
			clean_model_unmap(test, m);
			break;
		case 4:
			clean_model_zap(m);
			break;
		case 5:
			clean_vmap(test, &m->rig, &map);
			clean_vunmap(&m->rig, &map);
			m->all = true;
			break;
		default:
			clean_model_clean(test, m);
			break;
		}
	}
}

static struct kunit_case gem_uma_sync_clean_cases[] = {
	KUNIT_CASE(clean_costs_nothing_where_no_CPU_wrote),
	KUNIT_CASE(clean_comes_with_pages_that_are_mapped_later),
	KUNIT_CASE(clean_after_a_vmap_is_due_once),
	KUNIT_CASE(clean_of_what_is_mapped_is_due_until_unmapped),
	KUNIT_CASE(clean_of_what_one_of_two_unmapped_is_due),
	KUNIT_CASE(clean_of_what_was_zapped_is_due_once),
	KUNIT_CASE(clean_after_a_debugger_is_due),
	KUNIT_CASE(clean_at_the_end_of_an_access_is_always_done),
	KUNIT_CASE(clean_random_equals_flags_by_chunk),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_sync_clean);
