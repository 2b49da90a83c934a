// SPDX-License-Identifier: GPL-2.0
/*
 * The operations on CPU mappings that are made to fail; see gem_uma_inject_rows.c.
 */
#include <linux/dma-buf.h>
#include <linux/file.h>

#include <drm/drm_file.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_vma_manager.h>
#include <drm/gem_uma/gem_uma_object_plane.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_inject.h"

/* Where objects are mapped; nothing else is in that address space. */
#define INJECT_ADDR	(16 * PMD_SIZE)

static void begin_mmap(struct gem_uma_inject_rig *rig)
{
	rig->file->private_data = &rig->uobj->base;
}

static int run_mmap(struct gem_uma_inject_rig *rig)
{
	unsigned long addr = vm_mmap(rig->file, INJECT_ADDR, rig->uobj->base.size,
				     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, 0);

	return IS_ERR_VALUE(addr) ? (int)addr : 0;
}

static void undo_mmap(struct gem_uma_inject_rig *rig)
{
	vm_munmap(INJECT_ADDR, rig->uobj->base.size);
}

static void begin_mmapped(struct gem_uma_inject_rig *rig)
{
	begin_mmap(rig);
	KUNIT_EXPECT_EQ(rig->test, 0, run_mmap(rig));
}

static int run_split(struct gem_uma_inject_rig *rig)
{
	return vm_munmap(INJECT_ADDR + 3 * PAGE_SIZE, 2 * PAGE_SIZE);
}

static int run_fault(struct gem_uma_inject_rig *rig)
{
	return put_user(rig->seed, (u32 __user *)(INJECT_ADDR + 5 * PAGE_SIZE));
}

static void check_fault(struct gem_uma_inject_rig *rig)
{
	u32 word;

	KUNIT_EXPECT_EQ(rig->test, 0,
			get_user(word, (u32 __user *)(INJECT_ADDR + 5 * PAGE_SIZE)));
	KUNIT_EXPECT_EQ(rig->test, word, rig->seed);
}

static int run_read_fault(struct gem_uma_inject_rig *rig)
{
	u32 word;
	int ret = get_user(word, (u32 __user *)(INJECT_ADDR + 5 * PAGE_SIZE));

	if (!ret)
		KUNIT_EXPECT_EQ(rig->test, word, 0);
	return ret;
}

/* A caller that keeps the lock: nothing is repeated for it. */
static int run_fault_once(struct gem_uma_inject_rig *rig)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	vm_fault_t ret = VM_FAULT_SIGSEGV;

	mmap_read_lock(mm);
	vma = find_vma(mm, INJECT_ADDR);
	if (vma)
		ret = handle_mm_fault(vma, INJECT_ADDR + 5 * PAGE_SIZE, FAULT_FLAG_WRITE, NULL);
	mmap_read_unlock(mm);
	if (!(ret & VM_FAULT_ERROR))
		return 0;
	return ret & VM_FAULT_OOM ? -ENOMEM : -EFAULT;
}

static void undo_fault(struct gem_uma_inject_rig *rig)
{
	gem_uma_inject_evict(rig);
}

static int run_access(struct gem_uma_inject_rig *rig)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = -EFAULT;

	mmap_read_lock(mm);
	vma = find_vma(mm, INJECT_ADDR);
	if (vma)
		ret = vma->vm_ops->access(vma, INJECT_ADDR + 5 * PAGE_SIZE, &rig->seed,
					  sizeof(rig->seed), 1);
	mmap_read_unlock(mm);
	return ret < 0 ? ret : 0;
}

static int run_get_unmapped_area(struct gem_uma_inject_rig *rig)
{
	struct drm_minor minor = { .dev = &rig->mock->drm };
	struct drm_file *file = kzalloc_obj(*file, GFP_KERNEL);
	struct drm_vma_offset_node *node = &rig->uobj->base.vma_node;
	unsigned long ours, others;

	if (!file)
		return -ENOMEM;
	file->minor = &minor;
	rig->file->private_data = file;
	mmap_write_lock(current->mm);
	ours = gem_uma_object_get_unmapped_area(rig->file, 0, rig->uobj->base.size,
						drm_vma_node_start(node), MAP_SHARED);
	/* No object is there. */
	others = gem_uma_object_get_unmapped_area(rig->file, 0, PAGE_SIZE, 1, MAP_SHARED);
	mmap_write_unlock(current->mm);
	rig->file->private_data = &rig->uobj->base;
	kfree(file);
	return IS_ERR_VALUE(ours) ? (int)ours : IS_ERR_VALUE(others) ? (int)others : 0;
}

