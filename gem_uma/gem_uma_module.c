// SPDX-License-Identifier: GPL-2.0
/*
 * Module entry: nothing but order.
 */
#include <linux/module.h>

#include <drm/gem_uma/gem_uma_reclaim.h>

#include "gem_uma_backing_restore.h"
#include "gem_uma_internal.h"
#include "gem_uma_object_internal.h"

static int __init gem_uma_init(void)
{
	int ret;

	gem_uma_lockdep_prime();
	ret = gem_uma_backing_module_init();
	if (ret)
		return ret;
	ret = gem_uma_reclaim_module_init();
	if (ret)
		goto err_backing;
	ret = gem_uma_object_module_init();
	if (ret)
		goto err_reclaim;
	return 0;

err_reclaim:
	gem_uma_reclaim_module_exit();
err_backing:
	gem_uma_backing_module_exit();
	return ret;
}
module_init(gem_uma_init);

static void __exit gem_uma_exit(void)
{
	gem_uma_object_module_exit();
	gem_uma_reclaim_module_exit();
	gem_uma_backing_module_exit();
}
module_exit(gem_uma_exit);

MODULE_DESCRIPTION("Buffer-object memory for GPUs and NPUs that share memory with the CPU");
MODULE_AUTHOR("The gem-uma authors");
MODULE_IMPORT_NS("DMA_BUF");
MODULE_LICENSE("GPL");
