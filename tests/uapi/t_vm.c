// SPDX-License-Identifier: GPL-2.0
#include "common.h"
#include "gate.h"

#define BOS	3
#define WINDOW	48		/* pages that the models watch */
#define BASE	0x40000000ull
#define BIND	DRM_IOCTL_VUMA_VM_BIND

/* A VM, and what each page of the window should show. */
struct model {
	int fd;
	struct vuma_vm vm;
	struct vuma_bo bo[BOS];
	struct vuma_bo out;
	uint64_t out_va;
	struct {
		int bo;		/* -1: nothing */
		uint64_t page;
		bool readonly;
	} page[WINDOW];
};

static void model_init(struct model *m, int fd)
{
	int i;

	memset(m, 0, sizeof(*m));
	m->fd = fd;
	m->vm = vm_new(fd);
	for (i = 0; i < BOS; i++) {
		m->bo[i] = bo_new_mapped(fd, WINDOW * PAGE, 0);
		stamp_pages(m->bo[i].map, WINDOW, i);
	}
	m->out = bo_new_mapped(fd, WINDOW * 8, 0);
	m->out_va = BASE + 4096 * PAGE;
	KT_OK(vuma_vm_map(&m->vm, m->out.handle, m->out_va, 0, m->out.size, 0));
	for (i = 0; i < WINDOW; i++)
		m->page[i].bo = -1;
}

/* Enter into the model what an op does. */
static void model_apply(struct model *m, const struct drm_vuma_bind_op *op)
{
	uint64_t first = (op->va - BASE) / PAGE, i;
	int bo;

	for (i = 0; i < op->range / PAGE; i++) {
		m->page[first + i].bo = -1;
		if (op->op == DRM_VUMA_BIND_UNMAP)
			continue;
		for (bo = 0; bo < BOS; bo++)
			if (m->bo[bo].handle == op->handle)
				m->page[first + i].bo = bo;
		m->page[first + i].page = op->bo_offset / PAGE + i;
		m->page[first + i].readonly = op->flags & DRM_VUMA_BIND_READONLY;
	}
}

static struct drm_vuma_bind_op model_map(const struct model *m, int bo, uint64_t at,
					 uint64_t bo_page, uint64_t pages)
{
	return vuma_op_map(m->bo[bo].handle, BASE + at * PAGE, bo_page * PAGE, pages * PAGE, 0);
}

static struct drm_vuma_bind_op model_unmap(uint64_t at, uint64_t pages)
{
	return vuma_op_unmap(BASE + at * PAGE, pages * PAGE);
}

static void model_do(struct model *m, const struct drm_vuma_bind_op *ops, uint32_t count)
{
	uint32_t i, done;

	KT_OK(vuma_vm_bind(m->fd, m->vm.id, ops, count, &done));
	KT_EQ(done, count);
	for (i = 0; i < count; i++)
		model_apply(m, &ops[i]);
}

/* All mapped pages of [first, first + count) in one job, read by the GPU. */
static void check_mapped(struct model *m, unsigned int first, unsigned int count)
{
	struct drm_vuma_cmd cmds[WINDOW];
	volatile uint64_t *out = m->out.map;
	unsigned int i, n = 0;

	for (i = first; i < first + count; i++) {
		out[i] = ~0ull;
		if (m->page[i].bo >= 0)
			cmds[n++] = vuma_cmd_copy(m->out_va + i * 8, BASE + i * PAGE, 8);
	}
	if (!n)
		return;
	run_cmds(&m->vm, cmds, n);
	for (i = first; i < first + count; i++) {
		uint64_t want = m->page[i].bo < 0 ? ~0ull :
				page_word(m->page[i].bo, m->page[i].page);

		if (out[i] != want)
			KT_FAIL("address %#llx shows %#llx, expected %#llx",
				BASE + i * PAGE, (unsigned long long)out[i],
				(unsigned long long)want);
	}
}

static void check_hole(struct model *m, unsigned int i)
{
	struct drm_vuma_cmd cmd = vuma_cmd_copy(m->out_va, BASE + i * PAGE, 8);

	run_faulting(&m->vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, BASE + i * PAGE);
}

