// SPDX-License-Identifier: GPL-2.0
/*
 * A client of the GPU. Knows nothing of the scene it is in: it owns buffers, writes
 * them, has the GPU work on them, and checks them, in the order it is told.
 *
 * Content. A page is 64 lines of 8 words. The first word of each line is a hash of
 * (seed, client, buffer, page, line), the other seven are hashes of (seed, client,
 * buffer, page, column). So a page has 71 random words of 512: no two pages and no
 * two lines are alike, and compressed swap still gets something to compress. A GPU
 * job adds a buffer to itself, so after n jobs a word is the original << n; the
 * GPU's checksum (sums of words, and of sums) can be told in advance the same way.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vuma_client.h"
#include "vuma-demo.h"

#define PAGE_WORDS	512
#define PAGE_BYTES	(PAGE_WORDS * sizeof(uint64_t))
#define LINE_WORDS	8
#define SUBMIT_PATIENCE	(2 * VUMA_SEC)
#define JOB_TIMEOUT	(60 * VUMA_SEC)

struct buffer {
	struct vuma_bo bo;
	uint64_t va;
	uint64_t sum_a, sum_b;	/* checksum of the pattern as it was written */
	unsigned int shift;	/* jobs that have worked on it */
};

/* Some buffers in one GPU address space, and where its jobs put their results. */
struct group {
	struct vuma_vm vm;
	struct vuma_bo result;
	uint64_t result_va;
	struct vuma_bo scratch;
	uint64_t scratch_va;
};

struct client {
	const struct demo_client_cfg *cfg;
	struct demo_stat *stat;
	struct buffer *buf;
	unsigned int bufs;
	struct group *group;
	unsigned int groups;
	unsigned int *order;
	uint64_t random;
	int fd;
};

static struct demo_stat *bus_stat;

static noreturn void die(struct client *c, const char *what, int err)
{
	snprintf(c->stat->what, sizeof(c->stat->what), "%s", what);
	c->stat->error = -err;
	_exit(1);
}

static void must(struct client *c, const char *what, int err)
{
	if (err < 0)
		die(c, what, err);
}

static void on_bus_error(int sig)
{
	(void)sig;
	bus_stat->bus_error = 1;
	_exit(1);
}

static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static void pattern_page(const struct client *c, unsigned int buf, uint64_t page,
			 unsigned int shift, uint64_t *out)
{
	uint64_t key = mix(c->cfg->seed ^ mix(c->cfg->id << 48 | (uint64_t)buf << 24 | page));
	uint64_t column[LINE_WORDS];
	unsigned int line, i;

	for (i = 1; i < LINE_WORDS; i++)
		column[i] = mix(key + i) << shift;
	for (line = 0; line < PAGE_WORDS / LINE_WORDS; line++) {
		*out++ = mix(key + LINE_WORDS + line) << shift;
		for (i = 1; i < LINE_WORDS; i++)
			*out++ = column[i];
	}
}

static void shuffle(struct client *c, unsigned int *list, unsigned int count)
{
	unsigned int i, j, tmp;

	for (i = 0; i < count; i++)
		list[i] = i;
	for (i = count; i > 1; i--) {
		j = vuma_random(&c->random) % i;
		tmp = list[i - 1];
		list[i - 1] = list[j];
		list[j] = tmp;
	}
}

/*
 * A new random order for jobs: of the address spaces, and of the buffers in each.
 * Jobs that share an address space follow each other, since SUBMIT brings in all that
 * is bound there.
 */
static void shuffle_jobs(struct client *c)
{
	unsigned int per = c->cfg->vm_bos, in_group[per], groups[c->groups];
	unsigned int g, i, n = 0;

	shuffle(c, groups, c->groups);
	for (g = 0; g < c->groups; g++) {
		shuffle(c, in_group, per);
		for (i = 0; i < per; i++) {
			unsigned int buf = groups[g] * per + in_group[i];

			if (buf < c->bufs)
				c->order[n++] = buf;
		}
	}
}

