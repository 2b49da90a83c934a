// SPDX-License-Identifier: GPL-2.0
/* What is taken away comes back as it was, in every state a BO can be in. */
#include "gate.h"
#include "legacy.h"
#include "tenant.h"

#define SIZE	(2 * VUMA_MIB + 3 * PAGE)
#define MIB	VUMA_MIB

/* Both the BO and the result page, which is in the VM as well. */
static void evict(struct tenant *s)
{
	struct vuma_bo both[2] = { s->bo, s->out };

	arena_evict(&s->cg, both, 2);
	expect_evicted(&s->bo);
}

static void fill_by_cpu(struct tenant *s, uint64_t start)
{
	KT_OK(vuma_bo_map(&s->bo));
	vuma_pattern_fill(s->bo.map, s->bo.size, start, 7);
}

static void check_by_cpu(struct tenant *s, uint64_t start)
{
	KT_OK(vuma_bo_map(&s->bo));
	verify_pattern(s->bo.map, s->bo.size, start, 7);
}

static void fill_by_gpu(struct tenant *s, uint64_t start)
{
	run_cmd(&s->vm, vuma_cmd_fill(s->va, s->bo.size, start, 7));
}

static void check_by_gpu(struct tenant *s, uint64_t start)
{
	verify_checksum(&s->vm, s->va, s->bo.size, start, 7, &s->out, s->out_va);
}

static void idle(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct drm_vuma_bo_query q;

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_unmap(&s.bo));
	expect_untouched(&s.bo);
	evict(&s);
	q = bo_query(&s.bo);
	KT_EQ(q.evicted, s.bo.size);
	KT_EQ(q.restored, 0);
	check_by_cpu(&s, 1);
	q = bo_query(&s.bo);
	KT_EQ(q.resident, s.bo.size);
	KT_EQ(q.restored, s.bo.size);
	KT_EQ(q.status & (DRM_VUMA_BO_STATUS_EVICTED | DRM_VUMA_BO_STATUS_RESIDENT),
	      DRM_VUMA_BO_STATUS_RESIDENT);
}

static void cpu_mapped(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	int i;

	fill_by_cpu(&s, 1);
	for (i = 1; i < 4; i++) {
		evict(&s);
		KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_CPU_MAPPED,
		      DRM_VUMA_BO_STATUS_CPU_MAPPED);
		verify_pattern(s.bo.map, s.bo.size, i, 7);
		vuma_pattern_fill(s.bo.map, s.bo.size, i + 1, 7);
	}
	KT_EQ(bo_query(&s.bo).evicted, 3 * s.bo.size);
}

static void gpu_mapped(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	int i;

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_unmap(&s.bo));
	tenant_bind(&s);
	for (i = 1; i < 4; i++) {
		check_by_gpu(&s, i);
		KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED,
		      DRM_VUMA_BO_STATUS_GPU_MAPPED);
		evict(&s);
		check_by_gpu(&s, i);
		fill_by_gpu(&s, i + 1);
	}
	evict(&s);
	check_by_cpu(&s, i);
}

/* panthor-19: CPU residency does not make the GPU's view current. */
static void cpu_write_after_eviction(void)
{
	struct tenant s = tenant_new(SIZE, 0);

	tenant_bind(&s);
	fill_by_gpu(&s, 1);
	evict(&s);
	fill_by_cpu(&s, 2);
	KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
	check_by_gpu(&s, 2);
	KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, DRM_VUMA_BO_STATUS_GPU_MAPPED);
}

/* Dirty because a device wrote it, and for no other reason. */
static void written_by_gpu_only(void)
{
	struct tenant s = tenant_new(SIZE, 0);

	tenant_bind(&s);
	fill_by_gpu(&s, 3);
	evict(&s);
	check_by_cpu(&s, 3);
}

