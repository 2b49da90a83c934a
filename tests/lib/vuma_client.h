/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User-space client of the vuma uAPI, for tests, demo and benchmarks.
 *
 * Every function that can fail returns 0 or a negative errno. Nothing here
 * prints, exits or keeps global state, so it can be used from threads.
 */
#ifndef VUMA_CLIENT_H
#define VUMA_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <drm/vuma_drm.h>

#define VUMA_KIB	(1ull << 10)
#define VUMA_MIB	(1ull << 20)
#define VUMA_GIB	(1ull << 30)
#define VUMA_MSEC	1000000ll
#define VUMA_SEC	1000000000ll

/* Time on CLOCK_MONOTONIC. */
int64_t vuma_now_ns(void);

enum vuma_node {
	VUMA_NODE_RENDER,
	VUMA_NODE_PRIMARY,
	/* Of what is no GPU. */
	VUMA_NODE_ACCEL,
};

/*
 * Open the index-th device (in the order of the minors) whose driver reports
 * @driver. Returns the file descriptor; -ENODEV if there is no such device.
 */
int vuma_open(const char *driver, unsigned int index, enum vuma_node node);

/* Number of devices of @driver that are there. */
unsigned int vuma_count(const char *driver, enum vuma_node node);

/*
 * Path in sysfs of the device behind @fd (the parent of the DRM device), and the
 * name under which its bus driver knows it; either may be NULL.
 */
int vuma_sysfs(int fd, char *path, size_t path_len, char *name, size_t name_len);

/* drmIoctl() with -errno. Restarts on EINTR and EAGAIN. */
int vuma_ioctl(int fd, unsigned long request, void *arg);
/* ioctl() with -errno, once: for callers that want to see -EINTR. */
int vuma_ioctl_once(int fd, unsigned long request, void *arg);

int vuma_get_param(int fd, uint32_t param, uint32_t vm_id, uint64_t *value);

/* Buffer objects, by handle. */
int vuma_bo_create(int fd, uint64_t size, uint32_t flags, uint32_t *handle);
/* One that only this VM can map. */
int vuma_bo_create_private(int fd, uint32_t vm_id, uint64_t size, uint32_t flags,
			   uint32_t *handle);
/* Of [at, at + size) of this process; @flags: DRM_VUMA_USERPTR_*. */
int vuma_bo_create_userptr(int fd, void *at, uint64_t size, uint32_t flags, uint32_t *handle);
int vuma_bo_close(int fd, uint32_t handle);
int vuma_bo_mmap_offset(int fd, uint32_t handle, uint64_t *offset);
int vuma_bo_query(int fd, uint32_t handle, struct drm_vuma_bo_query *query);
int vuma_bo_set_label(int fd, uint32_t handle, const char *label);
int vuma_bo_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns);
/* @retained: 1 if the content is still there; may be NULL. */
int vuma_bo_advise(int fd, uint32_t handle, uint32_t advice, uint32_t *retained);
/* Zero from now on, and without memory. */
int vuma_bo_discard(int fd, uint32_t handle, uint64_t offset, uint64_t size);
/* BO_SYNC of one range; @op: &enum drm_vuma_bo_sync_op. */
int vuma_bo_sync(int fd, uint32_t handle, uint32_t op, uint64_t offset, uint64_t size);
/* MMAP_OFFSET and mmap(MAP_SHARED) of [0, size). */
int vuma_bo_mmap(int fd, uint32_t handle, uint64_t size, int prot, void **map);

/* The same as an object, for callers that want less to type. */
struct vuma_bo {
	int fd;
	uint32_t handle;
	uint64_t size;
	void *map;
};

int vuma_bo_init(struct vuma_bo *bo, int fd, uint64_t size, uint32_t flags);
/* Map for reading and writing; does nothing if it is mapped. */
int vuma_bo_map(struct vuma_bo *bo);
int vuma_bo_unmap(struct vuma_bo *bo);
/* Unmap and close. */
int vuma_bo_fini(struct vuma_bo *bo);

/* PRIME. vuma_prime_export() returns the dma-buf's file descriptor. */
int vuma_prime_export(int fd, uint32_t handle, uint32_t flags);
int vuma_prime_import(int fd, int dmabuf, uint32_t *handle);

/* Address spaces. */
struct vuma_vm {
	int fd;
	uint32_t id;
	uint64_t start;
	uint64_t end;
	uint64_t next;	/* of vuma_vm_place() */
};

