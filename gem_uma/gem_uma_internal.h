/* SPDX-License-Identifier: GPL-2.0 */
/* What the library shares with itself only. */
#ifndef _GEM_UMA_INTERNAL_H_
#define _GEM_UMA_INTERNAL_H_

#include <linux/lockdep.h>

/* Classes of the leaves, so that priming and use mean the same locks. */
extern struct lock_class_key gem_uma_client_list_lock_key;
extern struct lock_class_key gem_uma_device_objects_lock_key;

/* lockdep wants the same string, not only an equal one. */
extern const char *const gem_uma_client_list_lock_name;
extern const char *const gem_uma_device_objects_lock_name;

#define gem_uma_client_set_list_class(lock) \
	lockdep_set_class_and_name(lock, &gem_uma_client_list_lock_key, \
				   gem_uma_client_list_lock_name)
#define gem_uma_device_set_objects_class(lock) \
	lockdep_set_class_and_name(lock, &gem_uma_device_objects_lock_key, \
				   gem_uma_device_objects_lock_name)

#if IS_ENABLED(CONFIG_LOCKDEP)
void gem_uma_lockdep_prime(void)
	__context_unsafe("holds two resvs");
#else
static inline void gem_uma_lockdep_prime(void)
{
}
#endif

#endif
