// SPDX-License-Identifier: GPL-2.0
/* Tests of memory of a process that is not pinned. */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_userptr.h>

#include "gem_uma_mock.h"
#include "gem_uma_test_object.h"
#include "gem_uma_user.h"
#include "gem_uma_userptr_internal.h"

static bool userptr_overdue(struct dma_fence *fence);

static const struct gem_uma_userptr_driver userptr_driver_part = {
	.overdue = userptr_overdue,
};

DEFINE_GEM_UMA_PRIME(userptr_looks, .lazy = true, .revalidates = &userptr_driver_part);
DEFINE_GEM_UMA_PRIME(userptr_lazy, .lazy = true);
DEFINE_GEM_UMA_PRIME(userptr_eager);

static struct drm_gem_object *userptr_import_table(struct drm_device *drm,
						   struct dma_buf_attachment *attach,
						   struct sg_table *sgt)
{
	struct gem_uma_mock *mock = container_of(drm, struct gem_uma_mock, drm);
	struct gem_uma_object *uobj = kzalloc_obj(*uobj, GFP_KERNEL);
	int ret;

	if (!uobj)
		return ERR_PTR(-ENOMEM);
	ret = gem_uma_object_init_import(uobj, &mock->udev, attach, sgt, NULL);
	if (ret) {
		kfree(uobj);
		return ERR_PTR(ret);
	}
	return &uobj->base;
}

static const struct file_operations userptr_fops = {
	.owner = THIS_MODULE,
};

static const struct drm_driver userptr_driver = {
	.fops = &userptr_fops,
	.driver_features = DRIVER_GEM,
	.gem_prime_import_sg_table = userptr_import_table,
	.name = "gem-uma-userptr",
	.desc = "device of the gem-uma userptr tests",
	.major = 1,
};

/* Memory of the test, and a device that has imported it. */
struct userptr_rig {
	struct gem_uma_mock *mock;
	unsigned long addr;
	struct dma_buf *dma_buf;
	struct gem_uma_object *uobj;
};

static unsigned long userptr_memory(struct kunit *test, unsigned long addr)
{
	unsigned long at = kunit_vm_mmap(test, NULL, addr, SZ_16K, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | (addr ? MAP_FIXED : 0), 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(at));
	gem_uma_user_put(test, at, 7);
	return at;
}

static struct userptr_rig userptr_rig(struct kunit *test)
{
	struct userptr_rig rig = { .addr = userptr_memory(test, 0) };
	struct gem_uma_device_config config = {};
	struct drm_gem_object *obj;

	rig.mock = devm_drm_dev_alloc(gem_uma_mock_parent(test), &userptr_driver,
				      struct gem_uma_mock, drm);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig.mock);
	KUNIT_ASSERT_EQ(test, 0, gem_uma_device_init(&rig.mock->udev, &rig.mock->drm, &config));
	KUNIT_ASSERT_EQ(test, 0, gem_uma_reclaim_device_init(&rig.mock->udev));
	KUNIT_EXPECT_FALSE(test, gem_uma_userptr_any_watched());
	rig.dma_buf = gem_uma_userptr_export(rig.addr, SZ_16K, GEM_UMA_USERPTR_NOTIFIER);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, rig.dma_buf);
	KUNIT_EXPECT_TRUE(test, gem_uma_userptr_any_watched());
	obj = userptr_looks_import(&rig.mock->drm, rig.dma_buf);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, obj);
	rig.uobj = to_gem_uma_object(obj);
	return rig;
}

