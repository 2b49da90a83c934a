// SPDX-License-Identifier: GPL-2.0
#include "display.h"
#include "port.h"

/* vkms blends with 16 bits for each of alpha, red, green and blue, in this order. */
static uint32_t vkms_crc(uint32_t crc, uint32_t pixel)
{
	uint32_t red = pixel >> 16 & 0xff, green = pixel >> 8 & 0xff, blue = pixel & 0xff;

	crc = crc32_of(crc, red * 0x101 << 16 | 0xffff);
	return crc32_of(crc, blue * 0x101 << 16 | green * 0x101);
}

const struct port_driver port_vkms = {
	.name = "vkms",
	.primary = true,
	.no_unbind = "vkms cannot be unbound, and its module stays while files are open",
	.create = dumb_create,
	.mmap_offset = dumb_mmap_offset,
	.crc = vkms_crc,
};
