// SPDX-License-Identifier: GPL-2.0
/*
 * The turn-key object: access by the CPU to what a plane shows.
 *
 * Owns what a state of a plane needs. Lock: the resv of each object, one after the other, and
 * none in the commit. Neighbours: access by the CPU and transfer, below; the core's planes.
 */
#include <linux/array_size.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/export.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_plane.h>
#include <drm/gem_uma/gem_uma_object_plane.h>
#include <drm/gem_uma/gem_uma_transfer.h>

/**
 * DOC: Planes
 *
 * A driver whose CPU copies pixels to the display reads them in ``atomic_update``::
 *
 *	static void my_atomic_update(struct drm_plane *plane, ...)
 *	{
 *		const struct iosys_map *data = gem_uma_object_plane_read(plane->state);
 *
 *		... read from data[0] ...
 *	}
 *
 *	DEFINE_GEM_UMA_OBJECT_PLANE(my_plane);
 *
 *	static const struct drm_plane_helper_funcs my_plane_helper_funcs = {
 *		GEM_UMA_OBJECT_PLANE_HELPER_FUNCS(my_plane),
 *		.atomic_update = my_atomic_update,
 *	};
 *
 *	static const struct drm_plane_funcs my_plane_funcs = {
 *		GEM_UMA_OBJECT_PLANE_FUNCS(my_plane),
 *	};
 *
 * The caches are right no earlier than after the fences of the commit: what a job still
 * writes may be in the cache again before it ends. But a commit signals fences, and others
 * may wait for those with the resv of any buffer held. So what needs a resv is done before,
 * in ``prepare_fb``: the objects are mapped for the kernel, which pins them, and what has to
 * be synced is listed. gem_uma_object_plane_read() does what is listed, and takes no lock.
 * Where others have to be asked, the exporter of an import or who has mapped an object of
 * ours, ``prepare_fb`` waits for the fences of the commit and asks them.
 *
 * What is shown stays mapped and pinned until ``cleanup_fb``, which comes when the fences have
 * signalled. The core's own shadow planes unmap it within the commit, with the resv held.
 *
 * A commit that runs when the device is gone reads nothing: its DMA addresses are not there
 * any more. drm_dev_enter() tells.
 */

static struct gem_uma_sync_range gem_uma_object_plane_all(const struct gem_uma_object *uobj)
{
	return (struct gem_uma_sync_range) { .size = uobj->base.size };
}

/*
 * Maps an object, and lists what the commit has to sync. Returns whether that is not enough:
 * it is somebody else's, or others have mapped it, and may unmap it at any time.
 */
static int gem_uma_object_plane_map_locked(struct gem_uma_object_plane_state *pstate,
					   unsigned int i)
	__must_hold(pstate->shadow.base.fb->obj[i]->resv)
{
	struct drm_framebuffer *fb = pstate->shadow.base.fb;
	struct gem_uma_object *uobj = to_gem_uma_object(fb->obj[i]);
	struct iosys_map *data = &pstate->shadow.data[i];
	struct gem_uma_transfer *transfer;
	int ret;

	dma_resv_assert_held(uobj->base.resv);
	ret = uobj->base.funcs->vmap(&uobj->base, &pstate->shadow.map[i]);
	if (ret)
		return ret;
	*data = pstate->shadow.map[i];
	iosys_map_incr(data, fb->offsets[i]);
	if (gem_uma_object_is_imported(uobj) || !list_empty(&uobj->importers))
		return 1;
	/* Behind bounce buffers, the driver copies around each job. */
	if (uobj->udev->allow_bounce)
		return 0;
	transfer = gem_uma_transfer_create_locked(&uobj->cpu_map, &uobj->dev_map,
						  gem_uma_object_plane_all(uobj));
	if (IS_ERR(transfer))
		return PTR_ERR(transfer);
	pstate->transfers[i] = transfer;
	return 0;
}