/* Once more after it came back clean: written by the next job only. */
static void written_by_gpu_after_restore(void)
{
	struct tenant s = tenant_new(SIZE, 0);

	tenant_bind(&s);
	fill_by_gpu(&s, 3);
	evict(&s);
	check_by_gpu(&s, 3);
	evict(&s);
	check_by_gpu(&s, 3);
	run_cmd(&s.vm, vuma_cmd_fill(s.va + PAGE, 8, 4711, 0));
	evict(&s);
	KT_OK(vuma_bo_map(&s.bo));
	KT_EQ(((volatile uint64_t *)s.bo.map)[PAGE / 8], 4711);
	verify_pattern(s.bo.map, PAGE, 3, 7);
}

/* Pages that were read stay clean until the first write to them. */
static void read_then_written_by_cpu(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	volatile uint64_t *word;
	uint64_t i;

	KT_OK(vuma_bo_map(&s.bo));
	verify_pattern(s.bo.map, s.bo.size, 0, 0);
	word = s.bo.map;
	for (i = 0; i < s.bo.size / PAGE; i += 3)
		word[i * PAGE / 8] = i + 1;
	evict(&s);
	for (i = 0; i < s.bo.size / PAGE; i++)
		KT_EQ(word[i * PAGE / 8], i % 3 ? 0 : i + 1);
	/* The same after it came back. */
	for (i = 1; i < s.bo.size / PAGE; i += 3)
		word[i * PAGE / 8] = i + 1;
	evict(&s);
	for (i = 0; i < s.bo.size / PAGE; i++)
		KT_EQ(word[i * PAGE / 8], i % 3 == 2 ? 0 : i + 1);
}

/* Through a mapping whose write permission came later. */
static void written_after_mprotect(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	uint64_t i;
	void *map;

	KT_OK(vuma_bo_mmap(s.fd, s.bo.handle, s.bo.size, PROT_READ, &map));
	verify_pattern(map, s.bo.size, 0, 0);
	KT_SYS(mprotect(map, s.bo.size, PROT_READ | PROT_WRITE));
	for (i = 0; i < s.bo.size; i += PAGE)
		*(volatile uint64_t *)((char *)map + i) = i + 1;
	evict(&s);
	for (i = 0; i < s.bo.size; i += PAGE)
		KT_EQ(*(volatile uint64_t *)((char *)map + i), i + 1);
}

static void never_written_zero(void)
{
	struct tenant s = tenant_new(SIZE, 0);

	KT_OK(vuma_bo_map(&s.bo));
	verify_pattern(s.bo.map, s.bo.size, 0, 0);
	arena_evict(&s.cg, &s.bo, 1);
	verify_pattern(s.bo.map, s.bo.size, 0, 0);
	tenant_bind(&s);
	verify_checksum(&s.vm, s.va, s.bo.size, 0, 0, &s.out, s.out_va);
	arena_evict(&s.cg, &s.bo, 1);
	verify_checksum(&s.vm, s.va, s.bo.size, 0, 0, &s.out, s.out_va);
}

/* panthor-87: a job in flight is not a READ or WRITE fence here. */
static void busy(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct gate gate = gate_new(s.fd);
	struct drm_vuma_cmd fill = vuma_cmd_fill(s.va, s.bo.size, 2, 7);

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_unmap(&s.bo));
	tenant_bind(&s);
	KT_OK(submit_after(&s.vm, &fill, 1, gate.in, 0));
	arena_squeeze(&s.cg, 64 * MIB);
	expect_untouched(&s.bo);
	gate_open(&gate);
	KT_OK(vuma_bo_wait(s.fd, s.bo.handle, 0, FOREVER));
	evict(&s);
	check_by_cpu(&s, 2);
}

