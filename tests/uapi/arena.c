// SPDX-License-Identifier: GPL-2.0
#include "arena.h"

#define PREFIX		"vuma-test"
#define EVICT_TRIES	40
#define EVICT_STEP	(256 * VUMA_MIB)
/* Page cache of binaries and the like may stay. */
#define SHMEM_LEFT	(64 * VUMA_KIB)

void need_reclaim(void)
{
	char line[256];
	FILE *file;
	int lines = 0;

	not_on_twin("its pages cannot be reclaimed");
	file = fopen("/proc/swaps", "r");
	KT_TRUE(file);
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	if (lines < 2)
		KT_SKIP("no swap");
}

/* What arena_cleanup() removes; those inside of others first. */
static const char *const arena_names[] = { "p/a", "p/b", "p", "a", "b", "c" };

static bool arena_is_known(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(arena_names); i++)
		if (!strcmp(name, arena_names[i]))
			return true;
	return false;
}

struct cgroup arena_new(const char *name)
{
	struct cgroup cg;
	char path[128];
	int ret;

	KT_TRUE(arena_is_known(name));
	snprintf(path, sizeof(path), "%s", PREFIX);
	ret = cgroup_create(&cg, path);
	if (ret != -EEXIST)
		KT_OK(ret);
	snprintf(path, sizeof(path), "%s/%s", PREFIX, name);
	ret = cgroup_create(&cg, path);
	if (ret)
		KT_FAIL("cgroup %s: %s", path, strerror(-ret));
	return cg;
}

struct cgroup arena_enter(const char *name)
{
	struct cgroup cg;

	need_reclaim();
	cg = arena_new(name);
	KT_OK(cgroup_enter(&cg));
	return cg;
}

void arena_cleanup(void)
{
	struct cgroup cg;
	size_t i;
	int ret;

	for (i = 0; i <= ARRAY_SIZE(arena_names); i++) {
		if (i < ARRAY_SIZE(arena_names))
			snprintf(cg.path, sizeof(cg.path), "/sys/fs/cgroup/%s/%s", PREFIX,
				 arena_names[i]);
		else
			snprintf(cg.path, sizeof(cg.path), "/sys/fs/cgroup/%s", PREFIX);
		if (access(cg.path, F_OK))
			continue;
		ret = cgroup_destroy(&cg);
		if (ret)
			ktap_bail_out("cannot remove a cgroup: %s", strerror(-ret));
	}
}

uint64_t arena_current(const struct cgroup *cg)
{
	uint64_t value;

	KT_OK(cgroup_read_u64(cg, "memory.current", &value));
	return value;
}

uint64_t arena_stat(const struct cgroup *cg, const char *key)
{
	uint64_t value;

	KT_OK(cgroup_read_key(cg, "memory.stat", key, &value));
	return value;
}

uint64_t arena_event(const struct cgroup *cg, const char *key)
{
	uint64_t value;

	KT_OK(cgroup_read_key(cg, "memory.events", key, &value));
	return value;
}

void arena_squeeze(const struct cgroup *cg, uint64_t bytes)
{
	int ret = cgroup_reclaim(cg, bytes);

	/* Signals and the freezer end it early. */
	if (ret != -EAGAIN && ret != -EINTR)
		KT_OK(ret);
}

void arena_evict(const struct cgroup *cg, const struct vuma_bo *bos, unsigned int count)
{
	uint64_t resident = 0, shmem = 0;
	unsigned int tries, i;

	for (tries = 0; tries < EVICT_TRIES; tries++) {
		arena_squeeze(cg, EVICT_STEP);
		resident = 0;
		for (i = 0; i < count; i++)
			resident += bo_query(&bos[i]).resident;
		shmem = arena_stat(cg, "shmem");
		if (!resident && shmem <= SHMEM_LEFT)
			return;
	}
	KT_FAIL("memory.reclaim, %u times: %llu bytes still resident, %llu bytes of shmem",
		tries, (unsigned long long)resident, (unsigned long long)shmem);
}

void expect_evicted(const struct vuma_bo *bo)
{
	struct drm_vuma_bo_query q = bo_query(bo);

	KT_EQ(q.resident, 0);
	KT_EQ(q.status & (DRM_VUMA_BO_STATUS_EVICTED | DRM_VUMA_BO_STATUS_RESIDENT |
			  DRM_VUMA_BO_STATUS_GPU_MAPPED), DRM_VUMA_BO_STATUS_EVICTED);
	KT_GE(q.evictions, 1);
}

void expect_untouched(const struct vuma_bo *bo)
{
	struct drm_vuma_bo_query q = bo_query(bo);

	KT_EQ(q.evictions, 0);
	KT_EQ(q.evicted, 0);
	KT_EQ(q.resident, q.size);
	KT_EQ(q.status & DRM_VUMA_BO_STATUS_EVICTED, 0);
}
