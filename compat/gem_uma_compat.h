/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions. Sources speak the newest API; what an older
 * kernel lacks is made up here. Force-included by the out-of-tree build, never used in
 * a kernel tree, and next to empty for the newest kernel.
 *
 * probe.sh asks the headers, since stable and distribution kernels carry backports.
 * Kernels between the oldest and the newest are not tested; what they do in a third way
 * does not compile.
 */
#ifndef _GEM_UMA_COMPAT_H_
#define _GEM_UMA_COMPAT_H_

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#error "gem-uma: kernels before 6.12 are not supported"
#endif
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 4, 0)
#error "gem-uma: not tested with kernels after 7.3"
#endif
#ifndef GEM_UMA_PROBED
#error "gem-uma: the build did not run compat/probe.sh"
#endif
#if !defined(GEM_UMA_HAS_SCHED_INIT_ARGS) || !defined(GEM_UMA_HAS_SCHED_JOB_CLIENT)
#error "gem-uma: the GPU scheduler of this kernel is too old, update it within its series"
#endif
#ifndef GEM_UMA_HAS_KZALLOC_OBJ
#error "gem-uma: this kernel has no kzalloc_obj(), update it within its series"
#endif

/* For static analysis only, and a macro: no probe needed. */
#ifndef __context_unsafe
#define __context_unsafe(comment)
#endif

/* Namespaces of symbols were words that the macros put quotes around. */
#ifndef GEM_UMA_HAS_NAMESPACE_STRING
#include <linux/module.h>
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)
#endif

#if defined(DEFAULT_SYMBOL_NAMESPACE) && !defined(GEM_UMA_HAS_NAMESPACE_STRING_DEFAULT)
#include <linux/export.h>
#undef _EXPORT_SYMBOL
#define _EXPORT_SYMBOL(sym, license) __EXPORT_SYMBOL(sym, license, DEFAULT_SYMBOL_NAMESPACE)
#endif

/* Callbacks of a walk were given the lock that is held. */
#ifndef GEM_UMA_HAS_LIST_LRU_CB_UNLOCKED
#include <linux/list_lru.h>

struct gem_uma_compat_lru_walk {
	enum lru_status (*isolate)(struct list_head *item, struct list_lru_one *list,
				   void *arg);
	void *arg;
};

static inline enum lru_status
gem_uma_compat_lru_cb(struct list_head *item, struct list_lru_one *list, spinlock_t *lock,
		      void *arg)
{
	struct gem_uma_compat_lru_walk *walk = arg;

	return walk->isolate(item, list, walk->arg);
}

static inline unsigned long
gem_uma_compat_list_lru_walk_one(struct list_lru *lru, int nid, struct mem_cgroup *memcg,
				 enum lru_status (*isolate)(struct list_head *item,
							    struct list_lru_one *list,
							    void *arg),
				 void *arg, unsigned long *nr_to_walk)
{
	struct gem_uma_compat_lru_walk walk = { .isolate = isolate, .arg = arg };

	return list_lru_walk_one(lru, nid, memcg, gem_uma_compat_lru_cb, &walk, nr_to_walk);
}

#define list_lru_walk_one gem_uma_compat_list_lru_walk_one
#endif

#ifndef GEM_UMA_HAS_FOLIO_BATCH_SIZE
#include <linux/pagevec.h>
#define FOLIO_BATCH_SIZE PAGEVEC_SIZE
#endif

#ifndef GEM_UMA_HAS_FS_STRING_UNSIZED
#include <linux/fs_context.h>
#include <linux/string.h>
#define vfs_parse_fs_string(fc, key, value) \
	vfs_parse_fs_string(fc, key, value, strlen(value))
#endif

#ifndef GEM_UMA_HAS_FC_MOUNT_LONGTERM
#include <linux/mount.h>

static inline struct vfsmount *fc_mount_longterm(struct fs_context *fc)
{
	return fc_mount(fc);
}
#endif

#ifndef GEM_UMA_HAS_SHMEM_WRITE_FOLIO
#include <linux/fs.h>
#include <linux/swap.h>
#include <linux/writeback.h>

/* Returns with the folio locked if that is AOP_WRITEPAGE_ACTIVATE, else unlocked. */
static inline int shmem_write_folio(struct folio *folio)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = SWAP_CLUSTER_MAX,
		.range_end = LLONG_MAX,
		.for_reclaim = 1,
	};

	return folio->mapping->a_ops->writepage(&folio->page, &wbc);
}
#endif

#ifndef GEM_UMA_HAS_VMA_IS_COW_MAPPING
#include <linux/mm.h>

static inline bool vma_is_cow_mapping(const struct vm_area_struct *vma)
{
	return is_cow_mapping(vma->vm_flags);
}
#endif

#ifndef GEM_UMA_HAS_ZAP_SPECIAL_VMA_RANGE
#include <linux/mm.h>
#define zap_special_vma_range zap_vma_ptes
#endif

/* VMA flags had no type of their own. */
#ifndef GEM_UMA_HAS_VMA_FLAGS
#include <linux/mm.h>
#define vma_flags_t unsigned long
#define VMA_NORESERVE_BIT VM_NORESERVE
#define mk_vma_flags(flag) (flag)
#endif

#ifndef GEM_UMA_HAS_GET_UNMAPPED_AREA_CURRENT
#include <linux/sched.h>
#include <linux/sched/mm.h>
#define mm_get_unmapped_area(filp, addr, len, pgoff, flags) \
	mm_get_unmapped_area(current->mm, filp, addr, len, pgoff, flags)
#endif

#ifdef GEM_UMA_HAS_PFN_T
#include <linux/huge_mm.h>
#include <linux/pfn_t.h>
#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write)
#endif

