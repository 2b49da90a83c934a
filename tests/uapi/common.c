// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/time.h>

#include "common.h"

const char *driver = "vuma";

bool is_twin(void)
{
	return !strcmp(driver, "vuma_shmem");
}

void not_on_twin(const char *reason)
{
	if (is_twin())
		KT_SKIP("drm_gem_shmem_helper: %s", reason);
}

static void option(int opt, const char *arg)
{
	if (opt == 'd')
		driver = arg;
}

int test_main(const struct ktap_suite *suite, int argc, char **argv)
{
	return ktap_main(suite, argc, argv, "d:", option);
}

static int open_node(unsigned int index, enum vuma_node node)
{
	int fd = vuma_open(driver, index, node);

	if (fd < 0)
		KT_FAIL("device %u of driver %s: %s", index, driver, strerror(-fd));
	return fd;
}

int dev_open(unsigned int index)
{
	if (index)
		need_devices(index + 1);
	return open_node(index, VUMA_NODE_RENDER);
}

int dev_open_primary(unsigned int index)
{
	return open_node(index, VUMA_NODE_PRIMARY);
}

void need_devices(unsigned int count)
{
	unsigned int found = vuma_count(driver, VUMA_NODE_RENDER);

	if (!found)
		KT_FAIL("no device of driver %s", driver);
	if (found < count)
		KT_SKIP("needs %u devices, the module was loaded with ndev=%u", count, found);
}

void debugfs_fail(int fd, const char *what, unsigned int nth)
{
	FILE *file = open_debugfs(fd, what, "w");

	if (!file)
		KT_SKIP("no file %s in debugfs", what);
	fprintf(file, "%u\n", nth);
	KT_EQ(fclose(file), 0);
}

struct vuma_bo bo_new(int fd, uint64_t size, uint32_t flags)
{
	struct vuma_bo bo;

	KT_OK(vuma_bo_init(&bo, fd, size, flags));
	return bo;
}

struct vuma_bo bo_new_mapped(int fd, uint64_t size, uint32_t flags)
{
	struct vuma_bo bo = bo_new(fd, size, flags);

	KT_OK(vuma_bo_map(&bo));
	return bo;
}

struct drm_vuma_bo_query bo_query(const struct vuma_bo *bo)
{
	struct drm_vuma_bo_query query;

	KT_OK(vuma_bo_query(bo->fd, bo->handle, &query));
	return query;
}

uint32_t bo_status(const struct vuma_bo *bo)
{
	return bo_query(bo).status;
}

uint32_t bo_advise(const struct vuma_bo *bo, uint32_t advice)
{
	uint32_t retained = ~0u;

	KT_OK(vuma_bo_advise(bo->fd, bo->handle, advice, &retained));
	return retained;
}

int export_bo(const struct vuma_bo *bo)
{
	int dmabuf = vuma_prime_export(bo->fd, bo->handle, DRM_CLOEXEC | DRM_RDWR);

	if (dmabuf < 0)
		KT_RET(dmabuf, 0);
	return dmabuf;
}

struct vuma_bo import_bo(int fd, int dmabuf, uint64_t size)
{
	struct vuma_bo bo = { .fd = fd, .size = size };

	KT_OK(vuma_prime_import(fd, dmabuf, &bo.handle));
	return bo;
}

struct vuma_vm vm_new(int fd)
{
	struct vuma_vm vm;

	KT_OK(vuma_vm_init(&vm, fd));
	return vm;
}

uint64_t vm_param(const struct vuma_vm *vm, uint32_t param)
{
	uint64_t value;

	KT_OK(vuma_get_param(vm->fd, param, vm->id, &value));
	return value;
}

uint64_t vm_map_bo(struct vuma_vm *vm, const struct vuma_bo *bo)
{
	uint64_t va;

	KT_OK(vuma_vm_map_bo(vm, bo, &va));
	return va;
}

uint64_t fdinfo(int fd, const char *name)
{
	uint64_t value;
	int ret = vuma_fdinfo(0, fd, name, &value);

	/* The core's printer leaves this one out while there is no object. */
	if (ret == -ENOENT && is_twin() && !strcmp(name, "drm-resident-memory")) {
		KT_OK(vuma_fdinfo(0, fd, "drm-total-memory", &value));
		KT_EQ(value, 0);
		return 0;
	}
	if (ret)
		KT_FAIL("fdinfo key %s: %s", name, strerror(-ret));
	return value;
}

uint32_t syncobj_new(int fd)
{
	uint32_t syncobj;

	KT_OK(vuma_syncobj_create(fd, false, &syncobj));
	return syncobj;
}

void wait_job(int fd, uint32_t syncobj, int want)
{
	int status;

	KT_OK(vuma_job_wait(fd, syncobj, FOREVER, &status));
	KT_RET(status, want);
}

int submit_after(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count,
		 uint32_t in, uint32_t out)
{
	struct drm_vuma_sync in_sync = { .handle = in }, out_sync = { .handle = out };

	return vuma_submit(vm->fd, vm->id, cmds, count, &in_sync, !!in, &out_sync, !!out);
}

void run_cmds(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count)
{
	int status;

	KT_OK(vuma_run(vm->fd, vm->id, cmds, count, FOREVER, &status));
	if (status)
		KT_FAIL("job failed with %s, fault %llu at %#llx", strerror(-status),
			(unsigned long long)vm_param(vm, DRM_VUMA_PARAM_VM_FAULT_STATUS),
			(unsigned long long)vm_param(vm, DRM_VUMA_PARAM_VM_FAULT_ADDR));
}

void run_cmd(const struct vuma_vm *vm, struct drm_vuma_cmd cmd)
{
	run_cmds(vm, &cmd, 1);
}

