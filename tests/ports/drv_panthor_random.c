// SPDX-License-Identifier: GPL-2.0
/*
 * Random VM_BIND and eviction against a model of pages: what is where, and what its first word
 * is. The device is the judge: its jobs find each word where the model says that it is.
 */
#include <stdlib.h>
#include <string.h>

#include "drv_panthor.h"

/* Not where buffers get their addresses by themselves. */
#define WINDOW_VA	0x80000000ull
#define WINDOW_PAGES	4096u
#define BLOCK_PAGES	512u
#define BOS		6
#define ROUNDS		2000
#define COMMANDS	50

static const unsigned int bo_pages[BOS] = { 1024, 512, 512, 300, 64, 1 };

struct random_page {
	int bo;			/* or -1 */
	unsigned int page;
	bool used;		/* jobs have been there */
};

struct random_model {
	int fd;
	struct port_bo bo[BOS], commands;
	uint32_t *words[BOS];
	struct random_page window[WINDOW_PAGES];
	uint32_t next_word;
	uint32_t seed;
};

/* Numerical Recipes' constants; the high bits are the good ones. */
static unsigned int below(struct random_model *m, unsigned int limit)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return (uint64_t)m->seed * limit >> 32;
}

static void model_init(struct random_model *m)
{
	unsigned int i;

	m->fd = port_open();
	m->commands = bo_new_mapped(m->fd, PAGE);
	m->seed = 0x9a27;
	for (i = 0; i < BOS; i++) {
		m->bo[i] = panthor_bo_unbound(m->fd, bo_pages[i] * PAGE);
		bo_map(&m->bo[i]);
		m->words[i] = calloc(bo_pages[i], sizeof(uint32_t));
		KT_TRUE(m->words[i]);
	}
	for (i = 0; i < WINDOW_PAGES; i++)
		m->window[i].bo = -1;
}

/* Half of what is mapped can have large pages: addresses and offsets are as far from one. */
static struct drm_panthor_vm_bind_op random_map(struct random_model *m)
{
	unsigned int bo = below(m, BOS), nr, page, at, i;

	nr = below(m, 3) ? 1 + below(m, bo_pages[bo]) : bo_pages[bo];
	page = below(m, bo_pages[bo] - nr + 1);
	at = below(m, WINDOW_PAGES - nr + 1);
	if (below(m, 2)) {
		at = at / BLOCK_PAGES * BLOCK_PAGES + page % BLOCK_PAGES;
		if (at + nr > WINDOW_PAGES)
			at -= BLOCK_PAGES;
	}
	for (i = 0; i < nr; i++) {
		m->window[at + i].bo = bo;
		m->window[at + i].page = page + i;
	}
	return panthor_map_op(&m->bo[bo], page * PAGE, WINDOW_VA + at * PAGE, nr * PAGE);
}

static struct drm_panthor_vm_bind_op random_unmap(struct random_model *m)
{
	unsigned int nr = 1 + below(m, below(m, 2) ? 8 : 1500), at, i;

	at = below(m, WINDOW_PAGES - nr + 1);
	for (i = 0; i < nr; i++)
		m->window[at + i].bo = -1;
	return panthor_unmap_op(WINDOW_VA + at * PAGE, nr * PAGE);
}

static void random_bind(struct random_model *m)
{
	struct drm_panthor_vm_bind_op ops[4];
	unsigned int nr = 1 + below(m, ARRAY_SIZE(ops)), i;

	for (i = 0; i < nr; i++)
		ops[i] = below(m, 3) ? random_map(m) : random_unmap(m);
	KT_OK(panthor_bind_ops(m->fd, ops, nr));
}

/* A page that is bound, near a random one; NULL if there is none at all. */
static struct random_page *random_bound(struct random_model *m, uint64_t *va)
{
	unsigned int at = below(m, WINDOW_PAGES), i;

	for (i = 0; i < WINDOW_PAGES; i++, at = (at + 1) % WINDOW_PAGES) {
		if (m->window[at].bo < 0)
			continue;
		*va = WINDOW_VA + at * PAGE;
		return &m->window[at];
	}
	return NULL;
}

/* Each word is what it was, and becomes another, by whatever address it has. */
static void random_job(struct random_model *m)
{
	const struct port_bo *bos[] = { &m->commands };
	struct engine_cmd cmds[COMMANDS];
	struct random_page *page;
	unsigned int nr;
	uint64_t va;

	for (nr = 0; nr < COMMANDS; nr += 2) {
		page = random_bound(m, &va);
		if (!page)
			break;
		cmds[nr] = (struct engine_cmd){
			ENGINE_CHECK, va, m->words[page->bo][page->page], 1,
		};
		page->used = true;
		m->words[page->bo][page->page] = ++m->next_word;
		cmds[nr + 1] = (struct engine_cmd){ ENGINE_FILL, va, m->next_word, 1 };
	}
	if (nr)
		run_by(&m->commands, below(m, port->nr_queues), cmds, nr, bos, 0);
	verify_engine();
}

/* One that the device knew, and must not reach any more. It is the last job: the space is lost. */
static void verify_unbound(struct random_model *m)
{
	const struct port_bo *bos[] = { &m->commands };
	uint64_t faults = engine_wrong("faults");
	struct engine_cmd cmd = { ENGINE_FILL, 0, 0, 1 };
	unsigned int i;

	for (i = 0; i < WINDOW_PAGES && !(m->window[i].used && m->window[i].bo < 0); i++)
		;
	KT_LT(i, WINDOW_PAGES);
	cmd.dst = WINDOW_VA + i * PAGE;
	run_by(&m->commands, 0, &cmd, 1, bos, 0);
	KT_EQ(engine_wrong("faults") - faults, 1);
}

static void verify_by_cpu(const struct random_model *m)
{
	unsigned int i, page;

	for (i = 0; i < BOS; i++)
		for (page = 0; page < bo_pages[i]; page++)
			KT_EQ(((const volatile uint32_t *)m->bo[i].map)[page * WORDS(PAGE)],
			      m->words[i][page]);
}

void panthor_bind_random(void)
{
	struct random_model m = {};
	unsigned int round;

	model_init(&m);
	for (round = 0; round < ROUNDS; round++) {
		random_bind(&m);
		if (!below(&m, 4))
			panthor_shrink(m.fd, 1 + below(&m, 2048));
		random_job(&m);
		if (!(round % 100))
			verify_by_cpu(&m);
	}
	verify_unbound(&m);
	verify_by_cpu(&m);
	figure("operations", m.next_word * 2 + ROUNDS, "");
}
