// SPDX-License-Identifier: GPL-2.0
/*
 * Random sequences of everything that can happen to address spaces, against an oracle
 * that knows one thing for each page of each VM, and a copy of all contents.
 *
 * VM_RANDOM_OPS: how many operations; VM_RANDOM_SEED: repeat a run.
 */
#include "arena.h"

#define VMS	3
#define OBJECTS	10
#define WINDOW	1400	/* pages of each VM; more than two leaves of 2 MiB */
#define MAX_PAGES	1100
#define BASE	0x40000000ull
#define OUT_VA	0x20000000ull
#define SLOTS	16

enum { HOLE = -1, ZERO = -2 };

struct object {
	struct vuma_bo bo;
	bool live;	/* something of it is left */
	bool open;	/* there is a handle */
	int owner;	/* the only VM that can map it, or -1 */
	uint64_t pages;
	unsigned int mapped;
	uint64_t word[MAX_PAGES];	/* what the first word of each page should be */
};

struct page {
	int what;	/* object, HOLE or ZERO */
	uint32_t page;
	bool readonly;
};

struct space {
	struct vuma_vm vm;
	struct vuma_bo out;
	uint32_t bound, ran;	/* syncobjs: the last bind, the last job */
	bool pending;	/* jobs have to wait for "bound" */
	bool has_run;
	struct page page[WINDOW];
};

static struct world {
	int fd;
	uint64_t state, ops;
	bool can_evict;
	struct cgroup cg;
	struct space space[VMS];
	struct object object[OBJECTS];
} w;

static uint64_t below(uint64_t n)
{
	return vuma_random(&w.state) % n;
}

/* Changes both ends of a range more often than its middle, and likes large borders. */
static uint64_t pick_page(uint64_t n)
{
	static const uint64_t nice[] = { 0, 1, 15, 16, 17, 32, 511, 512, 513, 1024 };
	uint64_t page = below(3) ? below(n) : nice[below(ARRAY_SIZE(nice))];

	return page % n;
}

static void object_drop(struct object *o)
{
	if (!o->open && !o->mapped)
		o->live = false;
}

static void object_close(struct object *o)
{
	KT_OK(vuma_bo_fini(&o->bo));
	o->open = false;
	object_drop(o);
}

static void object_new(struct object *o)
{
	uint32_t flags = below(2) ? DRM_VUMA_BO_HUGE : 0;
	uint64_t i;

	memset(o, 0, sizeof(*o));
	o->pages = below(2) ? 1 + below(40) : 600 + below(MAX_PAGES - 600);
	o->owner = below(3) || is_twin() ? -1 : (int)below(VMS);
	if (o->owner < 0) {
		o->bo = bo_new(w.fd, o->pages * PAGE, flags);
	} else {
		o->bo = (struct vuma_bo) { .fd = w.fd, .size = o->pages * PAGE };
		KT_OK(vuma_bo_create_private(w.fd, w.space[o->owner].vm.id, o->bo.size, flags,
					     &o->bo.handle));
	}
	KT_OK(vuma_bo_map(&o->bo));
	for (i = 0; i < o->pages; i += 1 + below(4)) {
		o->word[i] = vuma_random(&w.state);
		*(volatile uint64_t *)((char *)o->bo.map + i * PAGE) = o->word[i];
	}
	o->live = true;
	o->open = true;
}

static void page_set(struct page *p, int what, uint32_t page, bool readonly)
{
	if (p->what >= 0) {
		w.object[p->what].mapped--;
		object_drop(&w.object[p->what]);
	}
	*p = (struct page) { what, page, readonly };
	if (what >= 0)
		w.object[what].mapped++;
}

static void space_new(struct space *s)
{
	int i;

	s->vm = vm_new(w.fd);
	s->out = bo_new_mapped(w.fd, PAGE, 0);
	KT_OK(vuma_vm_map(&s->vm, s->out.handle, OUT_VA, 0, PAGE, 0));
	s->bound = syncobj_new(w.fd);
	s->ran = syncobj_new(w.fd);
	s->pending = false;
	s->has_run = false;
	for (i = 0; i < WINDOW; i++)
		s->page[i].what = HOLE;
}

/* With all that is mapped in it, and maybe jobs and binds on their way. */
static void space_close(struct space *s)
{
	unsigned int i, owner = s - w.space;

	KT_OK(vuma_vm_fini(&s->vm));
	for (i = 0; i < WINDOW; i++)
		page_set(&s->page[i], HOLE, 0, false);
	/* What was private to it cannot be mapped any more. */
	for (i = 0; i < OBJECTS; i++)
		if (w.object[i].open && w.object[i].owner == (int)owner)
			object_close(&w.object[i]);
	KT_OK(vuma_bo_fini(&s->out));
	KT_OK(vuma_syncobj_destroy(w.fd, s->bound));
	KT_OK(vuma_syncobj_destroy(w.fd, s->ran));
}

