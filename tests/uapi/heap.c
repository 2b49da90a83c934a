// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "heap.h"

struct heap_rig heap_rig_new_on(unsigned int device, uint64_t size, uint64_t granule,
				uint64_t hint, uint32_t policy)
{
	struct heap_rig r = { .seed = 0x1234567 };

	not_on_twin("it has no heaps");
	r.fd = dev_open(device);
	r.vm = vm_new(r.fd);
	r.out = bo_new_mapped(r.fd, PAGE, 0);
	r.out_va = vm_map_bo(&r.vm, &r.out);
	KT_OK(vuma_heap_init(&r.heap, &r.vm, size, granule, hint, policy));
	return r;
}

struct heap_rig heap_rig_new(uint64_t size, uint64_t granule, uint64_t hint, uint32_t policy)
{
	return heap_rig_new_on(0, size, granule, hint, policy);
}

void heap_rig_fini(struct heap_rig *r)
{
	KT_OK(vuma_bo_fini(&r->out));
	KT_SYS(close(r->fd));
}

int heap_rig_try(struct heap_rig *r, uint64_t size)
{
	struct drm_vuma_cmd cmd;

	r->seed = r->seed * 6364136223846793005ull + 1442695040888963407ull;
	memset(r->out.map, 0x5a, 64);
	cmd = vuma_cmd_stream(r->out_va, r->heap.va, size, r->seed, r->seed | 1);
	return vuma_exec(r->fd, r->vm.id, &cmd, 1);
}

void heap_rig_verify(const struct heap_rig *r, uint64_t size)
{
	const uint64_t *out = r->out.map;
	uint64_t a = 0, b = 0;

	vuma_pattern_checksum(size, r->seed, r->seed | 1, &a, &b);
	KT_EQ(out[0], a);
	KT_EQ(out[1], b);
	KT_LE(out[3], r->heap.size);
	KT_GE(out[3], size / (out[2] + 1));
}

void heap_rig_stream(struct heap_rig *r, uint64_t size, uint64_t renders)
{
	KT_OK(heap_rig_try(r, size));
	heap_rig_verify(r, size);
	KT_EQ(((uint64_t *)r->out.map)[2], renders);
}

void heap_block(int fd, uint32_t mask)
{
	FILE *f = open_debugfs(fd, "heap-block", "w");

	KT_TRUE(f);
	KT_TRUE(fprintf(f, "%u", mask) > 0);
	KT_EQ(fclose(f), 0);
}

uint64_t heap_stat(int fd, const char *key)
{
	FILE *f = open_debugfs(fd, "heap", "r");
	unsigned long long value = 0;
	bool found = false;
	char line[128];

	KT_TRUE(f);
	while (!found && fgets(line, sizeof(line), f))
		found = !strncmp(line, key, strlen(key)) &&
			sscanf(line + strlen(key), "\t%llu", &value) == 1;
	fclose(f);
	if (!found)
		KT_FAIL("no %s in debugfs", key);
	return value;
}