/* Everything, with each hole as a fault of its own. */
static void check_all(struct model *m, unsigned int first, unsigned int count)
{
	unsigned int i;

	check_mapped(m, first, count);
	for (i = first; i < first + count; i++)
		if (m->page[i].bo < 0)
			check_hole(m, i);
}

/*
 * The cases of the drm_gpuvm documentation are all positions of a request against
 * an existing mapping: all of them in 5 pages, for each kind of request. 4 pages
 * still have every way in which two ranges can meet.
 */
enum split_kind {
	SPLIT_UNMAP,
	SPLIT_CONTIGUOUS,	/* the same BO, as if it had been one mapping */
	SPLIT_SAME_BO,		/* the same BO, elsewhere in it */
	SPLIT_OTHER_BO,
};

#define SMALL	(ktap_slow() > 1 ? 4u : 5u)

static struct drm_vuma_bind_op split_request(const struct model *m, enum split_kind kind,
					     unsigned int first, unsigned int end)
{
	switch (kind) {
	case SPLIT_UNMAP:
		return model_unmap(first, end - first);
	case SPLIT_CONTIGUOUS:
		return model_map(m, 0, first, first, end - first);
	case SPLIT_SAME_BO:
		return model_map(m, 0, first, 10 + first, end - first);
	default:
		return model_map(m, 1, first, 20 + first, end - first);
	}
}

/* A mapping of pages [a, b) meets a request for [c, d). */
static void split_case(struct model *m, enum split_kind kind, unsigned int a, unsigned int b,
		       unsigned int c, unsigned int d)
{
	struct drm_vuma_bind_op before[2] = {
		model_unmap(0, SMALL), model_map(m, 0, a, a, b - a),
	};
	struct drm_vuma_bind_op request = split_request(m, kind, c, d);
	unsigned int i;

	model_do(m, before, 2);
	/* So that there are live page-table entries. */
	check_mapped(m, 0, SMALL);
	model_do(m, &request, 1);
	check_mapped(m, 0, SMALL);
	for (i = 0; i < SMALL; i++)
		if (m->page[i].bo < 0 && (i + c) % 3 == 0)
			check_hole(m, i);
}

static void split_cases(intptr_t kind)
{
	unsigned int a, b, c, d;
	struct model m;

	model_init(&m, dev_open(0));
	for (a = 0; a < SMALL; a++)
		for (b = a + 1; b <= SMALL; b++)
			for (c = 0; c < SMALL; c++)
				for (d = c + 1; d <= SMALL; d++)
					split_case(&m, kind, a, b, c, d);
}

static void readonly(void)
{
	struct model m;
	struct drm_vuma_bind_op op;
	struct drm_vuma_cmd cmd;
	int i;

	model_init(&m, dev_open(0));
	op = model_map(&m, 0, 0, 0, 8);
	op.flags = DRM_VUMA_BIND_READONLY;
	model_do(&m, &op, 1);
	check_mapped(&m, 0, 8);
	/* Splits keep it, replacements do not. */
	op = model_map(&m, 1, 3, 3, 2);
	model_do(&m, &op, 1);
	for (i = 0; i < 8; i++) {
		cmd = vuma_cmd_fill(BASE + i * PAGE, 8, page_word(i == 3 || i == 4, i), 0);
		if (i == 3 || i == 4)
			run_cmd(&m.vm, cmd);
		else
			run_faulting(&m.vm, &cmd, 1, DRM_VUMA_FAULT_WRITE, BASE + i * PAGE);
	}
	check_mapped(&m, 0, 8);
	/* And back to writable. */
	op = model_map(&m, 0, 0, 0, 8);
	model_do(&m, &op, 1);
	for (i = 0; i < 8; i++)
		run_cmd(&m.vm, vuma_cmd_fill(BASE + i * PAGE, 8, page_word(0, i), 0));
	check_mapped(&m, 0, 8);
}

