#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Feeds the dmesg gate with logs that must fail and logs that must pass. KTAP.
set -uo pipefail
gate=$(cd "$(dirname "$0")" && pwd)/gate.py
n=0
failed=0

result() {
	n=$((n + 1))
	if [[ $1 == 0 ]]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=1
	fi
}

# must NAME fail|pass [gate options] <log; "fail" is exit code 1, not a crash
must() {
	local name=$1 want=$2 rc
	shift 2
	"$gate" "$@" >/dev/null
	rc=$?
	case $want in
	fail) [[ $rc == 1 ]] ;;
	pass) [[ $rc == 0 ]] ;;
	esac
	result $? "$name"
}

boot_log='[    0.000000] Linux version 6.12.0 (debian-kernel@lists.debian.org)
[    0.000000] BIOS-provided physical RAM map:
[    0.031000] KASAN: KernelAddressSanitizer initialized
[    0.084000] rcu: Hierarchical RCU implementation.
[    0.084000] rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
[    0.090000] kfence: initialized - using 2097152 bytes for 255 objects
[    0.100000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15854)
[    0.110000] DMA-API: preallocated 65536 debug entries
[    0.110001] DMA-API: debugging enabled by kernel config
[    0.400000] Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar
[    2.418126] clocksource: tsc: mask: 0xffffffffffffffff
[    3.100000] vuma: loading out-of-tree module taints kernel.
[    3.100001] vuma: module verification failed: signature and/or required key missing - tainting kernel
[    3.616097] zram: Added device: zram0
[    3.700000] EXT4-fs warning (device vda): checktime reached, running e2fsck is recommended'

oom_head='[   31.000000] client invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
[   31.000001] CPU: 1 UID: 0 PID: 200 Comm: client Tainted: G           OE      6.12.0 #1
[   31.000002] Call Trace:
[   31.000003]  <TASK>
[   31.000004]  dump_header+0x44/0x190
[   31.000005]  out_of_memory+0x28/0x2e0
[   31.000006]  </TASK>
[   31.000007] memory: usage 98304kB, limit 98304kB, failcnt 912
[   31.000008] Memory cgroup stats for /a:'
oom_memcg="$oom_head
[   31.000009] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a
[   31.000010] Memory cgroup out of memory: Killed process 200 (client) total-vm:9876kB, anon-rss:100kB
[   31.000011] oom_reaper: reaped process 200 (client), now anon-rss:0kB"
oom_global="$oom_head
[   31.000009] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom
[   31.000010] Out of memory: Killed process 200 (client) total-vm:9876kB, anon-rss:100kB"

samples=(
	'WARN_ON|[ 9.1] WARNING: CPU: 0 PID: 7 at drivers/gpu/drm/x.c:16 f+0x5c/0x90 [x]'
	'cut here|[ 9.1] ------------[ cut here ]------------'
	'BUG_ON|[ 9.1] kernel BUG at mm/slub.c:448!'
	'null dereference|[ 9.1] BUG: kernel NULL pointer dereference, address: 0000000000000008'
	'oops|[ 9.1] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI'
	'panic|[ 9.1] Kernel panic - not syncing: Fatal exception'
	'bad paging request|[ 9.1] Unable to handle kernel paging request at virtual address ffff'
	'general protection|[ 9.1] Oops: general protection fault, probably for non-canonical address'
	'call trace alone|[ 9.1] Call Trace:'
	'call trace with caller|[    9.1][  T231] Call Trace:'
	'circular locking|[ 9.1] WARNING: possible circular locking dependency detected'
	'circular locking, plain|[ 9.1] possible circular locking dependency detected'
	'recursive locking|[ 9.1] possible recursive locking detected'
	'inconsistent lock|[ 9.1] WARNING: inconsistent lock state'
	'inconsistent lock usage|[ 9.1] inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.'
	'suspicious RCU|[ 9.1] WARNING: suspicious RCU usage'
	'lock held at exit|[ 9.1] WARNING: lock held when returning to user space!'
	'sleeping function|[ 9.1] BUG: sleeping function called from invalid context at mm/x.c:3'
	'scheduling while atomic|[ 9.1] BUG: scheduling while atomic: sh/240/0x00000002'
	'invalid wait context|[ 9.1] [ BUG: Invalid wait context ]'
	'KASAN|[ 9.1] BUG: KASAN: slab-use-after-free in f+0x1/0x2 [x]'
	'KASAN null|[ 9.1] KASAN: null-ptr-deref in range [0x0000000000000008-0x000000000000000f]'
	'KCSAN|[ 9.1] BUG: KCSAN: data-race in a / b'
	'KFENCE|[ 9.1] BUG: KFENCE: use-after-free read in f+0x1/0x2'
	'UBSAN|[ 9.1] UBSAN: array-index-out-of-bounds in x.c:3:4'
	'kmemleak|[ 9.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)'
	'kmemleak object|[ 9.1] unreferenced object 0xffff888003b8c000 (size 64):'
	'refcount|[ 9.1] refcount_t: underflow; use-after-free.'
	'hung task|[ 9.1] INFO: task sh:240 blocked for more than 60 seconds.'
	'rcu stall|[ 9.1] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:'
	'soft lockup|[ 9.1] watchdog: BUG: soft lockup - CPU#0 stuck for 23s! [sh:240]'
	'DMA-API|[ 9.1] DMA-API: platform vuma.0: device driver has pending DMA allocations'
	'list corruption|[ 9.1] list_del corruption. prev->next should be a, but was b'
	'bad page|[ 9.1] BUG: Bad page state in process sh  pfn:03b8c'
	'bad rss|[ 9.1] BUG: Bad rss-counter state mm:0000000012345678 type:MM_SHMEMPAGES val:1'
	'slab left|[ 9.1] BUG x (Tainted: G): Objects remaining in x on __kmem_cache_shutdown()'
	'allocation failure|[ 9.1] sh: page allocation failure: order:9, mode:0xcc0(GFP_KERNEL)'
	'lost messages|[ 9.1] ** 14 printk messages dropped **'
	'segfault|[ 9.1] client[240]: segfault at 8 ip 0 sp 0 error 4 in libc.so.6'
	'arm64 abort|[ 9.1] Internal error: synchronous external abort: 0000000096000010 [#1] SMP'
	'arm64 SError|[ 9.1] SError Interrupt on CPU1, code 0x00000000be000000 -- SError'
	'SMMU fault|[ 9.1] arm-smmu-v3 arm-smmu-v3.0.auto: event 0x10 received:'
	'IOMMU fault|[ 9.1] DMAR: [DMA Write NO_PASID] Request device [00:03.0] fault addr 0x0'
)
merged_warning='[   31.000006] WARNING: CPU: 0 PID: 7 at x.c:16 f+0x5c/0x90 [x]'

