// SPDX-License-Identifier: GPL-2.0
/*
 * What writing page tables costs alone: the limit of a bind, for benchmarks.
 *
 * The tables are nobody's, so there is no lock, and no job ever walks them.
 */

#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <drm/drm_debugfs.h>
#include <drm/gem_uma/gem_uma_vm.h>

#include "vuma_drv.h"
#include "vuma_mmu.h"

/* Entries of each size: all of them fit into three tables, wherever they begin. */
#define VUMA_MMU_TIME_ENTRIES	1024ull
#define VUMA_MMU_TIME_TABLES	(3 + 2 * (VUMA_PT_LEVELS - 2))

struct vuma_mmu_time {
	struct vuma_counters counters;
	struct vuma_mmu mmu;
	struct gem_uma_vm_tables pool;
	u64 map_ns;
	u64 unmap_ns;
};

static int vuma_mmu_time_measure(struct vuma_mmu_time *t, u64 leaf)
{
	u64 va = ALIGN(VUMA_VA_START, SZ_2M), size = VUMA_MMU_TIME_ENTRIES * leaf;
	u64 start = ktime_get_ns();
	int ret;

	/* The memory is contiguous, and is not accessed. */
	ret = vuma_mmu_map(&t->mmu, va, 0, size, leaf, true, &t->pool);
	t->map_ns = ktime_get_ns() - start;

	start = ktime_get_ns();
	ret = vuma_mmu_unmap(&t->mmu, va, size, NULL) ?: ret;
	t->unmap_ns = ktime_get_ns() - start;
	return ret;
}

/**
 * vuma_debugfs_mmu_time - measure, and tell entries and nanoseconds
 * @m: the file; its entry's data is the size of the leaves
 * @data: unused
 *
 * Tables are allocated before the clock is started. Clearing the last entry of a table
 * frees it, which counts.
 *
 * Return: 0 or a negative error.
 */
int vuma_debugfs_mmu_time(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct vuma_mmu_time *t = kzalloc_obj(*t, GFP_KERNEL);
	int ret;

	if (!t)
		return -ENOMEM;
	ret = vuma_mmu_init(&t->mmu, &t->counters);
	if (ret)
		goto out;
	ret = vuma_pt_pool_fill(&t->pool, VUMA_MMU_TIME_TABLES, VUMA_GFP_TABLES);
	if (!ret)
		ret = vuma_mmu_time_measure(t, (uintptr_t)entry->file.data);
	vuma_pt_pool_drain(&t->pool);
	vuma_mmu_fini(&t->mmu);
	if (!ret) {
		seq_printf(m, "entries\t%llu\n", VUMA_MMU_TIME_ENTRIES);
		seq_printf(m, "map-ns\t%llu\n", t->map_ns);
		seq_printf(m, "unmap-ns\t%llu\n", t->unmap_ns);
	}
out:
	kfree(t);
	return ret;
}