static void one_bo_many_vms(void)
{
	enum { VMS = 8 };
	int fd = dev_open(0), i, k;
	struct vuma_bo bo = bo_new_mapped(fd, 16 * PAGE, 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	volatile uint64_t *word = out.map;
	struct vuma_vm vm[VMS];
	uint64_t out_va = BASE + 4096 * PAGE;
	struct drm_vuma_cmd cmd;

	stamp_pages(bo.map, 16, 0);
	for (i = 0; i < VMS; i++) {
		vm[i] = vm_new(fd);
		KT_OK(vuma_vm_map(&vm[i], out.handle, out_va, 0, PAGE, 0));
		KT_OK(vuma_vm_map(&vm[i], bo.handle, BASE + i * PAGE, i * PAGE, PAGE, 0));
	}
	for (i = 0; i < VMS; i++) {
		run_cmd(&vm[i], vuma_cmd_copy(out_va, BASE + i * PAGE, 8));
		KT_EQ(word[0], page_word(0, i));
		/* Addresses of the others mean nothing here. */
		k = (i + 1) % VMS;
		cmd = vuma_cmd_copy(out_va, BASE + k * PAGE, 8);
		run_faulting(&vm[i], &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, BASE + k * PAGE);
	}
	for (i = 0; i < VMS; i += 2)
		KT_OK(vuma_vm_unmap(&vm[i], BASE, VMS * PAGE));
	for (i = 0; i < VMS; i++) {
		cmd = vuma_cmd_copy(out_va, BASE + i * PAGE, 8);
		if (i % 2)
			run_cmd(&vm[i], cmd);
		else
			run_faulting(&vm[i], &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, BASE + i * PAGE);
	}
}

static void aliases(void)
{
	struct model m;
	struct drm_vuma_bind_op ops[2];
	volatile uint64_t *page;

	model_init(&m, dev_open(0));
	ops[0] = model_map(&m, 0, 0, 4, 4);
	ops[1] = model_map(&m, 0, 8, 4, 4);
	model_do(&m, ops, 2);
	check_mapped(&m, 0, WINDOW);
	run_cmd(&m.vm, vuma_cmd_fill(BASE, 8, page_word(2, 40), 0));
	page = (volatile uint64_t *)((char *)m.bo[0].map + 4 * PAGE);
	KT_EQ(*page, page_word(2, 40));
	run_cmd(&m.vm, vuma_cmd_copy(m.out_va, BASE + 8 * PAGE, 8));
	KT_EQ(*(volatile uint64_t *)m.out.map, page_word(2, 40));
	*page = page_word(0, 4);
	ops[0] = model_unmap(0, 4);
	model_do(&m, ops, 1);
	check_all(&m, 0, 12);
}

static void closed_handle_stays_mapped(void)
{
	struct model m;
	struct drm_vuma_bind_op op;

	model_init(&m, dev_open(0));
	op = model_map(&m, 0, 0, 0, 16);
	model_do(&m, &op, 1);
	KT_OK(vuma_bo_unmap(&m.bo[0]));
	KT_OK(vuma_bo_close(m.fd, m.bo[0].handle));
	check_mapped(&m, 0, 16);
	/* The last reference goes with this. */
	op = model_unmap(0, 16);
	model_do(&m, &op, 1);
	check_all(&m, 0, 4);
}

/* GPU pages by which address and offset are not aligned. */
#define MAX_SHIFT		64
#define SHIFTS(_va, _bo)	((_va) + MAX_SHIFT * (_bo))

/* Leaves of all sizes, split everywhere. */
static void large_pages(intptr_t shifts)
{
	enum { MIBS = 8, PAGES = MIBS * 256 };
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, MIBS * VUMA_MIB, DRM_VUMA_BO_HUGE);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	struct vuma_vm vm = vm_new(fd);
	static const unsigned int cut[][2] = {
		{ 256, 512 }, { 0, 1 }, { 1023, 1 }, { 1300, 16 }, { 1536, 512 }, { 1029, 3 },
	};
	volatile uint64_t *word = out.map;
	uint64_t bo_shift = shifts / MAX_SHIFT * GPU_PAGE, out_va = BASE;
	uint64_t va = 0x80000000ull + shifts % MAX_SHIFT * GPU_PAGE;
	uint64_t pages = PAGES - bo_shift / GPU_PAGE, i, k;
	bool *gone = calloc(PAGES, sizeof(*gone));

	KT_TRUE(gone);
	for (i = 0; i < PAGES; i++)
		((volatile uint64_t *)bo.map)[i * GPU_PAGE / 8] = page_word(0, i);
	KT_OK(vuma_vm_map(&vm, out.handle, out_va, 0, PAGE, 0));
	KT_OK(vuma_vm_map(&vm, bo.handle, va, bo_shift, pages * GPU_PAGE, 0));
	run_cmd(&vm, vuma_cmd_copy(out_va, va, 8));
	for (i = 0; i < ARRAY_SIZE(cut); i++) {
		KT_OK(vuma_vm_unmap(&vm, va + cut[i][0] * GPU_PAGE, cut[i][1] * GPU_PAGE));
		for (k = 0; k < cut[i][1]; k++)
			gone[cut[i][0] + k] = true;
		for (k = 0; k < pages; k++) {
			uint64_t at = va + k * GPU_PAGE;
			struct drm_vuma_cmd cmd = vuma_cmd_copy(out_va, at, 8);
			bool border = k == cut[i][0] || k + 1 == cut[i][0] ||
				      k == cut[i][0] + cut[i][1] ||
				      k + 1 == cut[i][0] + cut[i][1];

			if (!border && k % 97)
				continue;
			if (gone[k]) {
				run_faulting(&vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, at);
				continue;
			}
			run_cmd(&vm, cmd);
			KT_EQ(word[0], page_word(0, k + bo_shift / GPU_PAGE));
		}
	}
	free(gone);
}