/* Memory of the process alone, written and not written. */
static void begin_userptr(struct gem_uma_inject_rig *rig)
{
	unsigned long addr = vm_mmap(NULL, INJECT_ADDR, INJECT_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);

	KUNIT_ASSERT_EQ(rig->test, addr, INJECT_ADDR);
	KUNIT_EXPECT_EQ(rig->test, 0, put_user(rig->seed, (u32 __user *)addr));
}

static int run_userptr(struct gem_uma_inject_rig *rig)
{
	rig->dmabuf = gem_uma_userptr_export(INJECT_ADDR, INJECT_SIZE, 0);
	return PTR_ERR_OR_ZERO(rig->dmabuf);
}

/* Looked up, and not pinned. */
static int run_userptr_notifier(struct gem_uma_inject_rig *rig)
{
	rig->dmabuf = gem_uma_userptr_export(INJECT_ADDR, INJECT_SIZE, GEM_UMA_USERPTR_NOTIFIER);
	return PTR_ERR_OR_ZERO(rig->dmabuf);
}

static void undo_userptr(struct gem_uma_inject_rig *rig)
{
	dma_buf_put(rig->dmabuf);
	flush_delayed_fput();
}

static void end_userptr(struct gem_uma_inject_rig *rig)
{
	vm_munmap(INJECT_ADDR, INJECT_SIZE);
}

/* What a plane with a framebuffer of one object has of its own. */
static struct inject_plane {
	struct drm_framebuffer fb;
	struct gem_uma_object_plane_state state;
} inject_plane;

static void begin_plane(struct gem_uma_inject_rig *rig)
{
	memset(&inject_plane, 0, sizeof(inject_plane));
	inject_plane.fb.format = drm_format_info(DRM_FORMAT_XRGB8888);
	inject_plane.fb.obj[0] = &rig->uobj->base;
	inject_plane.state.shadow.base.fb = &inject_plane.fb;
	scoped_guard(inject, rig)
		KUNIT_EXPECT_EQ(rig->test, 0,
				gem_uma_object_populate_locked(rig->uobj, 0, INJECT_SIZE,
							       DMA_BIDIRECTIONAL));
}

static int run_plane(struct gem_uma_inject_rig *rig)
{
	return gem_uma_object_plane_begin(&inject_plane.state);
}

static void begin_read(struct gem_uma_inject_rig *rig)
{
	scoped_guard(inject, rig)
		KUNIT_EXPECT_EQ(rig->test, 0,
				gem_uma_object_populate_locked(rig->uobj, 0, INJECT_SIZE,
							       DMA_BIDIRECTIONAL));
}

static int run_read(struct gem_uma_inject_rig *rig)
{
	void *buf = kvmalloc(INJECT_SIZE, GFP_KERNEL | __GFP_NOFAIL);
	int ret;

	scoped_guard(inject, rig)
		ret = gem_uma_cpu_map_read_locked(&rig->uobj->cpu_map, 0,
						  INJECT_SIZE >> PAGE_SHIFT, buf);
	kvfree(buf);
	return ret;
}

static void undo_plane(struct gem_uma_inject_rig *rig)
{
	gem_uma_object_plane_end(&inject_plane.state);
}

static void end_plane(struct gem_uma_inject_rig *rig)
{
	gem_uma_inject_evict(rig);
}

