/* SPDX-License-Identifier: GPL-2.0 */
/* virtio-gpu's buffers on gem-uma: what virtgpu_drv.h embeds, and what the driver calls. */
#ifndef _VIRTGPU_UMA_H_
#define _VIRTGPU_UMA_H_

#include <drm/drm_file.h>
#include <drm/gem_uma/gem_uma_object_prime.h>
#include <drm/gem_uma/gem_uma_pm.h>
#include <drm/gem_uma/gem_uma_transfer.h>

struct drm_plane;
struct drm_plane_state;
struct drm_scanout_buffer;
struct virtio_gpu_device;
struct virtio_gpu_fence;
struct virtio_gpu_mem_entry;
struct virtio_gpu_object;
struct virtio_gpu_object_array;
struct virtio_gpu_vbuffer;

/**
 * struct virtio_gpu_uma - of the device
 */
struct virtio_gpu_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @stopped: the queues are about to go; protected by qlock of the control queue. */
	bool stopped;
	/** @gone: the queues are about to be freed; protected in the same way. */
	bool gone;
};

/**
 * struct virtio_gpu_uma_bo - of a buffer with pages of its own
 *
 * Whether the host has its pages, virtio_gpu_object.attached and @detaching tell together:
 * the former is what the host was told last, and is protected by resv.
 */
struct virtio_gpu_uma_bo {
	/**
	 * @detaching: the host was told to forget the pages, and has not answered. Set under
	 * resv, and cleared by who gets the answer. With virtio_gpu_object.attached set, it was
	 * told to take them again, too: it does what it is told in that order.
	 */
	bool detaching;
	/** @shared: others know it by its UUID, and may use it; never cleared. */
	bool shared;
};

/**
 * struct virtio_gpu_uma_plane - of the state of a plane, from prepare_fb to cleanup_fb
 */
struct virtio_gpu_uma_plane {
	/** @pinned: the buffer is pinned and attached. */
	bool pinned;
	/** @transfer: what is to be copied before the host reads it, or NULL. */
	struct gem_uma_transfer *transfer;
};

extern const struct gem_uma_object_prime virtgpu_prime;

int virtio_gpu_uma_init(struct virtio_gpu_device *vgdev);
void virtio_gpu_uma_stop(struct virtio_gpu_device *vgdev);
void virtio_gpu_uma_start(struct virtio_gpu_device *vgdev);
void virtio_gpu_uma_flush(struct virtio_gpu_device *vgdev);
int virtio_gpu_uma_drain(struct virtio_gpu_device *vgdev);
void virtio_gpu_uma_forget(struct virtio_gpu_device *vgdev);
void virtio_gpu_uma_fini(struct virtio_gpu_device *vgdev);

void virtio_gpu_free_object(struct drm_gem_object *obj);
int virtio_gpu_object_shmem_init(struct virtio_gpu_device *vgdev, struct virtio_gpu_object *bo,
				 struct virtio_gpu_mem_entry **ents, unsigned int *nents);
int virtio_gpu_uma_lock_resv(struct virtio_gpu_object_array *objs);
int virtio_gpu_uma_reattach(struct virtio_gpu_object *bo);
int virtio_gpu_uma_share(struct virtio_gpu_object *bo);

struct gem_uma_transfer *virtio_gpu_uma_transfer_locked(struct virtio_gpu_object *bo);
int virtio_gpu_uma_clean_locked(struct virtio_gpu_object *bo);
int virtio_gpu_uma_transfer_2d(struct virtio_gpu_device *vgdev, u64 offset, u32 width,
			       u32 height, u32 x, u32 y, struct virtio_gpu_object_array *objs);
void virtio_gpu_uma_answered(struct virtio_gpu_vbuffer *vbuf);
void virtio_gpu_uma_drop(struct virtio_gpu_device *vgdev, struct virtio_gpu_vbuffer *vbuf,
			 struct virtio_gpu_fence *fence, int error);

int virtio_gpu_plane_prepare_fb(struct drm_plane *plane, struct drm_plane_state *new_state);
void virtio_gpu_plane_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state);
int virtio_gpu_uma_prepare_fb(struct drm_plane *plane, struct drm_plane_state *new_state);
void virtio_gpu_uma_cleanup_fb(struct drm_plane *plane, struct drm_plane_state *state);
void virtio_gpu_uma_clean_plane(struct drm_plane_state *state);
bool virtio_gpu_uma_can_panic(struct virtio_gpu_object *bo, struct drm_scanout_buffer *sb);

int virtio_gpu_uma_begin(struct dma_buf *dma_buf, enum dma_data_direction dir);
int virtio_gpu_uma_end(struct dma_buf *dma_buf, enum dma_data_direction dir);

#endif
