/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions. Sources speak the newest API; what an older
 * kernel lacks is made up here. Force-included by the out-of-tree build, never used in
 * a kernel tree.
 *
 * Features are tested for before versions: distribution and stable kernels carry
 * backports. What is no macro cannot be tested for, and goes by version.
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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)

#include <linux/list_lru.h>
#include <linux/module.h>

/* Since 6.13 the namespace is a string. */
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns) MODULE_INFO(import_ns, ns)

/* Since 6.13 walk callbacks are not given the lock. */
#define DEFINE_GEM_UMA_LIST_LRU_CB(name, fn)					\
	static enum lru_status name(struct list_head *item,			\
				    struct list_lru_one *list, spinlock_t *lock,	\
				    void *arg)					\
	{									\
		return fn(item, list, arg);					\
	}

#else

#define DEFINE_GEM_UMA_LIST_LRU_CB(name, fn)					\
	static enum lru_status name(struct list_head *item,			\
				    struct list_lru_one *list, void *arg)	\
	{									\
		return fn(item, list, arg);					\
	}

#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)

#include <linux/fs_context.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagevec.h>
#include <linux/pfn_t.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/swap.h>
#include <linux/writeback.h>

#include <drm/drm_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#ifndef FOLIO_BATCH_SIZE
#define FOLIO_BATCH_SIZE PAGEVEC_SIZE
#endif

#define vfs_parse_fs_string(fc, key, value) \
	vfs_parse_fs_string(fc, key, value, strlen(value))

static inline struct vfsmount *gem_uma_compat_fc_mount_longterm(struct fs_context *fc)
{
	return fc_mount(fc);
}

#define fc_mount_longterm gem_uma_compat_fc_mount_longterm

/* Returns with the folio locked if it could not be written, unlocked otherwise. */
static inline int gem_uma_compat_shmem_write_folio(struct folio *folio)
{
	struct writeback_control wbc = {
		.sync_mode = WB_SYNC_NONE,
		.nr_to_write = SWAP_CLUSTER_MAX,
		.range_end = LLONG_MAX,
		.for_reclaim = 1,
	};

	return folio->mapping->a_ops->writepage(&folio->page, &wbc);
}

#define shmem_write_folio gem_uma_compat_shmem_write_folio

#define vma_is_cow_mapping(vma) is_cow_mapping((vma)->vm_flags)

/* VMA flags had no type of their own. */
#define vma_flags_t unsigned long
#define VMA_NORESERVE_BIT VM_NORESERVE
#define mk_vma_flags(flag) (flag)

#define mm_get_unmapped_area(filp, addr, len, pgoff, flags) \
	mm_get_unmapped_area(current->mm, filp, addr, len, pgoff, flags)

#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write)

static inline struct device *gem_uma_compat_drm_dev_dma_dev(struct drm_device *drm)
{
	return drm->dev;
}

#define drm_dev_dma_dev gem_uma_compat_drm_dev_dma_dev

/* The list of the VMs of a GEM object was an option. */
#define DRIVER_GEM (DRIVER_GEM | DRIVER_GEM_GPUVA)

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
#define drm_gpuvm_bo_obtain_locked drm_gpuvm_bo_obtain

#define DRM_GPU_SCHED_STAT_RESET DRM_GPU_SCHED_STAT_NOMINAL
#define drm_sched_start(sched, errno) drm_sched_start(sched)

#endif

#endif
