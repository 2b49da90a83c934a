// SPDX-License-Identifier: GPL-2.0
/* Every way in which a heap can fail to grow, with every policy, in a job that is running. */
#include "common.h"
#include "heap.h"

/* As in the kernel: nowait, reserve, atomic; index, dma, map. */
#define MEMORY	0x07u
#define STEPS	0x38u
#define MASKS	64u

#define HINT	(4 * PAGE)
#define SIZE	(64 * PAGE)

/* The one growth that the job needs can be had. */
static bool grows(uint32_t mask)
{
	return (mask & MEMORY) != MEMORY && !(mask & STEPS);
}

/* The device is left as it was found, however the test ended. */
static void unblock(void)
{
	int fd = vuma_open(driver, 0, VUMA_NODE_RENDER);
	FILE *f = fd < 0 ? NULL : open_debugfs(fd, "heap-block", "w");

	if (f) {
		fputs("0", f);
		fclose(f);
	}
	if (fd >= 0)
		close(fd);
}

static void one(uint32_t mask, uint32_t policy)
{
	struct heap_rig r = heap_rig_new(SIZE, PAGE, HINT, policy);
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	int ret;

	heap_block(r.fd, mask);
	ret = heap_rig_try(&r, HINT + PAGE);
	heap_block(r.fd, 0);
	if (grows(mask) || policy == DRM_VUMA_HEAP_RENDER) {
		if (ret)
			KT_FAIL("mask %#x, policy %u: %d", mask, policy, ret);
		heap_rig_verify(&r, HINT + PAGE);
		KT_EQ(((uint64_t *)r.out.map)[2], !grows(mask));
	} else if (ret != (policy == DRM_VUMA_HEAP_FAIL_JOB ? -ENOMEM : -EIO)) {
		KT_FAIL("mask %#x, policy %u: %d", mask, policy, ret);
	}
	/* And the next one: only a lost VM stays as it is. */
	ret = vuma_exec(r.fd, r.vm.id, &nop, 1);
	KT_EQ(ret, policy == DRM_VUMA_HEAP_LOSE_VM && !grows(mask) ? -EIO : 0);
	if (!ret)
		heap_rig_stream(&r, SIZE, 0);
	heap_rig_fini(&r);
}

static void all_masks(intptr_t policy)
{
	uint32_t mask;

	for (mask = 0; mask < MASKS; mask++)
		one(mask, policy);
	/* Nothing is left. */
	KT_WAIT(!heap_stat(dev_open(0), "heap-pages") &&
		!heap_stat(dev_open(0), "reserved-pages"));
}

/* A job that had to do without is repeated until it needs nothing while it runs. */
static void learned(intptr_t policy)
{
	struct heap_rig r = heap_rig_new(SIZE, PAGE, 0, policy);
	unsigned int runs;

	for (runs = 0; runs < 12; runs++) {
		int ret;

		heap_block(r.fd, MEMORY | STEPS);
		ret = heap_rig_try(&r, 21 * PAGE);
		heap_block(r.fd, 0);
		if (policy == DRM_VUMA_HEAP_RENDER) {
			KT_OK(ret);
			heap_rig_verify(&r, 21 * PAGE);
			ret = ((uint64_t *)r.out.map)[2] ? -ENOMEM : 0;
		}
		if (!ret)
			break;
		KT_RET(ret, -ENOMEM);
	}
	/* Doubled from one granule on. */
	KT_LE(runs, 7);
	KT_GE(runs, 4);
}

/* One client whose heaps cannot grow is no concern of another's. */
static void others(void)
{
	struct heap_rig a = heap_rig_new(SIZE, PAGE, 0, DRM_VUMA_HEAP_LOSE_VM);
	struct heap_rig b = heap_rig_new(SIZE, PAGE, SIZE, DRM_VUMA_HEAP_FAIL_JOB);
	struct vuma_vm c = vm_new(b.fd);
	struct drm_vuma_cmd nop = vuma_cmd_nop();

	heap_rig_stream(&b, SIZE, 0);
	heap_block(a.fd, MEMORY | STEPS);
	KT_RET(heap_rig_try(&a, SIZE), -EIO);
	heap_rig_stream(&b, SIZE, 0);
	KT_OK(vuma_exec(c.fd, c.id, &nop, 1));
	heap_block(a.fd, 0);
}

static const struct ktap_test tests[] = {
	{ .name = "heap_ladder_all_masks_render_sparse-R1_sparse-R5", .run_arg = all_masks,
	  .arg = DRM_VUMA_HEAP_RENDER },
	{ .name = "heap_ladder_all_masks_fail_job_sparse-R1_sparse-R5", .run_arg = all_masks,
	  .arg = DRM_VUMA_HEAP_FAIL_JOB },
	{ .name = "heap_ladder_all_masks_lose_vm_sparse-R1_sparse-R5", .run_arg = all_masks,
	  .arg = DRM_VUMA_HEAP_LOSE_VM },
	{ .name = "heap_ladder_learns_while_it_renders_sparse-R10", .run_arg = learned,
	  .arg = DRM_VUMA_HEAP_RENDER },
	{ .name = "heap_ladder_learns_from_failed_jobs_sparse-R9", .run_arg = learned,
	  .arg = DRM_VUMA_HEAP_FAIL_JOB },
	{ .name = "heap_ladder_blocked_client_leaves_others_alone", .run = others },
};

TEST_PROGRAM(tests, unblock);
