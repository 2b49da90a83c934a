/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the CPU map share. */
#ifndef _GEM_UMA_CPU_MAP_INTERNAL_H_
#define _GEM_UMA_CPU_MAP_INTERNAL_H_

#include <linux/xarray.h>

/* Set on a chunk in &gem_uma_cpu_map.ptes. */
#define GEM_UMA_CPU_MAP_USED	XA_MARK_0

#endif
