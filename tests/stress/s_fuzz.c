// SPDX-License-Identifier: GPL-2.0
/*
 * Random ioctls, good and bad, from several threads at once and beside reclaim: each one of
 * vuma, and those of the core that create, share, wait for or end something.
 *
 * Every errno has to be one that the call may return; afterwards all counters are back at
 * zero. What goes wrong inside is for the kernel's log to say. Inputs that reached something
 * new, by KCOV or else by how the call ended, are kept and varied. Stands for panthor-1,
 * -8, -9, -65, -66, and uma-B11: mistakes in error paths.
 */
#include "crew.h"
#include "fuzz.h"
#include "kcov.h"

#define THREADS		4
#define CORPUS		128
#define CALLS		64
#define ERRNOS		140
/* Calls of a kind, one of which succeeds. */
#define ENOUGH		400

static struct fuzz_target target;
/* What was seen: by type, how it ended. */
static atomic_ullong endings[64][ERRNOS];
static atomic_uint good, bad, kept;

static void open_target(void)
{
	struct vuma_vm vm;
	unsigned int i;

	target.files[0] = dev_open(0);
	target.files[1] = dev_open(1);
	target.files[2] = dev_open_primary(0);
	target.files[3] = dev_open(0);
	target.files[4] = dev_open(1);
	/* Each file has its path from the start, or chance would decide what is tried. */
	for (i = 0; i < FUZZ_FILES; i++)
		KT_OK(i < 3 ? vuma_vm_init(&vm, target.files[i]) :
			      vuma_submit_legacy(target.files[i], NULL, 0, NULL, 0, 0, 0));
	for (i = 0; i < FUZZ_DMABUFS; i++)
		atomic_store(&target.dmabufs[i], -1);
	KT_LE(fuzz_types(), ARRAY_SIZE(endings));
}

static void judge(const struct fuzz_input *input, int ret)
{
	if (!fuzz_documented(input, ret))
		KT_FAIL("%s: %s is not documented", fuzz_name(input), strerror(-ret));
	atomic_fetch_add(ret ? &bad : &good, 1);
}

/* The first page of a buffer, read and written, wherever its offset leads. */
static void touch(int fd, uint64_t *rng)
{
	uint32_t handle = 1 + stress_below(rng, FUZZ_HANDLES);
	volatile uint64_t *word;
	void *map;

	if (vuma_bo_mmap(fd, handle, PAGE, PROT_READ | PROT_WRITE, &map))
		return;
	word = map;
	*word += 1;
	KT_SYS(munmap(map, PAGE));
}

struct corpus {
	struct fuzz_input inputs[CORPUS];
	unsigned int count;
};

static void choose(struct corpus *corpus, struct fuzz_input *input, uint64_t *rng)
{
	if (!corpus->count || stress_below(rng, 3)) {
		fuzz_make(input, rng);
		return;
	}
	*input = corpus->inputs[stress_below(rng, corpus->count)];
	fuzz_mutate(input, rng);
}

static void remember(struct corpus *corpus, const struct fuzz_input *input, uint64_t *rng)
{
	unsigned int at = corpus->count < CORPUS ? corpus->count++ : stress_below(rng, CORPUS);

	corpus->inputs[at] = *input;
	atomic_fetch_add(&kept, 1);
}

static void fuzzer(struct worker *w)
{
	struct corpus *corpus = calloc(1, sizeof(*corpus));
	struct fuzz_input input;
	struct fuzz_room room;
	struct kcov kcov;
	bool covered = kcov_available() && kcov_start(&kcov), fresh;
	int i, ret;

	KT_TRUE(corpus);
	fuzz_room_init(&room);
	while (worker_again(w)) {
		for (i = 0; i < CALLS; i++) {
			choose(corpus, &input, &w->rng);
			if (covered)
				kcov_reset(&kcov);
			ret = fuzz_run(&target, &room, &input);
			fresh = !atomic_fetch_add(&endings[input.type][-ret % ERRNOS], 1);
			if (covered)
				fresh = kcov_collect(&kcov) || fresh;
			judge(&input, ret);
			if (fresh)
				remember(corpus, &input, &w->rng);
		}
		touch(target.files[stress_below(&w->rng, FUZZ_FILES)], &w->rng);
	}
	if (covered)
		kcov_stop(&kcov);
	free(corpus);
}

static unsigned int distinct_endings(void)
{
	unsigned int i, j, n = 0;

	for (i = 0; i < fuzz_types(); i++)
		for (j = 0; j < ERRNOS; j++)
			n += atomic_load(&endings[i][j]) != 0;
	return n;
}

