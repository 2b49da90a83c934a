/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Force-included where clang compiles against the headers of a kernel that gcc built:
 * takes back what that kernel's configuration says of its compiler, and clang lacks.
 */
#undef CONFIG_USE_X86_SEG_SUPPORT
