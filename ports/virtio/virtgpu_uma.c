// SPDX-License-Identifier: GPL-2.0
/*
 * virtio-gpu's buffers on gem-uma: those that have pages of their own. Memory of the host,
 * and imports, stay what they were, and have no more of the library's object than its base.
 *
 * The host gets the pages of a buffer ("attached") when a transfer, a plane or a job needs
 * them first. Reclaim tells it to forget them, and does not wait: the answer is received by a
 * worker that may need memory, and takes no resv therefore. The library goes on when it has
 * come. Until then nobody gets the pages, and who uses the buffer attaches it again, which is
 * right because the host obeys in the order of the queue. So do transfers that have no fence.
 *
 * Never taken back are blobs, which the host maps; what others know by its UUID; and buffers
 * that the host writes to whenever it likes.
 *
 * Locks: resv of the buffer, then the lock of the control queue.
 */
#include <linux/dma-resv.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/virtio.h>

#include <drm/drm_framebuffer.h>
#include <drm/drm_panic.h>

#include "virtgpu_drv.h"
#include "virtgpu_trace.h"

/*
 * Buffers for results of queries, in virgl's protocol. The host keeps a copy of what is in
 * them while they are detached, and writes it back later over what is new.
 */
#define VIRGL_BIND_CUSTOM	BIT(17)

static struct virtio_gpu_object *virtio_gpu_uma_to_bo(struct gem_uma_object *uobj)
{
	return container_of(uobj, struct virtio_gpu_object, base);
}

static struct virtio_gpu_device *virtio_gpu_uma_to_dev(const struct virtio_gpu_object *bo)
{
	return bo->base.base.dev->dev_private;
}

static struct gem_uma_sync_range virtio_gpu_uma_all(const struct virtio_gpu_object *bo)
{
	return (struct gem_uma_sync_range) { .size = bo->base.base.size };
}

/* The host has forgotten the pages. */
static void virtio_gpu_uma_detached(struct virtio_gpu_device *vgdev,
				    struct virtio_gpu_vbuffer *vbuf)
{
	struct virtio_gpu_object *bo = gem_to_virtio_gpu_obj(vbuf->objs->objs[0]);

	/* Who sees this under resv may give the pages away: the host has done with them. */
	smp_store_release(&bo->uma.detaching, false);
	gem_uma_object_update(&bo->base);
}

/* It has a reference to the buffer, which goes with the answer. NULL without memory. */
static struct virtio_gpu_vbuffer *virtio_gpu_uma_detach(struct virtio_gpu_object *bo)
{
	struct virtio_gpu_device *vgdev = virtio_gpu_uma_to_dev(bo);
	struct virtio_gpu_resource_detach_backing *cmd;
	struct virtio_gpu_object_array *objs;
	struct virtio_gpu_vbuffer *vbuf;

	objs = kmalloc(struct_size(objs, objs, 1), GFP_NOWAIT | __GFP_NOWARN);
	if (!objs)
		return NULL;
	vbuf = kmem_cache_zalloc(vgdev->vbufs, GFP_NOWAIT | __GFP_NOWARN);
	if (!vbuf) {
		kfree(objs);
		return NULL;
	}
	objs->total = 1;
	objs->nents = 0;
	virtio_gpu_array_add_obj(objs, &bo->base.base);
	cmd = (void *)(vbuf + 1);
	cmd->hdr.type = cpu_to_le32(VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING);
	cmd->resource_id = cpu_to_le32(bo->hw_res_handle);
	vbuf->buf = (char *)cmd;
	vbuf->size = sizeof(*cmd);
	vbuf->resp_buf = (char *)(cmd + 1);
	vbuf->resp_size = sizeof(cmd->hdr);
	vbuf->resp_cb = virtio_gpu_uma_detached;
	vbuf->objs = objs;
	return vbuf;
}