static void fail_with_endings(unsigned int type, unsigned long long tried)
{
	struct fuzz_input input = { .type = type };
	char list[256] = "";
	size_t len = 0;
	int i;

	for (i = 1; i < ERRNOS && len < sizeof(list); i++)
		if (atomic_load(&endings[type][i]))
			len += snprintf(list + len, sizeof(list) - len, ", %s %llu times",
					strerrorname_np(i), atomic_load(&endings[type][i]));
	KT_FAIL("%s never succeeded, in %llu calls%s", fuzz_name(&input), tried, list);
}

/* Every kind of call that can has succeeded, or it was not tried for real. */
static void expect_successes(void)
{
	unsigned int i, j;

	for (i = 0; i < fuzz_types(); i++) {
		struct fuzz_input input = { .type = i };
		unsigned long long tried = 0;

		for (j = 0; j < ERRNOS; j++)
			tried += atomic_load(&endings[i][j]);
		if (fuzz_can_succeed(&input) && tried > ENOUGH && !atomic_load(&endings[i][0]))
			fail_with_endings(i, tried);
	}
}

static void close_all(int fd)
{
	struct drm_vuma_vm_destroy destroy = { 0 };
	uint32_t i;

	for (i = 0; i < FUZZ_DMABUFS; i++) {
		int dmabuf = atomic_exchange(&target.dmabufs[i], -1);

		if (dmabuf >= 0)
			close(dmabuf);
	}
	/* Beyond the usual numbers there can be some that nobody was told of. */
	for (i = 1; i < 16 * FUZZ_HANDLES; i++) {
		destroy.vm_id = i;
		vuma_ioctl(fd, DRM_IOCTL_VUMA_VM_DESTROY, &destroy);
		vuma_bo_close(fd, i);
		vuma_syncobj_destroy(fd, i);
	}
}

/* Ends of jobs and of what they held are worked off after the calls that began them. */
static void expect_zero_fdinfo(int fd)
{
	static const char *const keys[] = {
		"drm-total-memory", "drm-shared-memory", "drm-resident-memory",
		"vuma-evicted-memory",
	};
	uint64_t value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		KT_OK(vuma_fdinfo(0, fd, keys[i], &value));
		if (value)
			KT_FAIL("%s is %llu, and all handles are closed", keys[i],
				(unsigned long long)value);
	}
}

/* Objects listed, kibibytes resident, page tables: of both devices. */
static unsigned long long leftovers(void)
{
	unsigned long long sum = 0, number;
	char path[96], line[512];
	unsigned int i;
	FILE *file;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/vuma.%u/gems", i);
		file = fopen(path, "re");
		KT_TRUE(file);
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "resident %llu KiB", &number) == 1)
				sum += number;
			else if (line[strspn(line, " ")] >= '0' && line[strspn(line, " ")] <= '9')
				sum++;
		}
		fclose(file);
		snprintf(path, sizeof(path), "/sys/kernel/debug/dri/vuma.%u/engine", i);
		file = fopen(path, "re");
		KT_TRUE(file);
		while (fgets(line, sizeof(line), file))
			if (sscanf(line, "tables %llu", &number) == 1)
				sum += number;
		fclose(file);
	}
	return sum;
}

static void ioctls(void)
{
	struct crew crew = { .squeezes = SQUEEZE_ANY, .squeezers = 1, .seconds = 4 };
	unsigned int i;

	/* Or leftovers of others would be taken for ours. */
	KT_WAIT(!leftovers());
	crew_enter_cgroup(&crew);
	open_target();
	if (!kcov_available())
		ktap_note("no KCOV: inputs are kept by how the calls end");
	crew_add(&crew, "fuzzer", THREADS, fuzzer, NULL);
	crew_race(&crew);
	ktap_note("%u calls succeeded, %u failed; %u endings, %u inputs kept", atomic_load(&good),
		  atomic_load(&bad), distinct_endings(), atomic_load(&kept));
	if (kcov_available()) {
		ktap_note("KCOV: %u places of gem_uma and vuma reached", kcov_total());
		KT_GE(kcov_total(), 1);
	}
	expect_successes();
	for (i = 0; i < FUZZ_FILES; i++)
		close_all(target.files[i]);
	for (i = 0; i < FUZZ_FILES; i++)
		expect_zero_fdinfo(target.files[i]);
	for (i = 0; i < FUZZ_FILES; i++)
		KT_SYS(close(target.files[i]));
	KT_WAIT(!leftovers());
}

static const struct ktap_test tests[] = {
	{ .name = "stress_fuzz_ioctls_panthor-1_panthor-65_panthor-66", .run = ioctls },
};

STRESS_PROGRAM(tests, NULL);
