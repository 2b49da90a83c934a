// SPDX-License-Identifier: GPL-2.0
/*
 * What is true of an address space after every operation: tree, page tables, lists of
 * evicted and external objects, and references against the oracle, and against walks page
 * by page.
 */
#include "gem_uma_space.h"

void space_geometry_name(const struct gem_uma_vm_geometry *g, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "leaves %llx, tables %u %u %u", g->leaves,
		 g->shift[1], g->shift[2], g->shift[3]);
}

static bool space_va_agrees(struct space_vm *vm, struct drm_gpuva *va, unsigned long page,
			    unsigned long nr)
{
	const struct gem_uma_va *uva = to_gem_uma_va(va);
	unsigned long i;

	for (i = 0; i < nr; i++) {
		const struct space_want *want = &vm->want[page + i];

		if (want->kind == SPACE_NOTHING || want->prot != uva->prot)
			return false;
		if (!want->bo != !va->gem.obj || (want->bo && &want->bo->base != va->gem.obj))
			return false;
		if (want->bo && (want->pgoff != (va->gem.offset >> SPACE_SHIFT) + i ||
				 want->live == uva->evicted))
			return false;
		if (!want->bo && (uva->evicted || !(va->flags & DRM_GPUVA_SPARSE)))
			return false;
	}
	return true;
}

/* The object's place in the space: reported once, by its first va. */
static const char *space_check_vm_bo(struct space_vm *vm, struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gpuva *va;
	bool evicted = false;
	unsigned long live = 0;
	unsigned int nr = 0;

	drm_gpuvm_bo_for_each_va(va, vm_bo) {
		if (va->vm != &vm->base.base || va->gem.obj != vm_bo->obj)
			return "a va is with the wrong vm_bo";
		evicted |= to_gem_uma_va(va)->evicted;
		live += !to_gem_uma_va(va)->evicted;
		nr++;
	}
	if (to_gem_uma_vm_bo(vm_bo)->live != live)
		return "the number of live vas";
	if (kref_read(&vm_bo->kref) != nr)
		return "a vm_bo has not one reference for each va";
	if (evicted && (!vm_bo->evicted || list_empty(&vm_bo->list.entry.evict)))
		return "an evicted va, and its vm_bo is not on the list (panthor-63)";
	if (list_empty(&vm_bo->list.entry.extobj) !=
	    gem_uma_vm_is_private(&vm->base, vm_bo->obj))
		return "the list of external objects is wrong (panthor-64)";
	return NULL;
}

static const char *space_check_tree(struct space_vm *vm, unsigned int *refs)
{
	unsigned long at = 0, page, nr;
	const char *bad = NULL;
	struct drm_gpuva *va;

	drm_gpuvm_for_each_va(va, &vm->base.base) {
		page = (va->va.addr - vm->start) >> SPACE_SHIFT;
		nr = va->va.range >> SPACE_SHIFT;
		for (; at < page; at++)
			if (vm->want[at].kind)
				return "nothing in the tree where something was asked for";
		if (!space_va_agrees(vm, va, page, nr))
			return "the tree says something else than was asked for";
		at = page + nr;
		++*refs;
		if (!va->vm_bo)
			continue;
		if (list_first_entry(&va->vm_bo->list.gpuva, struct drm_gpuva, gem.entry) != va)
			continue;
		++*refs;
		dma_resv_unlock(drm_gpuvm_resv(&vm->base.base));
		scoped_guard(gem_uma_resv, va->gem.obj->resv)
			bad = space_check_vm_bo(vm, va->vm_bo);
		dma_resv_lock(drm_gpuvm_resv(&vm->base.base), NULL);
		if (bad)
			return bad;
	}
	for (; at < vm->pages; at++)
		if (vm->want[at].kind)
			return "nothing in the tree where something was asked for";
	return NULL;
}

