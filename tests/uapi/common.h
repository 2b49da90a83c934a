/* SPDX-License-Identifier: GPL-2.0 */
/* What the test programs of the uAPI share. Failures end the test. */
#ifndef COMMON_H
#define COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xf86drm.h>

#include "file.h"
#include "ktap.h"
#include "vuma_client.h"

/* Of the CPU: what BOs consist of, and what is mapped by it. */
#define PAGE	page_size()
/* What one table of pages maps: a table is a page of entries of 8 bytes. */
#define PMD	(PAGE * (PAGE / 8))
/* Of the GPU: what binds are multiples of, on any CPU. */
#define GPU_PAGE	4096ull
/* A wait without a limit: that of the test ends it. */
#define FOREVER	INT64_MAX
/* The program: a table of tests, and what is to be undone after each of them, or NULL. */
#define PROGRAM(_main, _tests, _cleanup)			\
	int main(int argc, char **argv)				\
	{							\
		static struct ktap_suite suite = {		\
			.tests = (_tests),			\
			.count = ARRAY_SIZE(_tests),		\
			.cleanup = (_cleanup),			\
		};						\
								\
		exit(_main(&suite, argc, argv));		\
	}
#define TEST_PROGRAM(_tests, _cleanup)	PROGRAM(test_main, _tests, _cleanup)

/* The driver under test (option -d). */
extern const char *driver;

/* True for the twin on drm_gem_shmem_helper. */
bool is_twin(void);
/* The twin cannot do what this test is about. */
void not_on_twin(const char *reason);

/*
 * Parse the options and run. Bails out if there is no device: a missing driver
 * is no reason to skip.
 */
int test_main(const struct ktap_suite *suite, int argc, char **argv);

/* Skips the test where there is a device, but not as many. */
int dev_open(unsigned int index);
int dev_open_primary(unsigned int index);
/* Skips the test unless there are that many devices. */
void need_devices(unsigned int count);

/* The driver's own ways to fail: the @nth call from now of "fail-tables" or "fail-map"; 0: none. */
void debugfs_fail(int fd, const char *what, unsigned int nth);

struct vuma_bo bo_new(int fd, uint64_t size, uint32_t flags);
/* Created and mapped for reading and writing. */
struct vuma_bo bo_new_mapped(int fd, uint64_t size, uint32_t flags);
struct drm_vuma_bo_query bo_query(const struct vuma_bo *bo);
uint32_t bo_status(const struct vuma_bo *bo);
/* Advise on the whole BO. Returns whether its content is still there. */
uint32_t bo_advise(const struct vuma_bo *bo, uint32_t advice);
/* As a dma-buf, for writing, too; and the buffer behind one, in a file of whatever device. */
int export_bo(const struct vuma_bo *bo);
struct vuma_bo import_bo(int fd, int dmabuf, uint64_t size);

struct vuma_vm vm_new(int fd);
uint64_t vm_param(const struct vuma_vm *vm, uint32_t param);
/* Place and map a whole BO. */
uint64_t vm_map_bo(struct vuma_vm *vm, const struct vuma_bo *bo);

/* A number of the file, which has to be there. */
uint64_t fdinfo(int fd, const char *name);
/* A syncobj that is not signalled. */
uint32_t syncobj_new(int fd);
/* However long it takes; the job that signals @syncobj has to end so: 0, or -errno. */
void wait_job(int fd, uint32_t syncobj, int want);
/* A job behind the binary syncobj @in that signals @out; 0: none. */
int submit_after(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count,
		 uint32_t in, uint32_t out);
/* Run one command, which must succeed, or must fail the job with @status. */
void run_cmd(const struct vuma_vm *vm, struct drm_vuma_cmd cmd);
void run_cmds(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count);
/* The job must fail so, and be counted as that. */
void run_faulting(const struct vuma_vm *vm, const struct drm_vuma_cmd *cmds, uint32_t count,
		  enum drm_vuma_fault fault, uint64_t address);

/* All words of [0, size) are start + i * step. */
void verify_pattern(const void *mem, uint64_t size, uint64_t start, uint64_t step);
/* Same, by the GPU's checksum into @result (a mapped BO at @result_va). */
void verify_checksum(const struct vuma_vm *vm, uint64_t va, uint64_t size, uint64_t start,
		     uint64_t step, const struct vuma_bo *result, uint64_t result_va);

/* What PAGE is. */
unsigned long long page_size(void);

/* First word of page @page of buffer @id in tests that tell pages apart. */
uint64_t page_word(unsigned int id, uint64_t page);
/* Write page_word() into every page. */
void stamp_pages(void *mem, uint64_t pages, unsigned int id);
/* Pages [0, pages) of mem show pages first, first + 1, ... */
void verify_pages(const void *mem, uint64_t pages, unsigned int id, uint64_t first);

/*
 * Access one word so that SIGBUS and SIGSEGV are an answer: 0, or the signal.
 * *value is read, or written.
 */
int try_read(const void *address, uint64_t *value);
int try_write(void *address, uint64_t value);

/* SIGALRM every now and then, which does nothing but interrupt; and no more of it. */
void alarm_on(void);
void alarm_off(void);

/* Zeroes that are shared with children. */
void *shared_memory(size_t size);
pid_t fork_child(void);
/* Reaps; the child must have exited with 0. */
void join_child(pid_t pid);

/* Each bit of a field, tried alone: the ioctl must fail so and change nothing. */
void expect_each_bit(int fd, unsigned long request, void *args, size_t len, void *field,
		     size_t width, uint64_t valid, int error);
/* The ioctl must fail with @error (negative) and leave the struct as it was. */
void expect_error(int fd, unsigned long request, const void *args, size_t len, int error);
#define EXPECT_EACH_BIT(_fd, _request, _args, _field, _valid, _error)		\
	expect_each_bit(_fd, _request, &(_args), sizeof(_args), &(_args)._field,	\
			sizeof((_args)._field), _valid, _error)
#define EXPECT_ERROR(_fd, _request, _args, _error)				\
	expect_error(_fd, _request, &(_args), sizeof(_args), _error)
/* Good arguments but for one field. */
#define EXPECT_BAD(_fd, _request, _good, _field, _value, _error) do {		\
	__typeof__(_good) bad_ = (_good);					\
										\
	bad_._field = (_value);							\
	EXPECT_ERROR(_fd, _request, bad_, _error);				\
} while (0)

#endif /* COMMON_H */
