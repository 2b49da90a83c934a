// SPDX-License-Identifier: GPL-2.0
#include <linux/dma-buf.h>

#include "arena.h"

#define CLEAN		DRM_VUMA_BO_SYNC_CLEAN
#define INVALIDATE	DRM_VUMA_BO_SYNC_CLEAN_INVALIDATE
#define LINE		DRM_VUMA_CACHE_LINE
#define PAGES		4
#define SIZE		(PAGES * PAGE)
#define WORDS		(SIZE / 8)
#define LINE_WORDS	(LINE / 8)

/* A VM with a buffer behind the cache, and one that everybody sees as it is. */
struct sync_rig {
	int fd;
	struct vuma_vm vm;
	struct vuma_bo bo, seen;
	uint64_t va, seen_va;
	uint64_t *word;
};

static bool snoops(int fd)
{
	uint64_t value;

	KT_OK(vuma_get_param(fd, DRM_VUMA_PARAM_COHERENT, 0, &value));
	return value;
}

/* Has the device a cache that a missing sync is seen by? On arm64 none snoops by itself. */
static bool is_modelled(unsigned int device)
{
	char text[64] = "";

	KT_OK(file_read("/sys/module/vuma/parameters/coherent", text, sizeof(text)));
	return text[2 * device] == 'N';
}

static struct sync_rig sync_rig(uint64_t size)
{
	struct sync_rig r = { .fd = dev_open(0) };

	if (!is_modelled(0))
		KT_SKIP("the first device has no modelled cache");
	KT_EQ(snoops(r.fd), false);
	r.vm = vm_new(r.fd);
	r.bo = bo_new_mapped(r.fd, size, 0);
	r.seen = bo_new_mapped(r.fd, size, DRM_VUMA_BO_WC);
	r.va = vm_map_bo(&r.vm, &r.bo);
	r.seen_va = vm_map_bo(&r.vm, &r.seen);
	r.word = r.bo.map;
	/* The GPU has memory for the buffer from here on. */
	run_cmd(&r.vm, vuma_cmd_nop());
	return r;
}

static void sync_all(const struct sync_rig *r, uint32_t op)
{
	KT_OK(vuma_bo_sync(r->fd, r->bo.handle, op, 0, r->bo.size));
}

/* What the GPU sees, where the CPU sees it, too. */
static const uint64_t *gpu_sees(const struct sync_rig *r)
{
	run_cmd(&r->vm, vuma_cmd_copy(r->seen_va, r->va, r->bo.size));
	return r->seen.map;
}

static void gpu_fill(const struct sync_rig *r, uint64_t start)
{
	run_cmd(&r->vm, vuma_cmd_fill(r->va, r->bo.size, start, 3));
}

static void stale_without_clean(void)
{
	struct sync_rig r = sync_rig(SIZE);

	vuma_pattern_fill(r.bo.map, SIZE, 100, 3);
	verify_pattern(gpu_sees(&r), SIZE, 0, 0);
	sync_all(&r, CLEAN);
	verify_pattern(gpu_sees(&r), SIZE, 100, 3);
	verify_pattern(r.bo.map, SIZE, 100, 3);
}

static void stale_without_invalidate(void)
{
	struct sync_rig r = sync_rig(SIZE);

	gpu_fill(&r, 200);
	verify_pattern(r.bo.map, SIZE, 0, 0);
	/* To clean is not enough. */
	sync_all(&r, CLEAN);
	verify_pattern(r.bo.map, SIZE, 0, 0);
	sync_all(&r, INVALIDATE);
	verify_pattern(r.bo.map, SIZE, 200, 3);
	verify_pattern(gpu_sees(&r), SIZE, 200, 3);
}

/* uma-B2: what the GPU writes after the sync is not seen. */
static void stale_after_early_invalidate(void)
{
	struct sync_rig r = sync_rig(SIZE);

	sync_all(&r, INVALIDATE);
	gpu_fill(&r, 1);
	verify_pattern(r.bo.map, SIZE, 0, 0);
	sync_all(&r, INVALIDATE);
	verify_pattern(r.bo.map, SIZE, 1, 3);
}

