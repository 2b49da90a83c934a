// SPDX-License-Identifier: GPL-2.0
// File: lima_mmu.c
// Place: lima_mmu_switch_vm(), lima_mmu_page_fault_resume()
// Reclaim stalls the MMU, too, so there is a lock for what takes several commands.
@@
@@
  #include "lima_mmu.h"
+ #include "lima_uma.h"

@@
identifier dev, ip, v;
@@
  lima_mmu_switch_vm(struct lima_ip *ip, ...)
  {
  	struct lima_device *dev = ip->dev;
  	u32 v;
+
+ 	spin_lock(&dev->uma->mmu_lock);
  	...
+ 	spin_unlock(&dev->uma->mmu_lock);
  }

@@
identifier dev, ip, status, v;
expression E;
statement S;
@@
  lima_mmu_page_fault_resume(struct lima_ip *ip)
  {
  	struct lima_device *dev = ip->dev;
  	u32 status = E;
  	u32 v;
+ 	spin_lock(&dev->uma->mmu_lock);
  	S
+ 	spin_unlock(&dev->uma->mmu_lock);
  }
