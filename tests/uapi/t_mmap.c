// SPDX-License-Identifier: GPL-2.0
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "common.h"

#define PAGES	32

/* First offset that DRM hands out, in bytes (DRM_FILE_PAGE_OFFSET_START). */
#define FIRST_OFFSET	0x100000000ull

static const char *const index_rule = "page index relative to the VMA start (uma-B1)";

/* A stamped BO, whose pages are resident, with no mapping left. */
static struct vuma_bo stamped(int fd, uint64_t pages, unsigned int id, uint32_t flags)
{
	struct vuma_bo bo = bo_new_mapped(fd, pages * PAGE, flags);

	stamp_pages(bo.map, pages, id);
	KT_OK(vuma_bo_unmap(&bo));
	return bo;
}

static char *map_shared(const struct vuma_bo *bo, int prot)
{
	void *map;

	KT_OK(vuma_bo_mmap(bo->fd, bo->handle, bo->size, prot, &map));
	return map;
}

static void reads_zero(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), VUMA_MIB + PAGE, 0);

	verify_pattern(bo.map, bo.size, 0, 0);
}

static void zero_after_reuse(void)
{
	int fd = dev_open(0);
	int i;

	/* Freed memory of one BO is the next one's. */
	for (i = 0; i < 8; i++) {
		struct vuma_bo bo = bo_new_mapped(fd, 4 * VUMA_MIB, i & 1 ? DRM_VUMA_BO_HUGE : 0);

		verify_pattern(bo.map, bo.size, 0, 0);
		vuma_pattern_fill(bo.map, bo.size, 0xdead0000 + i, 1);
		KT_OK(vuma_bo_fini(&bo));
	}
}

static void each_page_itself(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		unsigned int page = i * 7 % PAGES;

		verify_pages(map + page * PAGE, 1, 0, page);
	}
}

static void after_head_unmap(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	unsigned int head;

	not_on_twin(index_rule);
	for (head = 1; head < PAGES; head++) {
		char *map = map_shared(&bo, PROT_READ | PROT_WRITE);

		KT_SYS(munmap(map, head * PAGE));
		/* From the end, so that no batch of the first fault helps. */
		verify_pages(map + (PAGES - 1) * PAGE, 1, 0, PAGES - 1);
		verify_pages(map + head * PAGE, PAGES - head, 0, head);
		KT_SYS(munmap(map + head * PAGE, (PAGES - head) * PAGE));
	}
}

static void after_hole(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);

	not_on_twin(index_rule);
	KT_SYS(munmap(map + 10 * PAGE, 5 * PAGE));
	verify_pages(map + 15 * PAGE, PAGES - 15, 0, 15);
	verify_pages(map, 10, 0, 0);
}

static void after_mprotect(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	uint64_t value;

	not_on_twin(index_rule);
	KT_SYS(mprotect(map + 2 * PAGE, 2 * PAGE, PROT_READ));
	verify_pages(map, PAGES, 0, 0);
	KT_EQ(try_write(map + 2 * PAGE, 1), SIGSEGV);
	KT_EQ(try_write(map + 4 * PAGE, page_word(0, 4)), 0);
	KT_SYS(mprotect(map + 2 * PAGE, 2 * PAGE, PROT_READ | PROT_WRITE));
	KT_EQ(try_write(map + 2 * PAGE, page_word(0, 2)), 0);
	KT_SYS(mprotect(map + 8 * PAGE, PAGE, PROT_NONE));
	KT_EQ(try_read(map + 8 * PAGE, &value), SIGSEGV);
	KT_SYS(mprotect(map + 8 * PAGE, PAGE, PROT_READ));
	verify_pages(map, PAGES, 0, 0);
}

static char *move_away(char *map, size_t size)
{
	void *there = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return KT_MAPPED(mremap(map, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, there));
}