/* Lines that were dirty when the job ran go over what it wrote. */
static void dirty_lines_win(void)
{
	struct sync_rig r = sync_rig(SIZE);

	r.word[0] = 42;
	gpu_fill(&r, 5);
	sync_all(&r, INVALIDATE);
	KT_EQ(r.word[0], 42);
	KT_EQ(r.word[1], 0);
	KT_EQ(r.word[LINE_WORDS], 5 + 3 * LINE_WORDS);
	KT_EQ(gpu_sees(&r)[0], 42);
}

/* uma-B3: to write a part of a line takes the rest as the CPU has it. */
static void partial_line(void)
{
	struct sync_rig r = sync_rig(SIZE);

	gpu_fill(&r, 5);
	sync_all(&r, INVALIDATE);
	r.word[1] = 42;
	sync_all(&r, CLEAN);
	KT_EQ(gpu_sees(&r)[0], 5);
	KT_EQ(gpu_sees(&r)[1], 42);
	KT_EQ(gpu_sees(&r)[2], 11);
}

/* Both ways, in turn, as a client does it that is right. */
static void in_turn(void)
{
	struct sync_rig r = sync_rig(64 * PAGE);
	uint64_t i;

	for (i = 1; i < 20; i++) {
		vuma_pattern_fill(r.bo.map, r.bo.size, i, 7);
		sync_all(&r, CLEAN);
		verify_pattern(gpu_sees(&r), r.bo.size, i, 7);
		gpu_fill(&r, 1000 * i);
		sync_all(&r, INVALIDATE);
		verify_pattern(r.bo.map, r.bo.size, 1000 * i, 3);
	}
}

/* The lines that a range touches, and no other. */
static void ranges(void)
{
	const struct { uint64_t offset, size, first, last; } range[] = {
		{ 0, 1, 0, 0 }, { 63, 1, 0, 0 }, { 63, 2, 0, 1 }, { 64, 64, 1, 1 },
		{ PAGE - 1, 2, PAGE / LINE - 1, PAGE / LINE },
		{ 100, 3 * PAGE, 1, 3 * PAGE / LINE + 1 },
		{ SIZE - 1, 1, SIZE / LINE - 1, SIZE / LINE - 1 },
	};
	struct sync_rig r = sync_rig(SIZE);
	uint64_t i, line, marked;
	const uint64_t *seen;

	for (i = 0; i < ARRAY_SIZE(range); i++) {
		marked = 1000 + i;
		for (line = 0; line < SIZE / LINE; line++)
			r.word[line * LINE_WORDS] = marked;
		KT_OK(vuma_bo_sync(r.fd, r.bo.handle, CLEAN, range[i].offset, range[i].size));
		seen = gpu_sees(&r);
		for (line = 0; line < SIZE / LINE; line++)
			KT_EQ(seen[line * LINE_WORDS] == marked,
			      line >= range[i].first && line <= range[i].last);
		sync_all(&r, CLEAN);
		gpu_fill(&r, i);
		KT_OK(vuma_bo_sync(r.fd, r.bo.handle, INVALIDATE, range[i].offset,
				   range[i].size));
		for (line = 0; line < SIZE / LINE; line++)
			KT_EQ(r.word[line * LINE_WORDS] != marked,
			      line >= range[i].first && line <= range[i].last);
		sync_all(&r, INVALIDATE);
	}
}

static void several_ranges(void)
{
	struct sync_rig r = sync_rig(SIZE);
	struct vuma_bo other = bo_new_mapped(r.fd, SIZE, 0);
	uint64_t other_va = vm_map_bo(&r.vm, &other);
	struct drm_vuma_bo_sync_range range[3] = {
		{ .handle = r.bo.handle, .op = CLEAN, .size = PAGE },
		{ .handle = other.handle, .op = INVALIDATE, .size = SIZE },
		{ .handle = r.bo.handle, .op = CLEAN, .offset = PAGE, .size = SIZE - PAGE },
	};
	struct drm_vuma_bo_sync args = { .ranges = (uintptr_t)range, .count = 3 };

	vuma_pattern_fill(r.bo.map, SIZE, 3, 3);
	run_cmd(&r.vm, vuma_cmd_fill(other_va, SIZE, 9, 3));
	KT_OK(vuma_ioctl(r.fd, DRM_IOCTL_VUMA_BO_SYNC, &args));
	verify_pattern(gpu_sees(&r), SIZE, 3, 3);
	verify_pattern(other.map, SIZE, 9, 3);
}

