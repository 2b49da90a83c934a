// SPDX-License-Identifier: GPL-2.0
/* The kernel's page tables of Arm, as a module for one that was built without them. */
#define CONFIG_IOMMU_IO_PGTABLE_LPAE 1

#include "../../iommu/io-pgtable-arm.c"
#include "../../iommu/io-pgtable.c"

#include <linux/module.h>

MODULE_DESCRIPTION("Page tables of Arm's IOMMUs");
MODULE_LICENSE("GPL");
