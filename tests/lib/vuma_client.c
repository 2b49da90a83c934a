// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "file.h"
#include "vuma_client.h"

#define MINORS_PER_TYPE	64
#define RUN_TIMEOUT	(60 * VUMA_SEC)

int64_t vuma_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * VUMA_SEC + ts.tv_nsec;
}

static int64_t deadline(int64_t timeout_ns)
{
	int64_t now = vuma_now_ns();

	return timeout_ns > INT64_MAX - now ? INT64_MAX : now + timeout_ns;
}

static int ret_errno(int ret)
{
	return ret < 0 ? -errno : ret;
}

int vuma_ioctl(int fd, unsigned long request, void *arg)
{
	return ret_errno(drmIoctl(fd, request, arg));
}

int vuma_ioctl_once(int fd, unsigned long request, void *arg)
{
	return ret_errno(ioctl(fd, request, arg));
}

static bool is_driver(int fd, const char *driver)
{
	drmVersionPtr version = drmGetVersion(fd);
	bool match;

	if (!version)
		return false;
	match = !strcmp(version->name, driver);
	drmFreeVersion(version);
	return match;
}

/* Opens device @index, or counts all if @count is given. */
static int scan(const char *driver, unsigned int index, enum vuma_node node,
		unsigned int *count)
{
	static const char * const paths[] = {
		[VUMA_NODE_RENDER] = "/dev/dri/renderD",
		[VUMA_NODE_PRIMARY] = "/dev/dri/card",
		[VUMA_NODE_ACCEL] = "/dev/accel/accel",
	};
	int first = node == VUMA_NODE_RENDER ? 128 : 0;
	int ret = -ENODEV;
	char path[64];
	int i, fd;

	for (i = first; i < first + MINORS_PER_TYPE; i++) {
		snprintf(path, sizeof(path), "%s%d", paths[node], i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			if (errno != ENOENT && ret == -ENODEV)
				ret = -errno;
			continue;
		}
		if (is_driver(fd, driver)) {
			if (count)
				(*count)++;
			else if (!index--)
				return fd;
		}
		close(fd);
	}
	return ret;
}

int vuma_open(const char *driver, unsigned int index, enum vuma_node node)
{
	return scan(driver, index, node, NULL);
}

unsigned int vuma_count(const char *driver, enum vuma_node node)
{
	unsigned int count = 0;

	scan(driver, 0, node, &count);
	return count;
}

int vuma_sysfs(int fd, char *path, size_t path_len, char *name, size_t name_len)
{
	char link[64], real[PATH_MAX];
	struct stat st;
	int len;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISCHR(st.st_mode))
		return -ENOTTY;
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!realpath(link, real))
		return -errno;
	if (path) {
		len = snprintf(path, path_len, "%s", real);
		if (len < 0 || (size_t)len >= path_len)
			return -ENAMETOOLONG;
	}
	if (name) {
		len = snprintf(name, name_len, "%s", strrchr(real, '/') + 1);
		if (len < 0 || (size_t)len >= name_len)
			return -ENAMETOOLONG;
	}
	return 0;
}

int vuma_get_param(int fd, uint32_t param, uint32_t vm_id, uint64_t *value)
{
	struct drm_vuma_get_param args = { .param = param, .vm_id = vm_id };
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_GET_PARAM, &args);

	if (!ret)
		*value = args.value;
	return ret;
}

int vuma_bo_create(int fd, uint64_t size, uint32_t flags, uint32_t *handle)
{
	return vuma_bo_create_private(fd, 0, size, flags, handle);
}

int vuma_bo_create_private(int fd, uint32_t vm_id, uint64_t size, uint32_t flags,
			   uint32_t *handle)
{
	struct drm_vuma_bo_create args = { .size = size, .flags = flags, .vm_id = vm_id };
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_CREATE, &args);

	if (!ret)
		*handle = args.handle;
	return ret;
}

int vuma_bo_create_userptr(int fd, void *at, uint64_t size, uint32_t flags, uint32_t *handle)
{
	struct drm_vuma_bo_userptr args = {
		.addr = (uintptr_t)at, .size = size, .flags = flags,
	};
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_USERPTR, &args);

	if (!ret)
		*handle = args.handle;
	return ret;
}

