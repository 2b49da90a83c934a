/* SPDX-License-Identifier: GPL-2.0 */
/* A GPU without hardware: VMs with page tables that remember, and jobs that end on demand. */
#ifndef _GEM_UMA_MOCK_VM_H_
#define _GEM_UMA_MOCK_VM_H_

#include <linux/dma-fence.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "gem_uma_mock.h"

/* Operations that the log of a GPU keeps. */
#define GEM_UMA_MOCK_LOG	1024

struct gem_uma_mock_buf;
struct gem_uma_mock_vm;

/**
 * struct gem_uma_mock_op - one write to a page table
 */
struct gem_uma_mock_op {
	/** @map: an entry was made; else removed. */
	bool map;
	/** @vm: whose page table. */
	struct gem_uma_mock_vm *vm;
	/** @buf: whose page. */
	struct gem_uma_mock_buf *buf;
	/** @page: page of the VM. */
	u64 page;
	/** @pgoff: page of the buffer. */
	pgoff_t pgoff;
	/** @addr: DMA address that the entry holds. */
	dma_addr_t addr;
};

/**
 * struct gem_uma_mock_gpu - all VMs of a device, and what happened to them
 */
struct gem_uma_mock_gpu {
	/** @test: test. */
	struct kunit *test;
	/** @mock: the device. */
	struct gem_uma_mock *mock;
	/** @vms: VMs. */
	struct list_head vms;
	/** @jobs: jobs that have not ended, in order of submission. */
	struct list_head jobs;
	/** @fence_lock: lock of the fences. */
	spinlock_t fence_lock;
	/** @log_lock: protects the rest; a leaf, also taken in reclaim. */
	spinlock_t log_lock;
	/** @log: the last operations, a ring. */
	struct gem_uma_mock_op *log;
	/** @logged: operations so far. */
	unsigned long logged;
	/** @errors: what must not happen and did. */
	unsigned int errors;
	/** @error: the first of them. */
	const char *error;
};

/**
 * struct gem_uma_mock_vm - a GPU address space
 */
struct gem_uma_mock_vm {
	/** @gpu: device. */
	struct gem_uma_mock_gpu *gpu;
	/** @link: in &gem_uma_mock_gpu.vms. */
	struct list_head link;
	/** @vas: what is bound; only the test changes it. */
	struct list_head vas;
	/** @op_lock: protects @ptes; eviction tries it. */
	struct mutex op_lock;
	/** @ptes: page of the VM -> page frame of the DMA address. */
	struct xarray ptes;
};

/**
 * struct gem_uma_mock_va - pages of a buffer bound to pages of a VM
 */
struct gem_uma_mock_va {
	/** @vm: VM. */
	struct gem_uma_mock_vm *vm;
	/** @buf: buffer; a reference is held. */
	struct gem_uma_mock_buf *buf;
	/** @vm_link: in &gem_uma_mock_vm.vas. */
	struct list_head vm_link;
	/** @buf_link: in &gem_uma_mock_buf.vas, protected by resv. */
	struct list_head buf_link;
	/** @page: first page of the VM. */
	u64 page;
	/** @pgoff: first page of the buffer. */
	pgoff_t pgoff;
	/** @nr: number of pages. */
	unsigned long nr;
	/** @mapped: the page table has entries, protected by resv. */
	bool mapped;
};

/**
 * struct gem_uma_mock_buf - an object that VMs can map
 */
struct gem_uma_mock_buf {
	/** @base: the object. */
	struct gem_uma_object base;
	/** @gpu: device. */
	struct gem_uma_mock_gpu *gpu;
	/** @vas: where it is bound, protected by resv. */
	struct list_head vas;
	/** @evict_errno: what eviction fails with, 0 for not at all. */
	int evict_errno;
	/** @evict_after: how many VAs a failing eviction removes before. */
	unsigned int evict_after;
	/** @evicts: evictions asked for. */
	unsigned int evicts;
	/** @on_evict: called when an eviction succeeds. */
	void (*on_evict)(struct gem_uma_mock_buf *buf);
	/** @freed_by: where to say which task freed the object, if set. */
	struct task_struct **freed_by;
};

/**
 * struct gem_uma_mock_job - writes one word, when told to
 */
struct gem_uma_mock_job {
	/** @fence: signalled at the end. */
	struct dma_fence fence;
	/** @vm: whose page table it uses. */
	struct gem_uma_mock_vm *vm;
	/** @link: in &gem_uma_mock_gpu.jobs. */
	struct list_head link;
	/** @page: page of the VM that is written. */
	u64 page;
	/** @value: what. */
	u32 value;
};

#define to_gem_uma_mock_buf(uobj) \
	container_of_const(uobj, struct gem_uma_mock_buf, base)

struct gem_uma_mock_gpu *gem_uma_mock_gpu_create(struct kunit *test,
						 struct gem_uma_mock *mock);
struct gem_uma_mock_vm *gem_uma_mock_vm_create(struct gem_uma_mock_gpu *gpu);
struct gem_uma_mock_buf *gem_uma_mock_buf_alloc(struct gem_uma_mock_gpu *gpu, u64 size,
						u32 flags);
struct gem_uma_mock_buf *gem_uma_mock_buf_create(struct gem_uma_mock_gpu *gpu, u64 size,
						 u32 flags);
void gem_uma_mock_buf_put(struct gem_uma_mock_gpu *gpu, struct gem_uma_mock_buf *buf);

int gem_uma_mock_vm_bind(struct gem_uma_mock_vm *vm, struct gem_uma_mock_buf *buf, u64 page,
			 pgoff_t pgoff, unsigned long nr);
int gem_uma_mock_vm_unbind(struct gem_uma_mock_vm *vm, u64 page, unsigned long nr);
int gem_uma_mock_vm_validate(struct gem_uma_mock_vm *vm);
u32 *gem_uma_mock_vm_word(struct gem_uma_mock_vm *vm, u64 page);

struct gem_uma_mock_job *gem_uma_mock_vm_submit(struct gem_uma_mock_vm *vm, u64 page,
						u32 value);
void gem_uma_mock_job_finish(struct gem_uma_mock_job *job);

unsigned int gem_uma_mock_gpu_count(struct gem_uma_mock_gpu *gpu, unsigned long since,
				    bool map, struct gem_uma_mock_vm *vm, u64 page);
const char *gem_uma_mock_gpu_check(struct gem_uma_mock_gpu *gpu);

#endif
