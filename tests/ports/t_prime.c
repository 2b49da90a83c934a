// SPDX-License-Identifier: GPL-2.0
/* Buffers that are lent to other drivers, and theirs. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "file.h"
#include "port.h"
#include "vuma_client.h"

#define SIZE	(64 * PAGE)

/* vuma's engine counts in words of 64 bits, so both write and read what the other does. */
#define STEP	(2 * 0x100000001ull)
#define FIRST	0x0000000100000000ull

static int vuma_new(struct vuma_vm *vm)
{
	int fd = vuma_open("vuma", 0, VUMA_NODE_RENDER);

	KT_GE(fd, 0);
	KT_OK(vuma_vm_init(vm, fd));
	return fd;
}

static void vuma_fills(struct vuma_vm *vm, uint32_t handle, uint32_t value)
{
	struct vuma_bo bo = { .fd = vm->fd, .handle = handle, .size = SIZE };
	struct drm_vuma_cmd cmd;
	uint64_t va;

	KT_OK(vuma_vm_map_bo(vm, &bo, &va));
	cmd = vuma_cmd_fill(va, SIZE, FIRST + (uint64_t)value * 0x100000001ull, STEP);
	KT_OK(vuma_exec(vm->fd, vm->id, &cmd, 1));
}

/* Where all memory is copied for devices, vuma takes none of others: it would keep the copy. */
static void need_no_copies(int ret)
{
	if (ret == -EIO && memory_is_copied())
		KT_SKIP("vuma imports no memory that is copied for it");
}

static void vuma_sums(struct vuma_vm *vm, uint32_t handle, const uint32_t *want)
{
	struct vuma_bo bo = { .fd = vm->fd, .handle = handle, .size = SIZE }, out;
	uint64_t va, out_va, a = 0, b = 0;
	struct drm_vuma_cmd cmd;
	int ret;

	KT_OK(vuma_bo_init(&out, vm->fd, PAGE, 0));
	KT_OK(vuma_bo_map(&out));
	KT_OK(vuma_vm_map_bo(vm, &bo, &va));
	KT_OK(vuma_vm_map_bo(vm, &out, &out_va));
	cmd = vuma_cmd_checksum(out_va, va, SIZE);
	ret = vuma_exec(vm->fd, vm->id, &cmd, 1);
	need_no_copies(ret);
	KT_OK(ret);
	vuma_checksum(want, SIZE, &a, &b);
	KT_EQ(((volatile uint64_t *)out.map)[0], a);
	KT_EQ(((volatile uint64_t *)out.map)[1], b);
}

void prime_itself(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE), same, other;
	int dmabuf = bo_export(&bo);

	same = bo_import(bo.fd, dmabuf, SIZE);
	KT_EQ(same.handle, bo.handle);
	other = bo_import(port_open(), dmabuf, SIZE);
	/* It is the same object, also where that is not asked for. */
	other.offset = bo.offset;
	bo_map(&other);
	fill(bo.map, SIZE, 7);
	verify(other.map, SIZE, 7);
}

void prime_to_vuma(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE);
	struct vuma_vm vm;
	int fd = vuma_new(&vm);
	uint32_t handle;

	fill(bo.map, SIZE, 100);
	KT_OK(vuma_prime_import(fd, bo_export(&bo), &handle));
	vuma_sums(&vm, handle, bo.map);
	vuma_fills(&vm, handle, 500);
	verify(bo.map, SIZE, 500);
	if (port->nr_queues) {
		const struct port_bo *bos[] = { &bo };
		struct engine_cmd cmds[] = { cmd_check(&bo, 500), cmd_fill(&bo, 900) };

		run(cmds, 2, bos, 1);
		vuma_sums(&vm, handle, bo.map);
		verify(bo.map, SIZE, 900);
	}
}

void prime_from_vuma(void)
{
	struct vuma_bo theirs;
	struct vuma_vm vm;
	struct port_bo bo;
	int dmabuf, again;
	uint32_t *map;

	need_import();
	KT_OK(vuma_bo_init(&theirs, vuma_new(&vm), SIZE, 0));
	vuma_fills(&vm, theirs.handle, 300);
	dmabuf = vuma_prime_export(theirs.fd, theirs.handle, O_CLOEXEC | O_RDWR);
	KT_GE(dmabuf, 0);
	bo = bo_import(port_open(), dmabuf, SIZE);
	/* Exported once more it is the same. */
	again = port->no_reexport ? dmabuf : bo_export(&bo);
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, again, 0);
	KT_TRUE(map != MAP_FAILED);
	verify(map, SIZE, 300);
	if (port->nr_queues) {
		const struct port_bo *bos[] = { &bo };
		struct engine_cmd cmds[] = { cmd_check(&bo, 300), cmd_fill(&bo, 400) };

		run(cmds, 2, bos, 1);
		verify(map, SIZE, 400);
	}
	bo_close(&bo);
	vuma_fills(&vm, theirs.handle, 600);
	verify(map, SIZE, 600);
}

/* The dma-buf is all that is left of a file. */
void prime_outlives_the_file(void)
{
	struct port_bo bo = bo_new_mapped(port_open(), SIZE);
	int dmabuf = bo_export(&bo);
	struct vuma_vm vm;
	uint32_t handle;
	uint32_t *map;

	fill(bo.map, SIZE, 5);
	bo_close(&bo);
	KT_SYS(close(bo.fd));
	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	KT_TRUE(map != MAP_FAILED);
	KT_OK(vuma_prime_import(vuma_new(&vm), dmabuf, &handle));
	KT_SYS(close(dmabuf));
	vuma_sums(&vm, handle, map);
	vuma_fills(&vm, handle, 8);
	verify(map, SIZE, 8);
}