int vuma_bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close args = { .handle = handle };

	return vuma_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int vuma_bo_mmap_offset(int fd, uint32_t handle, uint64_t *offset)
{
	struct drm_vuma_bo_mmap_offset args = { .handle = handle };
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_MMAP_OFFSET, &args);

	if (!ret)
		*offset = args.offset;
	return ret;
}

int vuma_bo_query(int fd, uint32_t handle, struct drm_vuma_bo_query *query)
{
	memset(query, 0, sizeof(*query));
	query->handle = handle;
	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_QUERY, query);
}

int vuma_bo_set_label(int fd, uint32_t handle, const char *label)
{
	struct drm_vuma_bo_set_label args = {
		.handle = handle, .label = (uintptr_t)label,
		.len = label ? strlen(label) : 0,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_SET_LABEL, &args);
}

int vuma_bo_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns)
{
	struct drm_vuma_bo_wait args = {
		.handle = handle, .flags = flags, .timeout_ns = timeout_ns,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_WAIT, &args);
}

int vuma_bo_advise(int fd, uint32_t handle, uint32_t advice, uint32_t *retained)
{
	struct drm_vuma_bo_madvise args = { .handle = handle, .advice = advice };
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_MADVISE, &args);

	if (!ret && retained)
		*retained = args.retained;
	return ret;
}

int vuma_bo_discard(int fd, uint32_t handle, uint64_t offset, uint64_t size)
{
	struct drm_vuma_bo_madvise args = {
		.handle = handle, .advice = DRM_VUMA_MADV_DISCARD, .offset = offset,
		.size = size,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_MADVISE, &args);
}

int vuma_bo_sync(int fd, uint32_t handle, uint32_t op, uint64_t offset, uint64_t size)
{
	struct drm_vuma_bo_sync_range range = {
		.handle = handle, .op = op, .offset = offset, .size = size,
	};
	struct drm_vuma_bo_sync args = { .ranges = (uintptr_t)&range, .count = 1 };

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_SYNC, &args);
}

int vuma_bo_mmap(int fd, uint32_t handle, uint64_t size, int prot, void **map)
{
	uint64_t offset;
	int ret = vuma_bo_mmap_offset(fd, handle, &offset);
	void *ptr;

	if (ret)
		return ret;
	ptr = mmap(NULL, size, prot, MAP_SHARED, fd, offset);
	if (ptr == MAP_FAILED)
		return -errno;
	*map = ptr;
	return 0;
}

int vuma_bo_init(struct vuma_bo *bo, int fd, uint64_t size, uint32_t flags)
{
	struct drm_vuma_bo_create args = { .size = size, .flags = flags };
	int ret;

	memset(bo, 0, sizeof(*bo));
	ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_BO_CREATE, &args);
	if (ret)
		return ret;
	bo->fd = fd;
	bo->handle = args.handle;
	bo->size = args.size;
	return 0;
}

int vuma_bo_map(struct vuma_bo *bo)
{
	if (bo->map)
		return 0;
	return vuma_bo_mmap(bo->fd, bo->handle, bo->size, PROT_READ | PROT_WRITE, &bo->map);
}

int vuma_bo_unmap(struct vuma_bo *bo)
{
	if (bo->map && munmap(bo->map, bo->size))
		return -errno;
	bo->map = NULL;
	return 0;
}

int vuma_bo_fini(struct vuma_bo *bo)
{
	int ret = vuma_bo_unmap(bo);
	int err = 0;

	if (bo->handle)
		err = vuma_bo_close(bo->fd, bo->handle);
	bo->handle = 0;
	return ret ?: err;
}

int vuma_prime_export(int fd, uint32_t handle, uint32_t flags)
{
	int dmabuf;

	if (drmPrimeHandleToFD(fd, handle, flags, &dmabuf))
		return -errno;
	return dmabuf;
}

int vuma_prime_import(int fd, int dmabuf, uint32_t *handle)
{
	return ret_errno(drmPrimeFDToHandle(fd, dmabuf, handle));
}

int vuma_vm_init(struct vuma_vm *vm, int fd)
{
	struct drm_vuma_vm_create args = { 0 };
	int ret;

	memset(vm, 0, sizeof(*vm));
	ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_CREATE, &args);
	if (ret)
		return ret;
	vm->fd = fd;
	vm->id = args.vm_id;
	vm->start = args.va_start;
	vm->end = args.va_end;
	vm->next = args.va_start ?: VUMA_MIB;
	return 0;
}