static void after_mremap(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	char *moved;

	not_on_twin(index_rule);
	/* Away with everything, unpopulated and populated. */
	map = move_away(map, bo.size);
	verify_pages(map, PAGES, 0, 0);
	map = move_away(map, bo.size);
	verify_pages(map, PAGES, 0, 0);

	/* A part from the middle. */
	map = map_shared(&bo, PROT_READ | PROT_WRITE);
	moved = move_away(map + 8 * PAGE, 4 * PAGE);
	verify_pages(moved, 4, 0, 8);
	verify_pages(map, 8, 0, 0);
	verify_pages(map + 12 * PAGE, PAGES - 12, 0, 12);
}

static void mremap_sizes(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);

	KT_SYS_ERR((long)mremap(map, bo.size, bo.size + PAGE, MREMAP_MAYMOVE), EFAULT);
	verify_pages(map, PAGES, 0, 0);
	KT_TRUE(mremap(map, bo.size, 4 * PAGE, 0) == map);
	verify_pages(map, 4, 0, 0);
}

static void dmabuf_at_offset(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	int dmabuf = export_bo(&bo);
	unsigned int first;

	not_on_twin(index_rule);
	for (first = 0; first < PAGES; first++) {
		size_t len = (PAGES - first) * PAGE;
		char *map = KT_MAPPED(mmap(NULL, len, PROT_READ, MAP_SHARED, dmabuf,
					   first * PAGE));

		verify_pages(map, PAGES - first, 0, first);
		KT_SYS(munmap(map, len));
	}
}

static void dmabuf_bounds(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	int dmabuf = export_bo(&bo);

	KT_SYS_ERR((long)mmap(NULL, bo.size + PAGE, PROT_READ, MAP_SHARED, dmabuf, 0), EINVAL);
	KT_SYS_ERR((long)mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, dmabuf, bo.size - PAGE),
		   EINVAL);
	KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, bo.size), EINVAL);
}

static void drm_bounds(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	uint64_t offset;

	KT_OK(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset));
	KT_EQ(offset % PAGE, 0);
	KT_SYS_ERR((long)mmap(NULL, bo.size + PAGE, PROT_READ, MAP_SHARED, bo.fd, offset), EINVAL);
	KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, bo.fd, offset + PAGE), EINVAL);
	KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, bo.fd, offset - PAGE), EINVAL);
	KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, bo.fd, 0), EINVAL);
}

/* Memory right behind a mapping that is shorter than the BO stays what it was. */
static void short_mapping(void)
{
	struct vuma_bo bo = stamped(dev_open(0), 1024, 0, DRM_VUMA_BO_HUGE);
	uint64_t offset, len;

	KT_OK(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset));
	for (len = 1; len <= 1024; len = len * 3 + 1) {
		char *guard = mmap(NULL, 1025 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		uint64_t i;

		KT_TRUE(guard != MAP_FAILED);
		memset(guard, 0x77, 1025 * PAGE);
		KT_TRUE(mmap(guard, len * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			     bo.fd, offset) == guard);
		verify_pages(guard + (len - 1) * PAGE, 1, 0, len - 1);
		verify_pages(guard, len, 0, 0);
		for (i = len * PAGE; i < 1025 * PAGE; i += 512)
			KT_EQ(guard[i], 0x77);
		KT_SYS(munmap(guard, 1025 * PAGE));
	}
}

static void adjacent_mappings(void)
{
	int fd = dev_open(0);
	struct vuma_bo a = stamped(fd, PAGES, 1, 0), b = stamped(fd, PAGES, 2, 0);
	uint64_t offset_a, offset_b;
	char *area = KT_MAPPED(mmap(NULL, 3 * a.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
				    0));

	KT_OK(vuma_bo_mmap_offset(fd, a.handle, &offset_a));
	KT_OK(vuma_bo_mmap_offset(fd, b.handle, &offset_b));
	KT_TRUE(mmap(area, a.size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset_a) == area);
	KT_TRUE(mmap(area + a.size, b.size, PROT_READ, MAP_SHARED | MAP_FIXED, fd, offset_b) !=
		MAP_FAILED);
	KT_TRUE(mmap(area + 2 * a.size, a.size, PROT_READ, MAP_SHARED | MAP_FIXED, fd,
		     offset_a) != MAP_FAILED);
	verify_pages(area + 2 * a.size, PAGES, 1, 0);
	verify_pages(area + a.size, PAGES, 2, 0);
	verify_pages(area, PAGES, 1, 0);
}

