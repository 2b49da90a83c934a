/* SPDX-License-Identifier: GPL-2.0 */
/* What the object lends to the parts beside it. */
#ifndef _GEM_UMA_OBJECT_INTERNAL_H_
#define _GEM_UMA_OBJECT_INTERNAL_H_

#include <linux/notifier.h>

#include <drm/gem_uma/gem_uma_object.h>

/**
 * struct gem_uma_purge_notifier - who is told when kernel address space is short
 */
struct gem_uma_purge_notifier {
	/** @nb: the kernel's part. */
	struct notifier_block nb;
	/** @udev: device. */
	struct gem_uma_device *udev;
};

int gem_uma_object_vacate_locked(struct gem_uma_object *uobj)
	__must_hold(uobj->base.resv);

#endif
