// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer: a BO of vuma or of its twin, or an unlinked file on tmpfs. The same
 * loops touch all of them, so that what differs is the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "uma_bench.h"

static int file_create(struct buf *buf, bool huge)
{
	if (huge)
		buf->file = openat(buf->actor->huge_fd, ".",
				   O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	else
		buf->file = memfd_create("uma-bench", MFD_CLOEXEC);
	if (buf->file < 0)
		return -errno;
	if (ftruncate(buf->file, (off_t)buf->size)) {
		int err = -errno;

		close(buf->file);
		return err;
	}
	return 0;
}

int buf_create(struct buf *buf, struct actor *a, uint64_t size, bool huge)
{
	memset(buf, 0, sizeof(*buf));
	buf->actor = a;
	buf->size = size;
	buf->file = -1;
	if (a->who == WHO_TMPFS)
		return file_create(buf, huge);
	return vuma_bo_init(&buf->bo, a->fd, size, huge ? DRM_VUMA_BO_HUGE : 0);
}

int buf_map(struct buf *buf)
{
	int err;

	if (buf->actor->who == WHO_TMPFS) {
		void *map = mmap(NULL, buf->size, PROT_READ | PROT_WRITE,
				 MAP_SHARED, buf->file, 0);

		if (map == MAP_FAILED)
			return -errno;
		buf->map = map;
		return 0;
	}
	err = vuma_bo_map(&buf->bo);
	if (!err)
		buf->map = buf->bo.map;
	return err;
}

int buf_unmap(struct buf *buf)
{
	uint8_t *map = buf->map;

	buf->map = NULL;
	if (buf->actor->who != WHO_TMPFS)
		return vuma_bo_unmap(&buf->bo);
	if (map && munmap(map, buf->size))
		return -errno;
	return 0;
}

int buf_destroy(struct buf *buf)
{
	int err;

	if (!buf->actor)
		return 0;
	if (buf->actor->who == WHO_TMPFS) {
		err = buf_unmap(buf);
		if (close(buf->file) && !err)
			err = -errno;
	} else {
		err = vuma_bo_fini(&buf->bo);
	}
	memset(buf, 0, sizeof(*buf));
	return err;
}

/* Atomic, so that the compiler keeps each of them where it is. */
static void put(void *at, uint64_t word)
{
	__atomic_store_n((uint64_t *)at, word, __ATOMIC_RELAXED);
}

static uint64_t get(const void *at)
{
	return __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
}

void buf_write(struct buf *buf, uint64_t tag)
{
	for (uint64_t off = 0; off < buf->size; off += PAGE)
		put(buf->map + off, tag + off);
}

/*
 * A fault brings in what lies around the page, but not beyond the VMA: with pages of two
 * protections in turn, each VMA is one page.
 */
int buf_write_pieces(struct buf *buf, uint64_t tag)
{
	for (uint64_t off = 0; off < buf->size; off += 2 * PAGE)
		if (mprotect(buf->map + off, PAGE, PROT_READ))
			return -errno;
	for (uint64_t off = PAGE; off < buf->size; off += 2 * PAGE)
		put(buf->map + off, tag + off);
	if (mprotect(buf->map, buf->size, PROT_READ | PROT_WRITE))
		return -errno;
	for (uint64_t off = 0; off < buf->size; off += 2 * PAGE)
		put(buf->map + off, tag + off);
	return 0;
}

uint64_t buf_read(const struct buf *buf, uint64_t tag)
{
	uint64_t wrong = 0;

	for (uint64_t off = 0; off < buf->size; off += PAGE)
		wrong += get(buf->map + off) != tag + off;
	return wrong;
}

/* An odd stride visits every page of a power-of-two number once. */
uint64_t buf_read_scattered(const struct buf *buf, uint64_t tag)
{
	uint64_t pages = buf->size / PAGE, page = 0, wrong = 0;
	uint64_t stride = (pages * 5 / 8) | 1;

	for (uint64_t i = 0; i < pages; i++) {
		uint64_t off = page * PAGE;

		wrong += get(buf->map + off) != tag + off;
		page = (page + stride) % pages;
	}
	return wrong;
}
