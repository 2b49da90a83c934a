// SPDX-License-Identifier: GPL-2.0
#include "common.h"

#define MAGIC	0x5a5a5a5a5a5a5a5aull

static uint64_t param(int fd, uint32_t which)
{
	uint64_t value;

	KT_OK(vuma_get_param(fd, which, 0, &value));
	return value;
}

static void values(void)
{
	int fd = dev_open(0);
	uint64_t sizes;

	KT_GE(param(fd, DRM_VUMA_PARAM_UAPI_VERSION), 1ull << 16);
	KT_LE(param(fd, DRM_VUMA_PARAM_UAPI_VERSION), UINT32_MAX);
	KT_EQ(param(fd, DRM_VUMA_PARAM_VA_BITS), 48);
	sizes = param(fd, DRM_VUMA_PARAM_PAGE_SIZES);
	KT_EQ(sizes, 4 * VUMA_KIB | 64 * VUMA_KIB | 2 * VUMA_MIB);
	KT_LE(param(fd, DRM_VUMA_PARAM_COHERENT), 1);
	KT_GE(param(fd, DRM_VUMA_PARAM_MAX_CMDS), 1);
}

static void features(void)
{
	uint64_t known = DRM_VUMA_FEATURE_RECLAIM | DRM_VUMA_FEATURE_HUGE |
			 DRM_VUMA_FEATURE_MADVISE | DRM_VUMA_FEATURE_USERPTR |
			 DRM_VUMA_FEATURE_HEAP;
	uint64_t value = param(dev_open(0), DRM_VUMA_PARAM_FEATURES);

	KT_EQ(value & ~known, 0);
	KT_EQ(!!(value & DRM_VUMA_FEATURE_RECLAIM), !is_twin());
	KT_EQ(!!(value & DRM_VUMA_FEATURE_MADVISE), !is_twin());
	KT_EQ(!!(value & DRM_VUMA_FEATURE_USERPTR), !is_twin());
	KT_EQ(!!(value & DRM_VUMA_FEATURE_HEAP), !is_twin());
}

static void nodes_agree(void)
{
	int render = dev_open(0), primary = dev_open_primary(0);
	uint32_t which;

	for (which = 0; which <= DRM_VUMA_PARAM_MAX_CMDS; which++)
		KT_EQ(param(render, which), param(primary, which));
}

static void unknown(void)
{
	static const uint32_t unknown[] = {
		DRM_VUMA_PARAM_VM_IDLE + 1, DRM_VUMA_PARAM_VM_IDLE + 2, 31, 32, 63, 64, 0x100,
		0x10000, 0x80000000, UINT32_MAX,
	};
	struct drm_vuma_get_param args = { .value = MAGIC };
	int fd = dev_open(0);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++) {
		args.param = unknown[i];
		EXPECT_ERROR(fd, DRM_IOCTL_VUMA_GET_PARAM, args, -EINVAL);
	}
}

static void global_with_vm(void)
{
	struct drm_vuma_get_param args = { .value = MAGIC };
	struct vuma_vm vm = vm_new(dev_open(0));

	for (args.param = 0; args.param <= DRM_VUMA_PARAM_MAX_CMDS; args.param++) {
		EXPECT_BAD(vm.fd, DRM_IOCTL_VUMA_GET_PARAM, args, vm_id, vm.id, -EINVAL);
		EXPECT_BAD(vm.fd, DRM_IOCTL_VUMA_GET_PARAM, args, vm_id, UINT32_MAX, -EINVAL);
	}
}

static void foreign_vm(void)
{
	struct drm_vuma_get_param args = { .value = MAGIC };
	struct vuma_vm vm = vm_new(dev_open(0));
	int other = dev_open(0);

	for (args.param = DRM_VUMA_PARAM_VM_FAULTS; args.param <= DRM_VUMA_PARAM_VM_IDLE;
	     args.param++) {
		EXPECT_BAD(vm.fd, DRM_IOCTL_VUMA_GET_PARAM, args, vm_id, 0, -ENOENT);
		EXPECT_BAD(vm.fd, DRM_IOCTL_VUMA_GET_PARAM, args, vm_id, vm.id + 1, -ENOENT);
		EXPECT_BAD(other, DRM_IOCTL_VUMA_GET_PARAM, args, vm_id, vm.id, -ENOENT);
	}
}

static void fresh_vm(void)
{
	struct vuma_vm vm = vm_new(dev_open(0));

	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), 0);
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_NONE);
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_JOBS), 0);
}

static void counts_are_per_vm(void)
{
	struct vuma_vm vm = vm_new(dev_open(0)), other = vm_new(vm.fd);
	int i;

	for (i = 1; i <= 5; i++) {
		run_cmd(&vm, vuma_cmd_nop());
		KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_JOBS), i);
	}
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULTS), 0);
	KT_EQ(vm_param(&other, DRM_VUMA_PARAM_VM_JOBS), 0);
}

static void bad_pointer(void)
{
	int fd = dev_open(0);

	KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_GET_PARAM, (void *)8), -EFAULT);
	KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_GET_PARAM, NULL), -EFAULT);
}

static const struct ktap_test tests[] = {
	{ .name = "param_values_are_sane", .run = values },
	{ .name = "param_features_are_known_bits", .run = features },
	{ .name = "param_same_on_render_and_primary_node", .run = nodes_agree },
	{ .name = "param_unknown_is_EINVAL_and_writes_nothing", .run = unknown },
	{ .name = "param_global_with_vm_is_EINVAL", .run = global_with_vm },
	{ .name = "param_vm_of_another_file_is_ENOENT", .run = foreign_vm },
	{ .name = "param_fresh_vm_counts_from_zero", .run = fresh_vm },
	{ .name = "param_jobs_count_per_vm", .run = counts_are_per_vm },
	{ .name = "param_bad_pointer_is_EFAULT", .run = bad_pointer },
};

TEST_PROGRAM(tests, NULL);
