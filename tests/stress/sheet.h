/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of a buffer that belong to one worker, and what must be in them.
 *
 * Each page is filled with a pattern that follows from the sheet, the page and how often
 * it was written; that number is the shadow copy. CPU and GPU write and check.
 */
#ifndef SHEET_H
#define SHEET_H

#include "common.h"

struct sheet {
	unsigned int id;
	/* Where the CPU sees the first page; NULL if it does not. */
	char *map;
	uint64_t pages;
	/* How often each page was written; 0 is never: zeroes. */
	uint32_t *writes;
	/* The GPU's view; vm.id 0 if there is none. */
	struct vuma_vm vm;
	uint64_t va;
	struct vuma_bo out;
	uint64_t out_va;
	/* Somebody changes the memory all the time: jobs that do not find it are repeated. */
	bool restless;
};

struct sheet sheet_new(unsigned int id, void *map, uint64_t pages);
/* A VM of its own, with all of the BO and a place for results in it. */
void sheet_bind(struct sheet *s, const struct vuma_bo *bo, uint64_t first_page);
void sheet_fini(struct sheet *s);

void sheet_cpu_write(struct sheet *s, uint64_t page);
void sheet_cpu_check(struct sheet *s, uint64_t page);
/* The page is seen at another address. */
void sheet_cpu_check_at(struct sheet *s, uint64_t page, const void *at);
void sheet_cpu_write_at(struct sheet *s, uint64_t page, void *at);
void sheet_gpu_write(struct sheet *s, uint64_t page);
void sheet_gpu_check(struct sheet *s, uint64_t page);
/* 0, or the negative errno of the submit or the job; does not count if it failed. */
int sheet_try_gpu_write(struct sheet *s, uint64_t page);
int sheet_try_gpu_check(struct sheet *s, uint64_t page);

/* All pages, by CPU and, if it is bound, by GPU. */
void sheet_check_all(struct sheet *s);
/* One of the above, on a random page. */
void sheet_random(struct sheet *s, uint64_t *rng);

#endif /* SHEET_H */
