// SPDX-License-Identifier: GPL-2.0
/* uma-bench: the program. What it measures is in the files it is made of. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "proc.h"
#include "uma_bench.h"

static const struct {
	const struct scene *scenes;
	const size_t *count;
} families[] = {
	{ scenes_limits, &scenes_limits_count },
	{ scenes_cpu, &scenes_cpu_count },
	{ scenes_gpu, &scenes_gpu_count },
	{ scenes_flip, &scenes_flip_count },
	{ scenes_vm, &scenes_vm_count },
	{ scenes_share, &scenes_share_count },
	{ scenes_kmem, &scenes_kmem_count },
	{ scenes_reclaim, &scenes_reclaim_count },
	{ scenes_restore, &scenes_restore_count },
	{ scenes_scan, &scenes_scan_count },
	{ scenes_heap, &scenes_heap_count },
};

static const char usage[] =
"usage: uma-bench [options] all | <scene>...    measure\n"
"       uma-bench list                          scenes and rows\n"
"       uma-bench report [options] <samples>    tables of what was measured\n"
"\n"
"  -o, --out FILE      sample file (default: standard output)\n"
"  -d, --only A,B      only these of: vuma, vuma_shmem, tmpfs\n"
"  -r, --rounds N      percent of the usual number of rounds (default: 100)\n"
"  -c, --cpu N         run on this CPU (default: the last one)\n"
"  -m, --meta KEY=VAL  a fact to keep with the samples; repeat as needed\n";

static void list(void)
{
	printf("scenes:");
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t i = 0; i < *families[f].count; i++)
			printf(" %s", families[f].scenes[i].name);
	printf("\nrows:\n");
	for (size_t i = 0; i < bench_row_count; i++)
		printf("  %-18s %s\n", bench_rows[i].name, bench_rows[i].what);
}

static const struct scene *scene_find(const char *name)
{
	for (size_t f = 0; f < ARRAY_SIZE(families); f++)
		for (size_t i = 0; i < *families[f].count; i++)
			if (!strcmp(families[f].scenes[i].name, name))
				return &families[f].scenes[i];
	return NULL;
}

static int pin(struct bench *b)
{
	cpu_set_t set;

	if (b->cpu < 0)
		b->cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	CPU_ZERO(&set);
	CPU_SET(b->cpu, &set);
	if (!sched_setaffinity(0, sizeof(set), &set))
		return 0;
	fprintf(stderr, "uma-bench: CPU %d: %s\n", b->cpu, strerror(errno));
	return -errno;
}

static void meta_file(FILE *out, const char *key, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024] = "unknown";

	if (file) {
		if (fgets(line, sizeof(line), file))
			line[strcspn(line, "\n")] = '\0';
		fclose(file);
	}
	fprintf(out, "# %s: %s\n", key, line);
}

/* Numbers without the machine they are from are worth nothing. */
static void meta(const struct bench *b)
{
	struct utsname uts;
	uint64_t bytes;

	if (!uname(&uts))
		fprintf(b->samples, "# kernel: %s %s\n", uts.release, uts.machine);
	fprintf(b->samples, "# guest cpus: %ld, pinned to %d\n",
		sysconf(_SC_NPROCESSORS_ONLN), b->cpu);
	if (!proc_key("/proc/meminfo", "MemTotal", &bytes))
		fprintf(b->samples, "# guest memory: %llu MiB\n",
			(unsigned long long)(bytes / VUMA_MIB));
	if (!proc_key("/proc/meminfo", "SwapTotal", &bytes))
		fprintf(b->samples, "# guest swap: %llu MiB\n",
			(unsigned long long)(bytes / VUMA_MIB));
	meta_file(b->samples, "clocksource",
		  "/sys/devices/system/clocksource/clocksource0/current_clocksource");
	meta_file(b->samples, "transparent hugepages",
		  "/sys/kernel/mm/transparent_hugepage/enabled");
	meta_file(b->samples, "command line", "/proc/cmdline");
}

static void run(struct bench *b, char **names, int count)
{
	if (count == 1 && !strcmp(names[0], "all")) {
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			for (size_t i = 0; i < *families[f].count; i++)
				if (!families[f].scenes[i].by_name)
					scene_run(b, &families[f].scenes[i]);
		return;
	}
	for (int i = 0; i < count; i++)
		scene_run(b, scene_find(names[i]));
}

static int check_names(char **names, int count)
{
	for (int i = 0; i < count; i++) {
		if (scene_find(names[i]) || (count == 1 && !strcmp(names[i], "all")))
			continue;
		fprintf(stderr, "uma-bench: no scene is called %s\n", names[i]);
		return -EINVAL;
	}
	return count ? 0 : -EINVAL;
}

static const struct option options[] = {
	{ "out", required_argument, NULL, 'o' },
	{ "only", required_argument, NULL, 'd' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "cpu", required_argument, NULL, 'c' },
	{ "meta", required_argument, NULL, 'm' },
	{ }
};

/* The sample file is opened before anything is written to it: -o comes first. */
static int parse(struct bench *b, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "o:d:r:c:m:", options, NULL)) >= 0) {
		char *sep;

		switch (c) {
		case 'o':
			b->samples = fopen(optarg, "we");
			if (!b->samples) {
				perror(optarg);
				return -EIO;
			}
			break;
		case 'd':
			b->only = optarg;
			break;
		case 'r':
			b->percent = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			b->cpu = (int)strtol(optarg, NULL, 10);
			break;
		case 'm':
			sep = strchr(optarg, '=');
			if (!sep)
				return -EINVAL;
			*sep = '\0';
			fprintf(b->samples, "# %s: %s\n", optarg, sep + 1);
			break;
		default:
			return -EINVAL;
		}
	}
	return b->percent ? check_names(argv + optind, argc - optind) : -EINVAL;
}

int main(int argc, char **argv)
{
	struct bench b = { .samples = stdout, .percent = 100, .cpu = -1 };

	if (argc > 1 && !strcmp(argv[1], "report"))
		return report_main(argc - 1, argv + 1);
	if (argc == 2 && !strcmp(argv[1], "list")) {
		list();
		return 0;
	}
	if (parse(&b, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	if (pin(&b))
		return 1;
	meta(&b);
	run(&b, argv + optind, argc - optind);
	if (b.failed)
		fprintf(stderr, "uma-bench: %u scenes FAILED\n", b.failed);
	if (fclose(b.samples)) {
		perror("uma-bench: sample file");
		return 1;
	}
	return b.failed ? 1 : 0;
}
