// SPDX-License-Identifier: GPL-2.0
#include "legacy.h"

uint64_t legacy_param(int fd, uint32_t param)
{
	uint64_t value;

	KT_OK(vuma_get_param(fd, param, 0, &value));
	return value;
}

void legacy_wait_param(int fd, uint32_t param, uint64_t want)
{
	KT_WAIT(legacy_param(fd, param) == want);
}

void legacy_run(int fd, struct drm_vuma_legacy_bo *bos, uint32_t nr, struct drm_vuma_cmd cmd)
{
	int status;

	KT_OK(vuma_run_legacy(fd, bos, nr, &cmd, 1, FOREVER, &status));
	KT_EQ(status, 0);
}

uint64_t legacy_touch(const struct vuma_bo *bo, uint64_t word)
{
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(bo->handle, LEGACY_WRITE);

	legacy_run(bo->fd, &use, 1, vuma_cmd_fill(LEGACY_AT(0, 0), 8, word, 0));
	KT_NE(use.va, 0);
	return use.va;
}

void legacy_expect(const struct vuma_bo *bo, uint64_t word)
{
	struct vuma_bo out = bo_new_mapped(bo->fd, PAGE, 0);
	struct drm_vuma_legacy_bo use[2] = {
		vuma_legacy_bo(bo->handle, 0), vuma_legacy_bo(out.handle, LEGACY_WRITE),
	};

	legacy_run(bo->fd, use, 2, vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, 0), 8));
	KT_EQ(*(volatile uint64_t *)out.map, word);
	KT_OK(vuma_bo_fini(&out));
}

uint64_t engine_counter(int fd, const char *name)
{
	FILE *file = open_debugfs(fd, "engine", "r");
	unsigned long long value;
	char key[64];

	if (!file)
		KT_FAIL("no file engine in debugfs: %s", strerror(errno));
	while (fscanf(file, "%63s %llu", key, &value) == 2) {
		if (strcmp(key, name))
			continue;
		fclose(file);
		return value;
	}
	KT_FAIL("no counter %s", name);
}

unsigned int objects_of_device(int fd)
{
	FILE *file = open_debugfs(fd, "gems", "r");
	unsigned int lines = 0;
	char line[512];

	if (is_twin())
		return 0;
	KT_TRUE(file);
	while (fgets(line, sizeof(line), file))
		lines++;
	fclose(file);
	return lines;
}

struct before look(void)
{
	struct before b = { .fd = dev_open(0) };

	b.objects = objects_of_device(b.fd);
	b.tables = engine_counter(b.fd, "tables");
	b.unmaps = engine_counter(b.fd, "unmaps");
	return b;
}

void expect_nothing_left(const struct before *b)
{
	KT_WAIT(engine_counter(b->fd, "tables") == b->tables);
	KT_WAIT(objects_of_device(b->fd) == b->objects);
}

void expect_closed(const struct before *b, unsigned int unmaps)
{
	KT_WAIT(engine_counter(b->fd, "unmaps") >= b->unmaps + unmaps);
	expect_nothing_left(b);
	KT_EQ(engine_counter(b->fd, "unmaps"), b->unmaps + unmaps);
}

void legacy_va_mib(unsigned int mib)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/legacy_va_mib", driver);
	file = fopen(path, "w");
	if (!file)
		KT_FAIL("%s: %s", path, strerror(errno));
	fprintf(file, "%u\n", mib);
	KT_EQ(fclose(file), 0);
}