/* uma-A3 */
static void untouched(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), SIZE, 0);

	KT_OK(vuma_bo_sync(bo.fd, bo.handle, INVALIDATE, 0, SIZE));
	KT_EQ(bo_query(&bo).resident, 0);
}

/* What the CPU wrote before the first job is in memory; what is zero, too. */
static void first_use(void)
{
	struct sync_rig r = sync_rig(PAGE);
	struct vuma_bo bo = bo_new_mapped(r.fd, SIZE, 0);
	uint64_t va;

	vuma_pattern_fill(bo.map, 2 * PAGE, 1, 3);
	va = vm_map_bo(&r.vm, &bo);
	verify_checksum(&r.vm, va, 2 * PAGE, 1, 3, &r.seen, r.seen_va);
	verify_checksum(&r.vm, va + 2 * PAGE, 2 * PAGE, 0, 0, &r.seen, r.seen_va);
}

/* Eviction takes what both wrote. */
static void evicted(void)
{
	struct cgroup cg = arena_enter("a");
	struct sync_rig r = sync_rig(SIZE);

	gpu_fill(&r, 7);
	sync_all(&r, INVALIDATE);
	r.word[0] = 1;
	run_cmd(&r.vm, vuma_cmd_fill(r.va + PAGE, 8, 2, 0));
	arena_evict(&cg, &r.bo, 1);
	sync_all(&r, INVALIDATE);
	KT_EQ(bo_query(&r.bo).resident, 0);
	KT_EQ(r.word[0], 1);
	KT_EQ(r.word[PAGE / 8], 2);
	KT_EQ(gpu_sees(&r)[0], 1);
	KT_EQ(gpu_sees(&r)[PAGE / 8], 2);
	KT_EQ(gpu_sees(&r)[WORDS - 1], 7 + 3 * (WORDS - 1));
	/* And the cache is as it was. */
	r.word[0] = 3;
	KT_EQ(gpu_sees(&r)[0], 1);
}

static void dmabuf_sync(int dmabuf, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	KT_OK(vuma_ioctl(dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
}

/* uma-A1: a client that only knows the dma-buf. */
static void by_dmabuf(void)
{
	struct sync_rig r = sync_rig(SIZE);
	int dmabuf = export_bo(&r.bo);
	void *map = KT_MAPPED(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0));

	gpu_fill(&r, 1);
	verify_pattern(map, SIZE, 0, 0);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START);
	verify_pattern(map, SIZE, 1, 3);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_START);
	vuma_pattern_fill(map, SIZE, 2, 3);
	verify_pattern(gpu_sees(&r), SIZE, 1, 3);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_WRITE | DMA_BUF_SYNC_END);
	verify_pattern(gpu_sees(&r), SIZE, 2, 3);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START);
	verify_pattern(map, SIZE, 2, 3);
	dmabuf_sync(dmabuf, DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END);
}

