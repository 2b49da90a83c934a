// SPDX-License-Identifier: GPL-2.0
/* What the device does with buffers. */
#include <fcntl.h>

#include "port.h"
#include "vuma_client.h"

#define SIZE	(64 * PAGE)

void job_on(intptr_t queue)
{
	struct port_bo a, b;
	const struct port_bo *bos[] = { &a, &b };
	int fd;

	need_engine();
	if ((unsigned int)queue >= port->nr_queues)
		KT_SKIP("%s has no such queue", port->name);
	fd = port_open();
	a = bo_new_mapped(fd, SIZE);
	b = bo_new(fd, SIZE);
	fill(a.map, a.size, 1000);

	struct engine_cmd cmds[] = {
		cmd_check(&a, 1000), cmd_check(&b, 0), cmd_copy(&b, &a), cmd_fill(&a, 5),
	};

	/* Memory is zero at first, which is no row of numbers. */
	cmds[1].words = 1;
	run_on(queue, cmds, ARRAY_SIZE(cmds), bos, ARRAY_SIZE(bos));
	verify(a.map, a.size, 5);
	bo_map(&b);
	verify(b.map, b.size, 1000);
}

/* The device works on memory of another device's driver. */
void job_of_imported(void)
{
	struct vuma_bo theirs;
	struct port_bo own, bo;
	const struct port_bo *bos[] = { &bo, &own };
	int vuma, dmabuf, fd;

	need_engine();
	need_import();
	vuma = vuma_open("vuma", 0, VUMA_NODE_RENDER);
	KT_GE(vuma, 0);
	KT_OK(vuma_bo_init(&theirs, vuma, SIZE, 0));
	KT_OK(vuma_bo_map(&theirs));
	dmabuf = vuma_prime_export(vuma, theirs.handle, O_CLOEXEC | O_RDWR);
	KT_GE(dmabuf, 0);
	fd = port_open();
	own = bo_new_mapped(fd, SIZE);
	bo = bo_import(fd, dmabuf, SIZE);
	fill(theirs.map, SIZE, 31);

	struct engine_cmd cmds[] = { cmd_check(&bo, 31), cmd_copy(&own, &bo), cmd_fill(&bo, 32) };

	run(cmds, ARRAY_SIZE(cmds), bos, ARRAY_SIZE(bos));
	verify(own.map, SIZE, 31);
	verify(theirs.map, SIZE, 32);
}

void thousand_jobs(void)
{
	struct port_bo a;
	const struct port_bo *bos[] = { &a };
	uint64_t jobs;
	unsigned int i;

	need_engine();
	a = bo_new_mapped(port_open(), PAGE);
	fill(a.map, a.size, 0);
	jobs = engine_count("jobs");
	for (i = 0; i < 1000; i++) {
		struct engine_cmd cmds[] = { cmd_check(&a, i), cmd_fill(&a, i + 1) };

		run_on(i % port->nr_queues, cmds, 2, bos, 1);
	}
	verify(a.map, a.size, 1000);
	KT_GE(engine_count("jobs") - jobs, 1000);
}

void special_jobs(void)
{
	if (!port->special)
		KT_SKIP("%s has none", port->name);
	port->special();
}