int vuma_vm_fini(struct vuma_vm *vm)
{
	struct drm_vuma_vm_destroy args = { .vm_id = vm->id };
	int ret = 0;

	if (vm->id)
		ret = vuma_ioctl(vm->fd, DRM_IOCTL_VUMA_VM_DESTROY, &args);
	vm->id = 0;
	return ret;
}

uint64_t vuma_vm_place(struct vuma_vm *vm, uint64_t size, uint64_t align)
{
	uint64_t va = (vm->next + align - 1) / align * align;

	if (va < vm->next || va > vm->end || size > vm->end - va)
		return 0;
	vm->next = va + size;
	return va;
}

struct drm_vuma_bind_op vuma_op_map(uint32_t handle, uint64_t va, uint64_t bo_offset,
				    uint64_t range, uint32_t flags)
{
	return (struct drm_vuma_bind_op){
		.op = DRM_VUMA_BIND_MAP, .flags = flags, .handle = handle, .va = va,
		.bo_offset = bo_offset, .range = range,
	};
}

struct drm_vuma_bind_op vuma_op_unmap(uint64_t va, uint64_t range)
{
	return (struct drm_vuma_bind_op){ .op = DRM_VUMA_BIND_UNMAP, .va = va, .range = range };
}

struct drm_vuma_bind_op vuma_op_sparse(uint64_t va, uint64_t range, uint32_t flags)
{
	return (struct drm_vuma_bind_op){
		.op = DRM_VUMA_BIND_SPARSE, .flags = flags, .va = va, .range = range,
	};
}

int vuma_vm_bind(int fd, uint32_t vm_id, const struct drm_vuma_bind_op *ops,
		 uint32_t op_count, uint32_t *op_done)
{
	struct drm_vuma_vm_bind args = {
		.vm_id = vm_id, .ops = (uintptr_t)ops, .op_count = op_count,
	};
	int ret = vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_BIND, &args);

	if (op_done)
		*op_done = args.op_done;
	return ret;
}

int vuma_vm_bind_async(int fd, uint32_t vm_id, const struct drm_vuma_bind_op *ops,
		       uint32_t op_count, const struct drm_vuma_sync *syncs,
		       uint32_t sync_count)
{
	struct drm_vuma_vm_bind args = {
		.vm_id = vm_id, .flags = DRM_VUMA_VM_BIND_ASYNC, .ops = (uintptr_t)ops,
		.op_count = op_count, .syncs = (uintptr_t)syncs,
		.sync_count = sync_count,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_BIND, &args);
}

int vuma_vm_map(struct vuma_vm *vm, uint32_t handle, uint64_t va, uint64_t bo_offset,
		uint64_t range, uint32_t flags)
{
	struct drm_vuma_bind_op op = vuma_op_map(handle, va, bo_offset, range, flags);

	return vuma_vm_bind(vm->fd, vm->id, &op, 1, NULL);
}

int vuma_vm_unmap(struct vuma_vm *vm, uint64_t va, uint64_t range)
{
	struct drm_vuma_bind_op op = vuma_op_unmap(va, range);

	return vuma_vm_bind(vm->fd, vm->id, &op, 1, NULL);
}

int vuma_vm_map_bo(struct vuma_vm *vm, const struct vuma_bo *bo, uint64_t *va)
{
	uint64_t align = bo->size >= 2 * VUMA_MIB ? 2 * VUMA_MIB : 4 * VUMA_KIB;

	*va = vuma_vm_place(vm, bo->size, align);
	if (!*va)
		return -ENOSPC;
	return vuma_vm_map(vm, bo->handle, *va, 0, bo->size, 0);
}

static struct drm_vuma_cmd command(uint32_t opcode, uint64_t dst, uint64_t src, uint64_t src2,
				   uint64_t size, uint64_t arg0, uint64_t arg1)
{
	return (struct drm_vuma_cmd){
		.opcode = opcode, .dst = dst, .src = src, .src2 = src2, .size = size,
		.arg0 = arg0, .arg1 = arg1,
	};
}

struct drm_vuma_cmd vuma_cmd_nop(void)
{
	return command(DRM_VUMA_OP_NOP, 0, 0, 0, 0, 0, 0);
}

