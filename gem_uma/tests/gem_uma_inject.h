/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures on demand, in the task of a test: of the nth allocation, or of the nth call of
 * a function of the kernel.
 */
#ifndef _GEM_UMA_INJECT_H_
#define _GEM_UMA_INJECT_H_

#include <linux/dma-resv.h>
#include <linux/iosys-map.h>

#include <drm/gem_uma/gem_uma_pm.h>
#include <drm/gem_uma/gem_uma_stats.h>

#include "gem_uma_mock.h"

#define GEM_UMA_INJECT_VALUES	4

/**
 * struct gem_uma_inject_call - a function that can be made to fail, or is counted
 */
struct gem_uma_inject_call {
	/** @symbol: the function, as kallsyms spells it. */
	const char *symbol;
	/** @values: what it returns instead of doing anything; the first 0 ends them. */
	long values[GEM_UMA_INJECT_VALUES];
	/** @null: NULL or false is one more such value. */
	bool null;
	/** @swap: called only where there is swap. */
	bool swap;
	/** @newer: called instead where it exists; or NULL. */
	const char *newer;
	/** @counted: never made to fail: its calls are compared with those of others. */
	bool counted;
};

/* All of them; the index names one. scripts/check-inject.py reads this table. */
extern const struct gem_uma_inject_call gem_uma_inject_calls[];
extern const unsigned int gem_uma_inject_nr_calls;

int gem_uma_inject_init(struct kunit_suite *suite);
void gem_uma_inject_exit(void);

bool gem_uma_inject_can_fail_allocations(void);
bool gem_uma_inject_can_fail_calls(void);

void gem_uma_inject_watch(bool on);
bool gem_uma_inject_is_called(unsigned int call);
unsigned long gem_uma_inject_hits(unsigned int call);
long gem_uma_inject_balance(const char *up, const char *down);
int gem_uma_inject_find(const char *symbol);
unsigned int gem_uma_inject_nr_values(unsigned int call);
long gem_uma_inject_value(unsigned int call, unsigned int i);

void gem_uma_inject_arm_allocation(unsigned int nth);
bool gem_uma_inject_disarm_allocation(void);
void gem_uma_inject_arm_call(unsigned int call, long value, unsigned int nth);
bool gem_uma_inject_disarm_call(void);

/* What is counted before and after. */
enum gem_uma_inject_count {
	GEM_UMA_INJECT_SUPERS,		/* tmpfs mounts of the machine */
	GEM_UMA_INJECT_FILES,		/* on the mount of objects, that have none */
	GEM_UMA_INJECT_OBJECTS,		/* of the device */
	GEM_UMA_INJECT_REFS,		/* on the object */
	GEM_UMA_INJECT_PINS,
	GEM_UMA_INJECT_MMAPS,
	GEM_UMA_INJECT_VMAPS,
	GEM_UMA_INJECT_CLIENTS,		/* of the object */
	GEM_UMA_INJECT_CLIENT_BYTES,	/* that the client is told of */
	GEM_UMA_INJECT_LABEL,		/* there is one */
	GEM_UMA_INJECT_RESIDENT,	/* pages of the device */
	GEM_UMA_INJECT_HELD,		/* pages of the object */
	GEM_UMA_INJECT_KNOWN,
	GEM_UMA_INJECT_MAPPED,		/* pages with DMA addresses */
	GEM_UMA_INJECT_FILED,		/* state that reclaim filed the object by */
	GEM_UMA_INJECT_SPACES,		/* address spaces, and objects for them */
	GEM_UMA_INJECT_SPACE_REFS,	/* on the space */
	GEM_UMA_INJECT_SPACE_VAS,	/* in its tree */
	GEM_UMA_INJECT_SPACE_TABLES,	/* hung in, or in pools */
	GEM_UMA_INJECT_SPACE_EVICTED,	/* objects on its list */
	GEM_UMA_INJECT_SPACE_BO_REFS,	/* on the object that is mapped there */
	GEM_UMA_INJECT_COUNTS,
};

/* What an operation on pages may leave changed when it fails: progress. */
#define GEM_UMA_INJECT_PAGES \
	(BIT(GEM_UMA_INJECT_RESIDENT) | BIT(GEM_UMA_INJECT_HELD) | \
	 BIT(GEM_UMA_INJECT_KNOWN) | BIT(GEM_UMA_INJECT_MAPPED) | \
	 BIT(GEM_UMA_INJECT_FILED) | BIT(GEM_UMA_INJECT_CLIENT_BYTES))
/* That a page was there once is not forgotten when it is evicted. */
#define GEM_UMA_INJECT_ONCE_KNOWN \
	(BIT(GEM_UMA_INJECT_KNOWN) | BIT(GEM_UMA_INJECT_FILED) | \
	 BIT(GEM_UMA_INJECT_CLIENT_BYTES))

struct gem_uma_inject_row;
struct space_bo;
struct space_room;
struct space_vm;
struct gem_uma_vm_implicit;

/**
 * struct gem_uma_inject_rig - what an operation works on
 */