/* An operation that may be refused as a whole: then *error says how. */
static struct drm_vuma_bind_op random_op(struct space *s, int *error)
{
	uint64_t at = pick_page(WINDOW), len = 1 + pick_page(WINDOW - at);
	int what = below(OBJECTS), kind = below(8);
	struct object *o = &w.object[what];
	uint64_t page;

	if (!kind)
		return vuma_op_unmap(BASE + at * PAGE, len * PAGE);
	if (kind == 1)
		return vuma_op_sparse(BASE + at * PAGE, len * PAGE, 0);
	if (!o->open)
		return vuma_op_unmap(BASE + at * PAGE, 1 * PAGE);
	if (o->owner >= 0 && &w.space[o->owner] != s)
		*error = -EINVAL;
	if (len > o->pages)
		len = 1 + below(o->pages);
	page = pick_page(o->pages - len + 1);
	return vuma_op_map(o->bo.handle, BASE + at * PAGE, page * PAGE, len * PAGE,
			   below(4) ? 0 : DRM_VUMA_BIND_READONLY);
}

static void apply(struct space *s, const struct drm_vuma_bind_op *op)
{
	uint64_t at = (op->va - BASE) / PAGE, i;
	int what = op->op == DRM_VUMA_BIND_SPARSE ? ZERO : HOLE, k;

	for (k = 0; op->op == DRM_VUMA_BIND_MAP && k < OBJECTS; k++)
		if (w.object[k].open && w.object[k].bo.handle == op->handle)
			what = k;
	for (i = 0; i < op->range / PAGE; i++)
		page_set(&s->page[at + i], what, op->bo_offset / PAGE + i,
			 op->flags & DRM_VUMA_BIND_READONLY);
}

static int bind_async(struct space *s, const struct drm_vuma_bind_op *ops, uint32_t count)
{
	struct drm_vuma_sync syncs[2] = {
		{ .handle = s->bound, .flags = DRM_VUMA_SYNC_SIGNAL }, { .handle = s->ran },
	};
	int ret;

	/* After the last job; mostly one that is still to be run. */
	if (below(3)) {
		struct drm_vuma_cmd spin = vuma_cmd_spin(below(3000));

		KT_OK(vuma_submit_one(w.fd, s->vm.id, &spin, 1, s->ran));
		s->has_run = true;
	}
	ret = vuma_vm_bind_async(w.fd, s->vm.id, ops, count, syncs, 1 + s->has_run);
	if (!ret)
		s->pending = true;
	return ret;
}

static void step_bind(struct space *s)
{
	uint32_t i, count = 1 + below(5);
	struct drm_vuma_bind_op ops[5];
	int error = 0;

	for (i = 0; i < count; i++)
		ops[i] = random_op(s, &error);
	if (below(3))
		KT_RET(bind_async(s, ops, count), error);
	else
		KT_RET(vuma_vm_bind(w.fd, s->vm.id, ops, count, NULL), error);
	for (i = 0; !error && i < count; i++)
		apply(s, &ops[i]);
	w.ops += count;
}

/* One word of a page, read or written; what it should be comes after the job. */
static bool random_cmd(struct space *s, struct drm_vuma_cmd *cmd, unsigned int slot,
		       uint64_t *want)
{
	uint64_t at = pick_page(WINDOW), va = BASE + at * PAGE;
	struct page *p = &s->page[at];
	uint64_t *word = p->what >= 0 ? &w.object[p->what].word[p->page] : NULL;

	if (p->what == HOLE)
		return false;
	*want = word ? *word : 0;
	*cmd = vuma_cmd_copy(OUT_VA + slot * 8, va, 8);
	if (p->readonly || below(3))
		return true;
	*want = vuma_random(&w.state);
	*cmd = vuma_cmd_fill(va, 8, *want, 0);
	if (word)
		*word = *want;
	*want = ~0ull;
	return true;
}

static void step_job(struct space *s)
{
	struct drm_vuma_sync in = { .handle = s->bound }, out = { .handle = s->ran };
	volatile uint64_t *result = s->out.map;
	struct drm_vuma_cmd cmds[SLOTS];
	uint64_t want[SLOTS];
	unsigned int i, count = 0;
	int status;

	/* Slot 0 has no result. */
	cmds[count] = vuma_cmd_spin(below(4) ? 0 : below(4000));
	want[count++] = ~0ull;
	for (i = 1; i < SLOTS; i++) {
		result[i] = ~0ull;
		if (random_cmd(s, &cmds[count], count, &want[count]))
			count++;
	}
	KT_OK(vuma_submit(w.fd, s->vm.id, cmds, count, &in, s->pending, &out, 1));
	s->has_run = true;
	w.ops += count;
	KT_OK(vuma_syncobj_wait(w.fd, s->ran, FOREVER));
	KT_OK(vuma_syncobj_status(w.fd, s->ran, &status));
	if (status != 1)
		KT_FAIL("job failed with %d, fault %llu at %#llx", status,
			(unsigned long long)vm_param(&s->vm, DRM_VUMA_PARAM_VM_FAULT_STATUS),
			(unsigned long long)vm_param(&s->vm, DRM_VUMA_PARAM_VM_FAULT_ADDR));
	for (i = 0; i < count; i++)
		if (want[i] != ~0ull && result[i] != want[i])
			KT_FAIL("operation %llu: %#llx shows %#llx, expected %#llx",
				(unsigned long long)w.ops, (unsigned long long)cmds[i].src,
				(unsigned long long)result[i], (unsigned long long)want[i]);
}