/* Looks at arrays of the model only, at all of them each time: KASAN would double that. */
static bool __no_sanitize_address space_pte_agrees(struct space_vm *vm, unsigned long page)
{
	const struct space_want *want = &vm->want[page];
	const struct space_pte *pte = &vm->ptes[page];
	u64 size, va = vm->start + ((u64)page << SPACE_SHIFT);

	switch (want->kind) {
	case SPACE_NULL:
		return pte->kind == SPACE_NULL;
	case SPACE_DUMMY:
		size = PAGE_SIZE << vm->base.dummy_order;
		return pte->kind == SPACE_MEMORY && pte->prot == want->prot &&
		       pte->addr == vm->base.dummy_addr + (va & (size - 1));
	case SPACE_MEMORY:
		if (want->live)
			return pte->kind == SPACE_MEMORY && pte->prot == want->prot &&
			       pte->addr == want->bo->addr[want->pgoff];
		fallthrough;
	default:
		return pte->kind == SPACE_NOTHING;
	}
}

/* Tables that the entries need, by a walk to each leaf. */
static unsigned long __no_sanitize_address space_count_tables(struct space_vm *vm)
{
	const struct gem_uma_vm_geometry *g = vm->base.geometry;
	u64 last[GEM_UMA_VM_LEVELS] = {};
	unsigned long page, step, nr = 0;
	unsigned int level;

	for (page = 0; page < vm->pages; page += step) {
		u64 va = vm->start + ((u64)page << SPACE_SHIFT);

		step = 1;
		if (!vm->ptes[page].kind)
			continue;
		step = max(vm->ptes[page].leaf >> SPACE_SHIFT, 1);
		for (level = 0; level + 1 < g->levels; level++) {
			u64 i = (va >> g->shift[level + 1]) + 1;

			if (vm->ptes[page].leaf >= BIT_ULL(g->shift[level + 1]) || last[level] == i)
				continue;
			last[level] = i;
			nr++;
		}
	}
	return nr;
}

static const char *space_check_ptes(struct space_vm *vm)
{
	const char *bad = NULL;
	unsigned long page;

	mutex_lock(&vm->base.op_lock);
	for (page = 0; page < vm->pages && !bad; page++)
		if (!space_pte_agrees(vm, page))
			bad = "the page table says something else than was asked for";
	if (!bad && vm->unflushed)
		bad = "entries were changed and not flushed";
	if (!bad && space_count_tables(vm) != vm->tables)
		bad = "tables are missing, or empty";
	mutex_unlock(&vm->base.op_lock);
	return bad;
}

/* The owner, and all jobs of the implicit path. */
static int space_users(struct space_vm *vm)
{
	return 1 + !!vm->implicits;
}

/* Wait until what was done leaves no trace. */
void space_settle(struct space_vm *vm)
{
	unsigned int i;

	for (i = 0; i < 2000 && (atomic_read(&vm->base.active) > space_users(vm) ||
				 atomic_long_read(&vm->base.tables)); i++)
		usleep_range(200, 1000);
}

/* References that works of the last binds may still have. */
static bool space_refs_settle(struct space_vm *vm, unsigned int refs)
{
	unsigned int i;

	for (i = 0; i < 2000 && kref_read(&vm->base.base.kref) != refs; i++)
		usleep_range(200, 1000);
	return kref_read(&vm->base.base.kref) == refs;
}

/* Find what is not as it should be. Returns what, NULL if all is well. */
const char *space_check(struct space_vm *vm, bool written)
{
	/* The owner's. */
	unsigned int refs = 1;
	const char *bad;

	if (vm->room->errors)
		return vm->room->error;
	scoped_guard(gem_uma_resv, drm_gpuvm_resv(&vm->base.base))
		bad = space_check_tree(vm, &refs);
	if (bad || !written)
		return bad;
	space_settle(vm);
	bad = space_check_ptes(vm);
	if (bad)
		return bad;
	if (!space_refs_settle(vm, refs))
		return "references of the space";
	if (atomic_read(&vm->base.active) != space_users(vm))
		return "users of the space";
	if (atomic_long_read(&vm->base.tables))
		return "tables of binds that are finished";
	if (atomic_long_read(&vm->pooled) != vm->tables)
		return "tables that were neither used nor freed";
	return NULL;
}