struct gem_uma_inject_rig {
	/** @test: test. */
	struct kunit *test;
	/** @row: the operation. */
	const struct gem_uma_inject_row *row;
	/** @mock: device. */
	struct gem_uma_mock *mock;
	/** @own: platform device of @mock if that is made for each attempt. */
	struct platform_device *own;
	/** @mobj: object of the attempt. */
	struct gem_uma_mock_object *mobj;
	/** @uobj: the same, or another one, or NULL. */
	struct gem_uma_object *uobj;
	/** @client: a file with handles. */
	struct gem_uma_client client;
	/** @import: what imports @uobj. */
	struct gem_uma_object *import;
	/** @map: kernel mapping. */
	struct iosys_map map;
	/** @pages: array of pages. */
	struct page **pages;
	/** @sgt: table of the object's pages, or to be imported. */
	struct sg_table *sgt;
	/** @dmabuf: exported or to be imported. */
	struct dma_buf *dmabuf;
	/** @attach: attachment to @dmabuf. */
	struct dma_buf_attachment *attach;
	/** @file: what is mmapped. */
	struct file *file;
	/** @pm: part of @mock. */
	struct gem_uma_pm *pm;
	/** @sb: where the files of objects live. */
	struct super_block *sb;
	/** @files: on @sb, of others. */
	long files;
	/** @room: for address spaces. */
	struct space_room *room;
	/** @space: an address space, or NULL. */
	struct space_vm *space;
	/** @bo: what is mapped there, or NULL. */
	struct space_bo *bo;
	/** @other: what is mapped there, too, or NULL. */
	struct space_bo *other;
	/** @ims: addresses of both that the kernel has chosen. */
	struct gem_uma_vm_implicit *ims[2];
	/** @seed: of the content. */
	u32 seed;
};

/**
 * struct gem_uma_inject_row - an operation that is made to fail in all ways
 *
 * An attempt is: begin, run with a failure, run again without one if it had an effect,
 * check, undo, end.
 */
struct gem_uma_inject_row {
	/** @name: of the case. */
	const char *name;
	/** @covers: exported functions, for scripts/check-inject.py. */
	const char *covers[6];
	/** @size: bytes of the object that each attempt is given, 0 = none. */
	u64 size;
	/** @flags: GEM_UMA_OBJECT_*. */
	u32 flags;
	/** @huge: the device has a mount for huge folios. */
	bool huge;
	/** @incoherent: the device does not snoop the caches. */
	bool incoherent;
	/** @own_device: each attempt begins with a DRM device without anything of ours. */
	bool own_device;
	/** @mm: there is an address space, and @file to map. */
	bool mm;
	/** @space: works on address spaces, and their callbacks fail, too. */
	bool space;
	/** @geometry: of their page tables. */
	unsigned int geometry;
	/** @swap: makes sense only with swap. */
	bool swap;
	/** @begin: what comes before; or NULL. */
	void (*begin)(struct gem_uma_inject_rig *rig);
	/** @run: the operation. 0 or a negative errno. */
	int (*run)(struct gem_uma_inject_rig *rig);
	/** @check: after success without failure; or NULL. */
	void (*check)(struct gem_uma_inject_rig *rig);
	/** @undo: take a success back; or NULL. */
	void (*undo)(struct gem_uma_inject_rig *rig);
	/** @end: undo @begin; or NULL. */
	void (*end)(struct gem_uma_inject_rig *rig);
	/** @errnos: documented, up to a 0. */
	int errnos[6];
	/** @changes: counts that may have changed after a failure. */
	unsigned long changes;
	/** @remains: counts that are not as before after @undo. */
	unsigned long remains;
	/** @allocations: of them at least so many fail. */
	unsigned int allocations;
	/** @calls: of them at least so many fail. */
	unsigned int calls;
	/** @only: the one call that is made to fail, and no allocation; or NULL for all. */
	const char *only;
	/** @callbacks: what ops->evict is made to return, up to a 0. */
	int callbacks[4];
	/** @space_callbacks: of those of a space, at least so many fail. */
	unsigned int space_callbacks;
};

#define GEM_UMA_INJECT_ROWS	25
#define GEM_UMA_INJECT_MAP_ROWS	8
#define GEM_UMA_INJECT_PURGE_ROWS	4
#define GEM_UMA_INJECT_VM_ROWS	13

extern const struct gem_uma_inject_row gem_uma_inject_rows[GEM_UMA_INJECT_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_map_rows[GEM_UMA_INJECT_MAP_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_purge_rows[GEM_UMA_INJECT_PURGE_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_vm_rows[GEM_UMA_INJECT_VM_ROWS];

/* What rows have in common. */
#define INJECT_PAGES	9
#define INJECT_SIZE	(INJECT_PAGES * PAGE_SIZE)
#define INJECT_MEMORY	{ -ENOMEM, -EINTR, -EIO }

/* What a driver of address spaces may return, but for errors of its device. */
struct gem_uma_inject_return {
	/** @which: enum space_callback. */
	unsigned int which;
	/** @value: an errno. */
	int value;
	/** @name: of the callback. */
	const char *name;
};

#define GEM_UMA_INJECT_RETURNS	5

extern const struct gem_uma_inject_return gem_uma_inject_returns[GEM_UMA_INJECT_RETURNS];

void gem_uma_inject_count_space(const struct gem_uma_inject_rig *rig, long *n);
void gem_uma_inject_evict(struct gem_uma_inject_rig *rig);
void inject_failed_init_gives_the_cgroup_back(struct kunit *test);

static inline void inject_lock(struct gem_uma_inject_rig *rig)
{
	dma_resv_lock(rig->uobj->base.resv, NULL);
}

static inline void inject_unlock(struct gem_uma_inject_rig *rig)
{
	dma_resv_unlock(rig->uobj->base.resv);
}

#endif