static void fork_child_unmaps(intptr_t child_first)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	volatile uint64_t *word = bo.map;
	int pipes[2];
	char byte;
	pid_t pid;

	KT_SYS(pipe(pipes));
	stamp_pages(bo.map, PAGES, 0);
	pid = fork_child();
	if (!pid) {
		if (!child_first) {
			close(pipes[1]);
			/* Until the parent has unmapped. */
			if (read(pipes[0], &byte, 1) != 0)
				_exit(2);
		}
		verify_pages(bo.map, PAGES, 0, 0);
		word[1] = 4711;
		if (munmap(bo.map, bo.size))
			_exit(3);
		_exit(0);
	}
	if (!child_first) {
		KT_OK(vuma_bo_unmap(&bo));
		close(pipes[1]);
	}
	join_child(pid);
	KT_OK(vuma_bo_map(&bo));
	word = bo.map;
	KT_EQ(word[1], 4711);
	verify_pages(bo.map, PAGES, 0, 0);
	KT_OK(vuma_bo_unmap(&bo));
	KT_EQ(bo_status(&bo) & DRM_VUMA_BO_STATUS_CPU_MAPPED, 0);
}

/* Pages that nobody touched before the fork. */
static void fork_faults_are_shared(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	pid_t pid = fork_child();

	if (!pid) {
		stamp_pages(bo.map, PAGES, 5);
		_exit(0);
	}
	join_child(pid);
	verify_pages(bo.map, PAGES, 5, 0);
}

static void private_mapping(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	int dmabuf = export_bo(&bo);
	uint64_t offset;

	KT_OK(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset));
	KT_SYS_ERR((long)mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, bo.fd, offset),
		   EINVAL);
	KT_SYS_ERR((long)mmap(NULL, bo.size, PROT_READ, MAP_PRIVATE, bo.fd, offset), EINVAL);
	KT_SYS_ERR((long)mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, dmabuf, 0),
		   EINVAL);
}

static void foreign_file(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	int other = dev_open(0);
	uint64_t offset;

	KT_OK(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset));
	KT_SYS_ERR((long)mmap(NULL, bo.size, PROT_READ, MAP_SHARED, other, offset), EACCES);
}

/* Offsets that are tried. */
static uint64_t guessed_end(void)
{
	return FIRST_OFFSET + (ktap_slow() > 1 ? 4 : 64) * VUMA_MIB;
}

/* Tries every page of them; counts the hits. */
static unsigned int guess_offsets(int fd, unsigned int *eperm)
{
	unsigned int hits = 0;
	uint64_t offset;

	*eperm = 0;
	for (offset = FIRST_OFFSET; offset < guessed_end(); offset += PAGE) {
		void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, offset);

		if (map == MAP_FAILED) {
			if (errno == EPERM)
				(*eperm)++;
			else if (errno != EACCES)
				KT_EQ(errno, EINVAL);
			continue;
		}
		KT_SYS(munmap(map, PAGE));
		hits++;
	}
	return hits;
}

static void no_mmap_guessed(void)
{
	int fd = dev_open(0);
	struct vuma_bo hidden = bo_new(fd, PAGE, DRM_VUMA_BO_NO_MMAP);
	unsigned int eperm, hits;
	struct vuma_bo visible;
	uint64_t offset;
	int dmabuf;

	KT_RET(vuma_bo_mmap_offset(fd, hidden.handle, &offset), -EPERM);
	KT_EQ(guess_offsets(fd, &eperm), 0);
	/* An export may have made an offset for it. */
	dmabuf = export_bo(&hidden);
	KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, 0), EPERM);
	KT_EQ(guess_offsets(fd, &eperm), 0);
	KT_LE(eperm, 1);

	/* The guessing works: an ordinary BO is found. */
	visible = bo_new(fd, PAGE, 0);
	KT_OK(vuma_bo_mmap_offset(fd, visible.handle, &offset));
	KT_LT(offset, guessed_end());
	hits = guess_offsets(fd, &eperm);
	KT_EQ(hits, 1);
}