static void large_misaligned(void)
{
	large_pages(SHIFTS(3, 0));
	large_pages(SHIFTS(0, 5));
}

/* However large a page of the CPU is: pages of the GPU are bound one by one, and in pairs. */
static void gpu_pages(void)
{
	enum { PAGES = 64 };
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, PAGES * GPU_PAGE, 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	uint64_t *word = bo.map, va = BASE + GPU_PAGE, i, k;
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_cmd cmd;

	KT_OK(vuma_vm_map(&vm, out.handle, 2 * BASE, 0, PAGE, 0));
	for (i = 0; i < PAGES * GPU_PAGE / 8; i++)
		word[i] = i;
	/* The other way round, so that none follows the one before; at odd addresses. */
	for (i = 0; i < PAGES; i++)
		KT_OK(vuma_vm_map(&vm, bo.handle, va + i * GPU_PAGE, (PAGES - 1 - i) * GPU_PAGE,
				  GPU_PAGE, i % 8 ? 0 : DRM_VUMA_BIND_READONLY));
	KT_OK(vuma_vm_map(&vm, bo.handle, va + 10 * GPU_PAGE, 21 * GPU_PAGE, 2 * GPU_PAGE, 0));
	for (i = 0; i < PAGES; i++) {
		k = i == 10 || i == 11 ? 21 + i - 10 : PAGES - 1 - i;
		verify_checksum(&vm, va + i * GPU_PAGE, GPU_PAGE, k * GPU_PAGE / 8, 1, &out,
				2 * BASE);
	}
	cmd = vuma_cmd_fill(va, 8, 1, 0);
	run_faulting(&vm, &cmd, 1, DRM_VUMA_FAULT_WRITE, va);
	run_cmd(&vm, vuma_cmd_fill(va + GPU_PAGE, GPU_PAGE, 7, 0));
	verify_pattern(word + (PAGES - 2) * GPU_PAGE / 8, GPU_PAGE, 7, 0);
	verify_pattern(word + (PAGES - 1) * GPU_PAGE / 8, GPU_PAGE, (PAGES - 1) * GPU_PAGE / 8, 1);
	/* Neighbours in the same page of the CPU stay mapped. */
	KT_OK(vuma_vm_unmap(&vm, va + GPU_PAGE, GPU_PAGE));
	cmd = vuma_cmd_copy(2 * BASE, va + GPU_PAGE, 8);
	run_faulting(&vm, &cmd, 1, DRM_VUMA_FAULT_UNMAPPED, va + GPU_PAGE);
	verify_checksum(&vm, va, GPU_PAGE, (PAGES - 1) * GPU_PAGE / 8, 1, &out, 2 * BASE);
	verify_checksum(&vm, va + 2 * GPU_PAGE, GPU_PAGE, (PAGES - 3) * GPU_PAGE / 8, 1, &out,
			2 * BASE);
}