static void userptr_rig_fini(struct kunit *test, struct userptr_rig *rig)
{
	drm_gem_object_put(&rig->uobj->base);
	dma_buf_put(rig->dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_FALSE(test, gem_uma_userptr_any_watched());
}

static bool userptr_is_stale(struct gem_uma_object *uobj)
{
	bool stale;

	guard(object)(uobj);
	gem_uma_userptr_publish_begin();
	stale = gem_uma_object_is_stale(uobj);
	gem_uma_userptr_publish_end();
	return stale;
}

static void userptr_follows_the_process(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);

	KUNIT_EXPECT_TRUE(test, gem_uma_object_is_watched(rig.uobj));
	KUNIT_EXPECT_FALSE(test, gem_uma_object_is_readonly(rig.uobj));
	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	KUNIT_EXPECT_FALSE(test, userptr_is_stale(rig.uobj));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(rig.addr + SZ_4K, SZ_4K));
	KUNIT_EXPECT_TRUE(test, userptr_is_stale(rig.uobj));
	scoped_guard(object, rig.uobj) {
		KUNIT_EXPECT_EQ(test, 0, gem_uma_object_leave_stale_locked(rig.uobj));
		KUNIT_EXPECT_NULL(test, rig.uobj->import_sgt);
	}
	KUNIT_EXPECT_FALSE(test, userptr_is_stale(rig.uobj));
	KUNIT_EXPECT_EQ(test, -ESTALE, object_populate(rig.uobj, 0, SZ_16K));
	KUNIT_EXPECT_EQ(test, -EFAULT, gem_uma_object_lookup(rig.uobj));
	KUNIT_EXPECT_EQ(test, -ESTALE, object_populate(rig.uobj, 0, SZ_16K));
	userptr_memory(test, rig.addr);
	KUNIT_EXPECT_EQ(test, 0, gem_uma_object_lookup(rig.uobj));
	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	KUNIT_EXPECT_FALSE(test, userptr_is_stale(rig.uobj));
	userptr_rig_fini(test, &rig);
}

/* What a device may write is dirty, and nobody keeps it. */
static void userptr_pins_no_page(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);
	struct page *page;

	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	KUNIT_ASSERT_EQ(test, 1, get_user_pages_fast(rig.addr, 1, FOLL_WRITE, &page));
	KUNIT_EXPECT_FALSE(test, folio_maybe_dma_pinned(page_folio(page)));
	KUNIT_EXPECT_TRUE(test, folio_test_dirty(page_folio(page)));
	put_page(page);
	userptr_rig_fini(test, &rig);
}

/* What goes on to use what it has mapped cannot have it. */
static void userptr_is_for_who_looks(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);
	struct dma_buf_attachment *attach;
	struct drm_gem_object *obj;

	obj = userptr_lazy_import(&rig.mock->drm, rig.dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EOPNOTSUPP);
	obj = userptr_eager_import(&rig.mock->drm, rig.dma_buf);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(obj), -EOPNOTSUPP);
	attach = dma_buf_attach(rig.dma_buf, gem_uma_mock_parent(test));
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(attach), -EOPNOTSUPP);
	userptr_rig_fini(test, &rig);
}

/* A job, and who ends it when its memory is stale. */
struct userptr_job {
	struct dma_fence fence;
	spinlock_t lock;	/* of @fence */
	struct gem_uma_object *uobj;
	bool ended;
	bool bind;	/* nobody can end it */
	bool overdue;
};

static const char *userptr_fence_name(struct dma_fence *fence)
{
	return "gem-uma-userptr";
}

static void userptr_fence_release(struct dma_fence *fence)
{
	/* The test owns it. */
}

static const struct dma_fence_ops userptr_fence_ops = {
	.get_driver_name = userptr_fence_name,
	.get_timeline_name = userptr_fence_name,
	.release = userptr_fence_release,
};

static bool userptr_overdue(struct dma_fence *fence)
{
	struct userptr_job *job = container_of(fence, struct userptr_job, fence);

	job->overdue = true;
	if (!job->bind)
		dma_fence_signal(fence);
	return !job->bind;
}

static struct userptr_job *userptr_job(struct kunit *test, struct gem_uma_object *uobj,
				       bool bind)
{
	struct userptr_job *job = gem_uma_mock_zalloc(test, sizeof(*job));

	job->uobj = uobj;
	job->bind = bind;
	spin_lock_init(&job->lock);
	dma_fence_init(&job->fence, &userptr_fence_ops, &job->lock, dma_fence_context_alloc(1), 1);
	scoped_guard(object, uobj) {
		KUNIT_EXPECT_EQ(test, 0, dma_resv_reserve_fences(uobj->base.resv, 1));
		dma_resv_add_fence(uobj->base.resv, &job->fence, DMA_RESV_USAGE_BOOKKEEP);
	}
	return job;
}

static int userptr_end_job(void *data)
{
	struct userptr_job *job = data;

	while (!userptr_is_stale(job->uobj))
		fsleep(1000);
	/* Long enough for one who does not wait to be seen. */
	fsleep(20000);
	WRITE_ONCE(job->ended, true);
	dma_fence_signal(&job->fence);
	return 0;
}

