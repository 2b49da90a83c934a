/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A driver of address spaces without hardware, whose page tables are a naive model, and
 * objects without memory, which are where a test says.
 *
 * Everything is counted in pages of 4K, from the start of the space.
 */
#ifndef _GEM_UMA_SPACE_H_
#define _GEM_UMA_SPACE_H_

#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include <drm/gem_uma/gem_uma_vm.h>
#include <drm/gem_uma/gem_uma_vm_implicit.h>

#include "gem_uma_mock.h"

#define SPACE_SHIFT	12
#define SPACE_PAGE	BIT_ULL(SPACE_SHIFT)
#define SPACE_BOS	8
/* Pages of a leaf of 2M. */
#define SPACE_2M	512

struct space_vm;

/* Callbacks that can fail. */
enum space_callback {
	SPACE_ALLOC_TABLES,
	SPACE_POPULATE,
	SPACE_RUN,
	SPACE_BEGIN,
	SPACE_MAP,
	SPACE_UNMAP,
	SPACE_FLUSH,
	SPACE_CALLBACKS,
};

/* What an object looks like to the device. */
enum space_layout {
	/* One run that begins at a multiple of 2M. */
	SPACE_ALIGNED,
	/* One run that does not. */
	SPACE_ODD,
	/* Runs of one to 40 pages, some of them aligned to 64K. */
	SPACE_SCATTERED,
	SPACE_LAYOUTS,
};

enum space_kind {
	SPACE_NOTHING,
	SPACE_MEMORY,
	SPACE_NULL,
	SPACE_DUMMY,
};

/* What a test works with: a device, spaces and objects, and what must not happen. */
struct space_room {
	struct kunit *test;
	struct gem_uma_mock *mock;
	struct space_vm *vms;
	/* Spaces and objects that are not freed. */
	atomic_t live;
	struct rnd_state rnd;
	u64 seed;
	/* Addresses are used once. */
	u64 next_addr;
	/* Protects what follows; a leaf. */
	spinlock_t lock;
	/* What must not happen and did. */
	unsigned int errors;
	const char *error;
	/* A callback that fails: so many calls from now, and how often. */
	enum space_callback fail;
	unsigned int fail_nth;
	unsigned int fail_times;
	int fail_errno;
	unsigned int failed;
	/* Writes by the queue. */
	unsigned int queue_writes;
	/* Its allocations are counted, and those of this task are. */
	bool watch_allocations;
	struct task_struct *watched;
};

/* A page of a space: what its page table says. */
struct space_pte {
	u64 addr;
	u64 leaf;
	u32 prot;
	enum space_kind kind;
};

/* A page of a space: what is asked for. */
struct space_want {
	struct space_bo *bo;
	unsigned long pgoff;
	u32 prot;
	enum space_kind kind;
	/* Entries exist, or will. */
	bool live;
};

/* An address space. */
struct space_vm {
	struct gem_uma_vm base;
	struct space_room *room;
	struct space_vm *next;
	u64 start;
	unsigned long pages;
	struct space_pte *ptes;
	struct space_want *want;
	/* By level: used entries of each table, and the index of the first table. */
	u32 *used[GEM_UMA_VM_LEVELS];
	u64 first[GEM_UMA_VM_LEVELS];
	/* Tables hung in, without the root. */
	unsigned long tables;
	/* Busy implicit addresses, which are one user together. */
	unsigned int implicits;
	/* Changed and not flushed. */
	bool unflushed;
	/* The range that was begun and not flushed; nothing else is written meanwhile. */
	u64 begun, begun_end;
	bool begin_failed;
	unsigned int begins;
	/* Tables that were allocated and not freed, in pools and hung in. */
	atomic_long_t pooled;
	/* What the next operations are measured by. */
	unsigned long allocated;
	unsigned long maps, unmaps;
	/* Fewest that were left in a pool of which something was taken or not. */
	long least_left;
	bool *freed;
};

/* An object. */
struct space_bo {
	struct drm_gem_object base;
	struct space_room *room;
	enum space_layout layout;
	unsigned long pages;
	u64 *addr;
	unsigned long *resident;
	unsigned long *written;
	struct dma_resv resv;
	struct dma_buf_attachment attach;
	struct drm_gem_object *r_obj;
	/* The users that keep its implicit addresses; none at first. */
	struct gem_uma_vm_users users;
	unsigned int populates, changes;
	struct task_struct **freed_by;
};

#define to_space_vm(vm)	container_of(vm, struct space_vm, base)
#define to_space_bo(obj) container_of(obj, struct space_bo, base)

/* A fence that ends when told. */
struct space_fence {
	struct dma_fence base;
	/* The lock of base. */
	spinlock_t lock;
};

/* What the page tables of a device can look like. */
#define SPACE_GEOMETRIES	3

extern const struct gem_uma_vm_geometry space_geometries[SPACE_GEOMETRIES];
extern const struct gem_uma_vm_geometry space_geometry_32m;