const struct gem_uma_inject_row gem_uma_inject_map_rows[GEM_UMA_INJECT_MAP_ROWS] = {
	{
		.name = "mmap", .covers = { "gem_uma_object_mmap", "gem_uma_cpu_map_mmap" },
		.size = INJECT_SIZE, .mm = true,
		.begin = begin_mmap, .run = run_mmap, .undo = undo_mmap, .errnos = { -ENOMEM },
		.allocations = 1,
	}, {
		.name = "vma_split",
		.covers = { "gem_uma_cpu_map_vm_open", "gem_uma_cpu_map_vm_close" },
		.size = INJECT_SIZE, .mm = true,
		.begin = begin_mmapped, .run = run_split, .end = undo_mmap,
		.errnos = { -ENOMEM },
		.changes = BIT(GEM_UMA_INJECT_MMAPS) | BIT(GEM_UMA_INJECT_REFS),
		.remains = BIT(GEM_UMA_INJECT_MMAPS) | BIT(GEM_UMA_INJECT_REFS),
		.allocations = 2,
	}, {
		.name = "fault_write",
		.covers = { "gem_uma_cpu_map_fault_begin", "gem_uma_cpu_map_fault_locked",
			    "gem_uma_cpu_map_fault_end" },
		.size = INJECT_SIZE, .mm = true,
		.begin = begin_mmapped, .run = run_fault, .check = check_fault,
		.undo = undo_fault, .end = undo_mmap, .errnos = { -EFAULT },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 5, .calls = 10,
	}, {
		.name = "fault_read", .covers = { "gem_uma_cpu_map_map_pages" },
		.size = INJECT_SIZE, .mm = true, .incoherent = true, .flags = GEM_UMA_OBJECT_WC,
		.begin = begin_mmapped, .run = run_read_fault,
		.undo = undo_fault, .end = undo_mmap, .errnos = { -EFAULT },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 5, .calls = 10,
	}, {
		.name = "fault_without_retry", .covers = { "gem_uma_cpu_map_fault_locked" },
		.size = INJECT_SIZE, .mm = true,
		.begin = begin_mmapped, .run = run_fault_once, .undo = undo_fault,
		.end = undo_mmap, .errnos = { -EFAULT, -ENOMEM },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 5, .calls = 10,
	}, {
		.name = "fault_huge", .covers = { "gem_uma_cpu_map_fault_locked" },
		.size = PMD_SIZE, .flags = GEM_UMA_OBJECT_HUGE, .huge = true, .mm = true,
		.begin = begin_mmapped, .run = run_fault, .check = check_fault,
		.undo = undo_fault, .end = undo_mmap, .errnos = { -EFAULT },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 1, .calls = 5,
	}, {
		.name = "access", .covers = { "gem_uma_cpu_map_access_locked" },
		.size = INJECT_SIZE, .mm = true,
		.begin = begin_mmapped, .run = run_access, .check = check_fault,
		.undo = undo_fault, .end = undo_mmap, .errnos = { -ENOMEM, -EINTR, -EIO },
		.changes = GEM_UMA_INJECT_PAGES, .remains = GEM_UMA_INJECT_ONCE_KNOWN,
		.allocations = 3, .calls = 2,
	}, {
		.name = "read", .covers = { "gem_uma_cpu_map_read_locked" },
		.size = INJECT_SIZE, .begin = begin_read, .run = run_read, .end = end_plane,
		.errnos = { -ENOMEM }, .allocations = 1,
	}, {
		.name = "get_unmapped_area",
		.covers = { "gem_uma_object_get_unmapped_area",
			    "gem_uma_cpu_map_get_unmapped_area" },
		.size = PMD_SIZE, .flags = GEM_UMA_OBJECT_HUGE, .huge = true, .mm = true,
		.begin = begin_mmap, .run = run_get_unmapped_area, .errnos = { -ENOMEM },
		.allocations = 1, .calls = 2,
	}, {
		.name = "userptr", .covers = { "gem_uma_userptr_export" }, .mm = true,
		.begin = begin_userptr, .run = run_userptr, .undo = undo_userptr,
		.end = end_userptr, .errnos = { -ENOMEM }, .allocations = 4,
	}, {
		.name = "userptr_notifier", .covers = { "gem_uma_userptr_export" }, .mm = true,
		.begin = begin_userptr, .run = run_userptr_notifier, .undo = undo_userptr,
		.end = end_userptr, .errnos = { -ENOMEM, -EOPNOTSUPP, -EINTR },
		.allocations = 5,
	}, {
		.name = "plane", .covers = { "gem_uma_object_plane_begin" },
		.size = INJECT_SIZE, .incoherent = true,
		.begin = begin_plane, .run = run_plane, .undo = undo_plane, .end = end_plane,
		INJECT_PROGRESS, .allocations = 3,
	},
};
