// SPDX-License-Identifier: GPL-2.0
// File: panfrost_mmu.c
// Place: mmu_hw_do_operation_locked(), mmu_map_sg(), panfrost_mmu_irq_handler_thread(), all that unmaps
// Runs of the device's map take the place of the scatter list. What is mapped, and what a
// fault brings, is decided in panfrost_va.c. How entries go is in panfrost_uma_mmu.c, which has
// to know whether a command was taken. After a fault was served, an address space may be
// another file's.
@@
@@
- #include <linux/shmem_fs.h>

@@
expression E;
@@
- #define NUM_FAULT_PAGES E

@@
identifier f = {mmu_hw_do_operation, panfrost_mmu_flush_range, mmu_unmap_range,
	panfrost_mmu_map, panfrost_mmu_unmap, panfrost_mmu_map_fault_addr, addr_to_mapping};
type T;
@@
- T f(...) { ... }

@@
identifier pfdev, as, op;
@@
- static
  int mmu_hw_do_operation_locked(...)
  {
  <...
- 	write_cmd(pfdev, as, op);
+ 	if (write_cmd(pfdev, as, op))
+ 		return -ETIMEDOUT;
  ...>
  }

@@
identifier pfdev, mmu, iova, prot, sgt, count, sgl, paddr, len;
iterator name for_each_sgtable_dma_sg;
@@
- static int mmu_map_sg(struct panfrost_device *pfdev, struct panfrost_mmu *mmu,
- 		      u64 iova, int prot, struct sg_table *sgt)
+ int panfrost_mmu_map_range(struct panfrost_device *pfdev, struct panfrost_mmu *mmu,
+ 			   u64 iova, int prot, struct panfrost_gem_object *bo,
+ 			   pgoff_t at, pgoff_t end)
  {
- 	unsigned int count;
- 	struct scatterlist *sgl;
+ 	struct gem_uma_dma_run run;
  	...
- 	for_each_sgtable_dma_sg(sgt, sgl, count)
+ 	for (; panfrost_gem_next_run(bo, at, end, &run); at += run.nr)
  	{
- 		unsigned long paddr = sg_dma_address(sgl);
+ 		unsigned long paddr = run.addr;
- 		size_t len = sg_dma_len(sgl);
+ 		size_t len = (size_t)run.nr << PAGE_SHIFT;
  		...
  	}
  	...
  }

@@
identifier pfdev, mmu, start, iova, mapped;
symbol bo, at, end, ret;
@@
  panfrost_mmu_map_range(...)
  {
  <...
(
+ 	/* An import's table may be shorter than it. */
+ 	if (at != end) {
+ 		ret = -EINVAL;
+ 		goto err_unmap_pages;
+ 	}
- 	panfrost_mmu_flush_range(pfdev, mmu, start, iova - start);
+ 	panfrost_mmu_flush(mmu, start, iova - start, AS_COMMAND_FLUSH_PT);
|
- 	mmu_unmap_range(mmu, start, mapped);
+ 	panfrost_gem_undo_map(bo, mmu, start, mapped);
)
  ...>
  }

@@
symbol pfdev, as, addr, mask, status, source_id, mmu;
@@
  panfrost_mmu_irq_handler_thread(...)
  {
  <...
(
  	u32 source_id;
+ 	struct panfrost_mmu *mmu;
|
  	mmu_write(pfdev, MMU_INT_CLEAR, mask);
+ 	mmu = panfrost_mmu_of(pfdev, as);
|
- 	ret = panfrost_mmu_map_fault_addr(pfdev, as, addr);
+ 	ret = panfrost_mmu_map_fault_addr(mmu, addr);
|
- 	pfdev->as_faulty_mask |= mask;
+ 	if (mmu && mmu->as == as)
+ 		pfdev->as_faulty_mask |= mask;
|
- 	panfrost_mmu_disable(pfdev, as);
+ 	if (mmu && mmu->as == as)
+ 		panfrost_mmu_disable(pfdev, as);
|
+ 	if (mmu)
+ 		panfrost_mmu_ctx_put(mmu);
  	status &= ~mask;
)
  ...>
  }