/* Whoever was used longest ago goes first; that one in use must not end the search. */
static void busy_and_oldest(void)
{
	enum { COUNT = 4 };
	struct tenant s = tenant_new(SIZE, 0);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct gate gate = gate_new(s.fd);
	struct vuma_bo bos[COUNT];
	unsigned int evicted = 0;
	uint64_t word;
	int i;

	for (i = 0; i < COUNT; i++) {
		struct vuma_vm vm = vm_new(s.fd);

		bos[i] = bo_new_mapped(s.fd, 2 * MIB, 0);
		vuma_pattern_fill(bos[i].map, bos[i].size, i, 3);
		KT_OK(vuma_vm_map(&vm, bos[i].handle, s.va, 0, bos[i].size, 0));
		run_cmd(&vm, vuma_cmd_nop());
	}
	tenant_bind(&s);
	KT_OK(submit_after(&s.vm, &nop, 1, gate.in, 0));
	/* A fault makes the others younger. */
	for (i = 0; i < COUNT; i++) {
		KT_OK(vuma_bo_unmap(&bos[i]));
		KT_OK(vuma_bo_map(&bos[i]));
		KT_EQ(try_read(bos[i].map, &word), 0);
	}
	/* Once for the second chance of each, once to find them. */
	arena_squeeze(&s.cg, MIB);
	arena_squeeze(&s.cg, MIB);
	for (i = 0; i < COUNT; i++)
		evicted += bo_query(&bos[i]).evictions;
	KT_GE(evicted, 1);
	KT_EQ(bo_query(&s.bo).evictions, 0);
	gate_open(&gate);
	for (i = 0; i < COUNT; i++)
		verify_pattern(bos[i].map, bos[i].size, i, 3);
}

/* A job that waits for its turn counts as much as a running one. */
static void queued(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct drm_vuma_cmd fill = vuma_cmd_fill(s.va, s.bo.size, 2, 7);
	struct gate gate;

	tenant_bind(&s);
	fill_by_gpu(&s, 1);
	gate = gate_busy();
	KT_OK(vuma_submit_one(s.fd, s.vm.id, &fill, 1, 0));
	arena_squeeze(&s.cg, 64 * MIB);
	expect_untouched(&s.bo);
	gate_open(&gate);
	check_by_gpu(&s, 2);
}

/* Everything a client may do to a BO that is not there. */
static void evicted_takes_all_ioctls(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	int dmabuf, other = dev_open(0);
	struct vuma_bo there;
	uint64_t offset;
	void *map;

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_unmap(&s.bo));
	evict(&s);
	KT_OK(vuma_bo_set_label(s.fd, s.bo.handle, "evicted"));
	KT_OK(vuma_bo_wait(s.fd, s.bo.handle, 0, 0));
	KT_OK(vuma_bo_mmap_offset(s.fd, s.bo.handle, &offset));
	dmabuf = export_bo(&s.bo);
	there = import_bo(other, dmabuf, s.bo.size);
	map = KT_MAPPED(mmap(NULL, s.bo.size, PROT_READ, MAP_SHARED, dmabuf, 0));
	tenant_bind(&s);
	/* None of these has brought it back. */
	expect_evicted(&s.bo);
	expect_evicted(&there);
	verify_pattern(map, s.bo.size, 1, 7);
	check_by_gpu(&s, 1);
	evict(&s);
	/* Gone without having come back. */
	KT_OK(vuma_bo_close(other, there.handle));
	KT_SYS(munmap(map, s.bo.size));
	KT_SYS(close(dmabuf));
	KT_OK(vuma_vm_unmap(&s.vm, s.va, s.bo.size));
	KT_OK(vuma_bo_fini(&s.bo));
}

static void import_of_evicted(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct vuma_bo there, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
	int dmabuf;

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_unmap(&s.bo));
	evict(&s);
	dmabuf = export_bo(&s.bo);
	there = import_bo(dev_open(1), dmabuf, s.bo.size);
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, PAGE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	verify_checksum(&vm, va, s.bo.size, 1, 7, &out, out_va);
	/* What is pinned cannot be taken from another device either. */
	KT_OK(vuma_scanout_pin(s.fd, s.bo.handle));
	arena_squeeze(&s.cg, 64 * MIB);
	KT_EQ(bo_query(&s.bo).resident, s.bo.size);
	KT_EQ(bo_query(&s.bo).evicted, s.bo.size);
	run_cmd(&vm, vuma_cmd_fill(va, s.bo.size, 2, 7));
	/* And can, once it is not any more. */
	KT_OK(vuma_scanout_unpin(s.fd, s.bo.handle));
	KT_SYS(close(dmabuf));
	KT_OK(vuma_vm_fini(&vm));
	/* A mapping keeps the file open. */
	KT_OK(vuma_bo_unmap(&out));
	KT_SYS(close(there.fd));
	tenant_wait_unpinned(&s);
	evict(&s);
	check_by_cpu(&s, 2);
}

