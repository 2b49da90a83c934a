/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One programme for all ported drivers, and for those that they were. A driver supplies
 * what its own ioctls are; what it does not supply is skipped, and why. Failures end the
 * test.
 */
#ifndef PORT_H
#define PORT_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "engine.h"
#include "ktap.h"

#define PAGE		4096ull
#define MIB		(1ull << 20)
#define WORDS(size)	((size) / sizeof(uint32_t))

struct port_bo {
	int fd;
	uint32_t handle;
	uint64_t size;
	uint32_t va;		/* where the device sees it */
	uint64_t offset;	/* for mmap(), if only create tells it */
	uint32_t *map;		/* or NULL */
};

struct picture;

/* Work for the device: commands in a buffer, and all buffers that they name. */
struct port_job {
	const struct port_bo *commands;
	unsigned int nr_commands;
	const struct port_bo **bos;
	unsigned int nr_bos;
};

/* One way to hand a job to the device. */
struct port_queue {
	const char *name;
	int (*submit)(int fd, const struct port_job *job);
};

struct port_driver {
	const char *name;
	/* What the driver calls itself, if not that. */
	const char *drm_name;
	/* Opens the primary node: buffers cannot be made on the other. */
	bool primary;
	/* Opens an accel node: it is no GPU. */
	bool accel;
	/* A job needs all buffers of its file, whether it names them or not. */
	bool whole_vm;
	/* Why buffers of others cannot be imported, or NULL. */
	const char *no_import;
	/* Why buffers must not be given to others by the driver as it is, or NULL. */
	const char *no_export;
	/* What was imported is not given to others. */
	bool no_reexport;
	/* What unbinds the driver, and binds it, with open files. */
	void (*bind)(bool on);
	/* Why not, or why not as it is. */
	const char *no_unbind;
	/* Why it is under no memory limit as it is, or NULL. */
	const char *no_limit;
	/* The size is set; sets the handle, and the address if there is one. */
	int (*create)(struct port_bo *bo);
	/* The address of what was imported. */
	int (*look_up)(struct port_bo *bo);
	int (*mmap_offset)(const struct port_bo *bo, uint64_t *offset);
	/* Before its handle is closed: undoes what create and look_up did beyond that. */
	void (*release)(const struct port_bo *bo);
	/* Of a device without jobs: it uses the buffer, and knows its pages from then on. */
	int (*use)(const struct port_bo *bo);
	/* Of a driver whose device does something. */
	const struct port_queue *queues;
	unsigned int nr_queues;
	int (*wait)(const struct port_bo *bo);
	/* A job ends where it faults first; otherwise it goes on without. */
	bool fault_ends_job;
	/* Without power, it forgets what it knew of page tables: leaves it on, or not. */
	void (*keep_power)(bool on);
	/* Work that only this driver has. */
	void (*special)(void);
	/* Tests of what only this driver has. */
	const struct ktap_test *tests;
	unsigned int nr_tests;
	/* Of a driver with a display: the CRC with one more pixel. */
	uint32_t (*crc)(uint32_t crc, uint32_t pixel);
	/* Of one that somebody looks at: is that picture seen now, and nothing else? */
	bool (*shows)(const struct picture *p);
};

extern const struct port_driver port_imagination, port_ivpu, port_lima, port_panfrost, port_panthor,
				port_rocket, port_vgem, port_v3d, port_virtio, port_vkms;
extern const struct port_driver *port;

/* Of drivers whose buffers are made by the ioctls for dumb ones. */
int dumb_create(struct port_bo *bo);
int dumb_mmap_offset(const struct port_bo *bo, uint64_t *offset);

/* False if there is none of that name. */
bool port_choose(const char *name);
int port_open(void);
const char *port_drm_name(void);
/* For a buffer that jobs can do without: another file, where a job needs all of its file. */
int port_open_apart(int fd);
/* Is this the driver that uses the library? */
bool port_is_ported(void);
int port_ioctl(int fd, unsigned long request, void *arg);

