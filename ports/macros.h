/* SPDX-License-Identifier: GPL-2.0 */
/* What spatch has to know of the kernel's macros to understand a function that uses them. */
#define drm_exec_until_all_locked(exec) while (1)
#define drm_exec_retry_on_contention(exec) do { } while (0)
#define scoped_guard(lock, args) while (1)