/* Without waiting. Half of the queue stays free for others. */
static int virtio_gpu_uma_queue(struct virtio_gpu_device *vgdev, struct virtio_gpu_vbuffer *vbuf)
{
	struct scatterlist cmd, resp, *sgs[] = { &cmd, &resp };
	struct virtqueue *vq;
	int ret = -EBUSY;

	sg_init_one(&cmd, vbuf->buf, vbuf->size);
	sg_init_one(&resp, vbuf->resp_buf, vbuf->resp_size);
	spin_lock(&vgdev->ctrlq.qlock);
	vq = vgdev->ctrlq.vq;
	if (!vgdev->uma.stopped && vq->num_free > virtqueue_get_vring_size(vq) / 2)
		ret = virtqueue_add_sgs(vq, sgs, 1, 1, vbuf, GFP_NOWAIT | __GFP_NOWARN);
	if (!ret) {
		vbuf->seqno = ++vgdev->ctrlq.seqno;
		trace_virtio_gpu_cmd_queue(vq, (void *)vbuf->buf, vbuf->seqno);
		/* With the lock held, under which the queue is there. */
		virtqueue_kick(vq);
	}
	spin_unlock(&vgdev->ctrlq.qlock);
	return ret;
}

static int virtio_gpu_uma_evict(struct gem_uma_object *uobj)
{
	struct virtio_gpu_object *bo = virtio_gpu_uma_to_bo(uobj);
	struct virtio_gpu_device *vgdev = virtio_gpu_uma_to_dev(bo);
	struct virtio_gpu_vbuffer *vbuf;
	bool detaching;

	/* Pairs with virtio_gpu_uma_detached(). */
	detaching = smp_load_acquire(&bo->uma.detaching);
	if (!bo->attached)
		return detaching ? -EINPROGRESS : 0;
	/* One at a time, or the first answer would be taken for the second. */
	if (detaching || READ_ONCE(bo->uma.shared))
		return -EBUSY;
	vbuf = virtio_gpu_uma_detach(bo);
	if (!vbuf)
		return -EBUSY;
	bo->uma.detaching = true;
	if (virtio_gpu_uma_queue(vgdev, vbuf)) {
		bo->uma.detaching = false;
		/* Not the last reference: the caller has one. */
		virtio_gpu_array_put_free(vbuf->objs);
		kmem_cache_free(vgdev->vbufs, vbuf);
		return -EBUSY;
	}
	bo->attached = false;
	return -EINPROGRESS;
}

static unsigned int virtio_gpu_uma_dev_mapped(struct gem_uma_object *uobj)
{
	struct virtio_gpu_object *bo = virtio_gpu_uma_to_bo(uobj);

	return bo->attached || READ_ONCE(bo->uma.detaching);
}

static void virtio_gpu_uma_free(struct gem_uma_object *uobj)
{
	kfree(virtio_gpu_uma_to_bo(uobj));
}

static const struct gem_uma_object_ops virtio_gpu_uma_ops = {
	.dev_mapped = virtio_gpu_uma_dev_mapped,
	.evict = virtio_gpu_uma_evict,
	.free = virtio_gpu_uma_free,
};

/* The memory is freed when the host has answered that it has forgotten the buffer. */
static const struct drm_gem_object_funcs virtio_gpu_shmem_funcs = {
	.free = virtio_gpu_free_object,
	.open = virtio_gpu_gem_object_open,
	.close = virtio_gpu_gem_object_close,
	.export = virtgpu_gem_prime_export,
	GEM_UMA_OBJECT_FUNCS_STATUS,
	GEM_UMA_OBJECT_FUNCS_PIN,
	GEM_UMA_OBJECT_FUNCS_SG_TABLE,
	GEM_UMA_OBJECT_FUNCS_VMAP,
	GEM_UMA_OBJECT_FUNCS_MMAP,
};

bool virtio_gpu_is_shmem(struct virtio_gpu_object *bo)
{
	return bo->base.base.funcs == &virtio_gpu_shmem_funcs;
}

/* Without 3D there are only transfers to the host, which reads. */
static enum dma_data_direction virtio_gpu_uma_dir(const struct virtio_gpu_object *bo)
{
	return virtio_gpu_uma_to_dev(bo)->has_virgl_3d || bo->params.blob ? DMA_BIDIRECTIONAL :
									    DMA_TO_DEVICE;
}

