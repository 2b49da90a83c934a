/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vuma, the virtual UMA GPU: user-space interface.
 *
 * The device is implemented in software. It has a 48-bit virtual address space
 * per VM, walks its own page tables on every access and executes the commands
 * listed under &enum drm_vuma_opcode.
 */
#ifndef _UAPI_DRM_VUMA_DRM_H_
#define _UAPI_DRM_VUMA_DRM_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Rules that hold for every vuma ioctl
 *
 * - Unknown flag bits, unknown enum values and non-zero padding are -EINVAL.
 * - Ranges whose end overflows 64 bits, that are empty, misaligned or reach
 *   outside of their object or VM are -EINVAL.
 * - A handle that is not in the caller's table is -ENOENT, also for VMs and
 *   syncobjs.
 * - User pointers that cannot be read or written are -EFAULT.
 * - A failed ioctl has changed nothing, unless its own documentation says what.
 * - All ioctls return -ENODEV once the device is unplugged. CPU mappings go on to
 *   work: buffers are memory of the machine.
 * - An interrupted ioctl is -EINTR or restarted, and can be repeated.
 */

/**
 * DOC: Two paths, never mixed
 *
 * Either user space decides where BOs are, with VM_CREATE, VM_BIND and SUBMIT, or the
 * kernel does, with SUBMIT_LEGACY. The first VM_CREATE or SUBMIT_LEGACY decides for the
 * open file, and from then on the ioctls of the other path are -EBUSY. VM_DESTROY, and
 * BO_CREATE for a VM, are -ENOENT as for any VM that the file does not have. One that fails
 * with -EINVAL, -E2BIG or -ENOENT decides nothing.
 */

#define DRM_VUMA_GET_PARAM		0x00
#define DRM_VUMA_BO_CREATE		0x01
#define DRM_VUMA_BO_MMAP_OFFSET		0x02
#define DRM_VUMA_BO_SYNC		0x03
#define DRM_VUMA_BO_MADVISE		0x04
#define DRM_VUMA_BO_QUERY		0x05
#define DRM_VUMA_BO_SET_LABEL		0x06
#define DRM_VUMA_VM_CREATE		0x07
#define DRM_VUMA_VM_DESTROY		0x08
#define DRM_VUMA_VM_BIND		0x09
#define DRM_VUMA_SUBMIT			0x0a
#define DRM_VUMA_SUBMIT_LEGACY		0x0b
#define DRM_VUMA_SCANOUT_PIN		0x0c
#define DRM_VUMA_SCANOUT_UNPIN		0x0d
#define DRM_VUMA_HEAP_CREATE		0x0e
#define DRM_VUMA_HEAP_DESTROY		0x0f
#define DRM_VUMA_BO_WAIT		0x10
#define DRM_VUMA_BO_USERPTR		0x11

/**
 * enum drm_vuma_param - what GET_PARAM can tell
 */
enum drm_vuma_param {
	/** @DRM_VUMA_PARAM_UAPI_VERSION: major << 16 | minor of this header. */
	DRM_VUMA_PARAM_UAPI_VERSION = 0,
	/**
	 * @DRM_VUMA_PARAM_VA_BITS: bits of a GPU virtual address. What part of them
	 * can be bound is told by VM_CREATE.
	 */
	DRM_VUMA_PARAM_VA_BITS = 1,
	/** @DRM_VUMA_PARAM_PAGE_SIZES: mask of leaf sizes, in bytes, or-ed. */
	DRM_VUMA_PARAM_PAGE_SIZES = 2,
	/** @DRM_VUMA_PARAM_COHERENT: 1 if the device snoops the CPU caches, see BO_SYNC. */
	DRM_VUMA_PARAM_COHERENT = 3,
	/** @DRM_VUMA_PARAM_FEATURES: mask of DRM_VUMA_FEATURE_*. */
	DRM_VUMA_PARAM_FEATURES = 4,
	/** @DRM_VUMA_PARAM_MAX_CMDS: largest command count of one SUBMIT. */
	DRM_VUMA_PARAM_MAX_CMDS = 5,
	/**
	 * @DRM_VUMA_PARAM_VM_FAULTS: jobs of the VM named in vm_id that ended
	 * with an error.
	 */
	DRM_VUMA_PARAM_VM_FAULTS = 6,
	/**
	 * @DRM_VUMA_PARAM_VM_FAULT_ADDR: GPU address of the first faulting
	 * access of the VM's last failed job; 0 if none failed.
	 */
	DRM_VUMA_PARAM_VM_FAULT_ADDR = 7,
	/**
	 * @DRM_VUMA_PARAM_VM_FAULT_STATUS: &enum drm_vuma_fault of the VM's
	 * last failed job.
	 */
	DRM_VUMA_PARAM_VM_FAULT_STATUS = 8,
	/** @DRM_VUMA_PARAM_VM_JOBS: jobs of the VM that finished, good or bad. */
	DRM_VUMA_PARAM_VM_JOBS = 9,
	/**
	 * @DRM_VUMA_PARAM_VM_MAPS: mappings of the VM that were written into its page
	 * tables, those that came back after an eviction included.
	 */
	DRM_VUMA_PARAM_VM_MAPS = 10,
	/** @DRM_VUMA_PARAM_VM_UNMAPS: mappings that were cleared, by whatever. */
	DRM_VUMA_PARAM_VM_UNMAPS = 11,
	/** @DRM_VUMA_PARAM_VM_IDLE: BOs with an implicit address that no job uses. */
	DRM_VUMA_PARAM_VM_IDLE = 12,
};

