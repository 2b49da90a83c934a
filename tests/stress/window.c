// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "ktap.h"
#include "window.h"

#define PROBES	"/sys/kernel/debug/uma_delay/probes"
#define KPROBES	"/sys/kernel/debug/kprobes"

/*
 * A window is what lies between two steps; the function is the one that begins the second
 * step ("%return": that ends the first). EVERY: common ones are made to wait less often.
 */
static const struct {
	const char *symbol;
	unsigned int usecs, every;
	/* What is true while somebody waits there, and the pitfalls that it is about. */
	const char *what;
} table[WINDOWS] = {
	[WINDOW_PICK] = { "gem_uma_object_evict", 400, 4,
		"off its list, not evicted yet: panthor-6 -21 -42 -43 -51" },
	[WINDOW_ZAP] = { "gem_uma_cpu_map_zap", 400, 3,
		"out of the device's page tables, CPU mappings live: panthor-13 -47 -77" },
	[WINDOW_DROP] = { "gem_uma_dev_map_drop_locked", 400, 3,
		"CPU mappings zapped, DMA addresses live: panthor-80, I1" },
	[WINDOW_RELEASE] = { "gem_uma_backing_release_batch", 400, 6,
		"no addresses any more, pages still held: I1, panthor-71" },
	[WINDOW_REFILE] = { "gem_uma_client_list_update", 200, 16,
		"pages let go, not filed anew yet: panthor-21 -42" },
	[WINDOW_WRITEBACK] = { "gem_uma_backing_writeback_locked", 200, 1,
		"evicted, not on the way to swap yet: panthor-44" },
	[WINDOW_PURGE] = { "gem_uma_backing_purge_locked", 400, 1,
		"no addresses any more, content still there: panthor-85, I1" },
	[WINDOW_DISCARD] = { "gem_uma_backing_discard_locked", 400, 2,
		"no addresses any more, a range still there: uma-B14, I1" },
	[WINDOW_LAST_PUT] = { "gem_uma_reclaim_put_work", 1000, 1,
		"last put left to a work item, not done yet: panthor-6 -43" },
	[WINDOW_FREE] = { "gem_uma_reclaim_fini", 300, 4,
		"no reference left, still on its list: panthor-50 -51 -52" },
	[WINDOW_DYING] = { "gem_uma_reclaim_fini", 200000, 12,
		"no reference left, DMA addresses live, for long: panthor-70" },
	[WINDOW_FAULT] = { "gem_uma_cpu_map_fault_begin%return", 200, 8,
		"a fault has dropped its lock, or just got resv: panthor-71 -72" },
	[WINDOW_FAULT_AGAIN] = { "gem_uma_cpu_map_fault_end", 200, 8,
		"a fault did its work without its lock, and will be repeated: panthor-71" },
	[WINDOW_POPULATE] = { "gem_uma_backing_populate_some_locked", 300, 4,
		"a fault has dropped its lock, its pages are not there: panthor-1 -71" },
	[WINDOW_INSERT] = { "gem_uma_backing_extent_locked", 200, 8,
		"pages are there, PTEs are not: panthor-75 -76" },
	[WINDOW_DIRTY] = { "gem_uma_backing_mark_dirty_locked%return", 200, 8,
		"dirty, and write access not handed out yet: panthor-19" },
	[WINDOW_PIN] = { "gem_uma_backing_populate%return", 300, 4,
		"the first pin populated, and is not counted yet: panthor-4" },
	[WINDOW_UNPIN] = { "gem_uma_backing_unpin_locked%return", 400, 2,
		"the last pin is gone, and nobody told reclaim: panthor-3 -5" },
	[WINDOW_ATTACH] = { "gem_uma_object_get_sg_table", 400, 2,
		"an importer has no addresses yet: panthor-3 -74" },
	[WINDOW_MOVE] = { "gem_uma_object_import_try_leave_locked", 400, 2,
		"idle, and page tables of an importer still point there: panthor-14" },
	[WINDOW_BIND] = { "gem_uma_vm_bind_finish_locked", 300, 4,
		"tree and state changed, page tables not written yet: panthor-14 -21 -59" },
	[WINDOW_TABLES] = { "vuma_pt_pool_fill", 300, 4,
		"populated, page tables not written yet: panthor-59 -60 -88" },
	[WINDOW_VALIDATED] = { "vuma_bo_mark_used", 300, 4,
		"resident for a job that has no fence yet: panthor-87, I10" },
	[WINDOW_VMA_OPEN] = { "gem_uma_cpu_map_vm_open", 400, 2,
		"a VMA was duplicated and is not counted yet: panthor-79" },
	[WINDOW_VMA_CLOSE] = { "gem_uma_cpu_map_vm_close", 400, 2,
		"a VMA is gone and still counted: panthor-77 -79" },
	[WINDOW_UNPLUG] = { "gem_uma_object_unplug_all", 2000, 1,
		"unplugged, DMA addresses live: panthor-70" },
	[WINDOW_POP] = { "drm_sched_entity_pop_job", 10000, 1,
		"picked, not taken off its queue yet, and its file may be closed" },
	[WINDOW_TIMEOUT] = { "vuma_sched_timedout_job", 200000, 1,
		"a job is taken for hung, and may end, and the next one start: rev-V2" },
	[WINDOW_TIMEOUT_END] = { "vuma_sched_timedout_job%return", 0, 1,
		"to be told when it is over: rev-V2" },
	[WINDOW_HOP] = { "vuma_mmu_translate", 1000, 16,
		"the engine follows a pointer: rev-V11" },
	[WINDOW_OFFSET] = { "gem_uma_object_mmap_offset", 2000, 1,
		"there is room for an offset, which is not counted yet: rev-R9" },
	[WINDOW_PUBLISH] = { "vuma_bo_publish_begin_locked", 400, 2,
		"memory of a process is mapped for a job that has no fence yet" },
	[WINDOW_STALE] = { "gem_uma_userptr_unmap_dma", 400, 2,
		"no job uses memory of a process any more, DMA addresses live" },
	[WINDOW_LOOKED_UP] = { "gem_uma_userptr_append", 400, 4,
		"pages of a process were looked up, and may go" },
	[WINDOW_PIECE] = { "vuma_piece_fill", 20000, 1,
		"the engine writes memory: rev-V11" },
};