/* Devices share memory without the CPU's doing. */
static void by_import(void)
{
	struct sync_rig r = sync_rig(SIZE);
	struct vuma_bo there, out;
	struct vuma_vm vm;
	uint64_t va, out_va;
	int fd;

	need_devices(2);
	fd = dev_open(1);
	KT_EQ(is_modelled(1), false);
	there = import_bo(fd, export_bo(&r.bo), SIZE);
	KT_RET(vuma_bo_sync(fd, there.handle, CLEAN, 0, SIZE), -EINVAL);
	vm = vm_new(fd);
	out = bo_new_mapped(fd, SIZE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	gpu_fill(&r, 1);
	verify_checksum(&vm, va, SIZE, 1, 3, &out, out_va);
	run_cmd(&vm, vuma_cmd_fill(va, SIZE, 2, 3));
	verify_pattern(gpu_sees(&r), SIZE, 2, 3);
	verify_pattern(r.bo.map, SIZE, 0, 0);
	sync_all(&r, INVALIDATE);
	verify_pattern(r.bo.map, SIZE, 2, 3);
	/* The other way, a buffer of a device that snoops needs no sync. */
	there = import_bo(r.fd, export_bo(&out), SIZE);
	run_cmd(&r.vm, vuma_cmd_fill(vm_map_bo(&r.vm, &there), SIZE, 3, 3));
	verify_pattern(out.map, SIZE, 3, 3);
}

/* What an importer wrote is in memory, and not in the cache, until eviction takes both. */
static void evicted_import(void)
{
	struct cgroup cg = arena_enter("a");
	struct sync_rig r = sync_rig(SIZE);
	struct vuma_bo there, out;
	struct vuma_vm vm;
	uint64_t va, out_va;

	need_devices(2);
	there = import_bo(dev_open(1), export_bo(&r.bo), SIZE);
	vm = vm_new(there.fd);
	out = bo_new_mapped(there.fd, SIZE, 0);
	va = vm_map_bo(&vm, &there);
	out_va = vm_map_bo(&vm, &out);
	run_cmd(&vm, vuma_cmd_fill(va, SIZE, 7, 3));
	verify_pattern(r.bo.map, SIZE, 0, 0);
	arena_evict(&cg, &r.bo, 1);
	verify_checksum(&vm, va, SIZE, 7, 3, &out, out_va);
	arena_evict(&cg, &r.bo, 1);
	verify_pattern(r.bo.map, SIZE, 7, 3);
	verify_pattern(gpu_sees(&r), SIZE, 7, 3);
}

/* Nothing that anybody would see, and whatever is wrong is wrong there, too. */
static void without_a_model(void)
{
	struct vuma_bo bo;

	need_devices(2);
	bo = bo_new_mapped(dev_open(1), SIZE, 0);
	KT_EQ(is_modelled(1), false);
	KT_OK(vuma_bo_sync(bo.fd, bo.handle, CLEAN, 0, SIZE));
	KT_OK(vuma_bo_sync(bo.fd, bo.handle, INVALIDATE, SIZE - 1, 1));
	KT_RET(vuma_bo_sync(bo.fd, bo.handle, CLEAN, 0, SIZE + 1), -EINVAL);
}

/* One bad range among good ones: nothing is done. */
static void expect_bad_range(const struct sync_rig *r, struct drm_vuma_bo_sync_range bad, int error)
{
	struct drm_vuma_bo_sync_range range[2] = {
		{ .handle = r->bo.handle, .op = CLEAN, .size = r->bo.size }, bad,
	};
	struct drm_vuma_bo_sync args = { .ranges = (uintptr_t)range, .count = 2 };

	EXPECT_ERROR(r->fd, DRM_IOCTL_VUMA_BO_SYNC, args, error);
	verify_pattern(gpu_sees(r), r->bo.size, 0, 0);
}

static void bad_ranges(void)
{
	struct sync_rig r = sync_rig(SIZE);
	struct vuma_bo foreign = bo_new(dev_open(0), SIZE, 0);
	struct drm_vuma_bo_sync_range good = { .handle = r.bo.handle, .size = SIZE }, bad;
	unsigned int bit;

	while (foreign.handle == r.bo.handle || foreign.handle == r.seen.handle)
		foreign = bo_new(foreign.fd, SIZE, 0);
	vuma_pattern_fill(r.bo.map, SIZE, 1, 3);
	for (bit = 1; bit < 32; bit++) {
		bad = good;
		bad.op |= 1u << bit;
		expect_bad_range(&r, bad, -EINVAL);
	}
#define BAD(_field, _value, _error)	({ bad = good; bad._field = (_value); \
					   expect_bad_range(&r, bad, _error); })
	BAD(handle, 0, -ENOENT);
	BAD(handle, foreign.handle, -ENOENT);
	BAD(size, 0, -EINVAL);
	BAD(size, SIZE + 1, -EINVAL);
	BAD(size, UINT64_MAX, -EINVAL);
	BAD(offset, 1, -EINVAL);
	BAD(offset, SIZE, -EINVAL);
	BAD(offset, UINT64_MAX, -EINVAL);
	BAD(offset, UINT64_MAX - SIZE + 1, -EINVAL);
	sync_all(&r, CLEAN);
	verify_pattern(gpu_sees(&r), SIZE, 1, 3);
}