static bool virtio_gpu_uma_next_run(struct virtio_gpu_object *bo, pgoff_t at,
				    struct gem_uma_dma_run *run)
	__must_hold(bo->base.base.resv)
{
	pgoff_t end = bo->base.base.size >> PAGE_SHIFT;

	return at < end && !gem_uma_dev_map_run_locked(&bo->base.dev_map, at, end, run);
}

/* Makes the pages resident, and lists where they are. */
static int virtio_gpu_uma_list_locked(struct virtio_gpu_object *bo,
				      struct virtio_gpu_mem_entry **ents, unsigned int *nents)
	__must_hold(bo->base.base.resv)
{
	struct gem_uma_dma_run run;
	unsigned int i = 0;
	pgoff_t at;
	int ret;

	dma_resv_assert_held(bo->base.base.resv);
	ret = gem_uma_object_populate_locked(&bo->base, 0, bo->base.base.size,
					     virtio_gpu_uma_dir(bo));
	if (ret)
		return ret;
	for (at = 0; virtio_gpu_uma_next_run(bo, at, &run); at += run.nr)
		i++;
	*ents = kvcalloc(i, sizeof(**ents), GFP_KERNEL);
	if (!*ents)
		return -ENOMEM;
	*nents = i;
	for (at = 0, i = 0; virtio_gpu_uma_next_run(bo, at, &run); at += run.nr, i++) {
		(*ents)[i].addr = cpu_to_le64(run.addr);
		(*ents)[i].length = cpu_to_le32(run.nr << PAGE_SHIFT);
	}
	return 0;
}

/* The same, of a buffer that is pinned: it stays so. */
int virtio_gpu_object_shmem_init(struct virtio_gpu_device *vgdev, struct virtio_gpu_object *bo,
				 struct virtio_gpu_mem_entry **ents, unsigned int *nents)
{
	int ret;

	dma_resv_lock(bo->base.base.resv, NULL);
	ret = virtio_gpu_uma_list_locked(bo, ents, nents);
	dma_resv_unlock(bo->base.base.resv);
	return ret;
}

/* The host has the pages, once it gets to what is queued now. */
static int virtio_gpu_uma_validate_locked(struct virtio_gpu_object *bo)
	__must_hold(bo->base.base.resv)
{
	struct virtio_gpu_device *vgdev = virtio_gpu_uma_to_dev(bo);
	struct virtio_gpu_mem_entry *ents;
	unsigned int nents;
	int ret;

	dma_resv_assert_held(bo->base.base.resv);
	if (!virtio_gpu_is_shmem(bo))
		return 0;
	gem_uma_object_mark_used(&bo->base);
	if (bo->attached)
		return 0;
	if (READ_ONCE(vgdev->uma.stopped))
		return -ENODEV;
	ret = virtio_gpu_uma_list_locked(bo, &ents, &nents);
	if (ret)
		return ret;
	ret = virtio_gpu_object_attach(vgdev, bo, ents, nents);
	gem_uma_object_update_locked(&bo->base);
	return ret;
}

/* The host has forgotten the buffer, and was told of it again. */
int virtio_gpu_uma_reattach(struct virtio_gpu_object *bo)
{
	int ret = 0;

	dma_resv_lock(bo->base.base.resv, NULL);
	if (bo->attached) {
		bo->attached = false;
		ret = virtio_gpu_uma_validate_locked(bo);
	}
	dma_resv_unlock(bo->base.base.resv);
	return ret;
}

/* Others may use it from now on, and tell nobody: it has its pages, and keeps them. */
int virtio_gpu_uma_share(struct virtio_gpu_object *bo)
{
	int ret;

	dma_resv_lock(bo->base.base.resv, NULL);
	ret = virtio_gpu_uma_validate_locked(bo);
	dma_resv_unlock(bo->base.base.resv);
	virtio_gpu_notify(virtio_gpu_uma_to_dev(bo));
	return ret;
}

