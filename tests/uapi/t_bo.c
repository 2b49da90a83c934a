// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "common.h"
#include "gate.h"

#define ALL_FLAGS	(DRM_VUMA_BO_NO_MMAP | DRM_VUMA_BO_WC | DRM_VUMA_BO_HUGE | \
			 DRM_VUMA_BO_DISCARD_ON_RECLAIM)

static void create_rounds_up(void)
{
	const uint64_t sizes[][2] = {
		{ 1, PAGE }, { 8, PAGE }, { PAGE - 1, PAGE }, { PAGE, PAGE },
		{ PAGE + 1, 2 * PAGE }, { 2 * VUMA_MIB - 1, 2 * VUMA_MIB },
		{ VUMA_GIB + 1, VUMA_GIB + PAGE },
	};
	int fd = dev_open(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct vuma_bo bo = bo_new(fd, sizes[i][0], 0);
		struct drm_vuma_bo_query q = bo_query(&bo);

		KT_NE(bo.handle, 0);
		KT_EQ(bo.size, sizes[i][1]);
		KT_EQ(q.size, sizes[i][1]);
		/* Memory comes with the first use. */
		KT_EQ(q.resident, 0);
		KT_EQ(q.status & DRM_VUMA_BO_STATUS_RESIDENT, 0);
	}
}

static void create_keeps_flags(void)
{
	int fd = dev_open(0);
	uint32_t flags;

	for (flags = 0; flags <= ALL_FLAGS; flags++) {
		struct vuma_bo bo = bo_new(fd, PAGE, flags);

		KT_EQ(bo_query(&bo).create_flags, flags);
	}
}

static void create_bad_flags(void)
{
	struct drm_vuma_bo_create args = { .size = PAGE };

	EXPECT_EACH_BIT(dev_open(0), DRM_IOCTL_VUMA_BO_CREATE, args, flags, ALL_FLAGS, -EINVAL);
}

static void create_handle_in(void)
{
	struct drm_vuma_bo_create args = { .size = PAGE };

	EXPECT_EACH_BIT(dev_open(0), DRM_IOCTL_VUMA_BO_CREATE, args, handle, 0, -EINVAL);
}

static void create_bad_size(void)
{
	const struct {
		uint64_t size;
		int error;
	} sizes[] = {
		{ 0, -EINVAL },
		{ (1ull << 48) + 1, -E2BIG },
		{ 1ull << 52, -E2BIG },
		{ 1ull << 63, -E2BIG },
		{ (1ull << 63) + 1, -E2BIG },
		{ -PAGE, -E2BIG },
		{ ~0ull - 4094, -E2BIG },
		{ ~0ull, -E2BIG },
	};
	int fd = dev_open(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct drm_vuma_bo_create args = { .size = sizes[i].size };

		EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_CREATE, args, sizes[i].error);
	}
}

static void failed_create_leaks_no_handle(void)
{
	struct drm_vuma_bo_create bad = { .size = PAGE, .flags = 1u << 31 };
	struct drm_vuma_bo_create empty = { 0 };
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	uint32_t handle = bo.handle;
	int i;

	KT_OK(vuma_bo_fini(&bo));
	for (i = 0; i < 100; i++) {
		EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_CREATE, bad, -EINVAL);
		EXPECT_ERROR(fd, DRM_IOCTL_VUMA_BO_CREATE, empty, -EINVAL);
	}
	bo = bo_new(fd, PAGE, 0);
	KT_EQ(bo.handle, handle);
}

static void handles_are_per_file(void)
{
	int fd = dev_open(0), other = dev_open(0);
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	struct drm_vuma_bo_query q;
	uint64_t offset;

	KT_RET(vuma_bo_query(other, bo.handle, &q), -ENOENT);
	KT_RET(vuma_bo_mmap_offset(other, bo.handle, &offset), -ENOENT);
	KT_RET(vuma_bo_set_label(other, bo.handle, "x"), -ENOENT);
	KT_RET(vuma_bo_wait(other, bo.handle, 0, 0), -ENOENT);
}

static void unknown_handles(void)
{
	static const uint32_t handles[] = { 0, 77, 0x7fffffff, 0x80000000, UINT32_MAX };
	int fd = dev_open(0);
	struct drm_vuma_bo_query q;
	uint64_t offset;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		KT_RET(vuma_bo_query(fd, handles[i], &q), -ENOENT);
		KT_RET(vuma_bo_mmap_offset(fd, handles[i], &offset), -ENOENT);
		KT_RET(vuma_bo_set_label(fd, handles[i], "x"), -ENOENT);
		KT_RET(vuma_bo_wait(fd, handles[i], 0, 0), -ENOENT);
	}
}