int vuma_vm_init(struct vuma_vm *vm, int fd);
int vuma_vm_fini(struct vuma_vm *vm);
/* Reserve addresses, never to be reused; 0 if none are left. */
uint64_t vuma_vm_place(struct vuma_vm *vm, uint64_t size, uint64_t align);

struct drm_vuma_bind_op vuma_op_map(uint32_t handle, uint64_t va, uint64_t bo_offset,
				    uint64_t range, uint32_t flags);
struct drm_vuma_bind_op vuma_op_unmap(uint64_t va, uint64_t range);
/* @flags: 0 or DRM_VUMA_BIND_DUMMY. */
struct drm_vuma_bind_op vuma_op_sparse(uint64_t va, uint64_t range, uint32_t flags);
/* @op_done may be NULL. */
int vuma_vm_bind(int fd, uint32_t vm_id, const struct drm_vuma_bind_op *ops,
		 uint32_t op_count, uint32_t *op_done);
/* Asynchronous; the sync array may be NULL where its count is 0. */
int vuma_vm_bind_async(int fd, uint32_t vm_id, const struct drm_vuma_bind_op *ops,
		       uint32_t op_count, const struct drm_vuma_sync *syncs,
		       uint32_t sync_count);
int vuma_vm_map(struct vuma_vm *vm, uint32_t handle, uint64_t va, uint64_t bo_offset,
		uint64_t range, uint32_t flags);
int vuma_vm_unmap(struct vuma_vm *vm, uint64_t va, uint64_t range);
/* Place and map a whole BO, with a 2 MiB aligned address if it is as large. */
int vuma_vm_map_bo(struct vuma_vm *vm, const struct vuma_bo *bo, uint64_t *va);

/* Heaps. @policy: &enum drm_vuma_heap_policy. */
struct vuma_heap {
	uint32_t id;
	/* Of vuma_heap_init_bo(), else 0. */
	uint32_t handle;
	uint64_t va;
	uint64_t size;
};

int vuma_heap_init(struct vuma_heap *heap, const struct vuma_vm *vm, uint64_t size,
		   uint64_t granule, uint64_t hint, uint32_t policy);
/* One that the CPU can map, without a hint. */
int vuma_heap_init_bo(struct vuma_heap *heap, const struct vuma_vm *vm, uint64_t size,
		      uint64_t granule, uint32_t policy);
int vuma_heap_fini(const struct vuma_heap *heap, const struct vuma_vm *vm);

/* Commands. */
struct drm_vuma_cmd vuma_cmd_nop(void);
struct drm_vuma_cmd vuma_cmd_fill(uint64_t dst, uint64_t size, uint64_t start,
				  uint64_t step);
struct drm_vuma_cmd vuma_cmd_copy(uint64_t dst, uint64_t src, uint64_t size);
struct drm_vuma_cmd vuma_cmd_add(uint64_t dst, uint64_t src, uint64_t src2,
				 uint64_t size);
struct drm_vuma_cmd vuma_cmd_compare(uint64_t dst, uint64_t src, uint64_t src2,
				     uint64_t size);
struct drm_vuma_cmd vuma_cmd_checksum(uint64_t dst, uint64_t src, uint64_t size);
struct drm_vuma_cmd vuma_cmd_chase(uint64_t dst, uint64_t src, uint64_t hops);
/* Into a heap at @heap, with the sums at @dst. */
struct drm_vuma_cmd vuma_cmd_stream(uint64_t dst, uint64_t heap, uint64_t size, uint64_t start,
				    uint64_t step);
struct drm_vuma_cmd vuma_cmd_spin(uint64_t usecs);
/* @compare: &enum drm_vuma_wait. */
struct drm_vuma_cmd vuma_cmd_wait(uint64_t src, uint32_t compare, uint64_t value,
				  uint64_t mask);

/* Jobs. The sync arrays may be NULL where their count is 0. */
int vuma_submit(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds,
		uint32_t cmd_count, const struct drm_vuma_sync *in, uint32_t in_count,
		const struct drm_vuma_sync *out, uint32_t out_count);
/* Without in-syncs; signals the binary syncobj @out, unless it is 0. */
int vuma_submit_one(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds,
		    uint32_t cmd_count, uint32_t out);
/*
 * Wait for the job that signals @syncobj, for at most @timeout_ns. Returns what kept
 * it from finishing: -ETIME. How the job ended is in @status: 0, or the fence's error.
 */
int vuma_job_wait(int fd, uint32_t syncobj, int64_t timeout_ns, int *status);
/* Submit and wait so; also returns the error of the ioctl. */
int vuma_run(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds,
	     uint32_t cmd_count, int64_t timeout_ns, int *status);