static void no_mmap_dmabuf(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), PAGES * PAGE, DRM_VUMA_BO_NO_MMAP);
	int dmabuf = export_bo(&bo);
	uint64_t first;

	for (first = 0; first < PAGES; first += 5) {
		KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, dmabuf, first * PAGE),
			   EPERM);
		KT_SYS_ERR((long)mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf,
				      first * PAGE), EPERM);
	}
}

static void no_mmap_gpu_works(void)
{
	struct vuma_bo bo = bo_new(dev_open(0), 4 * PAGE, DRM_VUMA_BO_NO_MMAP);
	struct vuma_bo out = bo_new_mapped(bo.fd, 4 * PAGE, 0);
	struct vuma_vm vm = vm_new(bo.fd);
	uint64_t va = vm_map_bo(&vm, &bo), out_va = vm_map_bo(&vm, &out);

	run_cmd(&vm, vuma_cmd_fill(va, bo.size, 3, 5));
	run_cmd(&vm, vuma_cmd_copy(out_va, va, bo.size));
	verify_pattern(out.map, out.size, 3, 5);
}

static void readonly_mapping(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ);

	verify_pages(map, PAGES, 0, 0);
	KT_EQ(try_write(map, 1), SIGSEGV);
	KT_SYS(mprotect(map, bo.size, PROT_READ | PROT_WRITE));
	KT_EQ(try_write(map, page_word(9, 0)), 0);
	verify_pages(map, 1, 9, 0);
	verify_pages(map + PAGE, PAGES - 1, 0, 1);
}

static void readonly_file(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	int dmabuf = vuma_prime_export(bo.fd, bo.handle, DRM_CLOEXEC);
	char *map;

	KT_GE(dmabuf, 0);
	KT_SYS_ERR((long)mmap(NULL, bo.size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0),
		   EACCES);
	map = KT_MAPPED(mmap(NULL, bo.size, PROT_READ, MAP_SHARED, dmabuf, 0));
	verify_pages(map, 1, 0, 0);
	KT_SYS_ERR(mprotect(map, bo.size, PROT_READ | PROT_WRITE), EACCES);
}

static void survives_close_of_file(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	char *map = map_shared(&bo, PROT_READ);

	stamp_pages(bo.map, PAGES, 1);
	KT_SYS(close(bo.fd));
	/* Never touched while the file was open. */
	verify_pages(map, PAGES, 1, 0);
	verify_pages(bo.map, PAGES, 1, 0);
}

static void madvise_keeps_content(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, 0);
	static const int advices[] = { MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, MADV_COLD };
	size_t i;

	stamp_pages(bo.map, PAGES, 1);
	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		/* Refused or not: what is in the BO stays. */
		madvise(bo.map, bo.size, advices[i]);
		verify_pages(bo.map, PAGES, 1, 0);
	}
}

