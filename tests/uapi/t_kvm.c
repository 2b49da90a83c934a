// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers as the memory of a virtual machine, as virtio-gpu's blobs are. KVM takes the
 * host's page tables as it finds them, and writes past their dirty bits.
 */
#include <linux/kvm.h>

#include "arena.h"

#define SLOT_SIZE	(16 * PAGE)
/* Guest-physical. */
#define CODE_AT		0x1000
#define BO_AT		0x20000

/*
 * 16-bit code. ds is the segment of the BO. A store of the x87 cannot be emulated: KVM has
 * to give the guest the page, or stop it.
 */
static const unsigned char guest_code[] = {
	0xb8, BO_AT >> 4 & 0xff, BO_AT >> 12,	/* mov ax, BO_AT >> 4 */
	0x8e, 0xd8,				/* mov ds, ax */
	0x8b, 0x1e, 0x00, 0x00,			/* mov bx, [0] */
	0xc7, 0x06, 0x02, 0x00, 0x34, 0x12,	/* mov word [2], 0x1234 */
	0x8b, 0x1e, 0x00, 0x10,			/* mov bx, [0x1000] */
	0xdb, 0xe3,				/* fninit */
	0xd9, 0xe8,				/* fld1 */
	0xd9, 0x1e, 0x04, 0x10,			/* fstp dword [0x1004] */
	0xd9, 0xe8,				/* fld1 */
	0xd9, 0x1e, 0x04, 0x20,			/* fstp dword [0x2004] */
	0xf4,					/* hlt */
};

struct guest {
	int vm, vcpu;
	struct kvm_run *run;
	char *ram;
};

static void guest_slot(struct guest *g, uint32_t slot, uint64_t at, void *mem)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot, .guest_phys_addr = at, .memory_size = SLOT_SIZE,
		.userspace_addr = (uintptr_t)mem,
	};

	KT_SYS(ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &region));
}

static struct guest guest_new(void *bo)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), size;
	struct kvm_sregs sregs;
	struct guest g;

	if (kvm < 0)
		KT_SKIP("/dev/kvm: %s", strerror(errno));
	g.vm = ioctl(kvm, KVM_CREATE_VM, 0);
	KT_SYS(g.vm);
	g.ram = shared_memory(SLOT_SIZE);
	memcpy(g.ram + CODE_AT, guest_code, sizeof(guest_code));
	guest_slot(&g, 0, 0, g.ram);
	guest_slot(&g, 1, BO_AT, bo);
	g.vcpu = ioctl(g.vm, KVM_CREATE_VCPU, 0);
	KT_SYS(g.vcpu);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	KT_SYS(size);
	g.run = KT_MAPPED(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, g.vcpu, 0));
	KT_SYS(ioctl(g.vcpu, KVM_GET_SREGS, &sregs));
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	KT_SYS(ioctl(g.vcpu, KVM_SET_SREGS, &sregs));
	return g;
}

/* From the start of the code to its end. */
static void guest_run(struct guest *g)
{
	struct kvm_regs regs = { .rip = CODE_AT, .rflags = 2 };
	int ret;

	KT_SYS(ioctl(g->vcpu, KVM_SET_REGS, &regs));
	do {
		ret = ioctl(g->vcpu, KVM_RUN, 0);
	} while (ret < 0 && (errno == EINTR || errno == EAGAIN));
	KT_SYS(ret);
	if (g->run->exit_reason != KVM_EXIT_HLT)
		KT_FAIL("exit reason %u, suberror %u", g->run->exit_reason,
			g->run->internal.suberror);
}

static void expect_stores(const char *mem)
{
	static const float one = 1;

	KT_EQ(*(const uint16_t *)(mem + 2), 0x1234);
	KT_EQ(memcmp(mem + 0x1004, &one, sizeof(one)), 0);
	KT_EQ(memcmp(mem + 0x2004, &one, sizeof(one)), 0);
}

/* The guest's stores must outlive an eviction, and the guest goes on after it. */
static void stores_outlive_evictions(intptr_t by_dmabuf)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;
	struct guest g;
	char *map;
	int round;

	bo = bo_new_mapped(dev_open(0), SLOT_SIZE, 0);
	map = bo.map;
	if (by_dmabuf) {
		not_on_twin("pins what is exported");
		map = KT_MAPPED(mmap(NULL, SLOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				     export_bo(&bo), 0));
	}
	g = guest_new(map);
	for (round = 0; round < 3; round++) {
		/* Present by read faults of the host, or not at all. */
		if (round != 1)
			verify_pattern(map + 0x3000, SLOT_SIZE - 0x3000, 0, 0);
		guest_run(&g);
		expect_stores(map);
		arena_evict(&cg, &bo, 1);
		expect_stores(map);
		memset(map, 0, 0x3000);
		arena_evict(&cg, &bo, 1);
	}
}

/* What the guest could write before is no longer writable when the eviction looks. */
static void stores_outlive_mprotect(void)
{
	struct cgroup cg = arena_enter("a");
	struct vuma_bo bo;
	struct guest g;

	bo = bo_new_mapped(dev_open(0), SLOT_SIZE, 0);
	verify_pattern(bo.map, SLOT_SIZE, 0, 0);
	g = guest_new(bo.map);
	guest_run(&g);
	KT_SYS(mprotect(bo.map, SLOT_SIZE, PROT_READ));
	arena_evict(&cg, &bo, 1);
	expect_stores(bo.map);
}

static const struct ktap_test tests[] = {
	{ .name = "kvm_guest_writes_what_it_read_rev-F1",
	  .run_arg = stores_outlive_evictions, .arg = false },
	{ .name = "kvm_guest_writes_a_dmabuf_that_it_read_rev-F1",
	  .run_arg = stores_outlive_evictions, .arg = true },
	{ .name = "kvm_stores_outlive_mprotect_rev-F1", .run = stores_outlive_mprotect },
};

TEST_PROGRAM(tests, arena_cleanup);