static void many_ops(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, DRM_VUMA_BIND_MAX_OPS * PAGE, 0);
	struct vuma_bo out = bo_new_mapped(fd, PAGE, 0);
	struct drm_vuma_bind_op *ops = calloc(DRM_VUMA_BIND_MAX_OPS + 1, sizeof(*ops));
	struct vuma_vm vm = vm_new(fd);
	uint32_t i, done;

	KT_TRUE(ops);
	stamp_pages(bo.map, DRM_VUMA_BIND_MAX_OPS, 0);
	/* In reverse, so that nothing can be merged. */
	for (i = 0; i < DRM_VUMA_BIND_MAX_OPS + 1; i++)
		ops[i] = vuma_op_map(bo.handle, BASE + i * PAGE,
				     (DRM_VUMA_BIND_MAX_OPS - 1 - i % 1024) * PAGE, PAGE, 0);
	KT_RET(vuma_vm_bind(fd, vm.id, ops, DRM_VUMA_BIND_MAX_OPS + 1, &done), -E2BIG);
	KT_OK(vuma_vm_bind(fd, vm.id, ops, DRM_VUMA_BIND_MAX_OPS, &done));
	KT_EQ(done, DRM_VUMA_BIND_MAX_OPS);
	KT_OK(vuma_vm_map(&vm, out.handle, BASE - PAGE, 0, PAGE, 0));
	for (i = 0; i < DRM_VUMA_BIND_MAX_OPS; i += 31) {
		run_cmd(&vm, vuma_cmd_copy(BASE - PAGE, BASE + i * PAGE, 8));
		KT_EQ(*(volatile uint64_t *)out.map,
		      page_word(0, DRM_VUMA_BIND_MAX_OPS - 1 - i));
	}
	free(ops);
}

static void ends_of_the_space(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, 4 * PAGE, 0), out = bo_new_mapped(fd, PAGE, 0);
	struct vuma_vm vm = vm_new(fd);

	KT_LT(vm.start, vm.end);
	KT_LE(vm.end, 1ull << 48);
	KT_EQ(vm.start % PAGE, 0);
	KT_EQ(vm.end % PAGE, 0);
	stamp_pages(bo.map, 4, 0);
	KT_OK(vuma_vm_map(&vm, out.handle, BASE, 0, PAGE, 0));
	KT_OK(vuma_vm_map(&vm, bo.handle, vm.start, PAGE, PAGE, 0));
	KT_OK(vuma_vm_map(&vm, bo.handle, vm.end - PAGE, 2 * PAGE, PAGE, 0));
	run_cmd(&vm, vuma_cmd_copy(BASE, vm.start, 8));
	KT_EQ(*(volatile uint64_t *)out.map, page_word(0, 1));
	run_cmd(&vm, vuma_cmd_copy(BASE, vm.end - PAGE, 8));
	KT_EQ(*(volatile uint64_t *)out.map, page_word(0, 2));
	/* All of it can go at once. */
	KT_OK(vuma_vm_unmap(&vm, vm.start, vm.end - vm.start));
}

/* Alone, and between two good ones: none of them may be executed. */
static void expect_bad_op(struct model *m, struct drm_vuma_bind_op bad, int error)
{
	struct drm_vuma_bind_op ops[3] = {
		model_map(m, 0, 0, 0, 1), bad, model_map(m, 0, 2, 2, 1),
	};
	struct drm_vuma_vm_bind args = {
		.vm_id = m->vm.id, .ops = (uintptr_t)&bad, .op_count = 1,
	};

	EXPECT_ERROR(m->fd, BIND, args, error);
	args.ops = (uintptr_t)ops;
	args.op_count = 3;
	EXPECT_ERROR(m->fd, BIND, args, error);
	check_hole(m, 0);
}