struct drm_vuma_cmd vuma_cmd_fill(uint64_t dst, uint64_t size, uint64_t start, uint64_t step)
{
	return command(DRM_VUMA_OP_FILL, dst, 0, 0, size, start, step);
}

struct drm_vuma_cmd vuma_cmd_copy(uint64_t dst, uint64_t src, uint64_t size)
{
	return command(DRM_VUMA_OP_COPY, dst, src, 0, size, 0, 0);
}

struct drm_vuma_cmd vuma_cmd_add(uint64_t dst, uint64_t src, uint64_t src2, uint64_t size)
{
	return command(DRM_VUMA_OP_ADD, dst, src, src2, size, 0, 0);
}

struct drm_vuma_cmd vuma_cmd_compare(uint64_t dst, uint64_t src, uint64_t src2, uint64_t size)
{
	return command(DRM_VUMA_OP_COMPARE, dst, src, src2, size, 0, 0);
}

struct drm_vuma_cmd vuma_cmd_checksum(uint64_t dst, uint64_t src, uint64_t size)
{
	return command(DRM_VUMA_OP_CHECKSUM, dst, src, 0, size, 0, 0);
}

struct drm_vuma_cmd vuma_cmd_chase(uint64_t dst, uint64_t src, uint64_t hops)
{
	return command(DRM_VUMA_OP_CHASE, dst, src, 0, 0, hops, 0);
}

struct drm_vuma_cmd vuma_cmd_spin(uint64_t usecs)
{
	return command(DRM_VUMA_OP_SPIN, 0, 0, 0, 0, usecs, 0);
}

struct drm_vuma_cmd vuma_cmd_wait(uint64_t src, uint32_t compare, uint64_t value,
				  uint64_t mask)
{
	struct drm_vuma_cmd cmd = command(DRM_VUMA_OP_WAIT, 0, src, 0, 0, value, mask);

	cmd.flags = compare;
	return cmd;
}

int vuma_submit(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds, uint32_t cmd_count,
		const struct drm_vuma_sync *in, uint32_t in_count,
		const struct drm_vuma_sync *out, uint32_t out_count)
{
	struct drm_vuma_submit args = {
		.vm_id = vm_id, .cmds = (uintptr_t)cmds,
		.in_syncs = in_count ? (uintptr_t)in : 0,
		.out_syncs = out_count ? (uintptr_t)out : 0, .cmd_count = cmd_count,
		.in_sync_count = in_count, .out_sync_count = out_count,
	};

	return vuma_ioctl(fd, DRM_IOCTL_VUMA_SUBMIT, &args);
}

int vuma_submit_one(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds,
		    uint32_t cmd_count, uint32_t out)
{
	struct drm_vuma_sync sync = { .handle = out };

	return vuma_submit(fd, vm_id, cmds, cmd_count, NULL, 0, &sync, out ? 1 : 0);
}

int vuma_job_wait(int fd, uint32_t syncobj, int64_t timeout_ns, int *status)
{
	int state = 0;
	int ret;

	ret = vuma_syncobj_wait(fd, syncobj, timeout_ns);
	if (!ret)
		ret = vuma_syncobj_status(fd, syncobj, &state);
	if (!ret && status)
		*status = state < 0 ? state : 0;
	return ret;
}

int vuma_run(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds, uint32_t cmd_count,
	     int64_t timeout_ns, int *status)
{
	uint32_t syncobj;
	int ret;

	ret = vuma_syncobj_create(fd, false, &syncobj);
	if (ret)
		return ret;
	ret = vuma_submit_one(fd, vm_id, cmds, cmd_count, syncobj);
	if (!ret)
		ret = vuma_job_wait(fd, syncobj, timeout_ns, status);
	vuma_syncobj_destroy(fd, syncobj);
	return ret;
}

int vuma_exec(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds, uint32_t cmd_count)
{
	int status = 0;
	int ret = vuma_run(fd, vm_id, cmds, cmd_count, RUN_TIMEOUT, &status);

	return ret ?: status;
}

int vuma_syncobj_create(int fd, bool signaled, uint32_t *handle)
{
	uint32_t flags = signaled ? DRM_SYNCOBJ_CREATE_SIGNALED : 0;

	return ret_errno(drmSyncobjCreate(fd, flags, handle));
}