struct space_room *space_room_create(struct kunit *test);
void space_room_settle(struct space_room *room);
struct space_vm *space_vm_alloc(struct space_room *room,
				const struct gem_uma_vm_geometry *geometry, u64 start,
				unsigned long pages);
struct space_vm *space_vm_create(struct space_room *room,
				 const struct gem_uma_vm_geometry *geometry,
				 unsigned long pages);
void space_vm_free(struct space_vm *vm);
void space_vm_close(struct space_vm *vm);
struct space_bo *space_bo_alloc(struct space_room *room, unsigned long pages,
				enum space_layout layout, struct space_vm *private);
struct space_bo *space_bo_create(struct space_room *room, unsigned long pages,
				 enum space_layout layout);
struct space_bo *space_bo_import(struct space_room *room, unsigned long pages,
				 enum space_layout layout);
struct space_bo *space_bo_private(struct space_vm *vm, unsigned long pages,
				  enum space_layout layout);
void space_bo_put(struct space_bo *bo);
struct dma_fence *space_fence_alloc(void);
struct dma_fence *space_fence_create(struct kunit *test);

void space_fail(struct space_room *room, enum space_callback which, unsigned int nth,
		unsigned int times, int error);
u32 space_random(struct space_room *room, u32 below);
void space_error(struct space_room *room, const char *error);
int space_fails(struct space_room *room, enum space_callback which);
void space_expect_not_signalling(struct space_room *room, const char *error);

/* gem_uma_space_bo.c: what the driver says of its objects. */
int space_op_populate(struct drm_gem_object *obj, u64 offset, u64 size,
		      enum dma_data_direction dir);
bool space_op_is_resident(struct drm_gem_object *obj, u64 offset, u64 size,
			  enum dma_data_direction dir);
int space_op_run(struct drm_gem_object *obj, u64 offset, u64 size, dma_addr_t *addr, u64 *len);
void space_op_changed(struct drm_gem_object *obj);

/* gem_uma_space_ops.c: what user space would do, also to the oracle. */
struct gem_uma_vm_op space_map(struct space_vm *vm, unsigned long page, unsigned long nr,
			       struct space_bo *bo, unsigned long pgoff, u32 prot);
struct gem_uma_vm_op space_unmap(struct space_vm *vm, unsigned long page, unsigned long nr);
struct gem_uma_vm_op space_sparse(struct space_vm *vm, unsigned long page, unsigned long nr,
				  u32 prot);
int space_bind(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr);
int space_bind_one(struct space_vm *vm, struct gem_uma_vm_op op);
int space_bind_direct(struct space_vm *vm, struct gem_uma_vm_op op);
int space_bind_direct_by(struct space_vm *vm, struct gem_uma_vm_op op, bool interruptible);
int space_bind_async(struct space_vm *vm, const struct gem_uma_vm_op *ops, u32 nr,
		     struct dma_fence *dep, struct dma_fence **fence);
int space_validate(struct space_vm *vm, struct dma_fence **fence);
int space_evict(struct space_bo *bo);
int space_populate(struct space_bo *bo);
bool space_is_mapped(struct space_bo *bo);
void space_forget(struct space_vm *vm);

/* gem_uma_space_implicit.c: addresses that the kernel chooses. */
struct space_vm *space_implicit_vm_alloc(struct space_room *room,
					 const struct gem_uma_vm_geometry *geometry, u64 start,
					 unsigned long pages);
struct space_vm *space_implicit_vm_create(struct space_room *room,
					  const struct gem_uma_vm_geometry *geometry,
					  unsigned long pages);
void space_adopt(struct space_vm *vm);
int space_implicit_get(struct space_vm *vm, struct space_bo *const *bos, u32 nr,
		       struct gem_uma_vm_implicit **ims);
void space_implicit_put(struct space_vm *vm, struct gem_uma_vm_implicit *const *ims, u32 nr);
int space_implicit_validate(struct space_vm *vm, struct space_bo *const *bos, u32 nr,
			    struct gem_uma_vm_implicit **ims);
bool space_is_bound(struct space_vm *vm, struct space_bo *bo);

/* gem_uma_space_check.c */
void space_geometry_name(const struct gem_uma_vm_geometry *g, char *desc);
const char *space_check(struct space_vm *vm, bool written);
const char *space_check_bo(struct space_bo *bo, unsigned int refs);
unsigned long space_brute_tables(struct space_vm *vm, struct space_bo *bo, unsigned long page,
				 unsigned long nr, unsigned long pgoff);
const char *space_brute_leaves(struct space_vm *vm, struct space_bo *bo, unsigned long page,
			       unsigned long nr, unsigned long pgoff);
void space_settle(struct space_vm *vm);

#define SPACE_EXPECT_SANE(vm, fmt, ...)							\
	do {										\
		const char *_bad = space_check(vm, true);				\
											\
		KUNIT_ASSERT_NULL_MSG((vm)->room->test, _bad, "%s: " fmt, _bad,		\
				      ##__VA_ARGS__);					\
	} while (0)

#endif
