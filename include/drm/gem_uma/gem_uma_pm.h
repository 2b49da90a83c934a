/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_PM_H_
#define _DRM_GEM_UMA_PM_H_

#include <linux/mutex.h>
#include <linux/notifier.h>

#include <drm/gem_uma/gem_uma_device.h>

/* Evict before hibernation: what is held cannot be left out of the image. */
#define GEM_UMA_PM_HIBERNATE	BIT(0)
/* Evict before suspend: memory keeps its power, so only for a reason of the driver's. */
#define GEM_UMA_PM_SUSPEND	BIT(1)
#define GEM_UMA_PM_DEFAULT	GEM_UMA_PM_HIBERNATE

/* How long a system that goes to sleep may be kept waiting. */
#define GEM_UMA_PM_TIMEOUT_MS	2000

/**
 * enum gem_uma_pm_end - why evicting ended
 * @GEM_UMA_PM_NEVER: there was none yet.
 * @GEM_UMA_PM_DONE: nothing idle is left, or as much is gone as there was.
 * @GEM_UMA_PM_TIMEOUT: time was up.
 * @GEM_UMA_PM_SIGNAL: the task got a signal.
 * @GEM_UMA_PM_WAKEUP: a wakeup event is pending, and the system stays awake.
 */
enum gem_uma_pm_end {
	GEM_UMA_PM_NEVER,
	GEM_UMA_PM_DONE,
	GEM_UMA_PM_TIMEOUT,
	GEM_UMA_PM_SIGNAL,
	GEM_UMA_PM_WAKEUP,
};

/**
 * struct gem_uma_pm - the part that makes room before the system sleeps
 *
 * Embedded by the driver next to its &struct gem_uma_device.
 */
struct gem_uma_pm {
	/** @udev: device. */
	struct gem_uma_device *udev;
	/** @when: GEM_UMA_PM_*; may change at any time. */
	u32 when;
	/** @timeout_ms: limit for one transition; may change at any time. */
	u32 timeout_ms;

	/* private: */
	struct notifier_block nb;
	/* Protects what follows. */
	struct mutex lock;
	unsigned long runs;
	u64 pages;
	enum gem_uma_pm_end end;
};

int gem_uma_pm_init(struct gem_uma_pm *pm, struct gem_uma_device *udev, u32 when);
unsigned long gem_uma_pm_evict(struct gem_uma_pm *pm);
void gem_uma_pm_debugfs_init(struct gem_uma_pm *pm);

#endif
