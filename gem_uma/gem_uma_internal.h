/* SPDX-License-Identifier: GPL-2.0 */
/* What the library shares with itself only. */
#ifndef _GEM_UMA_INTERNAL_H_
#define _GEM_UMA_INTERNAL_H_

#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/memcontrol.h>

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

/* Fails instead of invoking the OOM killer; charged to the active memory cgroup. */
#define GEM_UMA_GFP_MAYFAIL	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * The owner of what a cgroup created: itself, or its nearest ancestor that was not removed.
 * The caller keeps the cgroup alive, which keeps the ancestors.
 */
static inline struct mem_cgroup *gem_uma_online_memcg(struct mem_cgroup *memcg)
{
#if IS_ENABLED(CONFIG_MEMCG)
	while (memcg && !mem_cgroup_online(memcg))
		memcg = parent_mem_cgroup(memcg);
#endif
	return memcg;
}

#if IS_ENABLED(CONFIG_LOCKDEP)
void gem_uma_lockdep_prime(void)
	__context_unsafe("holds two resvs");
#else
static inline void gem_uma_lockdep_prime(void)
{
}
#endif

#endif