static void userptr_change_waits_for_jobs(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);
	struct task_struct *task;
	struct userptr_job *job;

	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	job = userptr_job(test, rig.uobj, false);
	task = kthread_create(userptr_end_job, job, "gem-uma-job");
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	get_task_struct(task);
	wake_up_process(task);
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(rig.addr, SZ_4K));
	KUNIT_EXPECT_TRUE(test, READ_ONCE(job->ended));
	kthread_stop(task);
	put_task_struct(task);
	userptr_rig_fini(test, &rig);
	dma_fence_put(&job->fence);
}

/* They would never end; and what nobody can end is not waited for. */
static void userptr_overdue_jobs_are_ended_rev_N1(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);
	struct userptr_job *job, *other;

	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	other = userptr_job(test, rig.uobj, true);
	job = userptr_job(test, rig.uobj, false);
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(rig.addr, SZ_4K));
	KUNIT_EXPECT_TRUE(test, job->overdue && other->overdue);
	dma_fence_signal(&other->fence);
	userptr_rig_fini(test, &rig);
	dma_fence_put(&job->fence);
	dma_fence_put(&other->fence);
}

/* As the OOM killer calls it. */
static bool userptr_try_invalidate(struct userptr_rig *rig)
{
	struct gem_uma_userptr *uptr = rig->dma_buf->priv;
	struct mmu_interval_notifier *notifier = &uptr->watch->base;
	struct mmu_notifier_range range = {
		.start = rig->addr, .end = rig->addr + SZ_16K, .event = MMU_NOTIFY_CLEAR,
	};

	/* A sequence of the past: nobody waits until it is over. */
	return notifier->ops->invalidate(notifier, &range, notifier->invalidate_seq - 2);
}

static void userptr_oom_killer_takes_what_is_idle_rev_N3(struct kunit *test)
{
	struct userptr_rig rig = userptr_rig(test);
	struct userptr_job *job;

	KUNIT_EXPECT_EQ(test, 0, object_populate(rig.uobj, 0, SZ_16K));
	job = userptr_job(test, rig.uobj, false);
	KUNIT_EXPECT_FALSE(test, userptr_try_invalidate(&rig));
	KUNIT_EXPECT_FALSE(test, userptr_is_stale(rig.uobj));
	dma_fence_signal(&job->fence);
	gem_uma_userptr_publish_begin();
	KUNIT_EXPECT_FALSE(test, userptr_try_invalidate(&rig));
	gem_uma_userptr_publish_end();
	KUNIT_EXPECT_FALSE(test, userptr_is_stale(rig.uobj));
	KUNIT_EXPECT_TRUE(test, userptr_try_invalidate(&rig));
	KUNIT_EXPECT_TRUE(test, userptr_is_stale(rig.uobj));
	KUNIT_EXPECT_FALSE(test, job->overdue);
	userptr_rig_fini(test, &rig);
	dma_fence_put(&job->fence);
}

static void userptr_read_only_needs_no_writable_memory(struct kunit *test)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, SZ_16K, PROT_READ,
					   MAP_PRIVATE | MAP_ANONYMOUS, 0);
	struct dma_buf *dma_buf;

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	dma_buf = gem_uma_userptr_export(addr, SZ_16K, GEM_UMA_USERPTR_NOTIFIER);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dma_buf), -EFAULT);
	flush_delayed_fput();
	dma_buf = gem_uma_userptr_export(addr, SZ_16K, GEM_UMA_USERPTR_NOTIFIER |
					 GEM_UMA_USERPTR_READONLY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dma_buf);
	dma_buf_put(dma_buf);
	flush_delayed_fput();
	KUNIT_EXPECT_FALSE(test, gem_uma_userptr_any_watched());
}

static struct kunit_case gem_uma_userptr_cases[] = {
	KUNIT_CASE(userptr_follows_the_process),
	KUNIT_CASE(userptr_pins_no_page),
	KUNIT_CASE(userptr_is_for_who_looks),
	KUNIT_CASE(userptr_change_waits_for_jobs),
	KUNIT_CASE_SLOW(userptr_overdue_jobs_are_ended_rev_N1),
	KUNIT_CASE(userptr_oom_killer_takes_what_is_idle_rev_N3),
	KUNIT_CASE(userptr_read_only_needs_no_writable_memory),
	{}
};

GEM_UMA_TEST_SUITE(gem_uma_userptr);
