/* SPDX-License-Identifier: GPL-2.0 */
/* The two halves of the model of an NPU: the cores, and the IOMMU between them and memory. */
#ifndef _FAKE_ROCKET_H_
#define _FAKE_ROCKET_H_

#include "fake_engine.h"

struct dentry;

/* Of the chip's three. */
#define MODEL_CORES	2
#define MODEL_DEVICE	"rocket"

int fake_rocket_iommu_init(struct fake_engine *engines, struct dentry *dir);
void fake_rocket_iommu_fini(void);
struct fake_translation fake_rocket_walk(unsigned int core, u64 page);

#endif