static void fill(struct client *c)
{
	uint64_t page[PAGE_WORDS];
	unsigned int i;
	uint64_t p;

	for (i = 0; i < c->bufs; i++) {
		struct buffer *b = &c->buf[i];

		must(c, "map a buffer", vuma_bo_map(&b->bo));
		for (p = 0; p < b->bo.size / PAGE_BYTES; p++) {
			pattern_page(c, i, p, 0, page);
			vuma_checksum(page, PAGE_BYTES, &b->sum_a, &b->sum_b);
			memcpy((char *)b->bo.map + p * PAGE_BYTES, page, PAGE_BYTES);
			c->stat->written += PAGE_BYTES;
		}
	}
}

static void check(struct client *c)
{
	uint64_t expect[PAGE_WORDS];
	unsigned int n, i;
	uint64_t p;

	c->stat->round_checked = 0;
	shuffle(c, c->order, c->bufs);
	for (n = 0; n < c->bufs; n++) {
		struct buffer *b = &c->buf[c->order[n]];

		for (p = 0; p < b->bo.size / PAGE_BYTES; p++) {
			const uint64_t *word = b->bo.map + p * PAGE_BYTES;
			uint64_t bad = 0;

			pattern_page(c, c->order[n], p, b->shift, expect);
			for (i = 0; i < PAGE_WORDS; i++)
				bad += word[i] != expect[i];
			c->stat->bad_words += bad;
			c->stat->cpu_checked += PAGE_BYTES;
			c->stat->round_checked += PAGE_BYTES;
		}
	}
}

/*
 * SUBMIT promises that -ENOMEM can be repeated: memory may be on its way out. Both
 * drivers get the same patience.
 */
static void run_job(struct client *c, struct group *g, const struct drm_vuma_cmd *cmds,
		    unsigned int count)
{
	int64_t give_up = vuma_now_ns() + SUBMIT_PATIENCE;
	int status = 0;
	int ret;

	for (;;) {
		ret = vuma_run(c->fd, g->vm.id, cmds, count, JOB_TIMEOUT, &status);
		if (ret != -ENOMEM || vuma_now_ns() > give_up)
			break;
		c->stat->retries++;
		usleep(20000);
	}
	must(c, "submit a job", ret);
	must(c, "a job on the GPU", status);
	c->stat->gpu_jobs++;
}

static void check_sum(struct client *c, const struct buffer *b, const struct group *g,
		      unsigned int shift)
{
	const uint64_t *sum = g->result.map;

	if (sum[0] != b->sum_a << shift || sum[1] != b->sum_b << shift)
		c->stat->bad_sums++;
	c->stat->gpu_checked += b->bo.size;
}

static struct group *group_of(struct client *c, const struct buffer *b)
{
	return &c->group[(b - c->buf) / c->cfg->vm_bos];
}

static void gpu_round(struct client *c)
{
	struct drm_vuma_cmd cmds[2];
	unsigned int n;

	c->stat->round_jobs = 0;
	shuffle_jobs(c);
	for (n = 0; n < c->bufs; n++) {
		struct buffer *b = &c->buf[c->order[n]];
		struct group *g = group_of(c, b);

		cmds[0] = vuma_cmd_add(b->va, b->va, b->va, b->bo.size);
		cmds[1] = vuma_cmd_checksum(g->result_va, b->va, b->bo.size);
		run_job(c, g, cmds, 2);
		b->shift++;
		check_sum(c, b, g, b->shift);
		c->stat->round_jobs++;
	}
}