static void bad_arguments(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGE, 0);
	struct drm_vuma_bo_sync_range range = { .handle = bo.handle, .size = PAGE };
	struct drm_vuma_bo_sync good = { .ranges = (uintptr_t)&range, .count = 1 };

	KT_OK(vuma_ioctl(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, &good));
	EXPECT_EACH_BIT(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, flags, 0, -EINVAL);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, count, 0, -EINVAL);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, count, DRM_VUMA_BO_SYNC_MAX_RANGES + 1,
		   -E2BIG);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, count, UINT32_MAX, -E2BIG);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, ranges, 0, -EFAULT);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, ranges, UINT64_MAX, -EFAULT);
	EXPECT_BAD(bo.fd, DRM_IOCTL_VUMA_BO_SYNC, good, ranges, -8ull, -EFAULT);
}

/*
 * The oracle: of each line, what the CPU and what the GPU last wrote or were shown, and who
 * wrote since. It shares nothing with the model in the kernel but the rules of the uAPI.
 */
static struct {
	struct sync_rig r;
	uint64_t state, next;
	uint64_t *cpu, *gpu;
	bool *cpu_wrote, *gpu_wrote;
	uint64_t due;	/* reads that would have been wrong without a sync */
} o;

static uint64_t pick(uint64_t below)
{
	return vuma_random(&o.state) % below;
}

/* Mostly short. */
static void pick_range(uint64_t *offset, uint64_t *size)
{
	uint64_t most;

	*offset = pick(SIZE);
	most = SIZE - *offset;
	if (pick(4) && most > 3 * LINE)
		most = 3 * LINE;
	*size = 1 + pick(most);
}

static void step_cpu_writes(void)
{
	uint64_t at = pick(WORDS), n = 1 + pick(20);

	for (; n-- && at < WORDS; at++) {
		o.cpu[at] = ++o.next;
		o.r.word[at] = o.next;
		o.cpu_wrote[at / LINE_WORDS] = true;
	}
}

static void step_gpu_writes(void)
{
	uint64_t at = pick(WORDS), n = 1 + pick(WORDS - at < 40 ? WORDS - at : 40), i;

	run_cmd(&o.r.vm, vuma_cmd_fill(o.r.va + at * 8, n * 8, o.next + 1, 1));
	for (i = at; i < at + n; i++) {
		o.gpu[i] = ++o.next;
		o.gpu_wrote[i / LINE_WORDS] = true;
	}
}

static void sync_range(uint32_t op, uint64_t offset, uint64_t size)
{
	const uint64_t bytes = LINE;
	uint64_t line;

	KT_OK(vuma_bo_sync(o.r.fd, o.r.bo.handle, op, offset, size));
	for (line = offset / LINE; line <= (offset + size - 1) / LINE; line++) {
		uint64_t *cpu = &o.cpu[line * LINE_WORDS], *gpu = &o.gpu[line * LINE_WORDS];

		if (o.cpu_wrote[line]) {
			memcpy(gpu, cpu, bytes);
			o.cpu_wrote[line] = false;
			o.gpu_wrote[line] = false;
		} else if (op == INVALIDATE && o.gpu_wrote[line]) {
			memcpy(cpu, gpu, bytes);
			o.gpu_wrote[line] = false;
		}
	}
}

static void step_sync(void)
{
	uint32_t op = pick(2) ? CLEAN : INVALIDATE;
	uint64_t offset, size;

	pick_range(&offset, &size);
	sync_range(op, offset, size);
}