/* Buffers can be taken away under memory pressure and come back by themselves. */
#define DRM_VUMA_FEATURE_RECLAIM	(1ull << 0)
/* DRM_VUMA_BO_HUGE has an effect on this system. */
#define DRM_VUMA_FEATURE_HUGE		(1ull << 1)
/* BO_MADVISE is there, and DRM_VUMA_BO_DISCARD_ON_RECLAIM has an effect. */
#define DRM_VUMA_FEATURE_MADVISE	(1ull << 2)
/* BO_USERPTR is there. */
#define DRM_VUMA_FEATURE_USERPTR	(1ull << 3)
/* HEAP_CREATE is there; where it is not, it and HEAP_DESTROY are -EOPNOTSUPP. */
#define DRM_VUMA_FEATURE_HEAP		(1ull << 4)

/**
 * enum drm_vuma_fault - why a job failed
 */
enum drm_vuma_fault {
	/** @DRM_VUMA_FAULT_NONE: no job of this VM has failed. */
	DRM_VUMA_FAULT_NONE = 0,
	/** @DRM_VUMA_FAULT_UNMAPPED: nothing is mapped at the address. */
	DRM_VUMA_FAULT_UNMAPPED = 1,
	/** @DRM_VUMA_FAULT_WRITE: write to a read-only mapping. */
	DRM_VUMA_FAULT_WRITE = 2,
	/** @DRM_VUMA_FAULT_TIMEOUT: the job ran longer than the device allows. */
	DRM_VUMA_FAULT_TIMEOUT = 3,
	/** @DRM_VUMA_FAULT_UNPLUG: the device went away. */
	DRM_VUMA_FAULT_UNPLUG = 4,
	/** @DRM_VUMA_FAULT_CANCELED: the file of the job was closed at exit. */
	DRM_VUMA_FAULT_CANCELED = 5,
	/** @DRM_VUMA_FAULT_HEAP: a heap could not grow. */
	DRM_VUMA_FAULT_HEAP = 6,
	/** @DRM_VUMA_FAULT_LOST: a heap could not grow, and the VM is lost. */
	DRM_VUMA_FAULT_LOST = 7,
};

/**
 * struct drm_vuma_get_param - ask a fact of the device or of a VM
 */
struct drm_vuma_get_param {
	/** @param: in, &enum drm_vuma_param. Unknown ones are -EINVAL. */
	__u32 param;
	/**
	 * @vm_id: in, the VM for the VM_* params; 0 is the one of SUBMIT_LEGACY, once
	 * there was one. Must be 0 for all other params.
	 */
	__u32 vm_id;
	/** @value: out. */
	__u64 value;
};

/* No CPU mapping, by whatever path, is allowed: mmap fails with EPERM. */
#define DRM_VUMA_BO_NO_MMAP		(1u << 0)
/* Map write-combined on the CPU. Without effect on a coherent device, unless loaded with wc=1. */
#define DRM_VUMA_BO_WC			(1u << 1)
/* Hint: back with huge folios where the size and the system allow. */
#define DRM_VUMA_BO_HUGE		(1u << 2)
/*
 * The content may be lost whenever memory is short and no job uses the BO; it reads as
 * zero then. Such memory never needs swap space. A BO that is pinned, as by SCANOUT_PIN,
 * keeps its content.
 */
#define DRM_VUMA_BO_DISCARD_ON_RECLAIM	(1u << 3)

/**
 * struct drm_vuma_bo_create - create a buffer object
 *
 * Memory is allocated on first use, not here. It reads as zero before the first
 * write. It is charged to the memory cgroup of the task that calls this ioctl.
 *
 * Errors: -EINVAL (size 0, flags), -ENOMEM, -E2BIG (more than the address space
 * of a VM, or than the page cache can hold).
 */
