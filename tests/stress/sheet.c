// SPDX-License-Identifier: GPL-2.0
#include "sheet.h"

#define STEP	0x9e3779b97f4a7c15ull

/* First word of the pattern; a page that was never written is all zeroes. */
static uint64_t start_of(const struct sheet *s, uint64_t page)
{
	return (uint64_t)(s->id + 1) << 52 | (uint64_t)s->writes[page] << 24 | page;
}

static uint64_t step_of(const struct sheet *s, uint64_t page)
{
	return s->writes[page] ? STEP : 0;
}

static uint64_t word_of(const struct sheet *s, uint64_t page)
{
	return s->writes[page] ? start_of(s, page) : 0;
}

struct sheet sheet_new(unsigned int id, void *map, uint64_t pages)
{
	struct sheet s = { .id = id, .map = map, .pages = pages };

	s.writes = calloc(pages, sizeof(*s.writes));
	KT_TRUE(s.writes);
	return s;
}

void sheet_bind(struct sheet *s, const struct vuma_bo *bo, uint64_t first_page)
{
	s->vm = vm_new(bo->fd);
	s->out = bo_new_mapped(bo->fd, PAGE, 0);
	s->va = vm_map_bo(&s->vm, bo) + first_page * PAGE;
	s->out_va = vm_map_bo(&s->vm, &s->out);
}

void sheet_fini(struct sheet *s)
{
	free(s->writes);
	s->writes = NULL;
	if (!s->vm.id)
		return;
	KT_OK(vuma_vm_fini(&s->vm));
	KT_OK(vuma_bo_fini(&s->out));
}

void sheet_cpu_write_at(struct sheet *s, uint64_t page, void *at)
{
	s->writes[page]++;
	vuma_pattern_fill(at, PAGE, start_of(s, page), STEP);
}

void sheet_cpu_check_at(struct sheet *s, uint64_t page, const void *at)
{
	struct vuma_mismatch bad;

	if (!vuma_pattern_verify(at, PAGE, word_of(s, page), step_of(s, page), &bad))
		return;
	KT_FAIL("CPU: page %llu of sheet %u, written %u times: %llu bad words, %#llx for %#llx",
		(unsigned long long)page, s->id, s->writes[page], (unsigned long long)bad.words,
		(unsigned long long)bad.found, (unsigned long long)bad.expected);
}

void sheet_cpu_write(struct sheet *s, uint64_t page)
{
	sheet_cpu_write_at(s, page, s->map + page * PAGE);
}

void sheet_cpu_check(struct sheet *s, uint64_t page)
{
	sheet_cpu_check_at(s, page, s->map + page * PAGE);
}

static int exec(const struct sheet *s, const struct drm_vuma_cmd *cmds, uint32_t count)
{
	int ret;

	do
		ret = vuma_exec(s->vm.fd, s->vm.id, cmds, count);
	while (ret == -ENOMEM && s->restless);
	return ret;
}

int sheet_try_gpu_write(struct sheet *s, uint64_t page)
{
	struct drm_vuma_cmd cmd;
	int ret;

	s->writes[page]++;
	cmd = vuma_cmd_fill(s->va + page * PAGE, PAGE, start_of(s, page), STEP);
	ret = exec(s, &cmd, 1);
	if (ret)
		s->writes[page]--;
	return ret;
}

int sheet_try_gpu_check(struct sheet *s, uint64_t page)
{
	volatile uint64_t *sums = s->out.map;
	struct drm_vuma_cmd cmd;
	uint64_t a, b;
	int ret;

	vuma_pattern_checksum(PAGE, word_of(s, page), step_of(s, page), &a, &b);
	sums[0] = ~a;
	sums[1] = ~b;
	cmd = vuma_cmd_checksum(s->out_va, s->va + page * PAGE, PAGE);
	ret = exec(s, &cmd, 1);
	if (ret)
		return ret;
	if (sums[0] != a || sums[1] != b)
		KT_FAIL("GPU: page %llu of sheet %u, written %u times: sum %#llx, expected %#llx",
			(unsigned long long)page, s->id, s->writes[page],
			(unsigned long long)sums[0], (unsigned long long)a);
	return 0;
}

void sheet_gpu_write(struct sheet *s, uint64_t page)
{
	KT_OK(sheet_try_gpu_write(s, page));
}

void sheet_gpu_check(struct sheet *s, uint64_t page)
{
	KT_OK(sheet_try_gpu_check(s, page));
}

#define SUMS	(PAGE / 16)

/* As many pages as results fit, in one job. */
static void gpu_check_some(struct sheet *s, uint64_t first, uint64_t count)
{
	struct drm_vuma_cmd cmds[SUMS];
	uint64_t *sums = s->out.map, i, a, b;

	for (i = 0; i < count; i++)
		cmds[i] = vuma_cmd_checksum(s->out_va + i * 16, s->va + (first + i) * PAGE, PAGE);
	memset(sums, 0xa5, PAGE);
	KT_OK(exec(s, cmds, count));
	for (i = 0; i < count; i++) {
		vuma_pattern_checksum(PAGE, word_of(s, first + i), step_of(s, first + i), &a, &b);
		if (sums[i * 2] != a || sums[i * 2 + 1] != b)
			KT_FAIL("GPU: page %llu of sheet %u, written %u times, has another sum",
				(unsigned long long)(first + i), s->id, s->writes[first + i]);
	}
}

void sheet_check_all(struct sheet *s)
{
	uint64_t page;

	for (page = 0; s->map && page < s->pages; page++)
		sheet_cpu_check(s, page);
	for (page = 0; s->vm.id && page < s->pages; page += SUMS)
		gpu_check_some(s, page, s->pages - page < SUMS ? s->pages - page : SUMS);
}

void sheet_random(struct sheet *s, uint64_t *rng)
{
	uint64_t page = vuma_random(rng) % s->pages, what = vuma_random(rng);

	if (s->vm.id && what & 1)
		what & 2 ? sheet_gpu_write(s, page) : sheet_gpu_check(s, page);
	else
		what & 2 ? sheet_cpu_write(s, page) : sheet_cpu_check(s, page);
}