/* Lock buffers that the host is about to use, which are there then. */
int virtio_gpu_uma_lock_resv(struct virtio_gpu_object_array *objs)
{
	int ret = virtio_gpu_array_lock_resv(objs);
	u32 i;

	if (ret)
		return ret;
	for (i = 0; !ret && i < objs->nents; i++)
		ret = virtio_gpu_uma_validate_locked(gem_to_virtio_gpu_obj(objs->objs[i]));
	if (ret)
		virtio_gpu_array_unlock_resv(objs);
	return ret;
}

/* What is to be copied before the host uses the buffer, and behind it. */
struct gem_uma_transfer *virtio_gpu_uma_transfer_locked(struct virtio_gpu_object *bo)
{
	if (!virtio_gpu_is_shmem(bo))
		return NULL;
	return gem_uma_transfer_create_locked(&bo->base.cpu_map, &bo->base.dev_map,
					      virtio_gpu_uma_all(bo));
}

/* The host sees what the CPU wrote. The caller has a reference. */
int virtio_gpu_uma_clean_locked(struct virtio_gpu_object *bo)
{
	struct gem_uma_transfer *transfer = virtio_gpu_uma_transfer_locked(bo);

	if (IS_ERR_OR_NULL(transfer))
		return PTR_ERR_OR_ZERO(transfer);
	gem_uma_transfer_to_device(transfer);
	gem_uma_transfer_destroy(transfer);
	return 0;
}

/* It has no fence. What takes the pages away is queued behind it. */
int virtio_gpu_uma_transfer_2d(struct virtio_gpu_device *vgdev, u64 offset, u32 width,
			       u32 height, u32 x, u32 y, struct virtio_gpu_object_array *objs)
{
	struct drm_gem_object *obj = objs->objs[0];
	struct virtio_gpu_object *bo = gem_to_virtio_gpu_obj(obj);
	int ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;
	/* The answer drops that of the array. */
	drm_gem_object_get(obj);
	ret = virtio_gpu_uma_validate_locked(bo);
	if (!ret)
		ret = virtio_gpu_uma_clean_locked(bo);
	if (!ret)
		virtio_gpu_cmd_transfer_to_host_2d(vgdev, offset, width, height, x, y, objs, NULL);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
	return ret;
}

/* The CPU sees what the host wrote. Its command still has a reference to the buffer. */
void virtio_gpu_uma_answered(struct virtio_gpu_vbuffer *vbuf)
{
	struct gem_uma_transfer *transfer = vbuf->transfer;

	if (!transfer)
		return;
	gem_uma_transfer_to_cpu(transfer);
	gem_uma_transfer_destroy(transfer);
	vbuf->transfer = NULL;
}

/* Nobody waits any more for what the host will not do. */
static void virtio_gpu_uma_cancel(struct virtio_gpu_device *vgdev,
				  struct virtio_gpu_fence *fence, int error)
	__must_hold(&vgdev->fence_drv.lock)
{
	dma_fence_set_error(&fence->f, error);
	dma_fence_signal_locked(&fence->f);
	if (fence->e)
		drm_send_event(vgdev->ddev, &fence->e->base);
	fence->e = NULL;
}

/* A command that is not queued, before it is freed. No resv of its buffers is held. */
void virtio_gpu_uma_drop(struct virtio_gpu_device *vgdev, struct virtio_gpu_vbuffer *vbuf,
			 struct virtio_gpu_fence *fence, int error)
{
	if (fence) {
		guard(spinlock_irqsave)(&vgdev->fence_drv.lock);
		virtio_gpu_uma_cancel(vgdev, fence, error);
	}
	virtio_gpu_array_put_free(vbuf->objs);
}

static void virtio_gpu_uma_unpin_plane(struct virtio_gpu_object *bo,
				       struct virtio_gpu_uma_plane *plane)
{
	if (!plane->pinned)
		return;
	plane->pinned = false;
	gem_uma_transfer_destroy(plane->transfer);
	plane->transfer = NULL;
	dma_resv_lock(bo->base.base.resv, NULL);
	gem_uma_object_unpin(&bo->base.base);
	dma_resv_unlock(bo->base.base.resv);
}