static void closed_handle(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, PAGE, 0);
	struct drm_vuma_bo_query q;

	stamp_pages(bo.map, 1, 3);
	KT_OK(vuma_bo_close(fd, bo.handle));
	KT_RET(vuma_bo_query(fd, bo.handle, &q), -ENOENT);
	KT_RET(vuma_bo_close(fd, bo.handle), -EINVAL);
	verify_pages(bo.map, 1, 3, 0);
}

static void mmap_offset_bad_input(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	struct drm_vuma_bo_mmap_offset args = { .handle = bo.handle };

	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_MMAP_OFFSET, args, flags, 0, -EINVAL);
}

/* Buffers without memory, of one client, take no address space that others need. */
static void offsets_for_all(void)
{
	enum { HOGS = 20, OTHERS = 20 };
	int fd = dev_open(0), other = dev_open(0), dmabuf, i, ret = 0;
	struct vuma_bo hogs[HOGS], small;
	uint64_t offset;
	void *map;

	not_on_twin("its helper makes an offset for every buffer");
	for (i = 0; i < HOGS; i++)
		hogs[i] = bo_new(fd, 64 * VUMA_GIB, 0);
	for (i = 0; i < OTHERS; i++) {
		struct vuma_bo bo = bo_new_mapped(other, PAGE, 0);

		KT_OK(vuma_bo_fini(&bo));
	}
	for (i = 0; i < HOGS && !ret; i++)
		ret = vuma_bo_mmap_offset(fd, hogs[i].handle, &offset);
	KT_RET(ret, -EDQUOT);
	dmabuf = export_bo(&hogs[HOGS - 1]);
	map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0);
	KT_TRUE(map == MAP_FAILED);
	KT_EQ(errno, EDQUOT);
	KT_SYS(close(dmabuf));
	small = bo_new_mapped(other, PAGE, 0);
	stamp_pages(small.map, 1, 1);
	/* With the buffer, its offset goes. */
	KT_OK(vuma_bo_fini(&hogs[0]));
	KT_OK(vuma_bo_mmap_offset(fd, hogs[HOGS - 1].handle, &offset));
}

static void query_bad_input(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new(fd, PAGE, 0);
	struct drm_vuma_bo_query args = { .handle = bo.handle };

	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_QUERY, args, flags, 0, -EINVAL);
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_BO_QUERY, args, pad, 0, -EINVAL);
}

/* What was in the struct before is no answer. */
static void query_echoes_nothing(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct drm_vuma_bo_query want = bo_query(&bo), q;

	memset(&q, 0xff, sizeof(q));
	q.handle = bo.handle;
	q.flags = 0;
	q.pad = 0;
	KT_OK(vuma_ioctl(bo.fd, DRM_IOCTL_VUMA_BO_QUERY, &q));
	KT_EQ(memcmp(&q, &want, sizeof(q)), 0);
}

static void query_follows_cpu_use(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), 64 * PAGE, 0);
	struct drm_vuma_bo_query q = bo_query(&bo);

	KT_EQ(q.status, 0);
	KT_OK(vuma_bo_map(&bo));
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_CPU_MAPPED, DRM_VUMA_BO_STATUS_CPU_MAPPED);
	KT_EQ(bo_query(&bo).resident % PAGE, 0);

	stamp_pages(bo.map, 64, 1);
	q = bo_query(&bo);
	KT_EQ(q.resident, 64 * PAGE);
	KT_EQ(q.status, DRM_VUMA_BO_STATUS_CPU_MAPPED | DRM_VUMA_BO_STATUS_RESIDENT |
			/* The twin pins what it populates. */
			(is_twin() ? DRM_VUMA_BO_STATUS_PINNED : 0));
	KT_EQ(q.evicted, 0);
	KT_EQ(q.restored, 0);
	KT_EQ(q.evictions, 0);

	KT_OK(vuma_bo_unmap(&bo));
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_CPU_MAPPED, 0);
}

static void query_partial_residency(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), 8 * VUMA_MIB, 0);
	struct drm_vuma_bo_query q;

	not_on_twin("populates the whole object at the first touch");
	*(volatile uint64_t *)bo.map = 1;
	q = bo_query(&bo);
	KT_GE(q.resident, PAGE);
	KT_LE(q.resident, 2 * VUMA_MIB);
}

static void query_follows_gpu_use(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), 16 * PAGE, 0);
	struct vuma_vm vm = vm_new(bo.fd);
	uint64_t va = vm_map_bo(&vm, &bo);
	struct drm_vuma_bo_query q;

	run_cmd(&vm, vuma_cmd_fill(va, bo.size, 1, 1));
	KT_OK(vuma_bo_wait(bo.fd, bo.handle, 0, FOREVER));
	q = bo_query(&bo);
	KT_EQ(q.resident, bo.size);
	KT_EQ(q.status & (DRM_VUMA_BO_STATUS_RESIDENT | DRM_VUMA_BO_STATUS_GPU_MAPPED),
	      DRM_VUMA_BO_STATUS_RESIDENT | DRM_VUMA_BO_STATUS_GPU_MAPPED);
	KT_OK(vuma_vm_unmap(&vm, va, bo.size));
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
}

