/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _DRM_GEM_UMA_STATS_H_
#define _DRM_GEM_UMA_STATS_H_

struct gem_uma_device;

void gem_uma_stats_debugfs_init(struct gem_uma_device *udev);

#endif