/* A commit copies to the host what it shows, and neither fails nor allocates. */
static int virtio_gpu_uma_pin_plane_locked(struct virtio_gpu_object *bo,
					   struct virtio_gpu_uma_plane *plane)
{
	struct gem_uma_transfer *transfer;
	int ret;

	ret = gem_uma_object_pin(&bo->base.base);
	if (ret)
		return ret;
	transfer = virtio_gpu_uma_transfer_locked(bo);
	if (IS_ERR(transfer)) {
		gem_uma_object_unpin(&bo->base.base);
		return PTR_ERR(transfer);
	}
	plane->transfer = transfer;
	plane->pinned = true;
	return 0;
}

/*
 * Without 3D, the host shows only what has pages. Afterwards it has a copy: what is not dumb
 * need not stay.
 */
static int virtio_gpu_uma_prepare_plane(struct virtio_gpu_object *bo,
					struct virtio_gpu_uma_plane *plane)
{
	int ret;

	if (!virtio_gpu_is_shmem(bo) ||
	    (!bo->dumb && virtio_gpu_uma_to_dev(bo)->has_virgl_3d))
		return 0;
	dma_resv_lock(bo->base.base.resv, NULL);
	ret = virtio_gpu_uma_validate_locked(bo);
	if (!ret && bo->dumb)
		ret = virtio_gpu_uma_pin_plane_locked(bo, plane);
	dma_resv_unlock(bo->base.base.resv);
	return ret;
}

int virtio_gpu_uma_prepare_fb(struct drm_plane *plane, struct drm_plane_state *new_state)
{
	struct virtio_gpu_uma_plane *uma;
	struct virtio_gpu_object *bo;
	int ret;

	if (!new_state->fb)
		return 0;
	uma = &to_virtio_gpu_plane_state(new_state)->uma;
	bo = gem_to_virtio_gpu_obj(new_state->fb->obj[0]);
	ret = virtio_gpu_uma_prepare_plane(bo, uma);
	if (ret)
		return ret;
	ret = virtio_gpu_plane_prepare_fb(plane, new_state);
	if (ret)
		virtio_gpu_uma_unpin_plane(bo, uma);
	return ret;
}

void virtio_gpu_uma_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state)
{
	virtio_gpu_plane_cleanup_fb(plane, state);
	if (state->fb)
		virtio_gpu_uma_unpin_plane(gem_to_virtio_gpu_obj(state->fb->obj[0]),
					   &to_virtio_gpu_plane_state(state)->uma);
}

/* The host sees what is to be shown. Also in a panic: takes no lock. */
void virtio_gpu_uma_clean_plane(struct drm_plane_state *state)
{
	struct gem_uma_transfer *transfer = to_virtio_gpu_plane_state(state)->uma.transfer;

	if (transfer)
		gem_uma_transfer_to_device(transfer);
}

static void virtio_gpu_uma_set_pixel(struct drm_scanout_buffer *sb, unsigned int x,
				     unsigned int y, u32 color)
{
	size_t offset = (size_t)y * sb->pitch[0] + x * sizeof(color);
	void *page = gem_uma_cpu_map_peek(sb->private, offset >> PAGE_SHIFT);

	if (page)
		*(u32 *)(page + offset_in_page(offset)) = color;
}

bool virtio_gpu_uma_can_panic(struct virtio_gpu_object *bo, struct drm_scanout_buffer *sb)
{
	if (!gem_uma_cpu_map_peek(&bo->base.cpu_map, 0))
		return false;
	sb->private = &bo->base.cpu_map;
	sb->set_pixel = virtio_gpu_uma_set_pixel;
	return true;
}

/* Memory of the host is coherent, as far as is known. */
int virtio_gpu_uma_begin(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	if (!virtio_gpu_is_shmem(gem_to_virtio_gpu_obj(dma_buf->priv)))
		return 0;
	return gem_uma_object_prime_begin(dma_buf, dir);
}

int virtio_gpu_uma_end(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	if (!virtio_gpu_is_shmem(gem_to_virtio_gpu_obj(dma_buf->priv)))
		return 0;
	return gem_uma_object_prime_end(dma_buf, dir);
}

