// SPDX-License-Identifier: GPL-2.0
// File: ivpu_mmu.c
// Place: behind ivpu_mmu_invalidate_tlb()
// Reclaim spins for what the others sleep for, and not for long.
@@
type T;
typedef bool, u32;
@@
+ static bool ivpu_mmu_is_done(struct ivpu_device *vdev)
+ {
+ 	u32 cons = REGV_RD32(IVPU_MMU_REG_CMDQ_CONS);
+
+ 	return REG_GET_FLD(IVPU_MMU_REG_CMDQ_CONS, VAL, cons) == vdev->mmu->cmdq.prod;
+ }
+
  T ivpu_mmu_cdtab_entry_set(...) { ... }

@@
type T;
typedef bool;
@@
+ static int ivpu_mmu_spin(struct ivpu_device *vdev)
+ {
+ 	struct ivpu_mmu_queue *q = &vdev->mmu->cmdq;
+ 	bool done;
+ 	int ret;
+
+ 	ret = read_poll_timeout_atomic(ivpu_mmu_is_done, done, done, 0, 100, false, vdev);
+ 	if (!ret)
+ 		q->cons = q->prod;
+ 	return ret;
+ }
+
  T ivpu_mmu_cdtab_entry_set(...) { ... }

@@
type T;
typedef u16;
@@
+ static int ivpu_mmu_spin_tlbi(struct ivpu_device *vdev, u16 ssid)
+ {
+ 	struct ivpu_mmu_queue *q = &vdev->mmu->cmdq;
+ 	int ret;
+
+ 	/* Where it has not done what it was told before, it gets no more to do. */
+ 	ret = ivpu_mmu_spin(vdev);
+ 	if (!ret)
+ 		ret = ivpu_mmu_cmdq_write_tlbi_nh_asid(vdev, ssid);
+ 	if (!ret)
+ 		ret = ivpu_mmu_cmdq_cmd_write(vdev, "SYNC", CMD_SYNC, 0);
+ 	if (ret)
+ 		return ret;
+ 	if (!ivpu_is_force_snoop_enabled(vdev))
+ 		clflush_cache_range(q->base, IVPU_MMU_CMDQ_SIZE);
+ 	REGV_WR32(IVPU_MMU_REG_CMDQ_PROD, q->prod);
+ 	return ivpu_mmu_spin(vdev);
+ }
+
  T ivpu_mmu_cdtab_entry_set(...) { ... }

@@
type T;
typedef u16;
@@
+ int ivpu_mmu_try_invalidate_tlb(struct ivpu_device *vdev, u16 ssid)
+ {
+ 	struct ivpu_mmu_info *mmu = vdev->mmu;
+ 	int ret = 0;
+
+ 	if (!mutex_trylock(&mmu->lock))
+ 		return -EBUSY;
+ 	/* One that is off forgets all when it is switched on. */
+ 	if (mmu->on)
+ 		ret = ivpu_mmu_spin_tlbi(vdev, ssid);
+ 	mutex_unlock(&mmu->lock);
+ 	return ret;
+ }
+
  T ivpu_mmu_cdtab_entry_set(...) { ... }