void run_faulting(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count,
		  enum drm_vuma_fault fault, uint64_t address)
{
	uint64_t faults = vm_param(vm, DRM_VUMA_PARAM_VM_FAULTS);
	uint64_t jobs = vm_param(vm, DRM_VUMA_PARAM_VM_JOBS);
	int status;

	KT_OK(vuma_run(vm->fd, vm->id, cmds, count, FOREVER, &status));
	KT_EQ(status, fault == DRM_VUMA_FAULT_TIMEOUT ? -ETIME :
		      fault == DRM_VUMA_FAULT_HEAP ? -ENOMEM : -EFAULT);
	KT_EQ(vm_param(vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), fault);
	KT_EQ(vm_param(vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), address);
	KT_EQ(vm_param(vm, DRM_VUMA_PARAM_VM_FAULTS), faults + 1);
	KT_EQ(vm_param(vm, DRM_VUMA_PARAM_VM_JOBS), jobs + 1);
}

void verify_pattern(const void *mem, uint64_t size, uint64_t start, uint64_t step)
{
	struct vuma_mismatch bad;

	if (vuma_pattern_verify(mem, size, start, step, &bad))
		KT_FAIL("%llu of %llu words differ, the first at byte %#llx: %#llx, expected %#llx",
			(unsigned long long)bad.words, (unsigned long long)size / 8,
			(unsigned long long)bad.offset, (unsigned long long)bad.found,
			(unsigned long long)bad.expected);
}

void verify_checksum(const struct vuma_vm *vm, uint64_t va, uint64_t size, uint64_t start,
		     uint64_t step, const struct vuma_bo *result, uint64_t result_va)
{
	volatile uint64_t *sums = result->map;
	uint64_t a, b;

	vuma_pattern_checksum(size, start, step, &a, &b);
	sums[0] = ~a;
	sums[1] = ~b;
	run_cmd(vm, vuma_cmd_checksum(result_va, va, size));
	KT_EQ(sums[0], a);
	KT_EQ(sums[1], b);
}

unsigned long long page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

uint64_t page_word(unsigned int id, uint64_t page)
{
	return (uint64_t)(id + 1) << 48 | (page + 1);
}

void stamp_pages(void *mem, uint64_t pages, unsigned int id)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		*(volatile uint64_t *)((char *)mem + i * PAGE) = page_word(id, i);
}

void verify_pages(const void *mem, uint64_t pages, unsigned int id, uint64_t first)
{
	uint64_t i, found;

	for (i = 0; i < pages; i++) {
		found = *(const volatile uint64_t *)((const char *)mem + i * PAGE);
		if (found != page_word(id, first + i))
			KT_FAIL("page %llu of the mapping shows %#llx, expected page %llu (%#llx)",
				(unsigned long long)i, (unsigned long long)found,
				(unsigned long long)(first + i),
				(unsigned long long)page_word(id, first + i));
	}
}

static __thread sigjmp_buf access_env;
static __thread volatile sig_atomic_t access_signal;

static void on_access_signal(int sig)
{
	access_signal = sig;
	siglongjmp(access_env, 1);
}

static int try_access(volatile uint64_t *address, uint64_t *value, bool write)
{
	struct sigaction act = { .sa_handler = on_access_signal };
	struct sigaction old_bus, old_segv;

	access_signal = 0;
	sigaction(SIGBUS, &act, &old_bus);
	sigaction(SIGSEGV, &act, &old_segv);
	if (!sigsetjmp(access_env, 1)) {
		if (write)
			*address = *value;
		else
			*value = *address;
	}
	sigaction(SIGBUS, &old_bus, NULL);
	sigaction(SIGSEGV, &old_segv, NULL);
	return access_signal;
}

int try_read(const void *address, uint64_t *value)
{
	return try_access((volatile uint64_t *)address, value, false);
}

int try_write(void *address, uint64_t value)
{
	return try_access(address, &value, true);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void set_alarm(suseconds_t usecs)
{
	struct itimerval timer = { { .tv_usec = usecs }, { .tv_usec = usecs } };

	KT_SYS(setitimer(ITIMER_REAL, &timer, NULL));
}

void alarm_on(void)
{
	struct sigaction act = { .sa_handler = on_alarm };

	KT_SYS(sigaction(SIGALRM, &act, NULL));
	/* Again and again: the first may come before the call. */
	set_alarm(50000);
}

void alarm_off(void)
{
	set_alarm(0);
}

void *shared_memory(size_t size)
{
	return KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			      -1, 0));
}

pid_t fork_child(void)
{
	pid_t pid = fork();

	KT_SYS(pid);
	return pid;
}

void join_child(pid_t pid)
{
	int status;

	KT_SYS(waitpid(pid, &status, 0));
	if (WIFSIGNALED(status))
		KT_FAIL("child killed by signal %d", WTERMSIG(status));
	KT_EQ(WEXITSTATUS(status), 0);
}

void expect_error(int fd, unsigned long request, const void *args, size_t len, int error)
{
	unsigned char copy[256];

	KT_LE(len, sizeof(copy));
	memcpy(copy, args, len);
	KT_RET(vuma_ioctl(fd, request, copy), error);
	KT_EQ(memcmp(copy, args, len), 0);
}

void expect_each_bit(int fd, unsigned long request, void *args, size_t len, void *field,
		     size_t width, uint64_t valid, int error)
{
	unsigned char saved[8];
	unsigned int bit;

	memcpy(saved, field, width);
	for (bit = 0; bit < width * 8; bit++) {
		if (valid & 1ull << bit)
			continue;
		((unsigned char *)field)[bit / 8] |= 1u << bit % 8;
		expect_error(fd, request, args, len, error);
		memcpy(field, saved, width);
	}
}
