// SPDX-License-Identifier: GPL-2.0
/*
 * Each allocation of an ioctl fails once (/proc/thread-self/fail-nth). It then says -ENOMEM,
 * or does without; what comes after is as if nobody had asked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "vuma_client.h"

#define SIZE		(16 * PAGE)
/* Far more than any ioctl allocates. */
#define MAX_ALLOCATIONS	2000

struct fail_case {
	/* What is asked for: 0 or a negative errno. */
	int (*step)(struct fail_case *c);
	/* After it succeeded. */
	void (*undo)(struct fail_case *c);
	struct port_bo bo;
	struct port_job job;
	int dmabuf;
};

static int fail_fd;

/* inject-setup has them reach every allocation. */
static void need_failures(void)
{
	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		KT_SKIP("this kernel cannot have allocations fail");
}

static void fail_at(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	KT_EQ(pwrite(fail_fd, text, len, 0), len);
}

/* Nothing fails any more; has something? */
static bool fail_end(void)
{
	char text[16] = "";

	KT_SYS(pread(fail_fd, text, sizeof(text) - 1, 0));
	fail_at(0);
	return !strtoul(text, NULL, 10);
}

static void each_fails(struct fail_case *c)
{
	unsigned int nth, errors = 0;
	bool failed;
	int ret;

	for (nth = 1; nth < MAX_ALLOCATIONS; nth++) {
		fail_at(nth);
		ret = c->step(c);
		failed = fail_end();
		if (ret)
			KT_RET(ret, -ENOMEM);
		else
			c->undo(c);
		if (!failed)
			break;
		errors += !!ret;
	}
	KT_LT(nth, MAX_ALLOCATIONS);
	KT_OK(ret);
	figure("allocations_that_failed", nth - 1, "");
	figure("errors", errors, "");
	KT_GT(errors, 0);
}

static int step_create(struct fail_case *c)
{
	return port->create(&c->bo);
}

static void undo_create(struct fail_case *c)
{
	bo_map(&c->bo);
	fill(c->bo.map, SIZE, 3);
	verify(c->bo.map, SIZE, 3);
	bo_close(&c->bo);
}

void creation_fails(void)
{
	struct fail_case c = {
		.step = step_create, .undo = undo_create, .bo = { .fd = port_open(), .size = SIZE },
	};

	need_failures();
	each_fails(&c);
}

static int step_export(struct fail_case *c)
{
	c->dmabuf = vuma_prime_export(c->bo.fd, c->bo.handle, DRM_CLOEXEC | DRM_RDWR);
	return c->dmabuf < 0 ? c->dmabuf : 0;
}

/* Exported anew each time: the buffer would remember its dma-buf. */
static void undo_export(struct fail_case *c)
{
	KT_SYS(close(c->dmabuf));
	bo_close(&c->bo);
	c->bo = bo_new(c->bo.fd, SIZE);
}

void export_fails(void)
{
	struct fail_case c = { .step = step_export, .undo = undo_export };

	need_failures();
	c.bo = bo_new(port_open(), SIZE);
	each_fails(&c);
}

static int step_import(struct fail_case *c)
{
	return vuma_prime_import(c->bo.fd, c->dmabuf, &c->bo.handle);
}

static void undo_import(struct fail_case *c)
{
	bo_close(&c->bo);
}

void import_fails(void)
{
	struct fail_case c = { .step = step_import, .undo = undo_import };
	struct vuma_bo theirs;
	int vuma;

	need_failures();
	need_import();
	vuma = vuma_open("vuma", 0, VUMA_NODE_RENDER);
	KT_GE(vuma, 0);
	KT_OK(vuma_bo_init(&theirs, vuma, SIZE, 0));
	c.dmabuf = vuma_prime_export(vuma, theirs.handle, DRM_CLOEXEC | DRM_RDWR);
	KT_GE(c.dmabuf, 0);
	c.bo = (struct port_bo){ .fd = port_open(), .size = SIZE };
	each_fails(&c);
}

static int step_submit(struct fail_case *c)
{
	return port->queues[0].submit(c->bo.fd, &c->job);
}

static void undo_submit(struct fail_case *c)
{
	KT_OK(port->wait(c->job.commands));
	verify_engine();
	verify(c->bo.map, SIZE, 9);
	fill(c->bo.map, SIZE, 8);
}

/* What was evicted is brought back by the submit, so that fails as well. */
void job_fails(void)
{
	struct fail_case c = { .step = step_submit, .undo = undo_submit };
	const struct port_bo *bos[2];
	struct port_bo commands;
	struct engine_cmd cmd;

	need_failures();
	need_engine();
	c.bo = bo_new_mapped(port_open(), SIZE);
	commands = bo_new_mapped(c.bo.fd, PAGE);
	bos[0] = &c.bo;
	bos[1] = &commands;
	cmd = cmd_fill(&c.bo, 9);
	memcpy(commands.map, &cmd, sizeof(cmd));
	c.job = (struct port_job){
		.commands = &commands, .nr_commands = 1, .bos = bos, .nr_bos = ARRAY_SIZE(bos),
	};
	fill(c.bo.map, SIZE, 8);
	each_fails(&c);
}
