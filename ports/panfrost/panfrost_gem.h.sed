# SPDX-License-Identifier: GPL-2.0
# Nothing is left between these.
/^#ifdef CONFIG_DEBUG_FS$/ { N; /\n#endif$/d }