echo "TAP version 13"
echo "1..$((${#samples[@]} + 23))"
for s in "${samples[@]}"; do
	must "${s%%|*} fails" fail <<<"$boot_log"$'\n'"${s#*|}"
done
must "a clean boot passes" pass <<<"$boot_log"
must "an empty log passes" pass </dev/null
must "memcg OOM undeclared fails" fail <<<"$oom_memcg"
must "memcg OOM declared passes" pass --oom-ok <<<"$oom_memcg"
must "two memcg OOMs declared pass" pass --oom-ok <<<"$oom_memcg"$'\n'"$boot_log"$'\n'"$oom_memcg"
must "global OOM fails where memcg OOM is declared" fail --oom-ok <<<"$oom_global"
must "global OOM declared passes" pass --global-oom-ok <<<"$oom_global"
must "a warning inside a declared OOM report fails" fail --oom-ok \
	<<<"$oom_head"$'\n'"$merged_warning"$'\n'"${oom_memcg#"$oom_head"}"
must "a warning after a declared OOM report fails" fail --oom-ok \
	<<<"$oom_memcg"$'\n'"$merged_warning"
must "a call trace after a declared OOM report fails" fail --oom-ok \
	<<<"$oom_memcg"$'\n''[ 32.0] Call Trace:'
must "a call trace of arm64 after a declared OOM report fails" fail --oom-ok \
	<<<"$oom_memcg"$'\n''[ 32.0] Call trace:'
must "a report without its victim fails" fail --oom-ok <<<"$oom_head"
must "nothing to kill fails" fail --oom-ok <<<"$oom_head"$'\n''[ 31.1] Out of memory and no killable processes...'
must "oom.group kills are part of a declared report" pass --oom-ok \
	<<<"$oom_memcg"$'\n''[ 31.2] Tasks in /a are going to be killed due to memory.oom.group set'$'\n''[ 31.3] Memory cgroup out of memory: Killed process 201 (client) total-vm:9876kB'
lockdep='[ 50.0] WARNING: possible circular locking dependency detected
[ 50.1] 6.12.0 #1 Not tainted
[ 50.2] kunit_try_catch/99 is trying to acquire lock:
[ 50.3]  *** DEADLOCK ***
[ 50.4] stack backtrace:
[ 50.5] Call Trace:
[ 50.6]  <TASK>
[ 50.7]  </TASK>'
must "a report of lockdep undeclared fails" fail <<<"$lockdep"
must "a report of lockdep that is wanted passes" pass --lockdep-wanted <<<"$lockdep"
must "no report where one is wanted fails" fail --lockdep-wanted <<<"$boot_log"
must "a report that is cut short fails" fail --lockdep-wanted <<<"${lockdep%$'\n'*}"
must "a warning beside a wanted report fails" fail --lockdep-wanted \
	<<<"$lockdep"$'\n'"$merged_warning"
race() {
	printf '%s\n' "[ 40.0] $bar" "[ 40.1] BUG: KCSAN: data-race in $1 / $2" '[ 40.2] ' \
		'[ 40.3] read to 0xffff888003b8c000 of 8 bytes by task 7 on cpu 1:' \
		"[ 40.4]  $1" "${3:-[ 40.5]  ksys_read+0x1/0x2}" "[ 40.6] $bar"
}
bar='=================================================================='
must "a race of others passes" pass < <(race folio_lock+0x1/0x2 shmem_get_folio+0x1/0x2)
must "a race with one side ours fails" fail < <(race list_lru_add+0x1/0x2 \
	"gem_uma_reclaim_pick_one+0x10/0x20 [gem_uma]")
must "a race in vuma fails" fail < <(race "vuma_job_run+0x1/0x2 [vuma]" vfree+0x1/0x2)
must "a warning inside a race of others fails" fail < <(race folio_lock+0x1/0x2 \
	vfree+0x1/0x2 "$merged_warning")
exit $failed
