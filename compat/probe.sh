#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What the headers of a kernel offer, as -D options for gem_uma_compat.h.
#
#   probe.sh <kernel source or headers package>
#
# A version says little: stable and distribution kernels carry backports. So the
# headers are asked. A wrong answer is not silent: what the compat header makes up
# has the kernel's own names, so it then does not build.
set -eu
inc=$1/include

# has FEATURE HEADER REGEX: white space in the header counts as one blank.
has() {
	if [ -f "$inc/$2" ] && tr -s '[:space:]' ' ' <"$inc/$2" | grep -qE "$3"; then
		printf ' -DGEM_UMA_HAS_%s' "$1"
	fi
}

[ -d "$inc/linux" ] || {
	echo "probe.sh: no kernel headers in $1" >&2
	exit 1
}
printf -- '-DGEM_UMA_PROBED'

# The core.
has NAMESPACE_STRING linux/module.h \
	'define MODULE_IMPORT_NS\(ns\) MODULE_INFO\(import_ns, ns\)'
has NAMESPACE_STRING_DEFAULT linux/export.h \
	'__EXPORT_SYMBOL\(sym, license, DEFAULT_SYMBOL_NAMESPACE\)'
has KZALLOC_OBJ linux/slab.h 'define kzalloc_obj\('
has LIST_LRU_CB_UNLOCKED linux/list_lru.h \
	'list_lru_walk_cb\)\(struct list_head \*item, struct list_lru_one \*list, void'
has FOLIO_BATCH_SIZE linux/folio_batch.h 'define FOLIO_BATCH_SIZE '
has FS_STRING_UNSIZED linux/fs_context.h \
	'vfs_parse_fs_string\([^)]*const char \*value\)'
has FC_MOUNT_LONGTERM linux/mount.h 'fc_mount_longterm\(struct'
has SHMEM_WRITE_FOLIO linux/shmem_fs.h 'shmem_write_folio\(struct'
has VMA_IS_COW_MAPPING linux/mm.h 'vma_is_cow_mapping\(const struct'
has ZAP_SPECIAL_VMA_RANGE linux/mm.h 'zap_special_vma_range\(struct'
has VMA_FLAGS linux/mm.h 'define mk_vma_flags\('
has GET_UNMAPPED_AREA_CURRENT linux/sched/mm.h \
	' mm_get_unmapped_area\(struct file \*'
has HRTIMER_SETUP linux/hrtimer.h ' hrtimer_setup\(struct'
has PFN_T linux/pfn_t.h '__pfn_to_pfn_t\('

has DMA_IOVA linux/dma-mapping.h 'struct dma_iova_state \{'
has DMA_BUF_INVALIDATE_MAPPINGS linux/dma-buf.h 'dma_buf_invalidate_mappings\(struct'

# DRM.
has ATOMIC_COMMIT drm/drm_atomic.h 'struct drm_atomic_commit \{'
has CLIENT_FREE drm/drm_client.h '\(\*free\)\(struct drm_client_dev'
has MODE_SIZE_DUMB drm/drm_dumb_buffers.h 'drm_mode_size_dumb\(struct'
has DMA_DEV drm/drm_device.h 'drm_dev_dma_dev\(struct'
has GPUVA_FEATURE drm/drm_drv.h ' DRIVER_GEM_GPUVA = '
has GPUVM_MAP_REQ drm/drm_gpuvm.h 'struct drm_gpuvm_map_req \{'
has GPUVM_BO_OBTAIN_LOCKED drm/drm_gpuvm.h 'drm_gpuvm_bo_obtain_locked\(struct'
has SCHED_INIT_ARGS drm/gpu_scheduler.h 'struct drm_sched_init_args \{'
has SCHED_JOB_CLIENT drm/gpu_scheduler.h 'drm_sched_job_init\([^)]*client_id\)'
has SCHED_STAT_NO_HANG drm/gpu_scheduler.h 'DRM_GPU_SCHED_STAT_NO_HANG,'
echo