static int set_label(int fd, uint32_t handle, const void *label, uint32_t len)
{
	struct drm_vuma_bo_set_label args = {
		.handle = handle, .label = (uintptr_t)label, .len = len,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_SET_LABEL, &args);
}

static void label_lengths(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	char label[DRM_VUMA_LABEL_MAX + 2];
	uint32_t len;

	memset(label, 'x', sizeof(label));
	for (len = 1; len <= DRM_VUMA_LABEL_MAX; len++)
		KT_OK(set_label(bo.fd, bo.handle, label, len));
	KT_RET(set_label(bo.fd, bo.handle, label, len), -E2BIG);
	KT_RET(set_label(bo.fd, bo.handle, label, len + 1), -E2BIG);
	KT_RET(set_label(bo.fd, bo.handle, label, UINT32_MAX), -E2BIG);
	KT_OK(set_label(bo.fd, bo.handle, NULL, 0));
	KT_RET(set_label(bo.fd, bo.handle, NULL, 1), -EINVAL);
	KT_RET(set_label(bo.fd, bo.handle, (void *)8, 4), -EFAULT);
}

static void label_characters(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	unsigned int c, at;

	for (at = 0; at < 5; at++)
		for (c = 0; c < 256; c++) {
			char label[5] = "abcde";
			bool control = c < 32 || c == 127;

			label[at] = c;
			KT_RET(set_label(bo.fd, bo.handle, label, 5), control ? -EINVAL : 0);
		}
}

static void label_bad_input(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct drm_vuma_bo_set_label args = {
		.handle = bo.handle,
		.label = (uintptr_t)"label",
		.len = 5,
	};

	EXPECT_EACH_BIT(bo.fd, DRM_IOCTL_VUMA_BO_SET_LABEL, args, flags, 0, -EINVAL);
	EXPECT_EACH_BIT(bo.fd, DRM_IOCTL_VUMA_BO_SET_LABEL, args, pad, 0, -EINVAL);
}

static void wait_bad_input(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct drm_vuma_bo_wait args = { .handle = bo.handle };
	static const int64_t negative[] = { -1, -1000000000, INT64_MIN };
	size_t i;

	EXPECT_EACH_BIT(bo.fd, DRM_IOCTL_VUMA_BO_WAIT, args, flags, DRM_VUMA_BO_WAIT_READ,
			-EINVAL);
	for (i = 0; i < ARRAY_SIZE(negative); i++) {
		args.timeout_ns = negative[i];
		EXPECT_ERROR(bo.fd, DRM_IOCTL_VUMA_BO_WAIT, args, -EINVAL);
	}
}

static void wait_idle(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	static const int64_t timeouts[] = { 0, 1, VUMA_SEC, INT64_MAX - 1, INT64_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		KT_OK(vuma_bo_wait(bo.fd, bo.handle, 0, timeouts[i]));
		KT_OK(vuma_bo_wait(bo.fd, bo.handle, DRM_VUMA_BO_WAIT_READ, timeouts[i]));
	}
}

/* A BO in a VM with a job that waits at a gate. */
static struct vuma_bo busy_bo(struct gate *gate)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct vuma_vm vm = vm_new(bo.fd);
	struct drm_vuma_cmd fill = vuma_cmd_fill(vm_map_bo(&vm, &bo), bo.size, 7, 0);

	*gate = gate_new(bo.fd);
	KT_OK(submit_after(&vm, &fill, 1, gate->in, 0));
	return bo;
}

static long sleeps_now(void)
{
	struct rusage usage;

	KT_SYS(getrusage(RUSAGE_THREAD, &usage));
	return usage.ru_nvcsw;
}

static void wait_busy(void)
{
	struct gate gate;
	struct vuma_bo bo = busy_bo(&gate);
	long sleeps;

	KT_RET(vuma_bo_wait(bo.fd, bo.handle, 0, 0), -EBUSY);
	KT_RET(vuma_bo_wait(bo.fd, bo.handle, DRM_VUMA_BO_WAIT_READ, 0), -EBUSY);
	sleeps = sleeps_now();
	KT_RET(vuma_bo_wait(bo.fd, bo.handle, 0, 20 * VUMA_MSEC), -ETIME);
	/* How long is not asked: where the host is busy, ticks of the guest come in bursts. */
	KT_GT(sleeps_now(), sleeps);
	gate_open(&gate);
	KT_OK(vuma_bo_wait(bo.fd, bo.handle, 0, FOREVER));
	KT_OK(vuma_bo_wait(bo.fd, bo.handle, 0, 0));
	KT_OK(vuma_bo_map(&bo));
	verify_pattern(bo.map, bo.size, 7, 0);
}

