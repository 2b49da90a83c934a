# SPDX-License-Identifier: GPL-2.0
# Macros that nobody needs any more.
/^\/\* (Pages of one entry of a table|Where resvs are held)/,/^$/d
