// SPDX-License-Identifier: GPL-2.0
/*
 * A device, and objects on it, that exist for one test.
 *
 * Uses only what every kernel exports to every module, so that the tests also run out
 * of the tree. Everything is undone when the test ends, in the opposite order.
 */
#include <linux/anon_inodes.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/platform_device.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include <drm/drm_drv.h>
#include <drm/drm_vma_manager.h>

#include "gem_uma_mock.h"

/* The core takes the owner of a dma-buf from here. */
static const struct file_operations gem_uma_mock_drm_fops = {
	.owner = THIS_MODULE,
};

static const struct drm_driver gem_uma_mock_driver = {
	.driver_features = DRIVER_GEM,
	.fops = &gem_uma_mock_drm_fops,
	.name = "gem-uma-mock",
	.desc = "device of the gem-uma unit tests",
	.major = 1,
};

KUNIT_DEFINE_ACTION_WRAPPER(gem_uma_mock_unregister, platform_device_unregister,
			    struct platform_device *);

/*
 * A platform device that can address all memory. Returns the device, which the caller
 * unregisters, or an ERR_PTR.
 */
struct platform_device *gem_uma_mock_platform(void)
{
	struct platform_device_info info = {
		.name = "gem-uma-mock",
		.id = PLATFORM_DEVID_AUTO,
		.dma_mask = DMA_BIT_MASK(64),
	};

	return platform_device_register_full(&info);
}

/* A platform device that lives as long as the test. */
struct device *gem_uma_mock_parent(struct kunit *test)
{
	struct platform_device *pdev = gem_uma_mock_platform();

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_unregister,
							   pdev));
	/* The table of a dma-buf has segments of any length. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	return &pdev->dev;
}

/*
 * A DRM device on a device of the caller's. Returns the device, nothing of ours
 * initialized, or an ERR_PTR.
 */
struct gem_uma_mock *gem_uma_mock_alloc_on(struct device *parent)
{
	return devm_drm_dev_alloc(parent, &gem_uma_mock_driver, struct gem_uma_mock, drm);
}

/* A DRM device, nothing of ours initialized. */
struct gem_uma_mock *gem_uma_mock_alloc(struct kunit *test)
{
	struct gem_uma_mock *mock = gem_uma_mock_alloc_on(gem_uma_mock_parent(test));

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, mock);
	return mock;
}

/*
 * The address space of a test ends some time after its task, and mappings keep objects:
 * the device must not go before.
 */
static void gem_uma_mock_settle(void *data)
{
	struct gem_uma_mock *mock = data;
	unsigned int i;

	for (i = 0; i < 500 && atomic_read(&mock->live) > 0; i++)
		msleep(20);
}

/* A device ready for objects. @huge: with a mount for huge folios. */
struct gem_uma_mock *gem_uma_mock_create(struct kunit *test, bool huge)
{
	struct gem_uma_device_config config = { .huge = huge };
	struct gem_uma_mock *mock = gem_uma_mock_alloc(test);

	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&mock->udev, &mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&mock->udev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_settle, mock));
	return mock;
}

static unsigned int gem_uma_mock_dev_mapped(struct gem_uma_object *uobj)
{
	return to_gem_uma_mock_object(uobj)->dev_mapped;
}

static int gem_uma_mock_evict(struct gem_uma_object *uobj)
{
	struct gem_uma_mock_object *mobj = to_gem_uma_mock_object(uobj);

	mobj->evicts++;
	if (mobj->busy) {
		mobj->busy--;
		return -EBUSY;
	}
	if (mobj->evict_errno)
		return mobj->evict_errno;
	mobj->dev_mapped = 0;
	return 0;
}

static void gem_uma_mock_teardown(struct gem_uma_object *uobj)
{
	struct gem_uma_mock_object *mobj = to_gem_uma_mock_object(uobj);

	if (mobj->held)
		*mobj->held = gem_uma_backing_resident(&uobj->backing);
}

static void gem_uma_mock_free(struct gem_uma_object *uobj)
{
	struct gem_uma_mock_object *mobj = to_gem_uma_mock_object(uobj);

	if (mobj->frees)
		(*mobj->frees)++;
	atomic_dec(&container_of(uobj->udev, struct gem_uma_mock, udev)->live);
	kfree(mobj);
}

const struct gem_uma_object_ops gem_uma_mock_object_ops = {
	.dev_mapped = gem_uma_mock_dev_mapped, .evict = gem_uma_mock_evict,
	.teardown = gem_uma_mock_teardown, .free = gem_uma_mock_free,
};

static void gem_uma_mock_object_release(void *data)
{
	struct gem_uma_mock_object *mobj = data;

	drm_gem_object_put(&mobj->base.base);
}