int vuma_syncobj_destroy(int fd, uint32_t handle)
{
	return ret_errno(drmSyncobjDestroy(fd, handle));
}

int vuma_syncobj_wait(int fd, uint32_t handle, int64_t timeout_ns)
{
	int ret = drmSyncobjWait(fd, &handle, 1, deadline(timeout_ns),
				 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);

	/* drmSyncobjWait() returns -errno already. */
	return ret < 0 ? ret : 0;
}

int vuma_timeline_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	int ret = drmSyncobjTimelineWait(fd, &handle, &point, 1, deadline(timeout_ns),
					 DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);

	return ret < 0 ? ret : 0;
}

int vuma_timeline_query(int fd, uint32_t handle, uint64_t *point)
{
	return ret_errno(drmSyncobjQuery(fd, &handle, point, 1));
}

int vuma_syncobj_status(int fd, uint32_t handle, int *status)
{
	struct sync_file_info info = { 0 };
	int file, ret;

	if (drmSyncobjExportSyncFile(fd, handle, &file))
		return -errno;
	ret = vuma_ioctl_once(file, SYNC_IOC_FILE_INFO, &info);
	close(file);
	if (ret < 0)
		return ret;
	*status = info.status;
	return 0;
}

int vuma_fdinfo_read(pid_t pid, int fd, char *text, size_t len)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	else
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return file_read(path, text, len);
}

static uint64_t unit_factor(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{ "KiB", VUMA_KIB }, { "MiB", VUMA_MIB }, { "GiB", VUMA_GIB }, { "kB", VUMA_KIB },
	};
	size_t i;

	unit += strspn(unit, " \t");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strncmp(unit, units[i].name, strlen(units[i].name)))
			return units[i].factor;
	return 1;
}

int vuma_fdinfo_parse(const char *text, const char *key, uint64_t *value)
{
	size_t len = strlen(key);
	unsigned long long number;
	const char *line;
	char *end;

	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, len) || line[len] != ':')
			continue;
		errno = 0;
		number = strtoull(line + len + 1, &end, 10);
		if (errno || end == line + len + 1)
			return -EINVAL;
		*value = number * unit_factor(end);
		return 0;
	}
	return -ENOENT;
}

int vuma_fdinfo(pid_t pid, int fd, const char *key, uint64_t *value)
{
	char text[4096];
	int ret = vuma_fdinfo_read(pid, fd, text, sizeof(text));

	return ret ?: vuma_fdinfo_parse(text, key, value);
}

void vuma_pattern_fill(void *mem, uint64_t size, uint64_t start, uint64_t step)
{
	volatile uint64_t *word = mem;
	uint64_t i;

	for (i = 0; i < size / 8; i++)
		word[i] = start + i * step;
}

uint64_t vuma_pattern_verify(const void *mem, uint64_t size, uint64_t start, uint64_t step,
			     struct vuma_mismatch *first)
{
	const volatile uint64_t *word = mem;
	struct vuma_mismatch bad = { 0 };
	uint64_t i;

	for (i = 0; i < size / 8; i++) {
		uint64_t expected = start + i * step;
		uint64_t found = word[i];

		if (found == expected)
			continue;
		if (!bad.words++) {
			bad.offset = i * 8;
			bad.expected = expected;
			bad.found = found;
		}
	}
	if (first)
		*first = bad;
	return bad.words;
}

void vuma_checksum(const void *mem, uint64_t size, uint64_t *a, uint64_t *b)
{
	const volatile uint64_t *word = mem;
	uint64_t sum_a = *a, sum_b = *b;
	uint64_t i;

	for (i = 0; i < size / 8; i++) {
		sum_a += word[i];
		sum_b += sum_a;
	}
	*a = sum_a;
	*b = sum_b;
}

void vuma_pattern_checksum(uint64_t size, uint64_t start, uint64_t step, uint64_t *a,
			   uint64_t *b)
{
	uint64_t sum_a = 0, sum_b = 0;
	uint64_t i;

	for (i = 0; i < size / 8; i++) {
		sum_a += start + i * step;
		sum_b += sum_a;
	}
	*a = sum_a;
	*b = sum_b;
}

uint64_t vuma_random(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * 0x2545f4914f6cdd1dull;
}