/* vuma_run() with a minute's timeout, and both errors as one. */
int vuma_exec(int fd, uint32_t vm_id, const struct drm_vuma_cmd *cmds,
	      uint32_t cmd_count);

/*
 * A gate: a job stops at it until the CPU opens it. It is a page with two words: what
 * opens it, and what the job writes when it gets there.
 */
struct vuma_gate {
	struct vuma_bo bo;
	uint64_t addr;	/* where commands find it */
};

/* Shut. @addr is for the caller to set, or for vuma_gate_map(). */
int vuma_gate_init(struct vuma_gate *gate, int fd);
int vuma_gate_map(struct vuma_gate *gate, struct vuma_vm *vm);
/* Unmaps and closes the BO; it does not open the gate. */
int vuma_gate_fini(struct vuma_gate *gate);
/* The part of a job that stops at the gate. */
#define VUMA_GATE_CMDS	2
void vuma_gate_cmds(const struct vuma_gate *gate, struct drm_vuma_cmd *cmds);
/* A job that does nothing else; signals @out as vuma_submit_one() does. */
int vuma_gate_submit(const struct vuma_gate *gate, const struct vuma_vm *vm, uint32_t out);
/* Until a job stands at the gate: -ETIME if none does. */
int vuma_gate_await(const struct vuma_gate *gate, int64_t timeout_ns);
void vuma_gate_open(struct vuma_gate *gate);
/* Again; no job may stand there. */
void vuma_gate_shut(struct vuma_gate *gate);

/* Jobs with implicit addresses; @va of each BO is filled in. */
struct drm_vuma_legacy_bo vuma_legacy_bo(uint32_t handle, uint32_t flags);
int vuma_submit_legacy(int fd, struct drm_vuma_legacy_bo *bos, uint32_t bo_count,
		       const struct drm_vuma_cmd *cmds, uint32_t cmd_count, uint32_t in,
		       uint32_t out);
/* As vuma_run(). */
int vuma_run_legacy(int fd, struct drm_vuma_legacy_bo *bos, uint32_t bo_count,
		    const struct drm_vuma_cmd *cmds, uint32_t cmd_count, int64_t timeout_ns,
		    int *status);

int vuma_scanout_pin(int fd, uint32_t handle);
int vuma_scanout_unpin(int fd, uint32_t handle);

/* Syncobjs. Timeouts are relative; a wait is -ETIME when it runs out. */
int vuma_syncobj_create(int fd, bool signaled, uint32_t *handle);
int vuma_syncobj_destroy(int fd, uint32_t handle);
int vuma_syncobj_wait(int fd, uint32_t handle, int64_t timeout_ns);
int vuma_timeline_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns);
int vuma_timeline_query(int fd, uint32_t handle, uint64_t *point);
/* State of the fence: 0 pending, 1 signaled, its error if it failed. */
int vuma_syncobj_status(int fd, uint32_t handle, int *status);

/*
 * One key of /proc/<pid>/fdinfo/<fd>, as a number: sizes in bytes, times in
 * nanoseconds. @pid 0 is the caller. -ENOENT if the key is not there.
 */
int vuma_fdinfo(pid_t pid, int fd, const char *key, uint64_t *value);
/* Same, of a text that was read before. */
int vuma_fdinfo_parse(const char *text, const char *key, uint64_t *value);
/* The whole text, zero-terminated. */
int vuma_fdinfo_read(pid_t pid, int fd, char *text, size_t len);

/* What OP_FILL writes and OP_CHECKSUM returns, by CPU. Sizes are in bytes. */
struct vuma_mismatch {
	uint64_t words;		/* that differ */
	uint64_t offset;	/* of the first, in bytes */
	uint64_t expected;
	uint64_t found;
};

void vuma_pattern_fill(void *mem, uint64_t size, uint64_t start, uint64_t step);
/* Returns the number of words that differ; @first may be NULL. */
uint64_t vuma_pattern_verify(const void *mem, uint64_t size, uint64_t start,
			     uint64_t step, struct vuma_mismatch *first);
/* Checksum of what is in memory: continues from *a and *b. */
void vuma_checksum(const void *mem, uint64_t size, uint64_t *a, uint64_t *b);
/* Checksum of a pattern, without memory. */
void vuma_pattern_checksum(uint64_t size, uint64_t start, uint64_t step, uint64_t *a,
			   uint64_t *b);

/* xorshift64*, for repeatable sequences; the state must not be 0. */
uint64_t vuma_random(uint64_t *state);

#endif /* VUMA_CLIENT_H */
