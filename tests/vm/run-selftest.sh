#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The runner itself: what it must call a failure, in two guests. KTAP.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 130' INT TERM HUP
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

# expect JOB passed failed skipped
expect() {
	local got
	got=$(jq -r --arg n "$1" '.jobs[] | select(.name == $n) | "\(.pass) \(.fail) \(.skip)"' \
		"$out/$run.json" 2>/dev/null)
	[[ $got == "$2 $3 $4" ]] || echo "# $1: expected $2 $3 $4, got ${got:-nothing}"
	[[ $got == "$2 $3 $4" ]]
	result $? "$1"
}

cat >"$out/jobs" <<'JOBS'
#! --mem 384M --cpus 1 --modprobe ''
passes 20 test -d /sys/fs/cgroup && grep -qw memory /sys/fs/cgroup/cgroup.subtree_control
ktap-passes 20 echo 1..2; echo ok 1 a; echo "ok 2 b # SKIP because"
ktap-fails 20 echo 1..2; echo ok 1 a; echo not ok 2 b
ktap-cut-short 20 echo 1..2; echo ok 1 a
exit-code 20 exit 3
skips 20 echo no such thing; exit 4
signal 20 kill -SEGV $$
swap-is-on 20 grep -q zram /proc/swaps
warns 20 echo '<4>WARNING: CPU: 0 PID: 1 at x.c:1 f+0x1/0x2' >/dev/kmsg
clean-after-warning 20 true
warns-and-may,log-ok 20 echo '<4>WARNING: CPU: 0 PID: 1 at x.c:1 f+0x1/0x2' >/dev/kmsg
oom-declared,oom-ok 60 mkdir /sys/fs/cgroup/a; echo 8M >/sys/fs/cgroup/a/memory.max; echo 0 >/sys/fs/cgroup/a/memory.swap.max; sh -c 'echo $$ >/sys/fs/cgroup/a/cgroup.procs; exec tail -c 60000000 </dev/zero'; test $? = 137
lockdep-missing,lockdep-wanted 60 true
oom-undeclared 60 sh -c 'echo $$ >/sys/fs/cgroup/a/cgroup.procs; exec tail -c 60000000 </dev/zero'; test $? = 137
warns-beside-oom,oom-ok 60 sh -c 'echo $$ >/sys/fs/cgroup/a/cgroup.procs; exec tail -c 60000000 </dev/zero'; echo '<4>BUG: x' >/dev/kmsg
hangs 2 sleep 8765 & sleep 50
no-stragglers 20 ! grep -l '876[5]' /proc/[0-9]*/cmdline
no-debug-info 20 test -e /lib/modules/*/gem_uma.ko && ! grep -q '[.]debug_info' /lib/modules/*/gem_uma.ko
writes-out 20 echo $((6 * 7)) >/out/answer
crashes 20 echo c >/proc/sysrq-trigger; sleep 20
never-runs 20 true
JOBS

echo "TAP version 13"
echo "1..38"
run=bad
"$here/run" --jobs "$out/jobs" --name bad --out "$out" >"$out/stdout" 2>&1
result $(($? != 1)) "a run with failures exits 1"
[[ -L /dev/stdout ]]
result $? "the host's /dev/stdout is what it was"
expect passes 1 0 0
expect ktap-passes 1 0 1
expect ktap-fails 1 1 0
expect ktap-cut-short 1 1 0
expect exit-code 0 1 0
expect skips 0 0 1
expect signal 0 1 0
expect swap-is-on 1 0 0
expect warns 0 1 0
expect clean-after-warning 1 0 0
expect warns-and-may 1 0 0
expect lockdep-missing 0 1 0
expect oom-declared 1 0 0
expect oom-undeclared 0 1 0
expect warns-beside-oom 0 1 0
expect hangs 0 1 0
expect no-stragglers 1 0 0
expect no-debug-info 1 0 0
expect writes-out 1 0 0
expect crashes 0 2 0
expect never-runs 0 1 0
[[ $(cat "$out/answer" 2>/dev/null) == 42 ]]
result $? "a file written to /out is on the host"
[[ $(grep -c '^not ok 2 b$' "$out/stdout") == 1 ]]
result $? "job output passes through unchanged"
[[ -s $out/bad.log ]] && ! grep -q $'[\r\036]' "$out/bad.log"
result $? "the kept job output is clean"
grep -q '^# dmesg: .*sysrq: Show Blocked State' "$out/stdout"
result $? "a hang shows the stacks"
grep -q 'Kernel panic' "$out/bad.dmesg"
result $? "the log of a crash is on the host"
sum=$("$here/summary" "$out/bad.json")
last=${sum##*$'\n'}
[[ $last == "11 passed, 12 failed, 2 skipped" ]]
result $? "the summary adds up ($last)"
grep -q '^FAIL bad/crashes: crashes: kernel log not clean: .' <<<"$sum" &&
	grep -q '^     > .*Kernel panic' <<<"$sum"
result $? "the summary tells why a guest went down"
grep -q '^FAIL bad: 1 jobs not run: .*: never-runs$' <<<"$sum"
result $? "the summary tells what did not run"

# A guest that ends as one in which QEMU kept a breakpoint; /out is the host's.
crash="echo '<0>Oops: int3: 0000 [#1]' >/dev/kmsg; echo c >/proc/sysrq-trigger; sleep 20"
once="test -e /out/second || { touch /out/second; $crash; }"
"$here/run" --accel tcg --cpus 2 --modprobe '' --mem 384M --out "$out" --name stale -- "$once" \
	>"$out/stdout" 2>&1 && grep -q 'stale code: all jobs again' "$out/stdout"
result $? "a guest that ran stale code is repeated"
grep -q '^REPEATED stale: .*stale code$' <<<"$("$here/summary" "$out/stale.json")"
result $? "and the summary says so"
! "$here/run" --accel tcg --cpus 2 --modprobe '' --mem 384M -- "$crash" >"$out/stdout" 2>&1 &&
	[[ $(grep -c 'stale code: all jobs again' "$out/stdout") == 1 ]]
result $? "but not twice"
ours="echo '<0>RIP: 0010:f+0x1/0x2 [vuma]' >/dev/kmsg; $crash"
! "$here/run" --accel tcg --cpus 2 --modprobe '' --mem 384M -- "$ours" >"$out/stdout" 2>&1 &&
	! grep -q 'all jobs again' "$out/stdout"
result $? "nor where the code is ours"

! "$here/run" --modprobe vgem --mem 384M -- 'setsid sleep 60 </dev/dri/renderD128 & sleep 1' \
	>"$out/stdout" 2>&1 && grep -q 'BUG: vgem: still in use' "$out/stdout"
result $? "a module that stays in use is found"
"$here/run" --modprobe '' --mem 384M -- 'exit 7' >/dev/null 2>&1
result $(($? != 7)) "one command's exit code is the run's"
"$here/run" --modprobe '' --no-such-option -- true >/dev/null 2>&1
result $(($? != 2)) "wrong use exits 2"
exit $failed
