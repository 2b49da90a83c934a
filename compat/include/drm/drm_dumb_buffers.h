/* SPDX-License-Identifier: GPL-2.0 */
/* Found where the kernel has no such header. gem_uma_compat.h has what it would declare. */
