// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xf86drm.h>

#include "file.h"
#include "port.h"
#include "vuma_client.h"

const struct port_driver *port;

/* What the device counts that must not happen, and what it had counted before the test. */
static const char * const wrong[] = { "bad", "faults", "stale", "gone", "malformed" };
static uint64_t wrong_before[ARRAY_SIZE(wrong)];

bool port_choose(const char *name)
{
	static const struct port_driver * const drivers[] = {
		&port_vgem, &port_vkms, &port_v3d, &port_virtio, &port_lima, &port_panfrost,
		&port_panthor, &port_rocket, &port_imagination, &port_ivpu,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(drivers); i++) {
		if (strcmp(name, drivers[i]->name))
			continue;
		port = drivers[i];
		return true;
	}
	return false;
}

const char *port_drm_name(void)
{
	return port->drm_name ?: port->name;
}

int port_open(void)
{
	static bool counted;
	unsigned int i;
	int fd = vuma_open(port_drm_name(), 0, port->primary ? VUMA_NODE_PRIMARY :
			   port->accel ? VUMA_NODE_ACCEL : VUMA_NODE_RENDER);

	if (fd < 0)
		KT_FAIL("%s: %s", port->name, strerror(-fd));
	for (i = 0; port->nr_queues && !counted && i < ARRAY_SIZE(wrong); i++)
		wrong_before[i] = engine_count(wrong[i]);
	counted = true;
	return fd;
}

int port_open_apart(int fd)
{
	return port->whole_vm ? port_open() : fd;
}

bool port_is_ported(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/gem_uma/holders/%s", port_drm_name());
	return !access(path, F_OK);
}

int dumb_create(struct port_bo *bo)
{
	struct drm_mode_create_dumb args = {
		.width = PAGE / 4, .height = bo->size / PAGE, .bpp = 32,
	};
	int ret = port_ioctl(bo->fd, DRM_IOCTL_MODE_CREATE_DUMB, &args);

	if (ret)
		return ret;
	KT_EQ(args.size, bo->size);
	bo->handle = args.handle;
	return 0;
}

int dumb_mmap_offset(const struct port_bo *bo, uint64_t *offset)
{
	struct drm_mode_map_dumb args = { .handle = bo->handle };
	int ret = port_ioctl(bo->fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	*offset = args.offset;
	return ret;
}

int port_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

struct port_bo bo_new(int fd, uint64_t size)
{
	struct port_bo bo = { .fd = fd, .size = size };

	KT_OK(port->create(&bo));
	return bo;
}

void bo_map(struct port_bo *bo)
{
	uint64_t offset;

	KT_OK(port->mmap_offset(bo, &offset));
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, bo->fd, offset);
	KT_TRUE(bo->map != MAP_FAILED);
}

struct port_bo bo_new_mapped(int fd, uint64_t size)
{
	struct port_bo bo = bo_new(fd, size);

	bo_map(&bo);
	return bo;
}

void bo_unmap(struct port_bo *bo)
{
	if (bo->map)
		KT_SYS(munmap(bo->map, bo->size));
	bo->map = NULL;
}

void bo_close(struct port_bo *bo)
{
	struct drm_gem_close args = { .handle = bo->handle };

	bo_unmap(bo);
	if (port->release)
		port->release(bo);
	KT_OK(port_ioctl(bo->fd, DRM_IOCTL_GEM_CLOSE, &args));
}

int bo_export(const struct port_bo *bo)
{
	int dmabuf;

	if (port->no_export && !port_is_ported())
		KT_SKIP("%s", port->no_export);
	dmabuf = vuma_prime_export(bo->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR);
	KT_GE(dmabuf, 0);
	return dmabuf;
}

struct port_bo bo_import(int fd, int dmabuf, uint64_t size)
{
	struct port_bo bo = { .fd = fd, .size = size };

	KT_OK(vuma_prime_import(fd, dmabuf, &bo.handle));
	if (port->look_up)
		KT_OK(port->look_up(&bo));
	return bo;
}

void fill(uint32_t *map, uint64_t size, uint32_t value)
{
	volatile uint32_t *mem = map;
	uint64_t i;

	for (i = 0; i < WORDS(size); i++)
		mem[i] = value + i;
}

uint64_t differ(const uint32_t *map, uint64_t size, uint32_t value)
{
	const volatile uint32_t *mem = map;
	uint64_t i, bad = 0;

	for (i = 0; i < WORDS(size); i++)
		bad += mem[i] != (uint32_t)(value + i);
	return bad;
}

void verify(const uint32_t *map, uint64_t size, uint32_t value)
{
	KT_EQ(differ(map, size, value), 0);
}

static uint32_t stamp_of(uint64_t page)
{
	return 0x57a00000 + page;
}

void stamp(uint32_t *map, uint64_t pages)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		((volatile uint32_t *)map)[i * WORDS(PAGE)] = stamp_of(i);
}