static void bad_ranges(void)
{
	struct model m;
	uint64_t size = WINDOW * PAGE;
	size_t i;

	model_init(&m, dev_open(0));
	const struct { uint64_t va, offset, range; } bad[] = {
		{ BASE, 0, 0 }, { BASE + 1, 0, PAGE }, { BASE + 8, 0, PAGE },
		{ BASE + 2048, 0, PAGE }, { BASE, 1, PAGE }, { BASE, 2048, PAGE },
		{ BASE, 0, 1 }, { BASE, 0, PAGE + 1 }, { BASE, 0, PAGE - 1 },
		{ BASE, 0, size + PAGE }, { BASE, PAGE, size }, { BASE, size, PAGE },
		{ BASE, size - PAGE, 2 * PAGE }, { BASE, -PAGE, PAGE }, { BASE, -PAGE, 2 * PAGE },
		{ BASE, 1ull << 63, PAGE }, { BASE, 0, -PAGE }, { BASE, 0, 1ull << 63 },
		{ m.vm.end, 0, PAGE }, { m.vm.end - PAGE, 0, 2 * PAGE }, { 1ull << 48, 0, PAGE },
		{ 1ull << 63, 0, PAGE }, { -PAGE, 0, PAGE }, { -PAGE, 0, 2 * PAGE },
		{ -2 * PAGE, 0, 4 * PAGE }, { m.vm.end + PAGE, 0, PAGE },
	};

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		expect_bad_op(&m, vuma_op_map(m.bo[0].handle, bad[i].va, bad[i].offset,
					      bad[i].range, 0), -EINVAL);
		/* An unmap has but the address, where that is what is bad. */
		if (!bad[i].offset && bad[i].range != size + PAGE)
			expect_bad_op(&m, vuma_op_unmap(bad[i].va, bad[i].range), -EINVAL);
	}
	if (m.vm.start >= PAGE)
		expect_bad_op(&m, vuma_op_map(m.bo[0].handle, m.vm.start - PAGE, 0, PAGE, 0),
			      -EINVAL);
}

static void bad_op_fields(void)
{
	struct model m;
	struct drm_vuma_bind_op map, unmap;
	uint32_t bit;

	model_init(&m, dev_open(0));
	map = model_map(&m, 0, 1, 0, 1);
	unmap = model_unmap(1, 1);
#define BAD(_good, _field, _value) do {				\
	struct drm_vuma_bind_op bad_ = (_good);			\
								\
	bad_._field = (_value);					\
	expect_bad_op(&m, bad_, -EINVAL);			\
} while (0)
	for (bit = 1; bit; bit <<= 1) {
		BAD(map, pad, bit);
		BAD(unmap, pad, bit);
		BAD(unmap, flags, bit);
		if (bit != DRM_VUMA_BIND_READONLY)
			BAD(map, flags, bit);
		if (bit != DRM_VUMA_BIND_UNMAP)
			BAD(map, op, bit);
	}
	BAD(map, op, 3);
	BAD(unmap, handle, m.bo[0].handle);
	BAD(unmap, bo_offset, PAGE);
#undef BAD
}

static void bad_handles(void)
{
	static const uint32_t handles[] = { 0, 4711, UINT32_MAX };
	struct model m;
	struct drm_vuma_bind_op op;
	size_t i;

	model_init(&m, dev_open(0));
	op = model_map(&m, 0, 1, 0, 1);
	for (i = 0; i < ARRAY_SIZE(handles); i++) {
		op.handle = handles[i];
		expect_bad_op(&m, op, -ENOENT);
	}
}

static void bad_bind_args(void)
{
	struct model m;
	struct drm_vuma_bind_op op;
	struct drm_vuma_vm_bind args;

	model_init(&m, dev_open(0));
	op = model_map(&m, 0, 0, 0, 1);
	args = (struct drm_vuma_vm_bind){
		.vm_id = m.vm.id, .ops = (uintptr_t)&op, .op_count = 1,
	};
	EXPECT_EACH_BIT(m.fd, BIND, args, flags, DRM_VUMA_VM_BIND_ASYNC, -EINVAL);
	EXPECT_EACH_BIT(m.fd, BIND, args, op_done, 0, -EINVAL);
	EXPECT_EACH_BIT(m.fd, BIND, args, syncs, 0, -EINVAL);
	EXPECT_EACH_BIT(m.fd, BIND, args, sync_count, 0, -EINVAL);
	EXPECT_EACH_BIT(m.fd, BIND, args, pad, 0, -EINVAL);
	EXPECT_BAD(m.fd, BIND, args, op_count, 0, -EINVAL);
	EXPECT_BAD(m.fd, BIND, args, op_count, DRM_VUMA_BIND_MAX_OPS + 1, -E2BIG);
	EXPECT_BAD(m.fd, BIND, args, op_count, UINT32_MAX, -E2BIG);
	EXPECT_BAD(m.fd, BIND, args, ops, 0, -EFAULT);
	EXPECT_BAD(m.fd, BIND, args, ops, 8, -EFAULT);
	EXPECT_BAD(m.fd, BIND, args, vm_id, 0, -ENOENT);
	EXPECT_BAD(m.fd, BIND, args, vm_id, m.vm.id + 100, -ENOENT);
	check_hole(&m, 0);
}

