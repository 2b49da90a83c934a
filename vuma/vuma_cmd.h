/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of the engine.
 */
#ifndef _VUMA_CMD_H_
#define _VUMA_CMD_H_

#include <linux/types.h>

#include <drm/vuma_drm.h>

struct vuma_job;

int vuma_cmds_check(const struct vuma_job *job);
enum drm_vuma_fault vuma_cmds_run(struct vuma_job *job, u64 *fault_addr);

#endif /* _VUMA_CMD_H_ */