struct drm_vuma_bo_create {
	/** @size: in, bytes; out, the same rounded up to whole CPU pages. */
	__u64 size;
	/** @flags: in, DRM_VUMA_BO_*. */
	__u32 flags;
	/** @handle: out, never 0. Must be 0 on entry. */
	__u32 handle;
	/**
	 * @vm_id: in, 0, or the only VM that can map the BO: mapping it elsewhere, or
	 * exporting it, is -EINVAL. Jobs of that VM get cheaper, and the BO is busy
	 * whenever the VM is.
	 */
	__u32 vm_id;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * struct drm_vuma_bo_mmap_offset - offset to pass to mmap() of the DRM file
 *
 * It is made when this is called first, or when a dma-buf of the BO is mapped, and stays
 * until the BO is gone. Offsets are 1 TiB for all clients of a device. BOs created with
 * one file can have 128 GiB of them.
 *
 * mlock() and MAP_LOCKED of a mapping succeed, count it as locked memory, and keep nothing
 * in memory: the BO is evicted as any other. SCANOUT_PIN keeps a BO in memory.
 *
 * Errors: -EPERM for a BO created with DRM_VUMA_BO_NO_MMAP, -EINVAL for an
 * imported BO, -EDQUOT for more than a file can have, -ENOSPC if all are taken; the last
 * two, and the first, also of mmap() of a dma-buf.
 */
struct drm_vuma_bo_mmap_offset {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, must be 0. */
	__u32 flags;
	/** @offset: out. */
	__u64 offset;
};

/* The BO wraps a dma-buf of another device. */
#define DRM_VUMA_BO_STATUS_IMPORTED	(1u << 0)
/* A dma-buf of this BO exists. */
#define DRM_VUMA_BO_STATUS_EXPORTED	(1u << 1)
/* Content exists but (part of) it was taken out of memory by reclaim. */
#define DRM_VUMA_BO_STATUS_EVICTED	(1u << 2)
/* Some pages are in memory. */
#define DRM_VUMA_BO_STATUS_RESIDENT	(1u << 3)
/* The pages cannot be taken away now: pinned. */
#define DRM_VUMA_BO_STATUS_PINNED	(1u << 4)
/* Live GPU page-table entries point to the pages. */
#define DRM_VUMA_BO_STATUS_GPU_MAPPED	(1u << 5)
/* The BO is mapped by at least one CPU mmap. */
#define DRM_VUMA_BO_STATUS_CPU_MAPPED	(1u << 6)
/* The content was declared as not needed: it may be gone at any time. */
#define DRM_VUMA_BO_STATUS_PURGEABLE	(1u << 7)
/* The content is gone. The BO can only be queried, unmapped and closed. */
#define DRM_VUMA_BO_STATUS_PURGED	(1u << 8)

/**
 * struct drm_vuma_bo_query - facts of one BO, each sampled once, without waiting
 */
struct drm_vuma_bo_query {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, must be 0. */
	__u32 flags;
	/** @size: out, bytes. */
	__u64 size;
	/** @resident: out, bytes in memory and held by the BO. */
	__u64 resident;
	/** @evicted: out, bytes evicted so far, over the life of the BO. */
	__u64 evicted;
	/** @restored: out, bytes restored so far, over the life of the BO. */
	__u64 restored;
	/** @create_flags: out, DRM_VUMA_BO_*. */
	__u32 create_flags;
	/** @status: out, DRM_VUMA_BO_STATUS_*. */
	__u32 status;
	/** @evictions: out, how often the BO, or a part of it, was evicted; saturates. */
	__u32 evictions;
	/** @pad: must be 0. */
	__u32 pad;
};

/* Longest label, in bytes, without the terminating zero. */
#define DRM_VUMA_LABEL_MAX		255

/**
 * struct drm_vuma_bo_set_label - name a BO in debugfs and traces
 *
 * Errors: -E2BIG (len over DRM_VUMA_LABEL_MAX), -EINVAL (a zero byte or a
 * control character in the label; a NULL label with a length).
 */
struct drm_vuma_bo_set_label {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, must be 0. */
	__u32 flags;
	/** @label: in, user pointer; 0 removes the label. */
	__u64 label;
	/** @len: in, bytes. */
	__u32 len;
	/** @pad: must be 0. */
	__u32 pad;
};

/*
 * Wait only for jobs that may write. Those of SUBMIT may write whatever is bound in
 * their VM.
 */
#define DRM_VUMA_BO_WAIT_READ		(1u << 0)

/**
 * struct drm_vuma_bo_wait - wait until the GPU is done with a BO
 *
 * Errors: -ETIME at the end of the timeout, -EBUSY where the timeout is 0 and
 * the BO is in use.
 */
struct drm_vuma_bo_wait {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, 0 or DRM_VUMA_BO_WAIT_READ. */
	__u32 flags;
	/** @timeout_ns: in, relative nanoseconds; 0 polls, negative is -EINVAL. */
	__s64 timeout_ns;
};

/**
 * enum drm_vuma_bo_sync_op - what BO_SYNC can do
 */
enum drm_vuma_bo_sync_op {
	/** @DRM_VUMA_BO_SYNC_CLEAN: the GPU sees what the CPU wrote. */
	DRM_VUMA_BO_SYNC_CLEAN = 0,
	/**
	 * @DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE: the same, and the CPU sees what the GPU wrote
	 * where the CPU did not.
	 */
	DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE = 1,
};

/* CPU caches are written back and loaded by lines of so many bytes. */
#define DRM_VUMA_CACHE_LINE		64

/**
 * struct drm_vuma_bo_sync_range - bytes of one BO
 */
struct drm_vuma_bo_sync_range {
	/** @handle: in. */
	__u32 handle;
	/** @op: in, &enum drm_vuma_bo_sync_op. */
	__u32 op;
	/** @offset: in, bytes. */
	__u64 offset;
	/** @size: in, bytes, not 0. */
	__u64 size;
};

/* Largest number of ranges in one BO_SYNC. */
#define DRM_VUMA_BO_SYNC_MAX_RANGES	1024

/**
 * struct drm_vuma_bo_sync - make CPU and GPU agree on what is in memory
 *
 * Needed where DRM_VUMA_PARAM_COHERENT is 0, for BOs without DRM_VUMA_BO_WC; elsewhere it
 * succeeds at once. Until a range is cleaned, the GPU does not see what the CPU wrote there;
 * until it is invalidated, the CPU does not see what the GPU wrote. If both wrote the same
 * line, CLEAN lets the CPU win, and so does CLEAN_INVALIDATE: clean before a job that writes.
 *
 * Ranges are widened to whole lines of DRM_VUMA_CACHE_LINE bytes. The ioctl waits for no
 * job: one that still runs has not written everything. It allocates no memory for the BO.
 *
 * A BO that is evicted is cleaned and invalidated on the way. Importers work on the same
 * memory as the GPU. Users of a dma-buf have DMA_BUF_IOCTL_SYNC, which does the whole BO.
 *
 * Errors: -EINVAL, also for an imported BO; -EFAULT for one that is purged. What is wrong
 * with any range is found before the first is done. If the ioctl is interrupted, or a BO is
 * purged just then, some of the ranges are done; it can be repeated.
 */
struct drm_vuma_bo_sync {
	/** @ranges: in, user pointer to struct drm_vuma_bo_sync_range. */
	__u64 ranges;
	/** @count: in, 1 to DRM_VUMA_BO_SYNC_MAX_RANGES; more is -E2BIG. */
	__u32 count;
	/** @flags: in, must be 0. */
	__u32 flags;
};

/**
 * enum drm_vuma_madvise - what BO_MADVISE can be told
 */
enum drm_vuma_madvise {
	/** @DRM_VUMA_MADV_WILLNEED: the content is needed; the default. */
	DRM_VUMA_MADV_WILLNEED = 0,
	/**
	 * @DRM_VUMA_MADV_DONTNEED: the content is not needed now, and may be taken away
	 * under memory pressure while no job uses the BO and nobody pins it. Until then
	 * the BO works as before. -EBUSY for a BO that was exported.
	 */
	DRM_VUMA_MADV_DONTNEED = 1,
	/**
	 * @DRM_VUMA_MADV_DISCARD: the content of a range is zero from now on, and the
	 * memory is given back. Waits for the jobs that use the BO. -EBUSY while the BO
	 * is pinned, -EFAULT if it is purged.
	 */
	DRM_VUMA_MADV_DISCARD = 2,
};

/**
 * struct drm_vuma_bo_madvise - say what the content of a BO is worth
 *
 * A BO whose content was taken away after DONTNEED is purged, for good: WILLNEED only
 * tells that it is. Access by the CPU is SIGBUS; VM_BIND of it, SUBMIT in a VM that maps
 * it, SUBMIT_LEGACY and SCANOUT_PIN that name it, and exporting it are -EFAULT. Jobs that
 * were queued before are not affected. While it is purgeable, export is -EBUSY.
 *
 * Of a heap, DISCARD takes whole granules, the last of which may be short, and without pins or
 * mappings; of all of it, SUBMIT also forgets what jobs needed. The other two are -EINVAL.
 *
 * Errors: -EPERM for an imported BO.
 */
struct drm_vuma_bo_madvise {
	/** @handle: in. */
	__u32 handle;
	/** @advice: in, &enum drm_vuma_madvise. */
	__u32 advice;
	/** @offset: in, for DISCARD, bytes, whole CPU pages; must be 0 otherwise. */
	__u64 offset;
	/** @size: in, for DISCARD, bytes, whole CPU pages, not 0; must be 0 otherwise. */
	__u64 size;
	/** @retained: out, 1 if the BO is not purged. Must be 0 on entry. */
	__u32 retained;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * struct drm_vuma_vm_create - create a GPU address space
 *
 * Errors: -ENOSPC (too many VMs in this file), -EBUSY (a file of the legacy path).
 */
struct drm_vuma_vm_create {
	/** @flags: in, must be 0. */
	__u32 flags;
	/** @vm_id: out, never 0. Must be 0 on entry. */
	__u32 vm_id;
	/** @va_start: out, lowest address that can be bound. */
	__u64 va_start;
	/** @va_end: out, first address that cannot. */
	__u64 va_end;
};

/**
 * struct drm_vuma_vm_destroy - close an address space
 *
 * Jobs in flight finish; everything is unmapped before the ioctl returns, or
 * when the last of them is done.
 */
struct drm_vuma_vm_destroy {
	/** @vm_id: in. */
	__u32 vm_id;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * enum drm_vuma_bind_op_type - what one VM_BIND op does
 */
enum drm_vuma_bind_op_type {
	/**
	 * @DRM_VUMA_BIND_MAP: map a range of a BO; replaces whatever was mapped
	 * in the range before, splitting older mappings at the borders.
	 */
	DRM_VUMA_BIND_MAP = 0,
	/** @DRM_VUMA_BIND_UNMAP: unmap a range; holes in it are fine. */
	DRM_VUMA_BIND_UNMAP = 1,
	/**
	 * @DRM_VUMA_BIND_SPARSE: make a range, of at most 1 TiB in a bind, accessible without a
	 * BO, replacing what was mapped there. Reads give zero, and writes are lost.
	 */
	DRM_VUMA_BIND_SPARSE = 2,
};

/* MAP only: jobs may not write through the mapping. */
#define DRM_VUMA_BIND_READONLY		(1u << 0)
/*
 * SPARSE only, as devices have to do it that cannot ignore an access: reads give
 * whatever was written anywhere into such ranges of the VM.
 */
#define DRM_VUMA_BIND_DUMMY		(1u << 1)

/**
 * struct drm_vuma_bind_op - one operation of VM_BIND
 */
struct drm_vuma_bind_op {
	/** @op: &enum drm_vuma_bind_op_type. */
	__u32 op;
	/** @flags: DRM_VUMA_BIND_*. */
	__u32 flags;
	/** @handle: the BO for MAP, must be 0 otherwise. */
	__u32 handle;
	/** @pad: must be 0. */
	__u32 pad;
	/** @va: GPU address, multiple of 4096, whatever the size of a CPU page is. */
	__u64 va;
	/** @bo_offset: for MAP, multiple of 4096; must be 0 otherwise. */
	__u64 bo_offset;
	/** @range: bytes, multiple of 4096, not 0. */
	__u64 range;
};

/* Largest number of ops in one VM_BIND. */
#define DRM_VUMA_BIND_MAX_OPS		1024

/* Return at once; the syncobjs tell when it was done. */
#define DRM_VUMA_VM_BIND_ASYNC		(1u << 0)

/**
 * struct drm_vuma_vm_bind - change the mappings of a VM
 *
 * All ops are done, in their order, or, if the ioctl fails, none. Binds of one VM are done
 * in the order of the ioctls: one that waits for a syncobj holds up those that come after
 * it, and a synchronous one waits until the earlier ones are done.
 *
 * Jobs that are running keep no right to what they access: an access after the unmap
 * fails the job. A job is not ordered after asynchronous binds unless it waits for what
 * they signal. If a mapped BO is not in memory, SUBMIT brings it back, after all binds
 * before it.
 *
 * If the device cannot write its page tables (-EIO, also as the error of the fences of
 * asynchronous binds) the VM is lost: binds fail with -ENOENT and SUBMIT with -EIO.
 */
struct drm_vuma_vm_bind {
	/** @vm_id: in. */
	__u32 vm_id;
	/** @flags: in, 0 or DRM_VUMA_VM_BIND_ASYNC. */
	__u32 flags;
	/** @ops: in, user pointer to struct drm_vuma_bind_op. */
	__u64 ops;
	/** @op_count: in, 1 to DRM_VUMA_BIND_MAX_OPS; more is -E2BIG. */
	__u32 op_count;
	/** @op_done: out, op_count, or 0 on failure. Must be 0 on entry. */
	__u32 op_done;
	/**
	 * @syncs: in, user pointer to struct drm_vuma_sync: to wait for, or, with
	 * DRM_VUMA_SYNC_SIGNAL, to signal. Must be 0 without DRM_VUMA_VM_BIND_ASYNC. One
	 * to wait for that has no fence yet is -EINVAL.
	 */
	__u64 syncs;
	/** @sync_count: in, more than DRM_VUMA_SUBMIT_MAX_SYNCS is -E2BIG. */
	__u32 sync_count;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * enum drm_vuma_heap_policy - what if a heap needs memory, and there is none
 */
enum drm_vuma_heap_policy {
	/**
	 * @DRM_VUMA_HEAP_RENDER: OP_STREAM works off what the heap has, and goes on at its
	 * start. Other commands fail the job. SUBMIT fails if there is not one granule.
	 */
	DRM_VUMA_HEAP_RENDER = 1,
	/** @DRM_VUMA_HEAP_FAIL_JOB: the job fails; the next one can succeed. */
	DRM_VUMA_HEAP_FAIL_JOB = 2,
	/**
	 * @DRM_VUMA_HEAP_LOSE_VM: the VM is lost. The job, and those of the VM that are
	 * queued, fail, and SUBMIT is -EIO.
	 */
	DRM_VUMA_HEAP_LOSE_VM = 3,
};

/* The heap gets a handle, and can be mapped by the CPU. */
#define DRM_VUMA_HEAP_HANDLE		(1u << 0)

/**
 * struct drm_vuma_heap_create - address space that gets memory when a job accesses it
 *
 * The kernel chooses the address, where VM_BIND cannot map. Memory comes by granules, as
 * jobs access it, and is zero at first. Jobs that are submitted later have it from the
 * beginning, and, if the last one had to do without, twice as much: SUBMIT allocates what
 * a job of the VM is known to need, or fails with -ENOMEM.
 *
 * Between jobs the content may be lost at any time; it is zero then. Accesses behind the
 * end of the heap, up to 1 TiB, find no memory. Nor do those of heaps that have half of the
 * machine's, all together. The memory is charged to the memory cgroup
 * of the task that calls this ioctl. A heap goes with its VM.
 *
 * With a handle it also is a BO, private to the VM, as one with DRM_VUMA_BO_DISCARD_ON_RECLAIM
 * and DRM_VUMA_BO_WC. It has holes for jobs only: mmap() first allocates all that is not there
 * yet, or fails with -ENOMEM, and while there is a mapping nothing is lost. Meanwhile all of it
 * counts against the RLIMIT_MEMLOCK of the user who has mapped it first, and all heaps of a
 * device can have an eighth of the machine's memory mapped. What BO_QUERY and
 * fdinfo call resident are granules. BO_SYNC has nothing to do, BO_WAIT waits for the jobs of
 * the VM, BO_MADVISE takes DRM_VUMA_MADV_DISCARD. All else that takes a BO is -EINVAL, export
 * included. The handle outlives heap and VM: what is mapped stays, and mmap() is -ENODEV.
 *
 * Errors: -EINVAL, also without a policy; -E2BIG for more than 1 TiB; -ENOSPC if the VM has
 * 16 heaps; -ENOMEM.
 */
struct drm_vuma_heap_create {
	/** @vm_id: in. */
	__u32 vm_id;
	/** @policy: in, &enum drm_vuma_heap_policy. */
	__u32 policy;
	/** @size: in, bytes, whole CPU pages. */
	__u64 size;
	/** @granule: in, bytes, a power of two from a CPU page to 2 MiB. The last may be short. */
	__u64 granule;
	/** @hint: in, bytes that the first job is known to need; at most @size. */
	__u64 hint;
	/** @va: out, GPU address. Must be 0 on entry. */
	__u64 va;
	/** @flags: in, 0 or DRM_VUMA_HEAP_HANDLE. */
	__u32 flags;
	/** @heap_id: out, never 0, one of the VM's. Must be 0 on entry. */
	__u32 heap_id;
	/** @handle: out, 0 without DRM_VUMA_HEAP_HANDLE. Must be 0 on entry. Since 1.9. */
	__u32 handle;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * struct drm_vuma_heap_destroy - give a heap and its memory back
 *
 * Jobs that are running keep no right to what they access.
 */
struct drm_vuma_heap_destroy {
	/** @vm_id: in. */
	__u32 vm_id;
	/** @heap_id: in. */
	__u32 heap_id;
};

/**
 * enum drm_vuma_opcode - what the engine can do
 *
 * All addresses are GPU addresses in the VM of the job, all addresses and sizes
 * are multiples of 8, size is in bytes and at most 1 TiB; "words" are 64-bit
 * little endian. Source and destination may overlap only where it says so.
 */
enum drm_vuma_opcode {
	/** @DRM_VUMA_OP_NOP: nothing; all other fields 0. */
	DRM_VUMA_OP_NOP = 0,
	/** @DRM_VUMA_OP_FILL: dst[i] = arg0 + i * arg1, modulo 2^64. */
	DRM_VUMA_OP_FILL = 1,
	/** @DRM_VUMA_OP_COPY: dst[i] = src[i]; no overlap. */
	DRM_VUMA_OP_COPY = 2,
	/** @DRM_VUMA_OP_ADD: dst[i] = src[i] + src2[i]; dst may equal either. */
	DRM_VUMA_OP_ADD = 3,
	/**
	 * @DRM_VUMA_OP_COMPARE: compares src with src2; writes two words at
	 * dst: the number of words that differ, and the byte offset of the
	 * first of them (~0 if none).
	 */
	DRM_VUMA_OP_COMPARE = 4,
	/**
	 * @DRM_VUMA_OP_CHECKSUM: over the words of src: a += word, b += a, both
	 * from 0, modulo 2^64; writes a, then b, at dst.
	 */
	DRM_VUMA_OP_CHECKSUM = 5,
	/**
	 * @DRM_VUMA_OP_CHASE: p = src; arg0 times: p = word at p; then writes p
	 * at dst. arg0 is at most 2^32 - 1, size must be 0.
	 */
	DRM_VUMA_OP_CHASE = 6,
	/**
	 * @DRM_VUMA_OP_STREAM: what a tiler does. Writes a list of size bytes, word i being
	 * arg0 + i * arg1, from src on, which is in a heap. Then works it off: reads it, and
	 * writes four words at dst: a and b as OP_CHECKSUM has them, over the whole list; how
	 * often the list had to be worked off before it was complete, for want of memory; and
	 * the most bytes of it that were in the heap.
	 */
	DRM_VUMA_OP_STREAM = 7,
	/**
	 * @DRM_VUMA_OP_SPIN: keep the engine busy for arg0 microseconds, at most
	 * 10 seconds; all other fields 0.
	 */
	DRM_VUMA_OP_SPIN = 8,
	/**
	 * @DRM_VUMA_OP_WAIT: keep the engine busy until the word at src, masked with
	 * arg1, compares with arg0 as flags say, &enum drm_vuma_wait. size must be 0.
	 * What the CPU wrote before that word is seen by the commands that follow.
	 *
	 * The engine looks again and again, each time through the page tables. An
	 * address that is unmapped meanwhile is a fault. All BOs that the job can reach
	 * stay busy, and so in memory, until the job ends; others can be evicted.
	 *
	 * The wait also ends, and the job fails, with the time limit for jobs, when the
	 * device is unplugged, and when the last process that has the file open exits.
	 */
	DRM_VUMA_OP_WAIT = 9,
};

/**
 * enum drm_vuma_wait - how OP_WAIT compares, without sign
 */
enum drm_vuma_wait {
	/** @DRM_VUMA_WAIT_EQUAL: (word & arg1) == arg0. */
	DRM_VUMA_WAIT_EQUAL = 0,
	/** @DRM_VUMA_WAIT_NOT_EQUAL: (word & arg1) != arg0. */
	DRM_VUMA_WAIT_NOT_EQUAL = 1,
	/** @DRM_VUMA_WAIT_AT_LEAST: (word & arg1) >= arg0. */
	DRM_VUMA_WAIT_AT_LEAST = 2,
};

/**
 * struct drm_vuma_cmd - one engine command
 *
 * Fields that the opcode does not use must be 0.
 */
struct drm_vuma_cmd {
	/** @opcode: &enum drm_vuma_opcode. */
	__u32 opcode;
	/** @flags: &enum drm_vuma_wait for OP_WAIT, else 0. */
	__u32 flags;
	/** @dst: GPU address. */
	__u64 dst;
	/** @src: GPU address. */
	__u64 src;
	/** @src2: GPU address. */
	__u64 src2;
	/** @size: bytes. */
	__u64 size;
	/** @arg0: see the opcode. */
	__u64 arg0;
	/** @arg1: see the opcode. */
	__u64 arg1;
	/** @reserved: must be 0. */
	__u64 reserved;
};

/* Signal it. Without: wait for it. SUBMIT has an array for each instead. */
#define DRM_VUMA_SYNC_SIGNAL		(1u << 0)

/**
 * struct drm_vuma_sync - one syncobj to wait for or to signal
 */
struct drm_vuma_sync {
	/** @handle: syncobj. */
	__u32 handle;
	/** @flags: 0, or for VM_BIND DRM_VUMA_SYNC_SIGNAL. */
	__u32 flags;
	/** @point: timeline point, 0 for a binary syncobj. */
	__u64 point;
};

/* Largest number of in-syncs, and of out-syncs, of one SUBMIT. */
#define DRM_VUMA_SUBMIT_MAX_SYNCS	64

/**
 * struct drm_vuma_submit - run commands in a VM
 *
 * Everything bound in the VM is made resident first. If that does not fit into
 * memory, or into the memory cgroup of the owners of the BOs, the ioctl fails
 * with -ENOMEM, nothing runs, and it can be repeated.
 *
 * A job that fails (see &enum drm_vuma_fault) signals its fence with -EFAULT,
 * -ETIME, for a heap -ENOMEM or -EIO, or, after unplug, -ENODEV; commands before the
 * failing one have been executed. One that did not start before its file was closed may end with
 * -ECANCELED: close() waits until all have started, unless it is killed; when a
 * process exits, they have a second to start, and nobody waits; when the kernel
 * drops the last reference by itself (SCM_RIGHTS, io_uring), they have no time. When
 * a process dies of a signal, no job of the file starts any more, and the one that
 * runs is stopped, also with -ECANCELED.
 *
 * The job is ordered after the in-syncs and after earlier jobs of the same file; there is
 * no implicit ordering through buffers.
 *
 * The commands are copied and charged to the memory cgroup of the caller; if they do
 * not fit, -ENOMEM. Jobs of a file that are not done take 16 MiB at most, with 2 KiB for
 * each beside its commands: what would be more waits until others are done, and can be
 * interrupted.
 *
 * Addresses that no VM could map are -EINVAL, unmapped ones are faults of the job. An
 * in-sync whose syncobj has no fence yet is -EINVAL.
 */
struct drm_vuma_submit {
	/** @vm_id: in. */
	__u32 vm_id;
	/** @flags: in, must be 0. */
	__u32 flags;
	/** @cmds: in, user pointer to struct drm_vuma_cmd. */
	__u64 cmds;
	/** @in_syncs: in, user pointer to struct drm_vuma_sync; 0 if there are none. */
	__u64 in_syncs;
	/** @out_syncs: in, user pointer to struct drm_vuma_sync; 0 if there are none. */
	__u64 out_syncs;
	/** @cmd_count: in, 1 to DRM_VUMA_PARAM_MAX_CMDS; more is -E2BIG. */
	__u32 cmd_count;
	/** @in_sync_count: in, more than the maximum is -E2BIG. */
	__u32 in_sync_count;
	/** @out_sync_count: in, more than the maximum is -E2BIG. */
	__u32 out_sync_count;
	/** @pad: must be 0. */
	__u32 pad;
};

/* Commands write to the BO. Without: they only read it. */
#define DRM_VUMA_LEGACY_BO_WRITE	(1u << 0)

/**
 * struct drm_vuma_legacy_bo - one BO that SUBMIT_LEGACY uses
 */
struct drm_vuma_legacy_bo {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, 0 or DRM_VUMA_LEGACY_BO_WRITE. */
	__u32 flags;
	/** @va: out, its GPU address; also stored if the ioctl then fails. */
	__u64 va;
};

/* Largest number of BOs of one SUBMIT_LEGACY. */
#define DRM_VUMA_LEGACY_MAX_BOS		1024

/* What commands of SUBMIT_LEGACY have for an address: a byte of a BO of the list. */
#define DRM_VUMA_LEGACY_ADDR(index, offset) \
	(((__u64)(index) + 1) << 48 | (offset))

/* First unmap all BOs that no job uses. */
#define DRM_VUMA_LEGACY_TRIM		(1u << 0)

/**
 * struct drm_vuma_submit_legacy - run commands on BOs, wherever they are mapped
 *
 * The file has one VM for this. A BO is mapped into it when it is used first, and keeps
 * its address until nobody uses the BO any more: it has no handle in any file, no dma-buf,
 * is not pinned for scanout, and no job. It can lose the address earlier, while no job
 * uses it: by DRM_VUMA_LEGACY_TRIM, or when another BO needs one. Use what @bos says.
 *
 * Addresses in commands are DRM_VUMA_LEGACY_ADDR(), and the range must lie within the BO,
 * which must be DRM_VUMA_LEGACY_BO_WRITE if the command writes there: else -EINVAL. Only
 * pointers that CHASE finds in memory are GPU addresses.
 *
 * The BOs of the list are made resident, and the job is ordered by them: after all jobs,
 * of whatever file or device, that read or write what it writes, and after those that
 * write what it reads; later ones are ordered after it. That does not cover jobs of
 * SUBMIT. Otherwise as SUBMIT.
 *
 * Errors: those of SUBMIT; -EINVAL for a BO that is in the list twice, or private to a VM;
 * -EFAULT for one that is purged, see &struct drm_vuma_bo_madvise; -EACCES for one that is
 * read-only; -EBUSY for a file of the other path; -ENOSPC if there is no room for all of @bos
 * together; -ENXIO for an imported BO that is not made of pages of memory.
 *
 * What is wrong with the request itself is found before anything is done. If it fails later,
 * with -ENOSPC, -ENOMEM, -EACCES, -EINTR, -ENXIO, -EIO, because @bos cannot be written, or
 * because a BO was purged just then, no job runs, but the file has its path, what
 * DRM_VUMA_LEGACY_TRIM asked for is done, and BOs may have got or lost an address.
 */
struct drm_vuma_submit_legacy {
	/** @flags: in, 0 or DRM_VUMA_LEGACY_TRIM. */
	__u32 flags;
	/** @bo_count: in, more than DRM_VUMA_LEGACY_MAX_BOS is -E2BIG. */
	__u32 bo_count;
	/** @bos: in and out, user pointer to struct drm_vuma_legacy_bo. */
	__u64 bos;
	/** @cmds: in, user pointer to struct drm_vuma_cmd. */
	__u64 cmds;
	/** @in_syncs: in, user pointer to struct drm_vuma_sync; 0 if there are none. */
	__u64 in_syncs;
	/** @out_syncs: in, user pointer to struct drm_vuma_sync; 0 if there are none. */
	__u64 out_syncs;
	/**
	 * @cmd_count: in, more than DRM_VUMA_PARAM_MAX_CMDS is -E2BIG. If it is 0 there is
	 * no job, only addresses, and there must be no syncs.
	 */
	__u32 cmd_count;
	/** @in_sync_count: in, more than the maximum is -E2BIG. */
	__u32 in_sync_count;
	/** @out_sync_count: in, more than the maximum is -E2BIG. */
	__u32 out_sync_count;
	/** @pad: must be 0. */
	__u32 pad;
};

/**
 * struct drm_vuma_scanout - keep a BO in memory, as a display needs it
 *
 * SCANOUT_PIN can be repeated, and takes as many SCANOUT_UNPIN. What is left is undone when
 * the file is closed. The handle can be closed in between; the BO lives on.
 *
 * The size of a BO that the file pins counts as locked memory of the user who pinned it,
 * once, until the file has unpinned it. A user can pin as much as RLIMIT_MEMLOCK allows, in
 * all processes together, as with io_uring. CAP_IPC_LOCK lifts the limit.
 *
 * Errors: -EINVAL for an imported BO, for one that is private to a VM, and, of
 * SCANOUT_UNPIN, for one that this file has not pinned; -ENOMEM, also for more locked memory
 * than RLIMIT_MEMLOCK allows; -EFAULT for a BO that is purged; -EOVERFLOW (pinned 2^32-1
 * times).
 */
struct drm_vuma_scanout {
	/** @handle: in. */
	__u32 handle;
	/** @flags: in, must be 0. */
	__u32 flags;
};

/* Jobs only read it, and the process need not be able to write it. */
#define DRM_VUMA_USERPTR_READONLY	(1u << 0)
/* Nothing is pinned: jobs use what the process has at the address when they are submitted. */
#define DRM_VUMA_USERPTR_NOTIFIER	(1u << 1)

/**
 * struct drm_vuma_bo_userptr - make a BO of memory of the process
 *
 * The pages are pinned until the BO is gone, and count as locked memory of the user. When the
 * process unmaps or replaces them, jobs go on to use those that were there.
 *
 * With DRM_VUMA_USERPTR_NOTIFIER nothing is pinned, nothing counts as locked, and the kernel
 * takes the pages as if no device used them. Who unmaps or replaces them waits for the jobs
 * that use them. After two seconds, a tenth of a second if the kernel takes them, or at once
 * if the process ends, all jobs end that the file of such a job has queued: -ECANCELED.
 * SUBMIT brings the pages back, or uses what is at the address by then; if that has changed,
 * it waits for the jobs of the VM first. It is -EFAULT if there is no memory, or none that
 * can be written, in the process that made the BO, or that process has ended or called
 * exec(). It is -ENOMEM if not all that the VM maps of such memory fits into memory at once,
 * or if the process changes it all the time. Then nothing was done, and SUBMIT can be
 * repeated, when there is memory or the BO is unmapped. SUBMIT_LEGACY and the display do not
 * take such a BO: -EOPNOTSUPP. It cannot be made a dma-buf: -EPERM.
 *
 * The BO is as an imported one. It is bound with DRM_VUMA_BIND_READONLY if it is read-only:
 * -EACCES otherwise, also for SUBMIT_LEGACY.
 *
 * Errors: -EINVAL, -E2BIG, -EFAULT (no memory there, or none that can be pinned, or written),
 * -ENOMEM (also RLIMIT_MEMLOCK), -EOPNOTSUPP without DRM_VUMA_FEATURE_USERPTR, and for
 * DRM_VUMA_USERPTR_NOTIFIER on kernels without CONFIG_MMU_NOTIFIER.
 */
struct drm_vuma_bo_userptr {
	/** @addr: in, a multiple of the CPU page size. */
	__u64 addr;
	/** @size: in, bytes, a multiple of the CPU page size. */
	__u64 size;
	/** @flags: in, DRM_VUMA_USERPTR_*. */
	__u32 flags;
	/** @handle: out, never 0. Must be 0 on entry. */
	__u32 handle;
};

#define DRM_IOCTL_VUMA_GET_PARAM \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_GET_PARAM, struct drm_vuma_get_param)
#define DRM_IOCTL_VUMA_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_CREATE, struct drm_vuma_bo_create)
#define DRM_IOCTL_VUMA_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_MMAP_OFFSET, struct drm_vuma_bo_mmap_offset)
#define DRM_IOCTL_VUMA_BO_SYNC \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_BO_SYNC, struct drm_vuma_bo_sync)
#define DRM_IOCTL_VUMA_BO_MADVISE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_MADVISE, struct drm_vuma_bo_madvise)
#define DRM_IOCTL_VUMA_BO_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_QUERY, struct drm_vuma_bo_query)
#define DRM_IOCTL_VUMA_BO_SET_LABEL \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_BO_SET_LABEL, struct drm_vuma_bo_set_label)
#define DRM_IOCTL_VUMA_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_VM_CREATE, struct drm_vuma_vm_create)
#define DRM_IOCTL_VUMA_VM_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_VM_DESTROY, struct drm_vuma_vm_destroy)
#define DRM_IOCTL_VUMA_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_VM_BIND, struct drm_vuma_vm_bind)
#define DRM_IOCTL_VUMA_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_SUBMIT, struct drm_vuma_submit)
#define DRM_IOCTL_VUMA_SUBMIT_LEGACY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_SUBMIT_LEGACY, struct drm_vuma_submit_legacy)
#define DRM_IOCTL_VUMA_SCANOUT_PIN \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_SCANOUT_PIN, struct drm_vuma_scanout)
#define DRM_IOCTL_VUMA_SCANOUT_UNPIN \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_SCANOUT_UNPIN, struct drm_vuma_scanout)
#define DRM_IOCTL_VUMA_HEAP_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_HEAP_CREATE, struct drm_vuma_heap_create)
#define DRM_IOCTL_VUMA_HEAP_DESTROY \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_HEAP_DESTROY, struct drm_vuma_heap_destroy)
#define DRM_IOCTL_VUMA_BO_WAIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_VUMA_BO_WAIT, struct drm_vuma_bo_wait)
#define DRM_IOCTL_VUMA_BO_USERPTR \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_VUMA_BO_USERPTR, struct drm_vuma_bo_userptr)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_DRM_VUMA_DRM_H_ */