static void wait_unrelated(void)
{
	struct gate gate;
	struct vuma_bo busy = busy_bo(&gate);
	struct vuma_bo idle = bo_new(busy.fd, PAGE, 0);

	KT_OK(vuma_bo_wait(idle.fd, idle.handle, 0, 0));
	KT_RET(vuma_bo_wait(busy.fd, busy.handle, 0, 0), -EBUSY);
	gate_open(&gate);
	KT_OK(vuma_bo_wait(busy.fd, busy.handle, 0, FOREVER));
}

static void wait_interrupted(void)
{
	struct gate gate;
	struct vuma_bo bo = busy_bo(&gate);
	struct drm_vuma_bo_wait args = { .handle = bo.handle, .timeout_ns = FOREVER };

	alarm_on();
	KT_RET(vuma_ioctl_once(bo.fd, DRM_IOCTL_VUMA_BO_WAIT, &args), -EINTR);
	alarm_off();
	gate_open(&gate);
	/* And can be repeated. */
	KT_OK(vuma_ioctl_once(bo.fd, DRM_IOCTL_VUMA_BO_WAIT, &args));
}

static void many(void)
{
	enum { COUNT = 4000 };
	int fd = dev_open(0);
	uint32_t *handles = calloc(COUNT, sizeof(*handles));
	int i;

	KT_TRUE(handles);
	for (i = 0; i < COUNT; i++)
		KT_OK(vuma_bo_create(fd, PAGE << (i % 8), 0, &handles[i]));
	for (i = 0; i < COUNT; i += 2)
		KT_OK(vuma_bo_close(fd, handles[i]));
	for (i = 1; i < COUNT; i += 2) {
		struct drm_vuma_bo_query q;

		KT_OK(vuma_bo_query(fd, handles[i], &q));
		KT_EQ(q.size, PAGE << (i % 8));
	}
	/* The rest goes with the file. */
	close(fd);
	free(handles);
}

static const struct ktap_test tests[] = {
	{ .name = "bo_create_rounds_up_and_allocates_nothing", .run = create_rounds_up },
	{ .name = "bo_create_keeps_every_valid_flag", .run = create_keeps_flags },
	{ .name = "bo_create_each_unknown_flag_is_EINVAL", .run = create_bad_flags },
	{ .name = "bo_create_handle_on_entry_is_EINVAL", .run = create_handle_in },
	{ .name = "bo_create_bad_size_is_EINVAL_or_E2BIG", .run = create_bad_size },
	{ .name = "bo_create_failed_leaks_no_handle", .run = failed_create_leaks_no_handle },
	{ .name = "bo_handle_of_another_file_is_ENOENT", .run = handles_are_per_file },
	{ .name = "bo_unknown_handle_is_ENOENT", .run = unknown_handles },
	{ .name = "bo_mapping_survives_closed_handle", .run = closed_handle },
	{ .name = "bo_mmap_offset_each_flag_is_EINVAL", .run = mmap_offset_bad_input },
	{ .name = "bo_mmap_offsets_are_left_for_others_rev-F4", .run = offsets_for_all },
	{ .name = "bo_query_each_flag_and_pad_is_EINVAL", .run = query_bad_input },
	{ .name = "bo_query_echoes_nothing_rev-V9", .run = query_echoes_nothing },
	{ .name = "bo_query_follows_cpu_use", .run = query_follows_cpu_use },
	{ .name = "bo_query_first_touch_populates_a_part", .run = query_partial_residency },
	{ .name = "bo_query_follows_gpu_use", .run = query_follows_gpu_use },
	{ .name = "bo_label_length_up_to_the_maximum", .run = label_lengths },
	{ .name = "bo_label_control_character_is_EINVAL", .run = label_characters },
	{ .name = "bo_label_each_flag_and_pad_is_EINVAL", .run = label_bad_input },
	{ .name = "bo_wait_bad_flags_and_negative_timeout_are_EINVAL", .run = wait_bad_input },
	{ .name = "bo_wait_idle_returns_at_once", .run = wait_idle },
	{ .name = "bo_wait_busy_is_EBUSY_then_ETIME_then_0", .run = wait_busy },
	{ .name = "bo_wait_is_not_for_other_buffers", .run = wait_unrelated },
	{ .name = "bo_wait_interrupted_is_EINTR_and_repeatable", .run = wait_interrupted },
	{ .name = "bo_thousands_can_exist_and_go_with_the_file", .run = many },
};

TEST_PROGRAM(tests, NULL);