static void kernel_access(void)
{
	struct vuma_bo bo = stamped(dev_open(0), PAGES, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	uint64_t word = 0;
	int pipes[2];
	unsigned int i;

	KT_SYS(pipe(pipes));
	for (i = 0; i < PAGES; i++) {
		KT_EQ(write(pipes[1], map + i * PAGE, 8), 8);
		KT_EQ(read(pipes[0], &word, 8), 8);
		KT_EQ(word, page_word(0, i));
	}
	/* And into pages that are not mapped yet. */
	KT_SYS(munmap(map, bo.size));
	map = map_shared(&bo, PROT_READ | PROT_WRITE);
	word = page_word(6, 3);
	KT_EQ(write(pipes[1], &word, 8), 8);
	KT_EQ(read(pipes[0], map + 3 * PAGE, 8), 8);
	verify_pages(map + 3 * PAGE, 1, 6, 3);
	verify_pages(map, 3, 0, 0);
}

/* Addresses that are not aligned like the object; every start within a page table. */
static void odd_addresses(void)
{
	enum { BIG = 2048 };
	struct vuma_bo bo = stamped(dev_open(0), BIG, 0, DRM_VUMA_BO_HUGE);
	uint64_t offset, shift;
	char *area;

	KT_OK(vuma_bo_mmap_offset(bo.fd, bo.handle, &offset));
	area = KT_MAPPED(mmap(NULL, bo.size + 2 * PMD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0));
	area = (char *)(((uintptr_t)area + PMD - 1) & ~(PMD - 1));
	for (shift = 0; shift < PMD / PAGE; shift = shift * 2 + 1) {
		char *map = mmap(area + shift * PAGE, bo.size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, bo.fd, offset);

		KT_TRUE(map == area + shift * PAGE);
		/* The first access is a write in the middle. */
		KT_EQ(try_write(map + 1000 * PAGE, page_word(0, 1000)), 0);
		verify_pages(map, BIG, 0, 0);
		KT_SYS(munmap(map, bo.size));
	}
}

static long faults_now(void)
{
	struct rusage usage;

	KT_SYS(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt + usage.ru_majflt;
}

static void batches(void)
{
	const int big = 32 * VUMA_MIB / PAGE;
	struct vuma_bo bo = stamped(dev_open(0), big, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	long before = faults_now(), taken;

	not_on_twin("maps one page per fault");
	verify_pages(map, big, 0, 0);
	taken = faults_now() - before;
	/* 16 windows of 2 MiB, after the first ones have grown up to that; larger ones of more. */
	if (taken > 64)
		KT_FAIL("%ld faults for a walk over %d resident pages", taken, big);
}

/* A first store to a page that was read needs no fault, however the VMA became writable. */
static void store_after_read(void)
{
	enum { BIG = 1024 };
	struct vuma_bo bo = stamped(dev_open(0), BIG, 0, 0);
	char *map = map_shared(&bo, PROT_READ | PROT_WRITE);
	long before, taken;

	verify_pages(map, BIG, 0, 0);
	before = faults_now();
	stamp_pages(map, BIG, 1);
	taken = faults_now() - before;
	/* The stack, and what else the C library touches for the first time. */
	if (taken > 8)
		KT_FAIL("%ld faults for stores to %d mapped pages", taken, BIG);
	verify_pages(map, BIG, 1, 0);

	KT_SYS(munmap(map, bo.size));
	map = map_shared(&bo, PROT_READ);
	verify_pages(map, BIG, 1, 0);
	KT_SYS(mprotect(map, bo.size, PROT_READ | PROT_WRITE));
	stamp_pages(map, BIG, 2);
	verify_pages(map, BIG, 2, 0);
}

/* Kibibytes of page tables of this process. */
static long page_table_kib(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[128];
	long kib = -1;

	KT_TRUE(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmPTE: %ld kB", &kib) == 1)
			break;
	fclose(file);
	KT_GE(kib, 0);
	return kib;
}

/* A PMD mapping needs no page table. */
static void huge_mapping(void)
{
	const uint64_t size = 2 * PMD > 32 * VUMA_MIB ? 2 * PMD : 32 * VUMA_MIB;
	const uint64_t pages = size / PAGE, hole = 3 * VUMA_MIB / PAGE;
	/* A quarter of the tables of single pages; room for the walk's upper levels. */
	const long most = (size / PMD < 4 ? PAGE : size / PMD * PAGE / 4) / 1024;
	int fd = dev_open(0);
	struct vuma_bo bo;
	uint64_t features;
	long before, used;
	char *map;

	not_on_twin("maps single pages only");
	KT_OK(vuma_get_param(fd, DRM_VUMA_PARAM_FEATURES, 0, &features));
	if (!(features & DRM_VUMA_FEATURE_HUGE))
		KT_SKIP("this system has no huge folios for buffers");
	bo = stamped(fd, pages, 0, DRM_VUMA_BO_HUGE);
	map = map_shared(&bo, PROT_READ | PROT_WRITE);
	KT_EQ((uintptr_t)map % PMD, 0);
	before = page_table_kib();
	verify_pages(map, pages, 0, 0);
	used = page_table_kib() - before;
	if (used > most)
		KT_FAIL("%ld KiB of page tables for %llu MiB of huge folios", used,
			(unsigned long long)(size / VUMA_MIB));
	/* Splitting one keeps the rest. */
	KT_SYS(munmap(map + hole * PAGE, PAGE));
	KT_SYS(mprotect(map + 6 * VUMA_MIB + PAGE, PAGE, PROT_READ));
	verify_pages(map, hole, 0, 0);
	verify_pages(map + (hole + 1) * PAGE, pages - hole - 1, 0, hole + 1);
}

struct walker {
	pthread_t thread;
	const char *map;
	uint64_t pages;
	uint64_t seed;
};

static void *walk(void *arg)
{
	struct walker *w = arg;
	uint64_t i;

	for (i = 0; i < w->pages; i++) {
		uint64_t page = (i * (2 * w->seed + 1) + w->seed * 97) % w->pages;

		verify_pages(w->map + page * PAGE, 1, 0, page);
	}
	return NULL;
}

/* Several threads fault the same new mapping; one of them splits VMAs meanwhile. */
static void parallel_faults(void)
{
	enum { THREADS = 6, BIG = 1024, ROUNDS = 12 };
	struct vuma_bo bo = stamped(dev_open(0), BIG, 0, 0);
	struct walker walkers[THREADS];
	int round, i;

	for (round = 0; round < ROUNDS; round++) {
		char *map = map_shared(&bo, PROT_READ | PROT_WRITE);

		for (i = 0; i < THREADS; i++) {
			walkers[i] = (struct walker){ .map = map, .pages = BIG, .seed = i };
			KT_EQ(pthread_create(&walkers[i].thread, NULL, walk, &walkers[i]), 0);
		}
		for (i = 0; i < BIG && !is_twin(); i += 8)
			KT_SYS(mprotect(map + i * PAGE, PAGE, PROT_READ));
		for (i = 0; i < THREADS; i++)
			KT_EQ(pthread_join(walkers[i].thread, NULL), 0);
		KT_SYS(munmap(map, bo.size));
	}
}

/* All threads make the BO's first pages appear at once. */
static void parallel_population(void)
{
	enum { THREADS = 6, BIG = 512, ROUNDS = 10 };
	int fd = dev_open(0), round, i;
	struct walker walkers[THREADS];

	for (round = 0; round < ROUNDS; round++) {
		struct vuma_bo bo = bo_new_mapped(fd, BIG * PAGE, 0);

		for (i = 0; i < THREADS; i++) {
			walkers[i] = (struct walker){ .map = bo.map, .pages = BIG };
			/* Pages are written by exactly one, read by nobody else. */
			pid_t pid = fork_child();

			if (!pid) {
				uint64_t page;

				for (page = i; page < BIG; page += THREADS)
					*(volatile uint64_t *)((char *)bo.map + page * PAGE) =
						page_word(0, page);
				_exit(0);
			}
		}
		for (i = 0; i < THREADS; i++) {
			int status;

			KT_SYS(wait(&status));
			KT_EQ(status, 0);
		}
		walk(&walkers[0]);
		KT_EQ(bo_query(&bo).resident, bo.size);
		KT_OK(vuma_bo_fini(&bo));
	}
}

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

/* panthor-72: a signal during a fault is a retry, never SIGBUS. */
static void faults_with_signals(void)
{
	struct sigaction act = { .sa_handler = on_tick };
	struct itimerval timer = {
		.it_interval = { .tv_usec = 500 }, .it_value = { .tv_usec = 500 },
	};
	int fd = dev_open(0), i;

	KT_SYS(sigaction(SIGALRM, &act, NULL));
	KT_SYS(setitimer(ITIMER_REAL, &timer, NULL));
	for (i = 0; i < 6 || ticks < 20; i++) {
		struct vuma_bo bo = bo_new_mapped(fd, 8 * VUMA_MIB, 0);

		stamp_pages(bo.map, bo.size / PAGE, i);
		verify_pages(bo.map, bo.size / PAGE, i, 0);
		KT_OK(vuma_bo_fini(&bo));
	}
	timer = (struct itimerval){ 0 };
	KT_SYS(setitimer(ITIMER_REAL, &timer, NULL));
}

static void wc_flag(void)
{
	struct vuma_bo bo = bo_new_mapped(dev_open(0), PAGES * PAGE, DRM_VUMA_BO_WC);

	verify_pattern(bo.map, bo.size, 0, 0);
	stamp_pages(bo.map, PAGES, 1);
	KT_OK(vuma_bo_unmap(&bo));
	KT_OK(vuma_bo_map(&bo));
	verify_pages(bo.map, PAGES, 1, 0);
}

static const struct ktap_test tests[] = {
	{ .name = "mmap_reads_zero_before_the_first_write", .run = reads_zero },
	{ .name = "mmap_reads_zero_in_memory_that_others_used", .run = zero_after_reuse },
	{ .name = "mmap_each_page_shows_itself", .run = each_page_itself },
	{ .name = "mmap_page_index_after_munmap_of_head_uma-B1_panthor-75",
	  .run = after_head_unmap },
	{ .name = "mmap_page_index_after_hole_uma-B1_panthor-75", .run = after_hole },
	{ .name = "mmap_page_index_after_mprotect_split_uma-B1_panthor-75",
	  .run = after_mprotect },
	{ .name = "mmap_page_index_after_mremap_uma-B1", .run = after_mremap },
	{ .name = "mmap_mremap_cannot_grow_and_can_shrink", .run = mremap_sizes },
	{ .name = "mmap_page_index_of_dmabuf_at_offset_uma-B1", .run = dmabuf_at_offset },
	{ .name = "mmap_dmabuf_beyond_the_end_is_EINVAL", .run = dmabuf_bounds },
	{ .name = "mmap_drm_beyond_the_object_is_EINVAL", .run = drm_bounds },
	{ .name = "mmap_fault_batch_ends_with_the_vma_panthor-76", .run = short_mapping },
	{ .name = "mmap_adjacent_buffers_do_not_merge", .run = adjacent_mappings },
	{ .name = "mmap_fork_child_unmaps_first_panthor-79",
	  .run_arg = fork_child_unmaps, .arg = true },
	{ .name = "mmap_fork_parent_unmaps_first_panthor-79",
	  .run_arg = fork_child_unmaps, .arg = false },
	{ .name = "mmap_fork_shares_pages_faulted_later", .run = fork_faults_are_shared },
	{ .name = "mmap_private_is_EINVAL_panthor-79", .run = private_mapping },
	{ .name = "mmap_without_a_handle_is_EACCES", .run = foreign_file },
	{ .name = "mmap_NO_MMAP_by_guessed_offset_fails_panthor-82_uma-B7",
	  .run = no_mmap_guessed },
	{ .name = "mmap_NO_MMAP_by_dmabuf_is_EPERM_uma-B7", .run = no_mmap_dmabuf },
	{ .name = "mmap_NO_MMAP_is_usable_by_the_gpu", .run = no_mmap_gpu_works },
	{ .name = "mmap_readonly_write_is_SIGSEGV", .run = readonly_mapping },
	{ .name = "mmap_readonly_dmabuf_cannot_become_writable", .run = readonly_file },
	{ .name = "mmap_survives_close_of_the_file", .run = survives_close_of_file },
	{ .name = "mmap_madvise_keeps_the_content", .run = madvise_keeps_content },
	{ .name = "mmap_kernel_reads_and_writes_through_it", .run = kernel_access },
	{ .name = "mmap_at_odd_addresses_shows_every_page_panthor-76", .run = odd_addresses },
	{ .name = "mmap_faults_in_batches_up_to_the_pmd_bound", .run = batches },
	{ .name = "mmap_store_after_read_needs_no_fault_rev-F1", .run = store_after_read },
	{ .name = "mmap_huge_folios_are_mapped_by_pmd_panthor-76", .run = huge_mapping },
	{ .name = "mmap_threads_fault_in_parallel_with_splits_panthor-71",
	  .run = parallel_faults },
	{ .name = "mmap_processes_populate_in_parallel_panthor-4", .run = parallel_population },
	{ .name = "mmap_signals_during_faults_are_harmless_panthor-72",
	  .run = faults_with_signals },
	{ .name = "mmap_write_combined_flag_works", .run = wc_flag },
};

TEST_PROGRAM(tests, NULL);