/* What is clean while nobody maps it is not cleaned again, until somebody does. */
static void step_remap(void)
{
	KT_OK(vuma_bo_unmap(&o.r.bo));
	if (pick(2))
		sync_range(CLEAN, 0, SIZE);
	if (pick(2))
		step_gpu_writes();
	step_sync();
	KT_OK(vuma_bo_map(&o.r.bo));
	o.r.word = o.r.bo.map;
}

static void step_compare(void)
{
	const uint64_t *gpu = gpu_sees(&o.r);
	uint64_t i;

	for (i = 0; i < WORDS; i++) {
		KT_EQ(o.r.word[i], o.cpu[i]);
		KT_EQ(gpu[i], o.gpu[i]);
		o.due += o.cpu[i] != o.gpu[i];
	}
}

static void random_sequence(void)
{
	const char *seed = getenv("SYNC_RANDOM_SEED"), *count = getenv("SYNC_RANDOM_OPS");
	uint64_t ops = count ? strtoull(count, NULL, 0) : ktap_slow() > 1 ? 2000 : 10000, i;

	o.state = (seed ? strtoull(seed, NULL, 0) : (uint64_t)vuma_now_ns()) | 1;
	ktap_note("SYNC_RANDOM_SEED=%llu SYNC_RANDOM_OPS=%llu", (unsigned long long)o.state,
		  (unsigned long long)ops);
	o.r = sync_rig(SIZE);
	o.cpu = calloc(WORDS, sizeof(*o.cpu));
	o.gpu = calloc(WORDS, sizeof(*o.gpu));
	o.cpu_wrote = calloc(SIZE / LINE, sizeof(*o.cpu_wrote));
	o.gpu_wrote = calloc(SIZE / LINE, sizeof(*o.gpu_wrote));
	KT_TRUE(o.cpu && o.gpu && o.cpu_wrote && o.gpu_wrote);
	for (i = 0; i < ops; i++) {
		uint64_t kind = pick(9);

		if (kind < 3)
			step_cpu_writes();
		else if (kind < 4)
			step_gpu_writes();
		else if (kind < 7)
			step_sync();
		else if (kind < 8)
			step_remap();
		else
			step_compare();
	}
	step_compare();
	ktap_note("%llu words compared that CPU and GPU saw differently",
		  (unsigned long long)o.due);
	KT_GE(o.due, 1);
}

static const struct ktap_test tests[] = {
	{ .name = "sync_without_clean_the_GPU_reads_stale", .run = stale_without_clean },
	{ .name = "sync_without_invalidate_the_CPU_reads_stale", .run = stale_without_invalidate },
	{ .name = "sync_invalidated_too_early_is_stale_uma-B2",
	  .run = stale_after_early_invalidate },
	{ .name = "sync_dirty_lines_go_over_what_the_GPU_wrote", .run = dirty_lines_win },
	{ .name = "sync_partial_line_keeps_its_neighbours_uma-B3", .run = partial_line },
	{ .name = "sync_in_turn_is_exact", .run = in_turn },
	{ .name = "sync_range_is_lines_and_no_more_uma-A11", .run = ranges },
	{ .name = "sync_takes_several_ranges", .run = several_ranges },
	{ .name = "sync_of_untouched_allocates_nothing_uma-A3", .run = untouched },
	{ .name = "sync_is_not_needed_before_the_first_use", .run = first_use },
	{ .name = "sync_of_evicted_leaves_it_evicted_panthor-80", .run = evicted },
	{ .name = "sync_by_dmabuf_is_exact_uma-A1_uma-A2", .run = by_dmabuf },
	{ .name = "sync_between_devices_is_not_needed_panthor-86", .run = by_import },
	{ .name = "sync_of_evicted_keeps_what_an_importer_wrote", .run = evicted_import },
	{ .name = "sync_without_a_modelled_cache_changes_nothing", .run = without_a_model },
	{ .name = "sync_bad_range_is_refused_and_nothing_done_uma-A4", .run = bad_ranges },
	{ .name = "sync_bad_arguments_are_refused", .run = bad_arguments },
	{ .name = "sync_random_sequence_equals_the_oracle", .run = random_sequence,
	  .timeout = 1200 },
};

TEST_PROGRAM(tests, arena_cleanup);
