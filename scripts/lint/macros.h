/* SPDX-License-Identifier: GPL-2.0 */
/* Macros that spatch cannot parse by itself; read by spatch only. */
#define drm_exec_until_all_locked YACFE_ITERATOR
#define scoped_guard YACFE_ITERATOR
#define __must_hold(lock)
#define __context_unsafe(comment)
#define __free(function)