/* As above, into a scratch buffer: the pattern stays, so it can run for ever. */
static void gpu_loop(struct client *c, uint32_t order)
{
	struct drm_vuma_cmd cmds[2];
	unsigned int n;

	while (c->stat->order == order) {
		shuffle_jobs(c);
		for (n = 0; n < c->bufs && c->stat->order == order; n++) {
			struct buffer *b = &c->buf[c->order[n]];
			struct group *g = group_of(c, b);

			cmds[0] = vuma_cmd_add(g->scratch_va, b->va, b->va, b->bo.size);
			cmds[1] = vuma_cmd_checksum(g->result_va, g->scratch_va, b->bo.size);
			run_job(c, g, cmds, 2);
			check_sum(c, b, g, b->shift + 1);
		}
	}
}

static void setup_group(struct client *c, struct group *g)
{
	must(c, "create a GPU address space", vuma_vm_init(&g->vm, c->fd));
	must(c, "create a buffer", vuma_bo_init(&g->result, c->fd, PAGE_BYTES, 0));
	must(c, "map a buffer", vuma_bo_map(&g->result));
	must(c, "bind a buffer", vuma_vm_map_bo(&g->vm, &g->result, &g->result_va));
	must(c, "create a buffer", vuma_bo_init(&g->scratch, c->fd, c->cfg->bo_bytes, 0));
}

static void setup(struct client *c)
{
	unsigned int i;

	c->bufs = c->cfg->bytes / c->cfg->bo_bytes;
	c->groups = (c->bufs + c->cfg->vm_bos - 1) / c->cfg->vm_bos;
	c->random = mix(c->cfg->seed ^ c->cfg->id) | 1;
	c->buf = calloc(c->bufs, sizeof(*c->buf));
	c->group = calloc(c->groups, sizeof(*c->group));
	c->order = calloc(c->bufs, sizeof(*c->order));
	if (!c->buf || !c->group || !c->order)
		die(c, "allocate", -ENOMEM);
	c->fd = vuma_open(c->cfg->driver, 0, VUMA_NODE_RENDER);
	must(c, "open the GPU", c->fd);
	c->stat->drm_fd = c->fd;
	for (i = 0; i < c->groups; i++)
		setup_group(c, &c->group[i]);
	for (i = 0; i < c->bufs; i++) {
		struct buffer *b = &c->buf[i];

		must(c, "create a buffer", vuma_bo_init(&b->bo, c->fd, c->cfg->bo_bytes, 0));
		must(c, "bind a buffer", vuma_vm_map_bo(&group_of(c, b)->vm, &b->bo, &b->va));
	}
}

/* Only a client that loops needs scratch space, and only it has to pay for it. */
static void bind_scratch(struct client *c)
{
	unsigned int i;

	for (i = 0; i < c->groups; i++) {
		struct group *g = &c->group[i];

		if (!g->scratch_va)
			must(c, "bind a buffer",
			     vuma_vm_map_bo(&g->vm, &g->scratch, &g->scratch_va));
	}
}

static void obey(struct client *c, uint32_t order)
{
	c->stat->step = order & 0xff;
	switch (c->stat->step) {
	case STEP_FILL:
		fill(c);
		break;
	case STEP_GPU:
		gpu_round(c);
		break;
	case STEP_CHECK:
		check(c);
		break;
	case STEP_LOOP:
		bind_scratch(c);
		gpu_loop(c, order);
		break;
	case STEP_QUIT:
		_exit(0);
	default:
		die(c, "understand an order", -EINVAL);
	}
	c->stat->done = order;
	c->stat->step = STEP_NONE;
}

void demo_client_main(const struct demo_client_cfg *cfg, struct demo_stat *stat)
{
	struct client c = { .cfg = cfg, .stat = stat, .fd = -1 };
	struct sigaction bus = { .sa_handler = on_bus_error };

	bus_stat = stat;
	must(&c, "handle bus errors", sigaction(SIGBUS, &bus, NULL) ? -errno : 0);
	setup(&c);
	for (;;) {
		uint32_t order = stat->order;

		if (order && order != stat->done)
			obey(&c, order);
		else
			usleep(5000);
	}
}
