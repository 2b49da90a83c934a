// SPDX-License-Identifier: GPL-2.0
/* The device goes away while it is in use. Unbinds and rebinds the last device. */
#include <poll.h>

#include <linux/sync_file.h>

#include "hotplug.h"
#include "legacy.h"
#include "rig.h"

#define PAGES	512

static void all_ioctls(void)
{
	struct rig r = { .fd = dev_open(last_device()) };
	struct drm_vuma_bo_query q;
	struct drm_vuma_bind_op op;
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct drm_vuma_vm_create create = { 0 };
	struct vuma_bo bo = bo_new(r.fd, PAGE, 0);
	uint32_t syncobj = syncobj_new(r.fd);
	uint32_t handle;
	uint64_t value;

	r.vm = vm_new(r.fd);
	op = vuma_op_map(bo.handle, 0x40000000, 0, PAGE, 0);
	unplug(r.fd);
	KT_RET(vuma_get_param(r.fd, DRM_VUMA_PARAM_VA_BITS, 0, &value), -ENODEV);
	KT_RET(vuma_bo_create(r.fd, PAGE, 0, &handle), -ENODEV);
	KT_RET(vuma_bo_query(r.fd, bo.handle, &q), -ENODEV);
	KT_RET(vuma_bo_mmap_offset(r.fd, bo.handle, &value), -ENODEV);
	KT_RET(vuma_bo_set_label(r.fd, bo.handle, "x"), -ENODEV);
	KT_RET(vuma_bo_wait(r.fd, bo.handle, 0, 0), -ENODEV);
	KT_RET(vuma_bo_sync(r.fd, bo.handle, DRM_VUMA_BO_SYNC_CLEAN, 0, PAGE), -ENODEV);
	KT_RET(vuma_ioctl(r.fd, DRM_IOCTL_VUMA_VM_CREATE, &create), -ENODEV);
	KT_RET(vuma_vm_bind(r.fd, r.vm.id, &op, 1, NULL), -ENODEV);
	KT_RET(vuma_submit_one(r.fd, r.vm.id, &nop, 1, 0), -ENODEV);
	KT_RET(vuma_submit_one(r.fd, r.vm.id, &nop, 1, syncobj), -ENODEV);
	KT_RET(vuma_vm_fini(&r.vm), -ENODEV);
	KT_RET(vuma_bo_close(r.fd, bo.handle), -ENODEV);
	KT_RET(vuma_prime_export(r.fd, bo.handle, DRM_CLOEXEC), -ENODEV);
	replug();
	/* Still, also after the device is back: that is another one. */
	KT_RET(vuma_get_param(r.fd, DRM_VUMA_PARAM_VA_BITS, 0, &value), -ENODEV);
	KT_SYS(close(r.fd));
	bo_new(dev_open(last_device()), PAGE, 0);
}

/*
 * Buffers are memory, which has not gone with the device: mappings go on as they
 * were, for pages that were there and for pages that come now.
 */
static void mappings_go_on(void)
{
	int fd = dev_open(last_device());
	struct vuma_bo bo = bo_new_mapped(fd, PAGES * PAGE, 0), fresh;
	char *second, *map;
	int dmabuf;

	fresh = bo_new_mapped(fd, PAGES * PAGE, 0);
	stamp_pages(bo.map, PAGES, 0);
	KT_OK(vuma_bo_mmap(fd, bo.handle, bo.size, PROT_READ, (void **)&second));
	dmabuf = export_bo(&bo);
	unplug(fd);
	verify_pages(bo.map, PAGES, 0, 0);
	verify_pages(second, PAGES, 0, 0);
	verify_pattern(fresh.map, fresh.size, 0, 0);
	stamp_pages(fresh.map, PAGES, 1);
	map = KT_MAPPED(mmap(NULL, bo.size, PROT_READ, MAP_SHARED, dmabuf, 0));
	verify_pages(map, PAGES, 0, 0);
	KT_SYS(close(fd));
	verify_pages(bo.map, PAGES, 0, 0);
	verify_pages(fresh.map, PAGES, 1, 0);
	KT_SYS(munmap(bo.map, bo.size));
	KT_SYS(munmap(fresh.map, fresh.size));
	KT_SYS(munmap(second, bo.size));
	KT_SYS(close(dmabuf));
	verify_pages(map, PAGES, 0, 0);
	KT_SYS(munmap(map, PAGES * PAGE));
	replug();
}

static int export_fence(int fd, uint32_t syncobj)
{
	int file;

	KT_SYS(drmSyncobjExportSyncFile(fd, syncobj, &file));
	return file;
}

static int fence_result(int file)
{
	struct pollfd poll_fd = { .fd = file, .events = POLLIN };
	struct sync_file_info info = { 0 };

	KT_EQ(poll(&poll_fd, 1, -1), 1);
	KT_OK(vuma_ioctl_once(file, SYNC_IOC_FILE_INFO, &info));
	return info.status;
}

