/* SPDX-License-Identifier: GPL-2.0 */
/* Which code of the modules the calling thread reached; only on kernels with KCOV. */
#ifndef KCOV_H
#define KCOV_H

#include <stdbool.h>
#include <stdint.h>

struct kcov {
	int fd;
	uint64_t *cover;
};

bool kcov_available(void);
/* For the calling thread; false if the kernel refuses. */
bool kcov_start(struct kcov *kcov);
void kcov_reset(struct kcov *kcov);
/* Adds what was reached since the reset; returns how many places nobody had reached. */
unsigned int kcov_collect(struct kcov *kcov);
void kcov_stop(struct kcov *kcov);
/* Distinct places of gem_uma and vuma, by all threads so far. */
unsigned int kcov_total(void);

#endif /* KCOV_H */
