# SPDX-License-Identifier: GPL-2.0
# spatch does not read the function: its variables are freed where their scope ends.
s/^(\t+ +)u32 size\)$/\1u32 size, u32 *bocmds)/
/^\tu32 \*bocmds = bo->base\.vaddr;$/d