struct port_bo bo_new(int fd, uint64_t size);
struct port_bo bo_new_mapped(int fd, uint64_t size);
void bo_map(struct port_bo *bo);
void bo_unmap(struct port_bo *bo);
void bo_close(struct port_bo *bo);
int bo_export(const struct port_bo *bo);
struct port_bo bo_import(int fd, int dmabuf, uint64_t size);

/* Word i is value + i. */
void fill(uint32_t *map, uint64_t size, uint32_t value);
void verify(const uint32_t *map, uint64_t size, uint32_t value);
/* Words that differ. */
uint64_t differ(const uint32_t *map, uint64_t size, uint32_t value);

/* Each page has a word of its own. */
void stamp(uint32_t *map, uint64_t pages);
void verify_stamps(const uint32_t *map, uint64_t pages, uint64_t first);

/* Skips the test where the device does nothing, or where there are no imports. */
void need_engine(void);
void need_import(void);
struct engine_cmd cmd_fill(const struct port_bo *bo, uint32_t value);
struct engine_cmd cmd_check(const struct port_bo *bo, uint32_t value);
struct engine_cmd cmd_copy(const struct port_bo *dst, const struct port_bo *src);
/* Runs commands on a queue, and waits; the buffers are all that they name. */
void run_on(unsigned int queue, const struct engine_cmd *cmds, unsigned int nr,
	    const struct port_bo **bos, unsigned int nr_bos);
/* The commands go into a buffer of the caller's; nothing is checked. */
void run_by(const struct port_bo *commands, unsigned int queue, const struct engine_cmd *cmds,
	    unsigned int nr, const struct port_bo **bos, unsigned int nr_bos);
void run_unchecked(unsigned int queue, const struct engine_cmd *cmds, unsigned int nr,
		   const struct port_bo **bos, unsigned int nr_bos);
void run(const struct engine_cmd *cmds, unsigned int nr, const struct port_bo **bos,
	 unsigned int nr_bos);
/* What the model has counted: nothing may be wrong. */
void verify_engine(void);
uint64_t engine_count(const char *name);
/* Of what must not happen: so often since the test began. */
uint64_t engine_wrong(const char *name);

/* A cgroup of the test's own, which the caller enters. */
struct cgroup tenant(const char *name);
/* After each test: what failed has left its cgroup behind. */
void tenants_leave(void);
uint64_t charged(const struct cgroup *cg);
/* The same, and what is in swap. */
uint64_t owned(const struct cgroup *cg);
/* memory.reclaim until so much is charged at most; 0, or what the kernel said last. */
int reclaim_to(const struct cgroup *cg, uint64_t bytes);
/* A line for the report, beside that of the other driver. */
void figure(const char *name, uint64_t value, const char *unit);

/* The tests, by file. */
void create_to_destroy(void);
void zero_before_use(void);
void thousand_cycles(void);
void mmap_twice(void);
void mmap_vma_splits(void);
void mmap_moved(void);
void dmabuf_mmap_at_offset(void);
void prime_itself(void);
void prime_to_vuma(void);
void prime_from_vuma(void);
void prime_outlives_the_file(void);
void job_on(intptr_t queue);
void job_of_imported(void);
void thousand_jobs(void);
void special_jobs(void);
void display_shows(void);
void display_writes_back(void);
void display_of_imported(void);
void display_between_evictions(void);
void display_modetest(intptr_t flips);
void display_weston(void);
void reclaim_idle(void);
void reclaim_written_by_device(void);
void reclaim_between_jobs(void);
void evicted_is_out_of_reach(void);
void reclaim_slow_device(void);
void beyond_limit(void);
void limit_of_one_client(void);
void drop_caches(void);
void creation_fails(void);
void export_fails(void);
void import_fails(void);
void job_fails(void);
void unbind_with_open_files(void);

#endif /* PORT_H */