static struct virtio_gpu_object *virtio_gpu_uma_new(struct virtio_gpu_device *vgdev,
						    struct virtio_gpu_object_params *params)
{
	bool keep = params->blob || (params->virgl && params->bind & VIRGL_BIND_CUSTOM);
	struct virtio_gpu_object *bo = kzalloc_obj(*bo, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!bo)
		return ERR_PTR(-ENOMEM);
	bo->base.base.funcs = &virtio_gpu_shmem_funcs;
	INIT_LIST_HEAD(&bo->restore_node);
	params->size = PAGE_ALIGN(params->size);
	bo->dumb = params->dumb;
	bo->params = *params;
	bo->guest_blob = params->blob && params->blob_mem == VIRTGPU_BLOB_MEM_GUEST;
	ret = gem_uma_object_init(&bo->base, &vgdev->uma.dev, params->size,
				  keep ? GEM_UMA_OBJECT_PINNED : 0, &virtio_gpu_uma_ops);
	if (ret) {
		kfree(bo);
		return ERR_PTR(ret);
	}
	ret = virtio_gpu_resource_id_get(vgdev, &bo->hw_res_handle);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ERR_PTR(ret);
	}
	return bo;
}

/* The fence of its creation becomes one of the buffer, which is locked until it is queued. */
static struct virtio_gpu_object_array *virtio_gpu_uma_lock_new(struct virtio_gpu_object *bo)
{
	struct virtio_gpu_object_array *objs = virtio_gpu_array_alloc(1);
	int ret;

	if (!objs)
		return ERR_PTR(-ENOMEM);
	virtio_gpu_array_add_obj(objs, &bo->base.base);
	ret = virtio_gpu_array_lock_resv(objs);
	if (!ret)
		return objs;
	virtio_gpu_array_put_free(objs);
	return ERR_PTR(ret);
}

/* The host learns of the buffer; of its pages only if it keeps them. */
static int virtio_gpu_uma_tell_host(struct virtio_gpu_device *vgdev, struct virtio_gpu_object *bo,
				    struct virtio_gpu_fence *fence)
{
	struct virtio_gpu_object_array *objs = NULL;
	struct virtio_gpu_mem_entry *ents = NULL;
	unsigned int nents = 0;
	int ret;

	if (bo->base.flags & GEM_UMA_OBJECT_PINNED) {
		ret = virtio_gpu_object_shmem_init(vgdev, bo, &ents, &nents);
		if (ret)
			return ret;
	}
	if (fence) {
		objs = virtio_gpu_uma_lock_new(bo);
		if (IS_ERR(objs)) {
			kvfree(ents);
			return PTR_ERR(objs);
		}
	}
	if (bo->params.blob)
		virtio_gpu_cmd_resource_create_blob(vgdev, bo, &bo->params, ents, nents);
	else if (bo->params.virgl)
		virtio_gpu_cmd_resource_create_3d(vgdev, bo, &bo->params, objs, fence);
	else
		virtio_gpu_cmd_create_resource(vgdev, bo, &bo->params, objs, fence);
	if (ents && !bo->params.blob)
		virtio_gpu_object_attach(vgdev, bo, ents, nents);
	return 0;
}

int virtio_gpu_object_create(struct virtio_gpu_device *vgdev,
			     struct virtio_gpu_object_params *params,
			     struct virtio_gpu_object **bo_ptr, struct virtio_gpu_fence *fence)
{
	struct virtio_gpu_object *bo = virtio_gpu_uma_new(vgdev, params);
	int ret;

	if (IS_ERR(bo))
		return PTR_ERR(bo);
	ret = virtio_gpu_uma_tell_host(vgdev, bo, fence);
	if (ret) {
		drm_gem_object_put(&bo->base.base);
		return ret;
	}
	if (!params->virgl)
		virtio_gpu_add_object_to_restore_list(vgdev, bo);
	*bo_ptr = bo;
	return 0;
}