/* An object that lives as long as the test. */
struct gem_uma_mock_object *gem_uma_mock_object_create(struct kunit *test,
						       struct gem_uma_mock *mock,
						       u64 size, u32 flags)
{
	return gem_uma_mock_object_create_shared(test, mock, size, flags, NULL);
}

/* One that shares the resv of an older object. @resv: of the other object; NULL: its own. */
struct gem_uma_mock_object *gem_uma_mock_object_create_shared(struct kunit *test,
							      struct gem_uma_mock *mock,
							      u64 size, u32 flags,
							      struct dma_resv *resv)
{
	struct gem_uma_mock_object *mobj = kzalloc_obj(*mobj, GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, mobj);
	mobj->base.base.resv = resv;
	ret = gem_uma_object_init(&mobj->base, &mock->udev, size, flags,
				  &gem_uma_mock_object_ops);
	if (ret)
		kfree(mobj);
	KUNIT_ASSERT_EQ(test, 0, ret);
	atomic_inc(&mock->live);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_object_release,
							   mobj));
	return mobj;
}

/* Drop the test's reference before its end. */
void gem_uma_mock_object_put(struct kunit *test, struct gem_uma_mock_object *mobj)
{
	kunit_release_action(test, gem_uma_mock_object_release, mobj);
}

static int gem_uma_mock_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct drm_gem_object *obj = file->private_data;

	vma->vm_pgoff += drm_vma_node_start(&obj->vma_node);
	return drm_gem_mmap_obj(obj, obj->size, vma);
}

static const struct file_operations gem_uma_mock_fops = {
	.owner = THIS_MODULE, .mmap = gem_uma_mock_file_mmap,
};

/*
 * The thread of a test counts as ended before its address space is gone. What is mapped
 * there must not meet the rest of the clean-up.
 */
static void gem_uma_mock_fput(void *data)
{
	struct file *file = data;
	unsigned int ms;

	for (ms = 0; ms < 10000 && file_count(file) > 1; ms += 20)
		msleep(20);
	fput(file);
}

/*
 * A file whose content is an object, or is to be one. @obj: object that outlives the file,
 * or NULL; the file's private_data.
 */
struct file *gem_uma_mock_file_of(struct kunit *test, struct drm_device *drm,
				  struct drm_gem_object *obj)
{
	struct file *file = anon_inode_getfile("gem-uma-mock", &gem_uma_mock_fops, obj,
					       O_RDWR);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, file);
	/* As drm_open() does: mappings are found through it. */
	file->f_mapping = drm->anon_inode->i_mapping;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_fput, file));
	return file;
}

/* A file whose content is an object. */
struct file *gem_uma_mock_file(struct kunit *test, struct drm_gem_object *obj)
{
	return gem_uma_mock_file_of(test, obj->dev, obj);
}

/*
 * Map an object into the address space of the test. @obj: object; outlives the mapping.
 * @offset: bytes from the start of the object.
 */
unsigned long gem_uma_mock_mmap(struct kunit *test, struct drm_gem_object *obj,
				unsigned long size, unsigned long offset)
{
	struct file *file = gem_uma_mock_file(test, obj);
	unsigned long addr;

	addr = kunit_vm_mmap(test, file, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			     offset);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_ASSERT_NE(test, addr, 0);
	return addr;
}

static int gem_uma_mock_holder_run(void *data)
{
	struct gem_uma_mock_holder *holder = data;

	dma_resv_lock(holder->resv, NULL);
	complete(&holder->held);
	if (holder->ms)
		wait_for_completion_timeout(&holder->release, msecs_to_jiffies(holder->ms));
	else
		wait_for_completion(&holder->release);
	dma_resv_unlock(holder->resv);
	complete(&holder->done);
	return 0;
}

static void gem_uma_mock_holder_end(void *data)
{
	struct gem_uma_mock_holder *holder = data;

	complete(&holder->release);
	wait_for_completion(&holder->done);
}

/*
 * Have another task hold the resv of an object. @obj: object; outlives the test, or
 * gem_uma_mock_unhold(). @ms: for how long, 0 for until gem_uma_mock_unhold().
 */
struct gem_uma_mock_holder *gem_uma_mock_hold(struct kunit *test, struct drm_gem_object *obj,
					      unsigned int ms)
{
	struct gem_uma_mock_holder *holder = gem_uma_mock_zalloc(test, sizeof(*holder));
	struct task_struct *task;

	holder->resv = obj->resv;
	holder->ms = ms;
	init_completion(&holder->held);
	init_completion(&holder->release);
	init_completion(&holder->done);
	task = kthread_run(gem_uma_mock_holder_run, holder, "gem-uma-holder");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, gem_uma_mock_holder_end,
							   holder));
	wait_for_completion(&holder->held);
	return holder;
}