static int gem_uma_object_plane_begin_one(struct gem_uma_object_plane_state *pstate,
					  unsigned int i)
{
	struct drm_plane_state *state = &pstate->shadow.base;
	struct gem_uma_object *uobj = to_gem_uma_object(state->fb->obj[i]);
	long ret;

	ret = dma_resv_lock_interruptible(uobj->base.resv, NULL);
	if (ret)
		return ret;
	ret = gem_uma_object_plane_map_locked(pstate, i);
	dma_resv_unlock(uobj->base.resv);
	if (ret <= 0)
		return ret;
	/* Not all of them need be in the resv. */
	ret = state->fence ? dma_fence_wait(state->fence, true) : 0;
	if (ret)
		return ret;
	pstate->accesses[i] = gem_uma_object_access_begin(uobj, gem_uma_object_plane_all(uobj),
							  DMA_FROM_DEVICE);
	return pstate->accesses[i].err;
}

/**
 * gem_uma_object_plane_begin() - get ready to read what a plane shows
 * @pstate: new state, which knows its fences; with or without a framebuffer, all objects of
 *	which are &struct gem_uma_object
 *
 * For &drm_plane_helper_funcs.prepare_fb, by DEFINE_GEM_UMA_OBJECT_PLANE().
 *
 * Context: may sleep and reclaim; takes resvs, of exporters for imports. Waits for the fences
 * of the commit where others have mapped an object, or own it.
 *
 * Return: 0; -ENOMEM; -EINTR or -ERESTARTSYS for a signal; as &drm_gem_object_funcs.vmap or
 * gem_uma_object_access_begin(). After an error there is nothing to end.
 */
int gem_uma_object_plane_begin(struct gem_uma_object_plane_state *pstate)
{
	struct drm_framebuffer *fb = pstate->shadow.base.fb;
	unsigned int i;
	int ret = 0;

	for (i = 0; fb && i < fb->format->num_planes && !ret; i++)
		ret = gem_uma_object_plane_begin_one(pstate, i);
	if (ret)
		gem_uma_object_plane_end(pstate);
	return ret;
}
EXPORT_SYMBOL_GPL(gem_uma_object_plane_begin);

/**
 * gem_uma_object_plane_end() - the plane does not show it, any more or after all
 * @pstate: state
 *
 * For &drm_plane_helper_funcs.cleanup_fb, by DEFINE_GEM_UMA_OBJECT_PLANE().
 *
 * Context: may sleep, uninterruptibly; takes resvs, of exporters for imports.
 */
void gem_uma_object_plane_end(struct gem_uma_object_plane_state *pstate)
{
	struct drm_framebuffer *fb = pstate->shadow.base.fb;
	struct drm_gem_object *obj;
	unsigned int i;

	for (i = fb ? fb->format->num_planes : 0; i--;) {
		obj = fb->obj[i];
		gem_uma_object_access_end(&pstate->accesses[i]);
		gem_uma_transfer_destroy(pstate->transfers[i]);
		pstate->transfers[i] = NULL;
		iosys_map_clear(&pstate->shadow.data[i]);
		if (iosys_map_is_null(&pstate->shadow.map[i]))
			continue;
		dma_resv_lock(obj->resv, NULL);
		obj->funcs->vunmap(obj, &pstate->shadow.map[i]);
		dma_resv_unlock(obj->resv);
		iosys_map_clear(&pstate->shadow.map[i]);
	}
}
EXPORT_SYMBOL_GPL(gem_uma_object_plane_end);

/**
 * gem_uma_object_plane_read() - the CPU is about to read what a plane shows
 * @state: &gem_uma_object_plane_state.shadow of a state that has begun and not ended; the
 *	fences of the commit have signalled
 *
 * Context: may reschedule; takes no lock and allocates nothing, so it is legal in a commit.
 *
 * Return: the first pixel of each plane of the framebuffer; all null without one.
 */
const struct iosys_map *gem_uma_object_plane_read(struct drm_plane_state *state)
{
	struct gem_uma_object_plane_state *pstate = to_gem_uma_object_plane_state(state);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pstate->transfers); i++)
		if (pstate->transfers[i])
			gem_uma_transfer_to_cpu(pstate->transfers[i]);
	return pstate->shadow.data;
}
EXPORT_SYMBOL_GPL(gem_uma_object_plane_read);