/* Same, of an object. Returns what, NULL if all is well. */
const char *space_check_bo(struct space_bo *bo, unsigned int refs)
{
	struct drm_gpuvm_bo *vm_bo;
	bool mapped, want = false;
	struct space_vm *vm;
	unsigned long i;

	dma_resv_lock(bo->base.resv, NULL);
	drm_gem_for_each_gpuvm_bo(vm_bo, &bo->base)
		refs++;
	mapped = gem_uma_vm_bo_vms_locked(&bo->base);
	dma_resv_unlock(bo->base.resv);
	for (vm = bo->room->vms; vm; vm = vm->next)
		for (i = 0; i < vm->pages; i++)
			want |= vm->want[i].bo == bo && vm->want[i].live;
	if (mapped != want)
		return "the object is mapped, or not, against what was asked for";
	for (i = 0; i < 2000 && kref_read(&bo->base.refcount) != refs; i++)
		usleep_range(200, 1000);
	if (kref_read(&bo->base.refcount) != refs)
		return "references of the object";
	return NULL;
}

/* The largest leaf that can contain a page of a run, tried one by one. */
static u64 space_brute_leaf(u64 leaves, u64 va, u64 addr, u64 len, u64 at)
{
	int bit;

	for (bit = 40; bit > SPACE_SHIFT; bit--) {
		u64 size = BIT_ULL(bit), start = ALIGN_DOWN(va + at, size);

		if (leaves & size && start >= va && start + size <= va + len &&
		    IS_ALIGNED(addr + (start - va), size))
			return size;
	}
	return SPACE_PAGE;
}

/* A mapping that is walked, and the run that the walk is in. */
struct space_brute {
	struct space_vm *vm;
	unsigned long page, nr;
	const u64 *addr;
	unsigned long first, end;
};

static u64 space_brute_leaf_at(struct space_brute *b, unsigned long at)
{
	if (at >= b->end) {
		b->first = at;
		for (b->end = at + 1; b->end < b->nr; b->end++)
			if (b->addr[b->end] != b->addr[b->end - 1] + SPACE_PAGE)
				break;
	}
	return space_brute_leaf(b->vm->base.geometry->leaves,
				b->vm->start + ((u64)(b->page + b->first) << SPACE_SHIFT),
				b->addr[b->first], (u64)(b->end - b->first) << SPACE_SHIFT,
				(u64)(at - b->first) << SPACE_SHIFT);
}

/* Count the tables that a mapping takes where nothing else is. */
unsigned long space_brute_tables(struct space_vm *vm, struct space_bo *bo, unsigned long page,
				 unsigned long nr, unsigned long pgoff)
{
	const struct gem_uma_vm_geometry *g = vm->base.geometry;
	struct space_brute b = { .vm = vm, .page = page, .nr = nr, .addr = &bo->addr[pgoff] };
	u64 last[GEM_UMA_VM_LEVELS] = {};
	unsigned long at = 0, tables = 0;
	unsigned int level;

	while (at < nr) {
		u64 leaf = space_brute_leaf_at(&b, at);
		u64 va = vm->start + ((u64)(page + at) << SPACE_SHIFT);

		for (level = 0; level + 1 < g->levels; level++) {
			u64 i = (va >> g->shift[level + 1]) + 1;

			if (leaf >= BIT_ULL(g->shift[level + 1]) || last[level] == i)
				continue;
			last[level] = i;
			tables++;
		}
		at += leaf >> SPACE_SHIFT;
	}
	return tables;
}

/*
 * Compare the leaves of a mapping with the largest ones. Returns what is wrong, NULL if
 * nothing.
 */
const char *space_brute_leaves(struct space_vm *vm, struct space_bo *bo, unsigned long page,
			       unsigned long nr, unsigned long pgoff)
{
	struct space_brute b = { .vm = vm, .page = page, .nr = nr, .addr = &bo->addr[pgoff] };
	unsigned long at = 0;

	while (at < nr) {
		u64 leaf = space_brute_leaf_at(&b, at), i;

		for (i = 0; i < leaf >> SPACE_SHIFT; i++, at++)
			if (vm->ptes[page + at].leaf != leaf)
				return "not the largest leaf that fits";
	}
	return NULL;
}
