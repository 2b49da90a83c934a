// SPDX-License-Identifier: GPL-2.0
/*
 * The device goes away, again and again, while everything else goes on: faults, jobs,
 * exports, closing of buffers and files, and reclaim.
 *
 * Stands for panthor-70 (what outlives the shrinker and the device), panthor-84, uma-A5 (an
 * unplug that waits for ever), and the rule that no DMA address outlives the binding of
 * driver and device.
 */
#include "crew.h"
#include "file.h"
#include "sheet.h"

#define DRIVER	"/sys/bus/platform/drivers/vuma/"
#define LAST	1

/* The bus id of the last device. */
static char bus_id[64];

/* After the test, however it ended. */
static void rebind(void)
{
	if (access("/sys/bus/platform/devices/vuma.1", F_OK) ||
	    !access("/sys/bus/platform/devices/vuma.1/driver", F_OK))
		return;
	if (file_write(DRIVER "bind", "vuma.1"))
		ktap_bail_out("vuma.1 cannot be bound again");
}

/* No DMA address outlives the binding: DMA API debugging knows all that there are. */
static void expect_no_addresses(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma-api/dump", "re");
	char line[512], name[80];
	unsigned int left = 0;

	snprintf(name, sizeof(name), " %s ", bus_id);
	while (file && fgets(line, sizeof(line), file))
		left += !!strstr(line, name);
	if (file)
		fclose(file);
	if (left)
		KT_FAIL("%u DMA addresses of %s after its unplug", left, bus_id);
}

/* @arg: microseconds for the others to set something up. */
static void unplugger(struct worker *w)
{
	while (worker_again(w)) {
		usleep((uintptr_t)w->arg + worker_below(w, 60000));
		KT_OK(file_write(DRIVER "unbind", bus_id));
		expect_no_addresses();
		usleep(worker_below(w, 10000));
		KT_OK(file_write(DRIVER "bind", bus_id));
	}
}

/* Only success, or the device's end. */
static bool alive(int ret)
{
	if (ret && ret != -ENODEV)
		KT_FAIL("%s, where only success and ENODEV may be", strerror(-ret));
	return !ret;
}

/* A job that may be cut short; what it wrote, if it did, is in @page alone. */
static bool gpu_step(struct sheet *s, struct worker *w, uint64_t page)
{
	if (worker_below(w, 2))
		return alive(sheet_try_gpu_check(s, page));
	return alive(sheet_try_gpu_write(s, page));
}

/* As the device goes: a page is zero afterwards, or as it was. */
static bool discard_step(struct sheet *s, struct worker *w, const struct vuma_bo *bo)
{
	uint64_t page = worker_below(w, s->pages);
	bool there;

	there = alive(vuma_bo_discard(bo->fd, bo->handle, page * PAGE, PAGE));
	if (there)
		verify_pattern(s->map + page * PAGE, PAGE, 0, 0);
	else
		sheet_cpu_check(s, page);
	sheet_cpu_write(s, page);
	return there;
}

static bool try_bind(struct sheet *s, const struct vuma_bo *bo)
{
	struct vuma_vm vm;
	struct vuma_bo out;

	memset(&out, 0, sizeof(out));
	if (!alive(vuma_vm_init(&vm, bo->fd)))
		return false;
	if (!alive(vuma_bo_init(&out, bo->fd, PAGE, 0)) || !alive(vuma_bo_map(&out)))
		return false;
	s->vm = vm;
	s->out = out;
	return alive(vuma_vm_map_bo(&s->vm, bo, &s->va)) &&
	       alive(vuma_vm_map_bo(&s->vm, &s->out, &s->out_va));
}

/* Works until the device is gone; the CPU's content stays, gone or not. */
static void use(struct worker *w, struct sheet *s, struct vuma_bo *bo)
{
	uint64_t page = 0, i;
	bool there;

	there = try_bind(s, bo);
	for (i = 0; i < 30 && there; i++) {
		page = worker_below(w, s->pages);
		there = gpu_step(s, w, page);
		sheet_cpu_write(s, (page + 1) % s->pages);
		sheet_cpu_check(s, (page + 1) % s->pages);
		there = there && discard_step(s, w, bo);
	}
	/* Whether a job that was cut off did its work is not known. */
	if (!there)
		sheet_cpu_write(s, page);
	for (i = 0; i < s->pages; i++)
		sheet_cpu_check(s, i);
}

static void client(struct worker *w)
{
	while (worker_again(w)) {
		int fd = vuma_open("vuma", LAST, VUMA_NODE_RENDER);
		struct vuma_bo bo;
		struct sheet s;

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		memset(&bo, 0, sizeof(bo));
		if (alive(vuma_bo_init(&bo, fd, 16 * PAGE, 0)) && alive(vuma_bo_map(&bo))) {
			s = sheet_new(w->index, bo.map, 16);
			use(w, &s, &bo);
			if (s.out.map)
				KT_SYS(munmap(s.out.map, PAGE));
			free(s.writes);
			/* Ends by its handle, its mapping or its file: whichever is last. */
			if (worker_below(w, 2))
				alive(vuma_bo_close(fd, bo.handle));
			if (worker_below(w, 2)) {
				KT_SYS(close(fd));
				fd = -1;
			}
			KT_SYS(munmap(bo.map, bo.size));
		}
		if (fd >= 0)
			KT_SYS(close(fd));
	}
}

