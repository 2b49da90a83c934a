/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failures on demand, in the task of a test: of the nth allocation, or of the nth call of
 * a function of the kernel.
 */
#ifndef _GEM_UMA_INJECT_H_
#define _GEM_UMA_INJECT_H_

#include <drm/gem_uma/gem_uma_pm.h>
#include <drm/gem_uma/gem_uma_stats.h>
#include <drm/gem_uma/gem_uma_transfer.h>

#include "gem_uma_mock.h"

#define GEM_UMA_INJECT_VALUES	4

/* A function that can be made to fail, or is counted. */
struct gem_uma_inject_call {
	const char *symbol;	/* the function, as kallsyms spells it */
	/* What it returns instead of doing anything; the first 0 ends them. */
	long values[GEM_UMA_INJECT_VALUES];
	bool null;	/* NULL or false is one more such value */
	bool swap;	/* called only where there is swap */
	const char *newer;	/* called instead where it exists; or NULL */
	bool counted;	/* never made to fail: its calls are compared with those of others */
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

struct drm_file;
struct gem_uma_inject_row;
struct gem_uma_mock_heap;
struct gem_uma_mock_heap_object;
struct gem_uma_reserve;
struct space_bo;
struct space_room;
struct space_vm;
struct gem_uma_vm_implicit;

/* What an operation works on. */
struct gem_uma_inject_rig {
	struct kunit *test;
	const struct gem_uma_inject_row *row;	/* the operation */
	struct gem_uma_mock *mock;
	/* Platform device of @mock if that is made for each attempt. */
	struct platform_device *own;
	struct gem_uma_mock_object *mobj;	/* object of the attempt */
	struct gem_uma_object *uobj;	/* the same, or another one, or NULL */
	struct gem_uma_client client;	/* a file with handles */
	struct gem_uma_client first;	/* the file that had a handle before */
	struct gem_uma_object *import;	/* what imports @uobj */
	struct iosys_map map;	/* kernel mapping */
	struct page **pages;	/* array of pages */
	struct gem_uma_transfer *transfer;	/* what a job of @uobj needs */
	struct sg_table *sgt;	/* table of the object's pages, or to be imported */
	struct dma_buf *dmabuf;	/* exported or to be imported */
	struct dma_buf_attachment *attach;	/* attachment to @dmabuf */
	struct file *file;	/* what is mmapped */
	struct drm_file *handles;	/* what has @handle */
	u32 handle;	/* of an object that nothing else here knows */
	struct gem_uma_pm *pm;	/* part of @mock */
	struct super_block *sb;	/* where the files of objects live */
	long files;	/* on @sb, of others */
	struct space_room *room;	/* for address spaces */
	struct space_vm *space;	/* an address space, or NULL */
	struct space_bo *bo;	/* what is mapped there, or NULL */
	struct space_bo *other;	/* what is mapped there, too, or NULL */
	/* Addresses of both that the kernel has chosen. */
	struct gem_uma_vm_implicit *ims[2];
	struct gem_uma_reserve *reserve;	/* of @mock, or NULL */
	struct gem_uma_mock_heap *heap;	/* with that reserve, or NULL */
	struct gem_uma_mock_heap_object *hobj;	/* the same as an object, or NULL */
	u32 seed;	/* of the content */
};

/*
 * An operation that is made to fail in all ways. An attempt is: begin, run with a failure,
 * run again without one if it had an effect, check, undo, end.
 */
struct gem_uma_inject_row {
	const char *name;	/* of the case */
	const char *covers[6];	/* exported functions, for scripts/check-inject.py */
	u64 size;	/* bytes of the object that each attempt is given, 0 = none */
	u32 flags;	/* GEM_UMA_OBJECT_* */
	bool huge;	/* the device has a mount for huge folios */
	bool incoherent;	/* the device does not snoop the caches */
	bool allow_wc;	/* its driver allows WC mappings on x86 */
	bool own_device;	/* each attempt begins with a DRM device without anything of ours */
	bool mm;	/* there is an address space, and @file to map */
	bool space;	/* works on address spaces, and their callbacks fail, too */
	unsigned int geometry;	/* of their page tables */
	bool swap;	/* makes sense only with swap */
	void (*begin)(struct gem_uma_inject_rig *rig);	/* what comes before; or NULL */
	/* The operation. 0 or a negative errno. */
	int (*run)(struct gem_uma_inject_rig *rig);
	/* After success without failure; or NULL. */
	void (*check)(struct gem_uma_inject_rig *rig);
	void (*undo)(struct gem_uma_inject_rig *rig);	/* take a success back; or NULL */
	void (*end)(struct gem_uma_inject_rig *rig);	/* undo @begin; or NULL */
	int errnos[6];	/* documented, up to a 0 */
	unsigned long changes;	/* counts that may have changed after a failure */
	unsigned long remains;	/* counts that are not as before after @undo */
	unsigned int allocations;	/* of them at least so many fail */
	unsigned int calls;	/* of them at least so many fail */
	/* The one call that is made to fail, and no allocation; or NULL for all. */
	const char *only;
	int callbacks[4];	/* what ops->evict is made to return, up to a 0 */
	unsigned int space_callbacks;	/* of those of a space, at least so many fail */
};

#define GEM_UMA_INJECT_ROWS	29
#define GEM_UMA_INJECT_MAP_ROWS	12
#define GEM_UMA_INJECT_PURGE_ROWS	4
#define GEM_UMA_INJECT_VM_ROWS	14
#define GEM_UMA_INJECT_HEAP_ROWS	9

extern const struct gem_uma_inject_row gem_uma_inject_rows[GEM_UMA_INJECT_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_map_rows[GEM_UMA_INJECT_MAP_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_purge_rows[GEM_UMA_INJECT_PURGE_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_vm_rows[GEM_UMA_INJECT_VM_ROWS];
extern const struct gem_uma_inject_row gem_uma_inject_heap_rows[GEM_UMA_INJECT_HEAP_ROWS];

/* What rows have in common. */
#define INJECT_PAGES	9
#define INJECT_SIZE	(INJECT_PAGES * PAGE_SIZE)
#define INJECT_MEMORY	{ -ENOMEM, -EINTR, -EIO }
/* What populates keeps the pages that it got. */
#define INJECT_PROGRESS	.errnos = INJECT_MEMORY, .changes = GEM_UMA_INJECT_PAGES,	\
			.remains = GEM_UMA_INJECT_ONCE_KNOWN

/* What a driver of address spaces may return, but for errors of its device. */
struct gem_uma_inject_return {
	unsigned int which;	/* enum space_callback */
	int value;
	const char *name;	/* of the callback */
};

#define GEM_UMA_INJECT_RETURNS	5

extern const struct gem_uma_inject_return gem_uma_inject_returns[GEM_UMA_INJECT_RETURNS];

void gem_uma_inject_count_space(const struct gem_uma_inject_rig *rig, long *n);
void gem_uma_inject_evict(struct gem_uma_inject_rig *rig);
long gem_uma_inject_granules(const struct gem_uma_inject_rig *rig);
void inject_failed_init_gives_the_cgroup_back(struct kunit *test);

static inline void inject_lock(struct gem_uma_inject_rig *rig)
{
	dma_resv_lock(rig->uobj->base.resv, NULL);
}

static inline void inject_unlock(struct gem_uma_inject_rig *rig)
{
	dma_resv_unlock(rig->uobj->base.resv);
}

DEFINE_GUARD(inject, struct gem_uma_inject_rig *, inject_lock(_T), inject_unlock(_T))

#endif