/* Without it, each call of the DMA API chooses an address of its own. */
#ifndef GEM_UMA_HAS_DMA_IOVA
#include <linux/dma-mapping.h>

struct dma_iova_state {
	dma_addr_t addr;
};

static inline bool dma_iova_try_alloc(struct device *dev, struct dma_iova_state *state,
				      phys_addr_t phys, size_t size)
{
	return false;
}

static inline void dma_iova_free(struct device *dev, struct dma_iova_state *state)
{
}

static inline int dma_iova_link(struct device *dev, struct dma_iova_state *state,
				phys_addr_t phys, size_t offset, size_t size,
				enum dma_data_direction dir, unsigned long attrs)
{
	return -EOPNOTSUPP;
}

static inline int dma_iova_sync(struct device *dev, struct dma_iova_state *state,
				size_t offset, size_t size)
{
	return -EOPNOTSUPP;
}

static inline void dma_iova_unlink(struct device *dev, struct dma_iova_state *state,
				   size_t offset, size_t size, enum dma_data_direction dir,
				   unsigned long attrs)
{
}
#endif

#ifndef GEM_UMA_HAS_DMA_BUF_INVALIDATE_MAPPINGS
#include <linux/dma-buf.h>
#define dma_buf_invalidate_mappings dma_buf_move_notify
#define invalidate_mappings move_notify
#endif

#ifndef GEM_UMA_HAS_HRTIMER_SETUP
#include <linux/hrtimer.h>

static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *timer),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

/* What is committed was called a state, as what it consists of. */
#ifndef GEM_UMA_HAS_ATOMIC_COMMIT
#include <drm/drm_atomic.h>
#define drm_atomic_commit drm_atomic_state
#endif

/* Buffers of clients were framebuffers; who took fbdev apart freed the helper, too. */
#ifndef GEM_UMA_HAS_CLIENT_FREE
#include <drm/drm_client.h>
#define drm_client_buffer_create_dumb drm_client_framebuffer_create
#define drm_client_buffer_delete drm_client_framebuffer_delete
#define drm_client_release(client) do {						\
	struct drm_client_dev *client_ = (client);				\
	struct drm_fb_helper *helper_ = drm_fb_helper_from_client(client_);	\
										\
	(drm_client_release)(client_);						\
	drm_fb_helper_unprepare(helper_);					\
	kfree(helper_);								\
} while (0)
#endif

#ifndef GEM_UMA_HAS_MODE_SIZE_DUMB
#include <linux/mm.h>
#include <drm/drm_mode.h>

/* Both alignments in bytes, powers of two. */
static inline int drm_mode_size_dumb(struct drm_device *drm, struct drm_mode_create_dumb *args,
				     unsigned long pitch_align, unsigned long size_align)
{
	u64 pitch = (u64)args->width * DIV_ROUND_UP(args->bpp, 8), size;

	pitch = round_up(pitch, pitch_align ?: 1);
	if (!pitch || pitch > U32_MAX)
		return -EINVAL;
	size = round_up(pitch * args->height, size_align ?: PAGE_SIZE);
	if (!size || size > U32_MAX)
		return -EINVAL;
	args->pitch = pitch;
	args->size = size;
	return 0;
}
#endif

#ifndef GEM_UMA_HAS_DMA_DEV
#include <drm/drm_device.h>

static inline struct device *drm_dev_dma_dev(struct drm_device *drm)
{
	return drm->dev;
}
#endif

/* The list of the VMs of a GEM object was an option. */
#ifdef GEM_UMA_HAS_GPUVA_FEATURE
#include <drm/drm_drv.h>
#define DRIVER_GEM (DRIVER_GEM | DRIVER_GEM_GPUVA)
#else
/* Nothing else would tell that it is there after all. */
enum { DRIVER_GEM_GPUVA };
#endif

#ifndef GEM_UMA_HAS_GPUVM_MAP_REQ
#include <drm/drm_gpuvm.h>

struct drm_gpuvm_map_req {
	struct drm_gpuva_op_map map;
};

static inline int gem_uma_compat_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
					      const struct drm_gpuvm_map_req *req)
{
	return drm_gpuvm_sm_map(gpuvm, priv, req->map.va.addr, req->map.va.range,
				req->map.gem.obj, req->map.gem.offset);
}

#define drm_gpuvm_sm_map gem_uma_compat_gpuvm_sm_map
#endif

#ifndef GEM_UMA_HAS_GPUVM_BO_OBTAIN_LOCKED
#include <drm/drm_gpuvm.h>

static inline struct drm_gpuvm_bo *
drm_gpuvm_bo_obtain_locked(struct drm_gpuvm *gpuvm, struct drm_gem_object *obj)
{
	return drm_gpuvm_bo_obtain(gpuvm, obj);
}
#endif

/*
 * A timeout handler had to give its job back itself, and to see that it is freed. Only for
 * handlers whose argument has the name that it has in the struct of operations.
 */
#ifndef GEM_UMA_HAS_SCHED_STAT_NO_HANG
#include <drm/gpu_scheduler.h>

static inline enum drm_gpu_sched_stat gem_uma_compat_no_hang(struct drm_sched_job *job)
{
	struct drm_gpu_scheduler *sched = job->sched;

	spin_lock(&sched->job_list_lock);
	list_add(&job->list, &sched->pending_list);
	/* Under the lock: who frees the job may be the last that keeps the scheduler. */
	queue_work(sched->submit_wq, &sched->work_free_job);
	spin_unlock(&sched->job_list_lock);
	return DRM_GPU_SCHED_STAT_NOMINAL;
}

#define DRM_GPU_SCHED_STAT_NO_HANG gem_uma_compat_no_hang(sched_job)
#endif

#endif
