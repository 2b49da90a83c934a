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

/* One write to a page table. */
struct gem_uma_mock_op {
	bool map;	/* an entry was made; else removed */
	struct gem_uma_mock_vm *vm;	/* whose page table */
	struct gem_uma_mock_buf *buf;	/* whose page */
	u64 page;	/* page of the VM */
	pgoff_t pgoff;	/* page of the buffer */
	dma_addr_t addr;	/* DMA address that the entry holds */
};

/* All VMs of a device, and what happened to them. */
struct gem_uma_mock_gpu {
	struct kunit *test;
	struct gem_uma_mock *mock;
	struct list_head vms;
	struct list_head jobs;	/* jobs that have not ended, in order of submission */
	spinlock_t fence_lock;	/* lock of the fences */
	spinlock_t log_lock;	/* protects the rest; a leaf, also taken in reclaim */
	struct gem_uma_mock_op *log;	/* the last operations, a ring */
	unsigned long logged;	/* operations so far */
	unsigned int errors;	/* what must not happen and did */
	const char *error;	/* the first of them */
};

/* A GPU address space. */
struct gem_uma_mock_vm {
	struct gem_uma_mock_gpu *gpu;
	struct list_head link;	/* in &gem_uma_mock_gpu.vms */
	struct list_head vas;	/* what is bound; only the test changes it */
	struct mutex op_lock;	/* protects @ptes; eviction tries it */
	struct xarray ptes;	/* page of the VM -> page frame of the DMA address */
};

/* Pages of a buffer bound to pages of a VM. */
struct gem_uma_mock_va {
	struct gem_uma_mock_vm *vm;
	struct gem_uma_mock_buf *buf;	/* buffer; a reference is held */
	struct list_head vm_link;	/* in &gem_uma_mock_vm.vas */
	struct list_head buf_link;	/* in &gem_uma_mock_buf.vas, protected by resv */
	u64 page;	/* first page of the VM */
	pgoff_t pgoff;	/* first page of the buffer */
	unsigned long nr;	/* number of pages */
	bool mapped;	/* the page table has entries, protected by resv */
};

/* An object that VMs can map. */
struct gem_uma_mock_buf {
	struct gem_uma_object base;
	struct gem_uma_mock_gpu *gpu;
	struct list_head vas;	/* where it is bound, protected by resv */
	int evict_errno;	/* what eviction fails with, 0 for not at all */
	unsigned int evict_after;	/* how many VAs a failing eviction removes before */
	unsigned int evicts;	/* evictions asked for */
	/* Called when an eviction succeeds. */
	void (*on_evict)(struct gem_uma_mock_buf *buf);
	struct task_struct **freed_by;	/* where to say which task freed the object, if set */
};

/* Writes one word, when told to. */
struct gem_uma_mock_job {
	struct dma_fence fence;	/* signalled at the end */
	struct gem_uma_mock_vm *vm;	/* whose page table it uses */
	struct list_head link;	/* in &gem_uma_mock_gpu.jobs */
	u64 page;	/* page of the VM that is written */
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
