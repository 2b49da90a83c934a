// SPDX-License-Identifier: GPL-2.0
/* Implicit addresses in a VM that is nearly too small: what fits together gets its addresses. */
#include "gate.h"
#include "legacy.h"

#define MIB	VUMA_MIB
#define KIB	VUMA_KIB
/* All that there is. */
#define ROOM	(4 * MIB)

#define UNMAPS	DRM_VUMA_PARAM_VM_UNMAPS
#define IDLE	DRM_VUMA_PARAM_VM_IDLE

static int narrow_file(void)
{
	int fd = dev_open(0);

	legacy_va_mib(ROOM / MIB);
	KT_OK(vuma_submit_legacy(fd, NULL, 0, NULL, 0, 0, 0));
	legacy_va_mib(0);
	return fd;
}

static void touch_and_wait(const struct vuma_bo *bo, uint64_t word, uint64_t idle)
{
	legacy_touch(bo, word);
	legacy_wait_param(bo->fd, IDLE, idle);
}

/* Two, used by one job, which copies the first word of the first to the second. */
static void copy_word(const struct vuma_bo *from, const struct vuma_bo *to)
{
	struct drm_vuma_legacy_bo use[2] = {
		vuma_legacy_bo(from->handle, 0), vuma_legacy_bo(to->handle, LEGACY_WRITE),
	};

	legacy_run(from->fd, use, 2, vuma_cmd_copy(LEGACY_AT(1, 0), LEGACY_AT(0, 0), 8));
}

/* There is one place where large leaves could be used for it, and it is too small. */
static void one_that_is_large(void)
{
	int fd = narrow_file();
	struct vuma_bo bo = bo_new(fd, 5 * MIB / 2, 0), all = bo_new(fd, ROOM, 0);
	struct vuma_bo more = bo_new(fd, ROOM + PAGE, 0);
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(more.handle, 0);

	legacy_touch(&bo, 11);
	legacy_touch(&all, 12);
	KT_RET(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0), -ENOSPC);
	legacy_expect(&bo, 11);
}

static void two_that_are_large(void)
{
	int fd = narrow_file();
	struct vuma_bo a = bo_new(fd, 2 * MIB, 0), b = bo_new_mapped(fd, 2 * MIB, 0);

	legacy_touch(&a, 21);
	copy_word(&a, &b);
	KT_EQ(*(volatile uint64_t *)b.map, 21);
	copy_word(&b, &a);
	legacy_wait_param(fd, IDLE, 2);
}

/* What is idle stays: there is room for both, if only not where the large leaves are. */
static void preference_costs_nobody(void)
{
	int fd = narrow_file();
	struct vuma_bo small = bo_new(fd, MIB, 0), large = bo_new(fd, 5 * MIB / 2, 0);

	touch_and_wait(&small, 31, 1);
	touch_and_wait(&large, 32, 2);
	touch_and_wait(&small, 33, 2);
	KT_EQ(legacy_param(fd, UNMAPS), 0);
}

/* The one that has an address is in the middle. */
static void own_in_the_way(void)
{
	int fd = narrow_file(), i;
	struct vuma_bo x = bo_new(fd, 3 * MIB / 2, 0), y = bo_new(fd, MIB, 0);
	struct vuma_bo w = bo_new_mapped(fd, 7 * MIB / 4, 0);

	for (i = 0; i < 3; i++) {
		legacy_touch(&x, 40 + i);
		legacy_touch(&y, 50 + i);
		copy_word(&y, &w);
		KT_EQ(*(volatile uint64_t *)w.map, 50 + i);
		legacy_expect(&x, 40 + i);
	}
}

static void copy_first_to_second(void *arg)
{
	const struct vuma_bo *bos = arg;

	copy_word(&bos[0], &bos[1]);
}

/* The same by somebody who has to wait first. */
static void own_in_the_way_after_waiting(void)
{
	int fd = narrow_file();
	struct vuma_bo c = bo_new(fd, 3 * MIB / 2, 0);
	struct vuma_bo bos[2] = { bo_new_mapped(fd, MIB, 0), bo_new_mapped(fd, 7 * MIB / 4, 0) };
	struct drm_vuma_legacy_bo use = vuma_legacy_bo(c.handle, 0);
	struct waiter waiter = { .call = copy_first_to_second, .arg = bos };
	struct drm_vuma_cmd nop = vuma_cmd_nop();
	struct gate gate = gate_new(fd);

	KT_OK(vuma_submit_legacy(fd, &use, 1, &nop, 1, gate.in, 0));
	/* Without a job of its own: those of a file come one after the other. */
	use = vuma_legacy_bo(bos[0].handle, 0);
	KT_OK(vuma_submit_legacy(fd, &use, 1, NULL, 0, 0, 0));
	KT_EQ(legacy_param(fd, IDLE), 1);
	*(uint64_t *)bos[0].map = 61;
	waiter_start(&waiter);
	gate_open(&gate);
	waiter_join(&waiter);
	KT_EQ(*(volatile uint64_t *)bos[1].map, 61);
}

/* Sizes with all kinds of alignment, and one after the other what is left by those before. */
static void random_lists(void)
{
	const uint64_t units[] = { PAGE, 64 * KIB, 512 * KIB, MIB };
	struct drm_vuma_legacy_bo use[16];
	struct vuma_bo bos[16];
	uint64_t seed = 7, full = 0;
	const unsigned int turns = ktap_slow() > 1 ? 100 : 500;
	unsigned int turn, nr, i;
	int fd = narrow_file();

	for (i = 0; i < ARRAY_SIZE(bos); i++)
		bos[i] = bo_new(fd, (1 + vuma_random(&seed) % 3) * units[i % 4] +
				vuma_random(&seed) % 2 * PAGE, 0);
	for (turn = 0; turn < turns; turn++) {
		unsigned int first = vuma_random(&seed) % ARRAY_SIZE(bos);
		uint64_t room = ROOM;

		for (nr = i = 0; i < ARRAY_SIZE(bos); i++) {
			const struct vuma_bo *bo = &bos[(first + 5 * i) % ARRAY_SIZE(bos)];

			if (bo->size > room)
				continue;
			room -= bo->size;
			use[nr++] = vuma_legacy_bo(bo->handle, 0);
		}
		full += room < MIB;
		KT_OK(vuma_submit_legacy(fd, use, nr, NULL, 0, 0, 0));
	}
	KT_GE(full, turns / 5);
}

static const struct ktap_test tests[] = {
	{ .name = "legacy_room_for_one_that_is_large", .run = one_that_is_large },
	{ .name = "legacy_room_for_two_that_are_large", .run = two_that_are_large },
	{ .name = "legacy_large_leaves_cost_nobody_the_address", .run = preference_costs_nobody },
	{ .name = "legacy_room_when_own_addresses_are_in_the_way", .run = own_in_the_way },
	{ .name = "legacy_room_when_own_addresses_are_in_the_way_after_waiting",
	  .run = own_in_the_way_after_waiting },
	{ .name = "legacy_room_for_random_lists", .run = random_lists },
};

static void cleanup(void)
{
	legacy_va_mib(0);
}

TEST_PROGRAM(tests, cleanup);
