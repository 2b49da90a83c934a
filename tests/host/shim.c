// SPDX-License-Identifier: GPL-2.0
#include "shim.h"

unsigned int shim_warnings;
long shim_fail_after = -1;
long shim_live;

static bool fails(size_t n, size_t size, size_t *bytes)
{
	if (shim_fail_after == 0) {
		shim_fail_after = -1;
		return true;
	}
	if (shim_fail_after > 0)
		shim_fail_after--;
	return check_mul_overflow(n, size, bytes);
}

void *shim_alloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;
	void *ptr;

	if (fails(n, size, &bytes))
		return NULL;
	/* Like the kernel, something that can be freed for 0 bytes. */
	ptr = malloc(bytes ?: 1);
	if (!ptr)
		abort();
	/* Not zeroed memory must not look zeroed. */
	memset(ptr, gfp & __GFP_ZERO ? 0 : 0xa5, bytes ?: 1);
	shim_live++;
	return ptr;
}

void *shim_realloc(void *old, size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;
	void *ptr;

	if (!old)
		return shim_alloc(n, size, gfp);
	if (fails(n, size, &bytes))
		return NULL;
	ptr = realloc(old, bytes ?: 1);
	if (!ptr)
		abort();
	return ptr;
}

void shim_free(const void *ptr)
{
	if (!ptr)
		return;
	shim_live--;
	free((void *)ptr);
}