/* The running job is stopped, those behind it fail in their turn. */
static void jobs_fail(void)
{
	enum { JOBS = 5 };
	int fd = dev_open(last_device()), fences[JOBS], i;
	struct vuma_vm vm = vm_new(fd);
	struct vuma_bo bo = bo_new_mapped(fd, PAGE, 0);
	struct drm_vuma_cmd cmds[VUMA_GATE_CMDS + 1];
	struct vuma_gate gate;

	KT_OK(vuma_gate_init(&gate, fd));
	KT_OK(vuma_gate_map(&gate, &vm));
	vuma_gate_cmds(&gate, cmds);
	cmds[VUMA_GATE_CMDS] = vuma_cmd_fill(vm_map_bo(&vm, &bo), PAGE, 1, 1);
	for (i = 0; i < JOBS; i++) {
		uint32_t syncobj;

		syncobj = syncobj_new(fd);
		KT_OK(vuma_submit_one(fd, vm.id, cmds, ARRAY_SIZE(cmds), syncobj));
		fences[i] = export_fence(fd, syncobj);
	}
	KT_OK(vuma_gate_await(&gate, FOREVER));
	unplug(fd);
	for (i = 0; i < JOBS; i++)
		KT_EQ(fence_result(fences[i]), -ENODEV);
	verify_pattern(bo.map, PAGE, 0, 0);
	KT_SYS(close(fd));
	replug();
}

static void importer_goes_on(void)
{
	struct vuma_bo bo, there, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
	int fd, dmabuf;

	need_devices(2);
	fd = dev_open(last_device());
	bo = bo_new_mapped(fd, PAGES * PAGE, 0);
	vuma_pattern_fill(bo.map, bo.size, 1, 3);
	dmabuf = export_bo(&bo);
	there = import_bo(dev_open(0), dmabuf, bo.size);
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, PAGE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	unplug(fd);
	verify_checksum(&vm, va, bo.size, 1, 3, &out, out_va);
	run_cmd(&vm, vuma_cmd_fill(va, bo.size, 2, 3));
	verify_pattern(bo.map, bo.size, 2, 3);
	KT_SYS(close(fd));
	KT_SYS(close(dmabuf));
	verify_checksum(&vm, va, bo.size, 2, 3, &out, out_va);
	KT_OK(vuma_vm_fini(&vm));
	KT_OK(vuma_bo_close(there.fd, there.handle));
	replug();
}

static void exporter_goes_on(void)
{
	struct vuma_bo bo, there;
	struct vuma_vm vm;
	uint64_t va;
	int dmabuf;

	need_devices(2);
	bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	dmabuf = export_bo(&bo);
	there = import_bo(dev_open(last_device()), dmabuf, bo.size);
	vm = vm_new(there.fd);
	va = vm_map_bo(&vm, &there);
	run_cmd(&vm, vuma_cmd_fill(va, bo.size, 2, 3));
	unplug(there.fd);
	verify_pattern(bo.map, bo.size, 2, 3);
	KT_SYS(close(there.fd));
	KT_SYS(close(dmabuf));
	if (!is_twin())
		KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_PINNED, 0);
	vuma_pattern_fill(bo.map, bo.size, 3, 3);
	verify_pattern(bo.map, bo.size, 3, 3);
	replug();
}