/* The op list ends where readable memory ends. */
static void half_readable_ops(void)
{
	struct model m;
	struct drm_vuma_bind_op *ops;
	struct drm_vuma_vm_bind args = { .op_count = 2 };
	char *area = KT_MAPPED(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	KT_SYS(mprotect(area + PAGE, PAGE, PROT_NONE));
	model_init(&m, dev_open(0));
	ops = (struct drm_vuma_bind_op *)(area + PAGE) - 1;
	ops[0] = model_map(&m, 0, 0, 0, 1);
	args.vm_id = m.vm.id;
	args.ops = (uintptr_t)ops;
	EXPECT_ERROR(m.fd, BIND, args, -EFAULT);
	check_hole(&m, 0);
}

static void vm_ids(void)
{
	struct drm_vuma_vm_create create = { 0 };
	struct drm_vuma_vm_destroy destroy = { 0 };
	int fd = dev_open(0), other = dev_open(0);
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_bind_op op = vuma_op_unmap(BASE, PAGE);
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_VM_CREATE, create, flags, 0, -EINVAL);
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_VM_CREATE, create, vm_id, 0, -EINVAL);
	destroy.vm_id = vm.id;
	EXPECT_EACH_BIT(fd, DRM_IOCTL_VUMA_VM_DESTROY, destroy, pad, 0, -EINVAL);
	KT_RET(vuma_vm_bind(other, vm.id, &op, 1, NULL), -ENOENT);
	KT_RET(vuma_submit_one(other, vm.id, &nop, 1, 0), -ENOENT);
	KT_RET(vuma_ioctl(other, DRM_IOCTL_VUMA_VM_DESTROY, &destroy), -ENOENT);
	KT_OK(vuma_vm_bind(fd, vm.id, &op, 1, NULL));
	KT_OK(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy));
	KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy), -ENOENT);
	KT_RET(vuma_vm_bind(fd, vm.id, &op, 1, NULL), -ENOENT);
	KT_RET(vuma_submit_one(fd, vm.id, &nop, 1, 0), -ENOENT);
	destroy.vm_id = 0;
	KT_RET(vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy), -ENOENT);
}

static void vm_limit(void)
{
	enum { MANY = 70000 };
	int fd = dev_open(0), count, ret = 0, i;
	struct vuma_vm *vms = calloc(MANY, sizeof(*vms));

	KT_TRUE(vms);
	for (count = 0; count < MANY; count++) {
		ret = vuma_vm_init(&vms[count], fd);
		if (ret)
			break;
	}
	KT_RET(ret, -ENOSPC);
	KT_GE(count, 16);
	/* One goes, one comes; the limit is that of the file. */
	KT_OK(vuma_vm_fini(&vms[0]));
	KT_OK(vuma_vm_init(&vms[0], fd));
	vm_new(dev_open(0));
	for (i = 0; i < count; i++)
		KT_OK(vuma_vm_fini(&vms[i]));
	free(vms);
}

static void destroy_with_job(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, 4 * PAGE, 0);
	struct vuma_vm vm = vm_new(fd);
	struct drm_vuma_cmd fill = vuma_cmd_fill(vm_map_bo(&vm, &bo), bo.size, 11, 2);
	struct gate gate = gate_new(fd);
	uint32_t done = syncobj_new(fd);

	KT_OK(submit_after(&vm, &fill, 1, gate.in, done));
	KT_OK(vuma_vm_fini(&vm));
	settle();
	KT_RET(vuma_syncobj_wait(fd, done, 0), -ETIME);
	gate_open(&gate);
	wait_job(fd, done, 0);
	verify_pattern(bo.map, bo.size, 11, 2);
}

