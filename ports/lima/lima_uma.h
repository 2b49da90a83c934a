/* SPDX-License-Identifier: GPL-2.0 */
/* lima's buffers on gem-uma: what the driver embeds, and what it calls. */
#ifndef _LIMA_UMA_H_
#define _LIMA_UMA_H_

#include <linux/sched.h>
#include <linux/spinlock.h>

#include <drm/gem_uma/gem_uma_object.h>
#include <drm/gem_uma/gem_uma_pm.h>

struct gem_uma_object_prime;
struct lima_bo;
struct lima_device;
struct lima_vm;
struct ww_acquire_ctx;

/**
 * struct lima_uma - of the device; lives as long as the DRM device
 */
struct lima_uma {
	/** @dev: the library's part. */
	struct gem_uma_device dev;
	/** @pm: the library's part. */
	struct gem_uma_pm pm;
	/** @ldev: the device; not to be used without power, it goes before files do. */
	struct lima_device *ldev;
	/** @timeout: of jobs, in jiffies; constant. */
	long timeout;
	/** @funcs: of all buffers; constant. */
	const struct drm_gem_object_funcs *funcs;
	/** @mm_lock: protects &lima_vm.mm of all address spaces. */
	spinlock_t mm_lock;
	/** @mmu_lock: held for what takes an MMU several commands; protects @powered. */
	spinlock_t mmu_lock;
	/** @powered: MMUs may know something, and answer. */
	bool powered;
};

/**
 * struct lima_uma_bo - of a buffer; changes under &lima_bo.lock
 */
struct lima_uma_bo {
	/** @vms: address spaces whose page tables point to its pages; also read without. */
	unsigned int vms;
	/** @stale: MMUs may know pages of it that page tables do not have any more. */
	bool stale;
	/** @dump_size: bytes in the dump that is being made; &lima_device.error_task_list_lock. */
	size_t dump_size;
};

/**
 * struct lima_uma_task - of a job: whose it is, for a dump
 */
struct lima_uma_task {
	/** @pname: name of who submitted it; any bytes, terminated. */
	char pname[TASK_COMM_LEN];
	/** @pid: its number in the initial PID namespace. */
	pid_t pid;
};

void lima_uma_init_task(struct lima_uma_task *task);
int lima_uma_init(struct lima_device *ldev, const struct gem_uma_object_prime *prime,
		  const struct drm_gem_object_funcs *funcs);
void lima_uma_fini(struct lima_device *ldev);
void lima_uma_set_power(struct lima_device *ldev, bool on);
int lima_uma_lock_bos(struct lima_vm *vm, struct lima_bo **bos, u32 nr_bos,
		      struct ww_acquire_ctx *ctx);
void lima_uma_put_vms(struct lima_device *ldev);
void lima_uma_put_bos(struct lima_bo **bos, u32 nr_bos);
int lima_uma_get_va(struct lima_vm *vm, struct lima_bo *bo, u32 *start);
u32 lima_uma_heap_size(struct lima_vm *vm, struct lima_bo *bo);
size_t lima_uma_dump_size(struct lima_bo *bo);
int lima_uma_dump_heap(struct lima_bo *bo, void *buf);

int lima_uma_open(struct drm_gem_object *obj, struct drm_file *file);
void lima_uma_close(struct drm_gem_object *obj, struct drm_file *file);
int lima_uma_pin(struct drm_gem_object *obj);
struct sg_table *lima_uma_get_sg_table(struct drm_gem_object *obj);
int lima_uma_vmap(struct drm_gem_object *obj, struct iosys_map *map);
int lima_uma_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma);
struct drm_gem_object *lima_prime_import_sg_table(struct drm_device *drm,
						  struct dma_buf_attachment *attach,
						  struct sg_table *sgt);

#endif
