#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a guest, before modprobe gem_uma_kunit: lets current->fail_nth reach every
# allocation, makes a cgroup that objects are charged to, and lets a case take its time.
set -e

for fault in failslab fail_page_alloc; do
	d=/sys/kernel/debug/$fault
	[ -d $d ] || continue
	echo N >$d/ignore-gfp-wait
	echo 0 >$d/verbose
done
d=/sys/kernel/debug/fail_page_alloc
if [ -d $d ]; then
	echo N >$d/ignore-gfp-highmem
	echo 0 >$d/min-order
fi
mkdir -p /sys/fs/cgroup/gem-uma-kunit
# modprobe waits for the end of a case, and cannot be interrupted: on a busy machine that
# takes longer than the guest allows others to hang.
[ ! -e /proc/sys/kernel/hung_task_timeout_secs ] ||
	echo 600 >/proc/sys/kernel/hung_task_timeout_secs
