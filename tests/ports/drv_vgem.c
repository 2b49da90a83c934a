// SPDX-License-Identifier: GPL-2.0
#include "port.h"

const struct port_driver port_vgem = {
	.name = "vgem",
	.primary = true,
	.no_unbind = "vgem cannot be unbound, and its module stays while files are open",
	.create = dumb_create,
	.mmap_offset = dumb_mmap_offset,
};