/* Two devices map it, by VM_BIND and by an address of the kernel's, and both lose it. */
static void import_goes_with_export(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct vuma_bo there, again, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
	int dmabuf, i;

	need_devices(2);
	tenant_bind(&s);
	dmabuf = export_bo(&s.bo);
	there = import_bo(dev_open(1), dmabuf, s.bo.size);
	again = import_bo(dev_open(1), dmabuf, s.bo.size);
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, PAGE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	for (i = 0; i < 3; i++) {
		fill_by_gpu(&s, 2 * i);
		verify_checksum(&vm, va, s.bo.size, 2 * i, 7, &out, out_va);
		/* The import's page tables were the last that pointed there. */
		run_cmd(&vm, vuma_cmd_fill(va, s.bo.size, 2 * i + 1, 7));
		evict(&s);
		KT_EQ(bo_status(&there) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
		if (i == 1)
			check_by_gpu(&s, 2 * i + 1);
		verify_checksum(&vm, va, s.bo.size, 2 * i + 1, 7, &out, out_va);
		evict(&s);
		legacy_expect(&again, 2 * i + 1);
	}
	check_by_gpu(&s, 2 * i - 1);
}

/* panthor-13, -19: evict, CPU touch, evict, all without the GPU. */
static void cpu_touch_between_evictions(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	int i;

	tenant_bind(&s);
	fill_by_gpu(&s, 1);
	for (i = 0; i < 3; i++) {
		evict(&s);
		check_by_cpu(&s, 1);
		KT_EQ(bo_status(&s.bo) & DRM_VUMA_BO_STATUS_GPU_MAPPED, 0);
	}
	check_by_gpu(&s, 1);
}

/* panthor-14, -15: another va of a BO that is evicted already. */
static void bound_while_evicted(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	uint64_t second = s.va + VUMA_GIB;

	tenant_bind(&s);
	fill_by_gpu(&s, 1);
	evict(&s);
	KT_OK(vuma_vm_map(&s.vm, s.bo.handle, second, 0, s.bo.size, 0));
	arena_squeeze(&s.cg, 64 * MIB);
	check_by_gpu(&s, 1);
	verify_checksum(&s.vm, second, s.bo.size, 1, 7, &s.out, s.out_va);
	run_cmd(&s.vm, vuma_cmd_fill(second, s.bo.size, 2, 7));
	evict(&s);
	check_by_gpu(&s, 2);
	verify_checksum(&s.vm, second, s.bo.size, 2, 7, &s.out, s.out_va);
	evict(&s);
	KT_OK(vuma_vm_unmap(&s.vm, second, s.bo.size));
	check_by_gpu(&s, 2);
}

/* panthor-16: one VM has it back, the other does not. */
static void several_vms(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	struct vuma_vm second = vm_new(s.fd);
	int i;

	tenant_bind(&s);
	KT_OK(vuma_vm_map(&second, s.bo.handle, s.va + MIB, 0, s.bo.size, 0));
	KT_OK(vuma_vm_map(&second, s.out.handle, s.out_va, 0, PAGE, 0));
	for (i = 0; i < 3; i++) {
		fill_by_gpu(&s, i);
		verify_checksum(&second, s.va + MIB, s.bo.size, i, 7, &s.out, s.out_va);
		evict(&s);
		check_by_gpu(&s, i);
		evict(&s);
		verify_checksum(&second, s.va + MIB, s.bo.size, i, 7, &s.out, s.out_va);
		check_by_gpu(&s, i);
	}
}

/* panthor-56, -58: split what is not there. */
static void split_while_evicted(void)
{
	struct tenant s = tenant_new(4 * MIB, DRM_VUMA_BO_HUGE);
	struct drm_vuma_cmd cmd;
	uint64_t words = MIB / 8;

	tenant_bind(&s);
	fill_by_gpu(&s, 0);
	evict(&s);
	KT_OK(vuma_vm_unmap(&s.vm, s.va + MIB, 2 * MIB));
	expect_evicted(&s.bo);
	verify_checksum(&s.vm, s.va, MIB, 0, 7, &s.out, s.out_va);
	verify_checksum(&s.vm, s.va + 3 * MIB, MIB, 3 * words * 7, 7, &s.out, s.out_va);
	cmd = vuma_cmd_fill(s.va + 2 * MIB - 8, 16, 0, 0);
	run_faulting(&s.vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, s.va + 2 * MIB - 8);
	/* Over the middle of what is left, with another part of the same BO. */
	evict(&s);
	KT_OK(vuma_vm_map(&s.vm, s.bo.handle, s.va + 4 * PAGE, 2 * MIB, 8 * PAGE, 0));
	expect_evicted(&s.bo);
	verify_checksum(&s.vm, s.va, 4 * PAGE, 0, 7, &s.out, s.out_va);
	verify_checksum(&s.vm, s.va + 4 * PAGE, 8 * PAGE, 2 * words * 7, 7, &s.out, s.out_va);
	verify_checksum(&s.vm, s.va + 12 * PAGE, MIB - 12 * PAGE, 12 * PAGE / 8 * 7, 7, &s.out,
			s.out_va);
}

/* uma-B1 and panthor-75 again: refaults must not be wrong either. */
static void split_vma(void)
{
	struct tenant s = tenant_new(64 * PAGE, 0);
	char *map;
	int i;

	KT_OK(vuma_bo_map(&s.bo));
	stamp_pages(s.bo.map, 64, 0);
	map = s.bo.map;
	verify_pages(map, 64, 0, 0);
	KT_SYS(mprotect(map + 2 * PAGE, 2 * PAGE, PROT_READ));
	KT_SYS(munmap(map + 20 * PAGE, 5 * PAGE));
	for (i = 0; i < 3; i++) {
		evict(&s);
		verify_pages(map + 25 * PAGE, 39, 0, 25);
		verify_pages(map, 20, 0, 0);
	}
}

/* panthor-78: dma-buf mappings are zapped like all others. */
static void dmabuf_mapping(void)
{
	struct tenant s = tenant_new(64 * PAGE, 0);
	int dmabuf = export_bo(&s.bo);
	char *map;

	map = KT_MAPPED(mmap(NULL, 60 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf,
			     4 * PAGE));
	KT_OK(vuma_bo_map(&s.bo));
	stamp_pages(s.bo.map, 64, 0);
	verify_pages(map, 60, 0, 4);
	evict(&s);
	stamp_pages(s.bo.map, 64, 1);
	verify_pages(map, 60, 1, 4);
	evict(&s);
	*(volatile uint64_t *)map = page_word(2, 4);
	verify_pages((char *)s.bo.map + 4 * PAGE, 1, 2, 4);
	verify_pages((char *)s.bo.map + 5 * PAGE, 59, 1, 5);
}

static void forked(void)
{
	struct tenant s = tenant_new(SIZE, 0);
	int go[2], done[2], i;
	char byte = 0;
	pid_t pid;

	KT_SYS(pipe(go));
	KT_SYS(pipe(done));
	fill_by_cpu(&s, 1);
	pid = fork_child();
	if (!pid) {
		for (i = 1; i < 4; i++) {
			if (read(go[0], &byte, 1) != 1)
				_exit(2);
			verify_pattern(s.bo.map, s.bo.size, i, 7);
			if (write(done[1], &byte, 1) != 1)
				_exit(3);
		}
		_exit(0);
	}
	/* So that a child that failed is seen as the end of the pipe. */
	close(done[1]);
	for (i = 1; i < 4; i++) {
		vuma_pattern_fill(s.bo.map, s.bo.size, i, 7);
		evict(&s);
		KT_EQ(write(go[1], &byte, 1), 1);
		KT_EQ(read(done[0], &byte, 1), 1);
		verify_pattern(s.bo.map, s.bo.size, i, 7);
	}
	join_child(pid);
}

static void huge(void)
{
	struct tenant s = tenant_new((ktap_slow() > 1 ? 4 : 8) * MIB, DRM_VUMA_BO_HUGE);
	int i;

	tenant_bind(&s);
	fill_by_cpu(&s, 1);
	for (i = 1; i < 3; i++) {
		check_by_gpu(&s, i);
		evict(&s);
		check_by_cpu(&s, i);
		fill_by_gpu(&s, i + 1);
		evict(&s);
		check_by_gpu(&s, i + 1);
	}
}

static void many_small(void)
{
	const int count = ktap_slow() > 1 ? 100 : 600;
	struct tenant s = tenant_new(PAGE, 0);
	struct vuma_bo *bos = calloc(count, sizeof(*bos));
	int i, round;

	KT_TRUE(bos);
	for (i = 0; i < count; i++) {
		bos[i] = bo_new_mapped(s.fd, PAGE, 0);
		vuma_pattern_fill(bos[i].map, PAGE, i, 3);
		KT_OK(vuma_vm_map(&s.vm, bos[i].handle, s.va + i * PAGE, 0, PAGE, 0));
	}
	for (round = 0; round < 2; round++) {
		run_cmd(&s.vm, vuma_cmd_nop());
		arena_evict(&s.cg, bos, count);
		/* All of them come back for one job. */
		for (i = 0; i < count; i += 50)
			verify_checksum(&s.vm, s.va + i * PAGE, PAGE, i, 3, &s.out, s.out_va);
		for (i = 0; i < count; i++)
			verify_pattern(bos[i].map, PAGE, i, 3);
	}
	free(bos);
}

/* Or what reclaim asks for before the first has answered goes, too. */
static void device_need_not_answer(int fd)
{
	FILE *file = open_debugfs(fd, "evict-ms", "w");

	if (!file)
		return;
	KT_TRUE(fputs("0", file) != EOF);
	KT_EQ(fclose(file), 0);
}

/* panthor-23: what was used last goes last. */
static void least_recently_used_first(void)
{
	enum { COUNT = 6 };
	struct tenant s = tenant_new(PAGE, 0);
	struct vuma_bo bos[COUNT];
	unsigned int evicted = 0, tries;
	int i;

	device_need_not_answer(s.fd);
	for (i = 0; i < COUNT; i++) {
		bos[i] = bo_new_mapped(s.fd, 512 * PAGE, 0);
		vuma_pattern_fill(bos[i].map, bos[i].size, i, 3);
		KT_OK(vuma_bo_unmap(&bos[i]));
	}
	for (i = 0; i < COUNT; i++) {
		struct vuma_vm vm = vm_new(s.fd);

		KT_OK(vuma_vm_map(&vm, bos[i].handle, s.va, 0, bos[i].size, 0));
		run_cmd(&vm, vuma_cmd_nop());
		/* The first one again, after all others. */
		if (i == COUNT - 1) {
			vm = vm_new(s.fd);
			KT_OK(vuma_vm_map(&vm, bos[0].handle, s.va, 0, bos[0].size, 0));
			run_cmd(&vm, vuma_cmd_nop());
		}
	}
	for (tries = 0; tries < 200 && !evicted; tries++) {
		arena_squeeze(&s.cg, 64 * PAGE);
		for (i = 0; i < COUNT; i++)
			evicted += bo_query(&bos[i]).evictions;
	}
	for (i = 0; i < COUNT && bo_query(&bos[0]).evictions; i++)
		ktap_note("buffer %d: %u evictions", i, bo_query(&bos[i]).evictions);
	KT_GE(evicted, 1);
	KT_LT(evicted, COUNT);
	KT_EQ(bo_query(&bos[0]).evictions, 0);
}

static void counters_in_fdinfo(void)
{
	struct tenant s = tenant_new(SIZE, 0);

	fill_by_cpu(&s, 1);
	KT_OK(vuma_bo_fini(&s.out));
	KT_OK(vuma_vm_fini(&s.vm));
	arena_evict(&s.cg, &s.bo, 1);
	KT_EQ(fdinfo(s.fd, "drm-resident-memory"), 0);
	KT_EQ(fdinfo(s.fd, "vuma-evicted-memory"), s.bo.size);
	KT_EQ(fdinfo(s.fd, "vuma-evicted-total"), bo_query(&s.bo).evicted);
	check_by_cpu(&s, 1);
	KT_EQ(fdinfo(s.fd, "drm-resident-memory"), s.bo.size);
	KT_EQ(fdinfo(s.fd, "vuma-evicted-memory"), 0);
	KT_EQ(fdinfo(s.fd, "vuma-restored-total"), bo_query(&s.bo).restored);
	KT_EQ(bo_query(&s.bo).restored, s.bo.size);
}

static void counters_of_bo(void)
{
	struct tenant s = tenant_new(PAGE, 0);
	uint32_t i;

	KT_OK(vuma_bo_map(&s.bo));
	for (i = 1; i <= 5; i++) {
		*(volatile uint64_t *)s.bo.map = i;
		arena_evict(&s.cg, &s.bo, 1);
		KT_EQ(bo_query(&s.bo).evictions, i);
		KT_EQ(bo_query(&s.bo).evicted, i * PAGE);
		KT_EQ(*(volatile uint64_t *)s.bo.map, i);
		KT_EQ(bo_query(&s.bo).restored, i * PAGE);
	}
}

static const struct ktap_test tests[] = {
	{ .name = "reclaim_idle_is_evicted_and_survives", .run = idle },
	{ .name = "reclaim_cpu_mapped_is_evicted_and_survives", .run = cpu_mapped },
	{ .name = "reclaim_gpu_mapped_is_evicted_and_survives", .run = gpu_mapped },
	{ .name = "reclaim_gpu_sees_cpu_write_after_eviction_panthor-19",
	  .run = cpu_write_after_eviction },
	{ .name = "reclaim_content_written_by_gpu_only_survives", .run = written_by_gpu_only },
	{ .name = "reclaim_content_written_by_gpu_after_restore_survives",
	  .run = written_by_gpu_after_restore },
	{ .name = "reclaim_content_written_after_read_survives", .run = read_then_written_by_cpu },
	{ .name = "reclaim_content_written_after_mprotect_survives",
	  .run = written_after_mprotect },
	{ .name = "reclaim_never_written_reads_zero", .run = never_written_zero },
	{ .name = "reclaim_busy_is_not_evicted_panthor-87", .run = busy },
	{ .name = "reclaim_busy_and_oldest_does_not_shield_the_others", .run = busy_and_oldest },
	{ .name = "reclaim_queued_is_not_evicted_panthor-87", .run = queued },
	{ .name = "reclaim_evicted_takes_all_ioctls_panthor-7", .run = evicted_takes_all_ioctls },
	{ .name = "reclaim_import_restores_and_pins_panthor-7", .run = import_of_evicted },
	{ .name = "reclaim_import_is_evicted_with_its_export_panthor-14",
	  .run = import_goes_with_export },
	{ .name = "reclaim_cpu_touch_between_evictions_panthor-13",
	  .run = cpu_touch_between_evictions },
	{ .name = "reclaim_bound_while_evicted_panthor-14_panthor-15", .run = bound_while_evicted },
	{ .name = "reclaim_buffer_in_several_vms_panthor-16", .run = several_vms },
	{ .name = "reclaim_va_split_while_evicted_panthor-56_panthor-58",
	  .run = split_while_evicted },
	{ .name = "reclaim_vma_split_refaults_right_uma-B1_panthor-75", .run = split_vma },
	{ .name = "reclaim_dmabuf_mapping_is_zapped_panthor-78", .run = dmabuf_mapping },
	{ .name = "reclaim_forked_mapping_refaults", .run = forked },
	{ .name = "reclaim_huge_survives", .run = huge },
	{ .name = "reclaim_many_small_survive", .run = many_small },
	{ .name = "reclaim_least_recently_used_first_panthor-23",
	  .run = least_recently_used_first },
	{ .name = "reclaim_counters_in_fdinfo", .run = counters_in_fdinfo },
	{ .name = "reclaim_counters_of_the_buffer", .run = counters_of_bo },
};

TEST_PROGRAM(tests, arena_cleanup);
