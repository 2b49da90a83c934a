// SPDX-License-Identifier: GPL-2.0
/* Cgroups of scenes, and what they need. */
#include <errno.h>

#include "proc.h"
#include "uma_bench.h"

static bool have_swap(void)
{
	uint64_t bytes;

	return !proc_key("/proc/meminfo", "SwapTotal", &bytes) && bytes;
}

int proc_cgroup_create(const struct actor *a, const struct scene *s, struct cgroup *cg)
{
	char name[64];

	snprintf(name, sizeof(name), "bench-%s-%s", s->name, who_names[a->who]);
	return cgroup_create(cg, name);
}

int proc_cgroup_enter(const struct actor *a, const struct scene *s, struct cgroup *cg)
{
	int err;

	if (!have_swap())
		return fail(a, -ENODEV, "no swap");
	err = proc_cgroup_create(a, s, cg);
	return err ? err : cgroup_enter(cg);
}