/* What a display holds, an idle address, and one of a job that is running. */
static void pinned_and_implicit(void)
{
	struct drm_vuma_cmd spin = vuma_cmd_spin(5000000);
	struct vuma_bo bo = bo_new_mapped(dev_open(last_device()), PAGES * PAGE, 0);
	struct vuma_bo busy = bo_new(bo.fd, PAGE, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(busy.handle, LEGACY_WRITE);
	int dmabuf = export_bo(&bo);

	KT_OK(vuma_scanout_pin(bo.fd, bo.handle));
	KT_OK(vuma_scanout_pin(bo.fd, busy.handle));
	legacy_touch(&bo, 1);
	stamp_pages(bo.map, PAGES, 3);
	KT_OK(vuma_submit_legacy(bo.fd, &use, 1, &spin, 1, 0, 0));
	unplug(bo.fd);
	KT_RET(vuma_scanout_unpin(bo.fd, bo.handle), -ENODEV);
	KT_RET(vuma_scanout_pin(bo.fd, bo.handle), -ENODEV);
	KT_RET(vuma_submit_legacy(bo.fd, &use, 1, &spin, 1, 0, 0), -ENODEV);
	KT_RET(vuma_submit_legacy(bo.fd, NULL, 0, NULL, 0, 0, 0), -ENODEV);
	verify_pages(bo.map, PAGES, 3, 0);
	KT_SYS(close(bo.fd));
	verify_pages(bo.map, PAGES, 3, 0);
	KT_SYS(close(dmabuf));
	verify_pages(bo.map, PAGES, 3, 0);
	KT_SYS(munmap(bo.map, bo.size));
	replug();
	bo = bo_new(dev_open(last_device()), PAGE, 0);
	legacy_touch(&bo, 1);
}

/* uma-A5: an error path that forgets drm_dev_exit() makes the unbind hang. */
static void after_thousand_errors(void)
{
	int fd = dev_open(last_device()), i;
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_cmd bad = { .opcode = UINT32_MAX };
	struct drm_vuma_bind_op op = vuma_op_map(99, 0x40000000, 0, PAGE, 0);
	struct drm_vuma_bo_query q;
	uint32_t handle;
	uint64_t value;

	for (i = 0; i < 1000; i++) {
		KT_RET(vuma_bo_create(fd, PAGE, 1u << 31, &handle), -EINVAL);
		KT_RET(vuma_bo_create(fd, 0, 0, &handle), -EINVAL);
		KT_RET(vuma_bo_create(fd, ~0ull, 0, &handle), -E2BIG);
		KT_RET(vuma_bo_query(fd, 99, &q), -ENOENT);
		KT_RET(vuma_bo_mmap_offset(fd, 99, &value), -ENOENT);
		KT_RET(vuma_bo_set_label(fd, 99, "x"), -ENOENT);
		KT_RET(vuma_bo_wait(fd, 99, 0, 0), -ENOENT);
		KT_RET(vuma_vm_bind(fd, vm.id, &op, 1, NULL), -ENOENT);
		KT_RET(vuma_submit_one(fd, vm.id, &bad, 1, 0), -EINVAL);
		KT_RET(vuma_submit_one(fd, vm.id, &bad, 1, 77), -EINVAL);
		KT_RET(vuma_get_param(fd, 999, 0, &value), -EINVAL);
	}
	unplug(fd);
	replug();
}

static atomic_bool stop;

/* Until the device has gone: nothing but success and -ENODEV. */
static void *client(void *arg)
{
	unsigned int index = last_device();
	int64_t end = vuma_now_ns() + 20 * VUMA_SEC;

	(void)arg;
	while (!atomic_load(&stop) && vuma_now_ns() < end) {
		int fd = vuma_open(driver, index, VUMA_NODE_RENDER), ret, i;
		struct drm_vuma_cmd cmd;
		struct vuma_vm vm;
		struct vuma_bo bo = { 0 };

		if (fd < 0) {
			usleep(1000);
			continue;
		}
		ret = vuma_vm_init(&vm, fd);
		for (i = 0; !ret && i < 20; i++) {
			uint64_t va;

			memset(&bo, 0, sizeof(bo));
			ret = vuma_bo_init(&bo, fd, 64 * PAGE, 0) ?: vuma_bo_map(&bo);
			if (ret)
				break;
			stamp_pages(bo.map, 64, i);
			ret = vuma_vm_map_bo(&vm, &bo, &va);
			cmd = vuma_cmd_fill(va, 64, page_word(i, 0), 0);
			ret = ret ?: vuma_exec(fd, vm.id, &cmd, 1);
			verify_pages(bo.map, 64, i, 0);
			if (!ret)
				ret = vuma_bo_fini(&bo);
			else
				vuma_bo_unmap(&bo);
		}
		if (ret && ret != -ENODEV)
			KT_FAIL("a client got %s", strerror(-ret));
		close(fd);
	}
	return NULL;
}

static void under_load(void)
{
	enum { THREADS = 4, ROUNDS = 6 };
	pthread_t threads[THREADS];
	int i, fd;

	fd = dev_open(last_device());
	choose_device(fd);
	KT_SYS(close(fd));
	for (i = 0; i < THREADS; i++)
		KT_EQ(pthread_create(&threads[i], NULL, client, NULL), 0);
	for (i = 0; i < ROUNDS; i++) {
		usleep(300000);
		unbind_device();
		usleep(50000);
		bind_device();
	}
	usleep(300000);
	atomic_store(&stop, true);
	for (i = 0; i < THREADS; i++)
		KT_EQ(pthread_join(threads[i], NULL), 0);
}

static void many_times(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		int fd = dev_open(last_device());
		struct vuma_bo bo = bo_new_mapped(fd, 64 * PAGE, 0);

		stamp_pages(bo.map, 64, i);
		unplug(fd);
		if (i & 1)
			replug();
		verify_pages(bo.map, 64, i, 0);
		KT_SYS(munmap(bo.map, bo.size));
		KT_SYS(close(fd));
		if (!(i & 1))
			replug();
	}
}

static const struct ktap_test tests[] = {
	{ .name = "unplug_all_ioctls_are_ENODEV", .run = all_ioctls },
	{ .name = "unplug_mappings_keep_their_content", .run = mappings_go_on },
	{ .name = "unplug_jobs_fail_with_ENODEV", .run = jobs_fail },
	{ .name = "unplug_of_exporter_leaves_the_importer_working", .run = importer_goes_on },
	{ .name = "unplug_of_importer_leaves_the_exporter_working", .run = exporter_goes_on },
	{ .name = "unplug_with_pins_and_implicit_addresses", .run = pinned_and_implicit },
	{ .name = "unplug_ends_after_thousands_of_errors_uma-A5", .run = after_thousand_errors },
	{ .name = "unplug_under_load_is_success_or_ENODEV", .run = under_load },
	{ .name = "unplug_and_replug_many_times_panthor-70", .run = many_times },
};

TEST_PROGRAM(tests, rebind_all);