int virtio_gpu_uma_init(struct virtio_gpu_device *vgdev)
{
	const struct gem_uma_device_config config = {
		.physical = !virtio_gpu_use_dma_api(vgdev->vdev),
		.allow_bounce = true,
	};
	struct virtio_gpu_uma *uma = &vgdev->uma;
	int ret;

	ret = gem_uma_device_init(&uma->dev, vgdev->ddev, &config);
	if (!ret)
		ret = gem_uma_object_prime_init(&uma->dev, &virtgpu_prime,
						&virtio_gpu_shmem_funcs);
	if (!ret)
		ret = gem_uma_reclaim_device_init(&uma->dev);
	if (!ret)
		ret = gem_uma_pm_init(&uma->pm, &uma->dev, GEM_UMA_PM_DEFAULT);
	return ret;
}

static void virtio_gpu_uma_set_stopped(struct virtio_gpu_device *vgdev, bool stopped)
{
	spin_lock(&vgdev->ctrlq.qlock);
	WRITE_ONCE(vgdev->uma.stopped, stopped);
	spin_unlock(&vgdev->ctrlq.qlock);
}

/* From now on reclaim leaves the queue alone, and nobody attaches buffers. */
void virtio_gpu_uma_stop(struct virtio_gpu_device *vgdev)
{
	virtio_gpu_uma_set_stopped(vgdev, true);
}

void virtio_gpu_uma_start(struct virtio_gpu_device *vgdev)
{
	virtio_gpu_uma_set_stopped(vgdev, false);
}

/* The device was reset: the host has no pages any more, and owes no answer. */
void virtio_gpu_uma_forget(struct virtio_gpu_device *vgdev)
{
	struct gem_uma_object *uobj = NULL;

	while ((uobj = gem_uma_object_next(&vgdev->uma.dev, uobj))) {
		struct virtio_gpu_object *bo = virtio_gpu_uma_to_bo(uobj);

		dma_resv_lock(uobj->base.resv, NULL);
		bo->attached = false;
		bo->uma.detaching = false;
		dma_resv_unlock(uobj->base.resv);
		gem_uma_object_update(uobj);
	}
}

/* What was in the queue when the device was reset. */
static void virtio_gpu_uma_cancel_all(struct virtio_gpu_device *vgdev)
{
	struct virtio_gpu_fence *fence, *next;

	guard(spinlock_irqsave)(&vgdev->fence_drv.lock);
	list_for_each_entry_safe(fence, next, &vgdev->fence_drv.fences, node) {
		virtio_gpu_uma_cancel(vgdev, fence, -ENODEV);
		list_del(&fence->node);
		dma_fence_put(&fence->f);
	}
}

/*
 * The device was reset: receive what it answered before, while the queues are there. It owes
 * no other answer, for which somebody may be waiting with the lock of a buffer.
 */
void virtio_gpu_uma_flush(struct virtio_gpu_device *vgdev)
{
	flush_work(&vgdev->ctrlq.dequeue_work);
	flush_work(&vgdev->cursorq.dequeue_work);
	virtio_gpu_uma_cancel_all(vgdev);
}

/* The device is about to sleep: what the last answers have freed, it is told, too. */
int virtio_gpu_uma_drain(struct virtio_gpu_device *vgdev)
{
	flush_work(&vgdev->ctrlq.dequeue_work);
	flush_work(&vgdev->obj_free_work);
	return virtio_gpu_wait_queue(&vgdev->ctrlq, vgdev->ctrlq.vq->num_max);
}

/* The device was reset, and is not used again. */
void virtio_gpu_uma_fini(struct virtio_gpu_device *vgdev)
{
	virtio_gpu_uma_stop(vgdev);
	spin_lock(&vgdev->ctrlq.qlock);
	vgdev->uma.gone = true;
	spin_unlock(&vgdev->ctrlq.qlock);
	virtio_gpu_uma_forget(vgdev);
	/* Last references of what was in the queue. */
	flush_work(&vgdev->obj_free_work);
	gem_uma_object_unplug_all(&vgdev->uma.dev);
}

MODULE_IMPORT_NS("DRM_GEM_UMA");