/* A hole, or a page that must not be written, ends the job there. */
static void step_fault(struct space *s)
{
	uint64_t at = pick_page(WINDOW), va = BASE + at * PAGE;
	struct drm_vuma_cmd cmd = vuma_cmd_fill(va, 8, 1, 0);
	struct page *p = &s->page[at];

	if (p->what != HOLE && !p->readonly)
		return;
	if (s->pending)
		KT_OK(vuma_syncobj_wait(w.fd, s->bound, FOREVER));
	/* Jobs that end meanwhile would be counted with it. */
	if (s->has_run)
		KT_OK(vuma_syncobj_wait(w.fd, s->ran, FOREVER));
	run_faulting(&s->vm, &cmd, 1, p->what == HOLE ? DRM_VUMA_FAULT_UNMAPPED :
						       DRM_VUMA_FAULT_WRITE, va);
	w.ops++;
}

static void step_cpu(void)
{
	struct object *o = &w.object[below(OBJECTS)];
	volatile uint64_t *word;
	uint64_t page;

	if (!o->open)
		return;
	page = pick_page(o->pages);
	word = (volatile uint64_t *)((char *)o->bo.map + page * PAGE);
	KT_EQ(*word, o->word[page]);
	o->word[page] = vuma_random(&w.state);
	*word = o->word[page];
	w.ops++;
}

static void step_fork(void)
{
	struct object *o = &w.object[below(OBJECTS)];
	uint64_t page;
	pid_t pid;

	if (!o->open)
		return;
	pid = fork_child();
	if (!pid) {
		for (page = 0; page < o->pages; page++)
			if (*(volatile uint64_t *)((char *)o->bo.map + page * PAGE) !=
			    o->word[page])
				_exit(1);
		_exit(0);
	}
	join_child(pid);
	w.ops++;
}

static void step_lifetime(void)
{
	struct object *o = &w.object[below(OBJECTS)];
	struct space *s = &w.space[below(VMS)];

	if (!below(12)) {
		space_close(s);
		space_new(s);
	} else if (o->open && !below(3)) {
		object_close(o);
	} else if (!o->live) {
		object_new(o);
	}
	w.ops++;
}

static void step(void)
{
	struct space *s = &w.space[below(VMS)];
	uint64_t kind = below(100);

	if (kind < 45)
		step_bind(s);
	else if (kind < 80)
		step_job(s);
	else if (kind < 84)
		step_fault(s);
	else if (kind < 93)
		step_cpu();
	else if (kind < 98)
		step_lifetime();
	else if (kind < 99)
		step_fork();
	else if (w.can_evict)
		arena_squeeze(&w.cg, 16 * VUMA_MIB);
}

/* All contents, at last. */
static void check_objects(void)
{
	uint64_t i, page;

	for (i = 0; i < OBJECTS; i++)
		for (page = 0; w.object[i].open && page < w.object[i].pages; page++)
			KT_EQ(*(volatile uint64_t *)((char *)w.object[i].bo.map + page * PAGE),
			      w.object[i].word[page]);
}

static void random_sequence(void)
{
	const char *seed = getenv("VM_RANDOM_SEED"), *count = getenv("VM_RANDOM_OPS");
	uint64_t ops = count ? strtoull(count, NULL, 0) : ktap_slow() > 1 ? 1000 : 20000;
	int i;

	w.state = (seed ? strtoull(seed, NULL, 0) : (uint64_t)vuma_now_ns()) | 1;
	ktap_note("VM_RANDOM_SEED=%llu VM_RANDOM_OPS=%llu", (unsigned long long)w.state,
		  (unsigned long long)ops);
	w.can_evict = !is_twin();
	if (w.can_evict)
		w.cg = arena_enter("a");
	w.fd = dev_open(0);
	for (i = 0; i < VMS; i++)
		space_new(&w.space[i]);
	for (i = 0; i < OBJECTS; i++)
		object_new(&w.object[i]);
	while (w.ops < ops)
		step();
	check_objects();
	if (w.can_evict) {
		uint64_t evictions = 0;

		for (i = 0; i < OBJECTS; i++)
			if (w.object[i].open)
				evictions += bo_query(&w.object[i].bo).evictions;
		ktap_note("%llu operations, %llu evictions of the last buffers",
			  (unsigned long long)w.ops, (unsigned long long)evictions);
	}
}

static const struct ktap_test tests[] = {
	{ .name = "vm_random_sequence_equals_the_oracle_panthor-65", .run = random_sequence,
	  .timeout = 1800 },
};

TEST_PROGRAM(tests, arena_cleanup);