/* A kernel with kprobes has the module: only without them may the windows stay shut. */
static bool have_delays(void)
{
	if (access(PROBES, F_OK))
		system("modprobe -q uma_delay 2>/dev/null");
	if (!access(PROBES, F_OK))
		return true;
	if (!access(KPROBES, F_OK))
		KT_FAIL("this kernel has kprobes, and uma_delay cannot be loaded");
	return false;
}

bool windows_open(const enum window *windows, size_t count)
{
	char line[160];
	size_t i;
	int ret;

	if (!count)
		return true;
	if (!have_delays()) {
		ktap_note("no kprobes: %zu windows are not opened wide", count);
		return false;
	}
	windows_clear();
	for (i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%s %u %u", table[windows[i]].symbol,
			 table[windows[i]].usecs, table[windows[i]].every);
		ret = file_write(PROBES, line);
		if (ret)
			KT_FAIL("window %s (%s): %s", table[windows[i]].symbol,
				table[windows[i]].what, strerror(-ret));
	}
	return true;
}

static bool find_waits(const char *symbol, unsigned long *hits, unsigned long *waits)
{
	FILE *file = fopen(PROBES, "re");
	char line[256], name[128];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%127s %*u %*u %lu %lu", name, hits, waits) == 3 &&
			!strcmp(name, symbol);
	if (file)
		fclose(file);
	return found;
}

bool windows_used(const enum window *windows, size_t count)
{
	unsigned long hits, waits;

	if (!count || access(PROBES, F_OK))
		return true;
	while (count--) {
		if (!find_waits(table[windows[count]].symbol, &hits, &waits))
			KT_FAIL("window %s is gone", table[windows[count]].symbol);
		if (!waits)
			return false;
	}
	return true;
}

void windows_note(const enum window *windows, size_t count)
{
	while (count--)
		if (!windows_used(windows + count, 1))
			ktap_note("nobody has waited in window %s (%s)",
				  table[windows[count]].symbol, table[windows[count]].what);
}

unsigned long window_waits(enum window window)
{
	unsigned long hits, waits = 0;

	if (!find_waits(table[window].symbol, &hits, &waits))
		return 0;
	return waits;
}

void windows_close(const enum window *windows, size_t count)
{
	unsigned long hits, waits, all_hits = 0, all_waits = 0;
	size_t i;

	if (!count || access(PROBES, F_OK))
		return;
	for (i = 0; i < count; i++) {
		find_waits(table[windows[i]].symbol, &hits, &waits);
		all_hits += hits;
		all_waits += waits;
	}
	windows_clear();
	ktap_note("windows: %zu, reached %lu times, made to wait %lu times", count, all_hits,
		  all_waits);
}

void windows_clear(void)
{
	file_write(PROBES, "clear");
}