/* Nothing but pages that get DMA addresses, and end: for the moment of the unplug. */
static void churner(struct worker *w)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	while (worker_again(w)) {
		int fd = vuma_open("vuma", LAST, VUMA_NODE_RENDER), i;
		struct vuma_vm vm;
		bool there = fd >= 0;

		there = there && alive(vuma_vm_init(&vm, fd));
		for (i = 0; i < 20 && there; i++) {
			struct vuma_bo bo;
			uint64_t va;

			there = alive(vuma_bo_init(&bo, fd, 4 * PAGE, 0)) &&
				alive(vuma_vm_map_bo(&vm, &bo, &va)) &&
				alive(vuma_submit_one(fd, vm.id, &nop, 1, 0)) &&
				alive(vuma_vm_unmap(&vm, va, bo.size)) &&
				alive(vuma_bo_close(fd, bo.handle));
		}
		if (fd >= 0)
			KT_SYS(close(fd));
		else
			usleep(1000);
	}
}

/* Leaves with all its buffers when the device goes: who takes their DMA addresses away? */
static void leaver(struct worker *w)
{
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	while (worker_again(w)) {
		int fd = vuma_open("vuma", LAST, VUMA_NODE_RENDER), i;
		struct vuma_vm vm;
		uint64_t value;
		bool there;

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		there = alive(vuma_vm_init(&vm, fd));
		for (i = 0; i < 16 && there; i++) {
			struct vuma_bo bo;
			uint64_t va;

			there = alive(vuma_bo_init(&bo, fd, 2 * PAGE, 0)) &&
				alive(vuma_vm_map_bo(&vm, &bo, &va));
		}
		there = there && alive(vuma_submit_one(fd, vm.id, &nop, 1, 0));
		/* The unplug has begun when calls fail; addresses go a little later. */
		for (i = 0; i < 200 && there; i++) {
			there = alive(vuma_get_param(fd, DRM_VUMA_PARAM_VA_BITS, 0, &value));
			usleep(500);
		}
		usleep(worker_below(w, 1000 << worker_below(w, 8)));
		KT_SYS(close(fd));
	}
}

/* The first device stays, and works with what the last one gave it. */
static void importer(struct worker *w)
{
	while (worker_again(w)) {
		int fd = vuma_open("vuma", LAST, VUMA_NODE_RENDER), dmabuf, i;
		struct vuma_bo bo, there;
		struct sheet s;

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		memset(&bo, 0, sizeof(bo));
		if (!alive(vuma_bo_init(&bo, fd, 8 * PAGE, 0)) || !alive(vuma_bo_map(&bo))) {
			KT_SYS(close(fd));
			continue;
		}
		s = sheet_new(w->index, bo.map, 8);
		dmabuf = vuma_prime_export(fd, bo.handle, DRM_CLOEXEC | DRM_RDWR);
		KT_SYS(close(fd));
		if (alive(dmabuf < 0 ? dmabuf : 0)) {
			there = (struct vuma_bo){ .fd = dev_open(0), .size = bo.size };
			KT_OK(vuma_prime_import(there.fd, dmabuf, &there.handle));
			sheet_bind(&s, &there, 0);
			KT_SYS(close(dmabuf));
			for (i = 0; i < 20; i++)
				sheet_random(&s, &w->rng);
			sheet_check_all(&s);
			sheet_fini(&s);
			KT_SYS(close(there.fd));
		} else {
			free(s.writes);
		}
		KT_SYS(munmap(bo.map, bo.size));
	}
}

static void find_last(void)
{
	int fd;

	need_devices(LAST + 1);
	fd = dev_open(LAST);
	KT_OK(vuma_sysfs(fd, NULL, 0, bus_id, sizeof(bus_id)));
	KT_EQ(strcmp(bus_id, "vuma.1"), 0);
	KT_SYS(close(fd));
}

/* Buffers that are just being freed when the device goes. */
static void leaving(void)
{
	static const enum window windows[] = { WINDOW_UNPLUG, WINDOW_DYING };
	struct crew crew = { .windows = windows, .window_count = ARRAY_SIZE(windows) };

	find_last();
	crew.seconds = 3;
	crew_add(&crew, "leaver", 4, leaver, NULL);
	crew_add(&crew, "unplugger", 1, unplugger, (void *)200000);
	crew_race(&crew);
}

static void unplugs(void)
{
	static const enum window windows[] = {
		WINDOW_UNPLUG, WINDOW_PICK, WINDOW_ZAP, WINDOW_DROP, WINDOW_RELEASE,
		WINDOW_FREE, WINDOW_TABLES, WINDOW_POPULATE,
	};
	struct crew crew = CREW(windows, 1);

	find_last();
	crew_add(&crew, "client", 2, client, NULL);
	crew_add(&crew, "churner", 1, churner, NULL);
	crew_add(&crew, "leaver", 2, leaver, NULL);
	crew_add(&crew, "importer", 1, importer, NULL);
	crew_add(&crew, "bystander", 1, bystander, NULL);
	crew_add(&crew, "unplugger", 1, unplugger, (void *)20000);
	crew_race(&crew);
}

static const struct ktap_test tests[] = {
	{ .name = "stress_unplug_panthor-70_uma-A5", .run = unplugs },
	{ .name = "stress_unplug_of_what_is_being_freed_panthor-70", .run = leaving },
};

STRESS_PROGRAM(tests, rebind);
