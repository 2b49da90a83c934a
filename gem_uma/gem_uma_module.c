// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry: nothing but order.
 */
#include <linux/module.h>

#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_internal.h"

static int __init gem_uma_init(void)
{
	gem_uma_lockdep_prime();
	return gem_uma_reclaim_module_init();
}
module_init(gem_uma_init);

static void __exit gem_uma_exit(void)
{
	gem_uma_reclaim_module_exit();
}
module_exit(gem_uma_exit);

MODULE_DESCRIPTION("Buffer-object memory for GPUs and NPUs that share memory with the CPU");
MODULE_AUTHOR("The gem-uma authors");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
