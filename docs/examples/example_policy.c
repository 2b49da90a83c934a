// SPDX-License-Identifier: GPL-2.0
/*
 * A policy of the driver's about victims: what the display shows next stays, and what a
 * shader cache can build again goes before what only swap would bring back.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include <drm/gem_uma/gem_uma_object.h>

struct policy_bo {
	struct gem_uma_object uma;
	/* Queued for scanout, but not pinned yet. Written by the display code. */
	bool on_screen_soon;
	/* The driver can make its content again. Constant. */
	bool cache;
};

/* Without a lock: a value that is about to change is right soon enough. */
static u32 policy_bo_weight(struct gem_uma_object *uobj)
{
	struct policy_bo *bo = container_of(uobj, struct policy_bo, uma);

	if (READ_ONCE(bo->on_screen_soon))
		return GEM_UMA_RECLAIM_WEIGHT_KEEP;
	return bo->cache ? 0 : GEM_UMA_RECLAIM_WEIGHT_NORMAL;
}

static void policy_bo_free(struct gem_uma_object *uobj)
{
	kfree(container_of(uobj, struct policy_bo, uma));
}

static const struct gem_uma_object_ops policy_bo_ops = {
	.weight = policy_bo_weight,
	.free = policy_bo_free,
};

struct gem_uma_object *policy_bo_create(struct gem_uma_device *udev, u64 size, bool cache);
struct gem_uma_object *policy_bo_create(struct gem_uma_device *udev, u64 size, bool cache)
{
	struct policy_bo *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->cache = cache;
	ret = gem_uma_object_init(&bo->uma, udev, size, 0, &policy_bo_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	return &bo->uma;
}

void policy_bo_queued(struct gem_uma_object *uobj, bool queued);
void policy_bo_queued(struct gem_uma_object *uobj, bool queued)
{
	WRITE_ONCE(container_of(uobj, struct policy_bo, uma)->on_screen_soon, queued);
}

MODULE_DESCRIPTION("Example of a reclaim policy of a driver of gem-uma");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