static void unmap_under_job(void)
{
	int fd = dev_open(0);
	struct vuma_bo bo = bo_new_mapped(fd, 4 * PAGE, 0);
	struct vuma_vm vm = vm_new(fd);
	uint64_t va = vm_map_bo(&vm, &bo);
	struct drm_vuma_cmd fill = vuma_cmd_fill(va, bo.size, 1, 1);
	struct gate gate = gate_new(fd);
	uint32_t done = syncobj_new(fd);

	KT_OK(submit_after(&vm, &fill, 1, gate.in, done));
	/* It does not wait for the job, which cannot end. */
	KT_OK(vuma_vm_unmap(&vm, va + PAGE, PAGE));
	gate_open(&gate);
	wait_job(fd, done, -EFAULT);
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULT_ADDR), va + PAGE);
	KT_EQ(vm_param(&vm, DRM_VUMA_PARAM_VM_FAULT_STATUS), DRM_VUMA_FAULT_UNMAPPED);
	verify_pattern((char *)bo.map + PAGE, 3 * PAGE, 0, 0);
}

static void files_end_with_mappings(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct model m;
		struct drm_vuma_bind_op op;
		struct drm_vuma_cmd cmd = vuma_cmd_spin(20000);

		model_init(&m, dev_open(0));
		op = model_map(&m, 0, 0, 0, WINDOW);
		model_do(&m, &op, 1);
		check_mapped(&m, 0, WINDOW);
		if (i & 1)
			KT_OK(vuma_submit_one(m.fd, m.vm.id, &cmd, 1, 0));
		KT_SYS(close(m.fd));
		/* Its CPU mappings outlive it. */
		verify_pages(m.bo[0].map, WINDOW, 0, 0);
	}
}

static const struct ktap_test tests[] = {
	{ .name = "vm_unmap_splits_like_drm_gpuvm_says",
	  .run_arg = split_cases, .arg = SPLIT_UNMAP },
	{ .name = "vm_map_contiguous_splits_like_drm_gpuvm_says",
	  .run_arg = split_cases, .arg = SPLIT_CONTIGUOUS },
	{ .name = "vm_map_same_bo_splits_like_drm_gpuvm_says",
	  .run_arg = split_cases, .arg = SPLIT_SAME_BO },
	{ .name = "vm_map_other_bo_splits_like_drm_gpuvm_says",
	  .run_arg = split_cases, .arg = SPLIT_OTHER_BO },
	{ .name = "vm_readonly_is_kept_by_splits_and_faults_writes", .run = readonly },
	{ .name = "vm_one_buffer_in_several_vms", .run = one_bo_many_vms },
	{ .name = "vm_one_buffer_twice_in_a_vm", .run = aliases },
	{ .name = "vm_closed_handle_stays_mapped_panthor-62", .run = closed_handle_stays_mapped },
	{ .name = "vm_large_pages_are_split", .run_arg = large_pages, .arg = SHIFTS(0, 0) },
	{ .name = "vm_64k_pages_are_split", .run_arg = large_pages, .arg = SHIFTS(16, 16) },
	{ .name = "vm_large_buffer_at_small_alignment", .run = large_misaligned },
	{ .name = "vm_binds_are_of_GPU_pages_on_any_CPU", .run = gpu_pages },
	{ .name = "vm_bind_takes_the_maximum_of_ops_and_no_more", .run = many_ops },
	{ .name = "vm_first_and_last_page_of_the_space", .run = ends_of_the_space },
	{ .name = "vm_bad_range_is_EINVAL_and_changes_nothing", .run = bad_ranges },
	{ .name = "vm_bad_op_field_is_EINVAL_and_changes_nothing", .run = bad_op_fields },
	{ .name = "vm_unknown_handle_is_ENOENT_and_changes_nothing", .run = bad_handles },
	{ .name = "vm_bad_bind_argument_changes_nothing", .run = bad_bind_args },
	{ .name = "vm_half_readable_op_list_is_EFAULT_and_changes_nothing",
	  .run = half_readable_ops },
	{ .name = "vm_ids_belong_to_their_file", .run = vm_ids },
	{ .name = "vm_too_many_is_ENOSPC", .run = vm_limit },
	{ .name = "vm_destroy_lets_jobs_finish", .run = destroy_with_job },
	{ .name = "vm_unmap_under_a_job_fails_the_job", .run = unmap_under_job },
	{ .name = "vm_files_end_with_mappings_and_jobs", .run = files_end_with_mappings },
};

TEST_PROGRAM(tests, NULL);
