// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the tracepoints of heaps, and says what the module is.
 */
#include <linux/module.h>

#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "gem_uma_heap_trace.h"
#endif

MODULE_DESCRIPTION("Memory that grows while GPUs and NPUs run");
MODULE_AUTHOR("The gem-uma authors");
MODULE_IMPORT_NS("DRM_GEM_UMA");
MODULE_LICENSE("GPL");