void verify_stamps(const uint32_t *map, uint64_t pages, uint64_t first)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		KT_EQ(((const volatile uint32_t *)map)[i * WORDS(PAGE)], stamp_of(first + i));
}

void need_engine(void)
{
	if (!port->nr_queues)
		KT_SKIP("the device of %s does nothing", port->name);
}

void need_import(void)
{
	if (port->no_import)
		KT_SKIP("%s", port->no_import);
}

struct engine_cmd cmd_fill(const struct port_bo *bo, uint32_t value)
{
	return (struct engine_cmd) { ENGINE_FILL, bo->va, value, WORDS(bo->size) };
}

struct engine_cmd cmd_check(const struct port_bo *bo, uint32_t value)
{
	return (struct engine_cmd) { ENGINE_CHECK, bo->va, value, WORDS(bo->size) };
}

struct engine_cmd cmd_copy(const struct port_bo *dst, const struct port_bo *src)
{
	return (struct engine_cmd) { ENGINE_COPY, dst->va, src->va, WORDS(dst->size) };
}

void run_by(const struct port_bo *commands, unsigned int queue, const struct engine_cmd *cmds,
	    unsigned int nr, const struct port_bo **bos, unsigned int nr_bos)
{
	const struct port_bo *all[64];
	struct port_job job = {
		.commands = commands, .nr_commands = nr, .bos = all, .nr_bos = nr_bos + 1,
	};

	KT_LE(nr * sizeof(*cmds), PAGE);
	KT_LT(nr_bos, ARRAY_SIZE(all));
	memcpy(commands->map, cmds, nr * sizeof(*cmds));
	memcpy(all, bos, nr_bos * sizeof(*bos));
	all[nr_bos] = commands;
	KT_OK(port->queues[queue].submit(commands->fd, &job));
	KT_OK(port->wait(commands));
}

void run_unchecked(unsigned int queue, const struct engine_cmd *cmds, unsigned int nr,
		   const struct port_bo **bos, unsigned int nr_bos)
{
	struct port_bo commands = bo_new_mapped(bos[0]->fd, PAGE);

	run_by(&commands, queue, cmds, nr, bos, nr_bos);
	bo_close(&commands);
}

void run_on(unsigned int queue, const struct engine_cmd *cmds, unsigned int nr,
	    const struct port_bo **bos, unsigned int nr_bos)
{
	run_unchecked(queue, cmds, nr, bos, nr_bos);
	verify_engine();
}

void run(const struct engine_cmd *cmds, unsigned int nr, const struct port_bo **bos,
	 unsigned int nr_bos)
{
	run_on(0, cmds, nr, bos, nr_bos);
}

uint64_t engine_count(const char *name)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s-model/%s", port->name, name);
	KT_OK(file_read(path, text, sizeof(text)));
	return strtoull(text, NULL, 10);
}

uint64_t engine_wrong(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		if (!strcmp(name, wrong[i]))
			return engine_count(name) - wrong_before[i];
	KT_FAIL("%s is not what must not happen", name);
}

void verify_engine(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		uint64_t count = engine_wrong(wrong[i]);

		if (count)
			KT_FAIL("the device has counted %s: %llu", wrong[i],
				(unsigned long long)count);
	}
}

struct cgroup tenant(const char *name)
{
	struct cgroup cg;

	KT_OK(cgroup_create(&cg, name));
	KT_OK(cgroup_enter(&cg));
	return cg;
}

void tenants_leave(void)
{
	static const char * const names[] = { "one", "other" };
	struct cgroup cg;
	unsigned int i;

	cgroup_leave();
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(cg.path, sizeof(cg.path), "/sys/fs/cgroup/%s", names[i]);
		cgroup_destroy(&cg);
	}
}

uint64_t charged(const struct cgroup *cg)
{
	uint64_t bytes;

	KT_OK(cgroup_read_u64(cg, "memory.current", &bytes));
	return bytes;
}

uint64_t owned(const struct cgroup *cg)
{
	uint64_t swapped;

	KT_OK(cgroup_read_u64(cg, "memory.swap.current", &swapped));
	return charged(cg) + swapped;
}

int reclaim_to(const struct cgroup *cg, uint64_t bytes)
{
	unsigned int turn;
	int ret = 0;

	/* What is on its way has to arrive. A driver without reclaim never gets there. */
	for (turn = 0; turn < 40; turn++) {
		uint64_t now = charged(cg);

		if (now <= bytes)
			return 0;
		ret = cgroup_reclaim(cg, now - bytes);
		if (ret && ret != -EAGAIN)
			return ret;
		usleep(10000 * ktap_slow());
	}
	return charged(cg) <= bytes ? 0 : ret ?: -EAGAIN;
}

void figure(const char *name, uint64_t value, const char *unit)
{
	ktap_note("figure %s %llu %s", name, (unsigned long long)value, unit);
}