/* End what gem_uma_mock_hold() began: nobody holds the resv on return. */
void gem_uma_mock_unhold(struct kunit *test, struct gem_uma_mock_holder *holder)
{
	kunit_release_action(test, gem_uma_mock_holder_end, holder);
}

/* Have a fatal signal pending, or not any more. */
void gem_uma_mock_set_killed(bool on)
{
	struct sighand_struct *sighand = rcu_dereference_raw(current->sighand);

	spin_lock_irq(&sighand->siglock);
	if (on) {
		sigaddset(&current->pending.signal, SIGKILL);
		set_thread_flag(TIF_SIGPENDING);
	} else {
		sigdelset(&current->pending.signal, SIGKILL);
		clear_thread_flag(TIF_SIGPENDING);
	}
	spin_unlock_irq(&sighand->siglock);
}

/* Skip the test where nothing can be evicted. */
void gem_uma_mock_needs_swap(struct kunit *test)
{
	if (get_nr_swap_pages() <= 0)
		kunit_skip(test, "needs swap space");
}

/*
 * Two regions of bus addresses that overlap: from memory to bus goes by the second, the
 * way back by the first. To the device, every page looks as if a copy were mapped.
 */
static const struct bus_dma_region gem_uma_mock_copies[] = {
	{ .cpu_start = BIT_ULL(45), .dma_start = BIT_ULL(44), .size = BIT_ULL(43) },
	{ .cpu_start = 0, .dma_start = BIT_ULL(44), .size = BIT_ULL(43) },
	{}
};

/*
 * Make all DMA look bounced, or direct again. Take back what was mapped in between before
 * changing it.
 */
void gem_uma_mock_bounce(struct gem_uma_mock *mock, bool on)
{
	mock->drm.dev->dma_range_map = on ? gem_uma_mock_copies : NULL;
}

/* The value of one word of the pattern. */
u32 gem_uma_mock_word(u32 seed, size_t i)
{
	return (seed + (u32)i) * 2654435761u;
}

static u32 *gem_uma_mock_vmap(struct kunit *test, struct gem_uma_object *uobj,
			      struct iosys_map *map)
{
	int ret;

	scoped_guard(gem_uma_resv, uobj->base.resv)
		ret = gem_uma_object_vmap(&uobj->base, map);
	KUNIT_ASSERT_EQ(test, 0, ret);
	return map->vaddr;
}

static void gem_uma_mock_vunmap(struct gem_uma_object *uobj, struct iosys_map *map)
{
	scoped_guard(gem_uma_resv, uobj->base.resv)
		gem_uma_object_vunmap(&uobj->base, map);
}

/*
 * Memory is short, and the system takes what is clean. What this CPU has not put on a list
 * yet gets there when a batch of folios is released.
 */
void gem_uma_mock_drop_clean(struct gem_uma_object *uobj)
{
	struct address_space *mapping = uobj->backing.file->f_mapping;
	struct folio_batch fbatch;
	pgoff_t next = 0;

	folio_batch_init(&fbatch);
	filemap_get_folios(mapping, &next, ULONG_MAX, &fbatch);
	folio_batch_release(&fbatch);
	invalidate_mapping_pages(mapping, 0, -1);
}

/* Write a pattern to the whole object. */
void gem_uma_mock_fill(struct kunit *test, struct gem_uma_object *uobj, u32 seed)
{
	struct iosys_map map;
	u32 *word = gem_uma_mock_vmap(test, uobj, &map);
	size_t i;

	for (i = 0; i < uobj->base.size / sizeof(*word); i++)
		word[i] = gem_uma_mock_word(seed, i);
	gem_uma_mock_vunmap(uobj, &map);
}

/* Compare the whole object with a pattern. @seed: what gem_uma_mock_fill() was given. */
void gem_uma_mock_expect_content(struct kunit *test, struct gem_uma_object *uobj,
				 u32 seed)
{
	size_t i, n = uobj->base.size / sizeof(u32);
	struct iosys_map map;
	u32 *word = gem_uma_mock_vmap(test, uobj, &map);

	for (i = 0; i < n; i++)
		if (word[i] != gem_uma_mock_word(seed, i))
			break;
	gem_uma_mock_vunmap(uobj, &map);
	KUNIT_EXPECT_EQ_MSG(test, i, n, "first wrong byte at %zu of %zu",
			    i * sizeof(u32), n * sizeof(u32));
}
