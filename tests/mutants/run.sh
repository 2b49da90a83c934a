#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   run.sh [NAME...]    all mutants, or those whose file name contains a NAME
#
# Proof that tests can fail. A mutant is a patch that takes one fix out; its head says
# which pitfall that is, what to run, and which test then has to fail:
#
#	Pitfall: panthor-75
#	Run: t_mmap
#	Fails: mmap_page_index_after_hole_uma-B1_panthor-75
#
# "Run: kunit" are the unit tests, on the debug kernel of 6.12, and "Run: ports DRIVER" is
# that test of tests/vm/check-ports.sh; programs run on the stock kernel, those of a file
# of jobs that "Jobs: FILE" names in its guest.
#
# Each is applied to a copy of the tree, built and run in a guest. KTAP; a mutant that
# survives is not ok, and so is one that does not apply any more.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/mutants
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

field() {
	sed -n "/^---/q; s/^$1: *//p" "$2"
}

copy_tree() {
	mkdir -p "$work/tree"
	(cd "$top" && git ls-files -z --cached --others --exclude-standard |
		tar --null -T - --ignore-failed-read -c 2>/dev/null) | tar -x -C "$work/tree"
}

# Jobs for the suite that has a unit test: the others only take time. A row of a table has
# the suite that runs the table.
kunit_jobs() {
	local file suite
	file=$(cd "$top" && grep -lw -- "$1" gem_uma/tests/*.c | head -n 1)
	suite=$(sed -n 's/^GEM_UMA_TEST_SUITE(\(.*\));/\1/p' "$top/$file" 2>/dev/null)
	[[ $file != *_inject_rows* ]] || suite=gem_uma_inject
	[[ $suite ]] || return
	grep '^#!' "$top/tests/kunit/debug-jobs.txt"
	printf 'kunit 300 inject-setup && printf %s >%s && modprobe gem_uma_kunit && cat %s\n' \
		"$suite" /sys/module/kunit/parameters/filter_glob \
		"/sys/kernel/debug/kunit/$suite/results"
}

# Runs what the mutant says; its output, and why it failed, are in the log.
run_mutant() {
	local patch=$1 log=$2 run tree
	local args=(--timeout 900 --out "$work/out" --name mutant)

	run=$(field Run "$patch")
	unset KDIR
	if [[ $run == ports\ * ]]; then
		patch -s -p1 -d "$work/tree" <"$patch" >"$log" 2>&1 || return 2
		(cd "$work/tree" && TEST=$(field Fails "$patch") OUT=$work/out \
			tests/vm/check-ports.sh "${run#ports }") >>"$log" 2>&1
		return
	fi
	if [[ $run == kunit ]]; then
		tree=$("$top/tests/vm/kbuild.sh" debug 6.12) || return 2
		export KDIR=$tree/build
		kunit_jobs "$(field Fails "$patch")" >"$work/jobs" || return 2
		args+=(--kernel "$tree" --slow 6 --jobs "$work/jobs" --append mitigations=off)
	elif [[ $(field Jobs "$patch") ]]; then
		grep '^#!' "$top/$(field Jobs "$patch")" >"$work/jobs"
		echo "mutant 300 $run" >>"$work/jobs"
		args+=(--jobs "$work/jobs")
	else
		args+=(--mem 1G --modprobe "vuma ndev=2" -- "$run")
	fi
	patch -s -p1 -d "$work/tree" <"$patch" >"$log" 2>&1 || return 2
	(cd "$work/tree" && tests/vm/build.sh modules && tests/vm/build.sh user) \
		>>"$log" 2>&1 || return 2
	(cd "$work/tree" && tests/vm/run "${args[@]}") >>"$log" 2>&1
}

mutants=()
for f in "$here"/*.patch; do
	(($#)) || mutants+=("$f")
	for n in "$@"; do
		[[ ${f##*/} != *"$n"* ]] || mutants+=("$f")
	done
done

copy_tree
failed=0
n=0
echo "TAP version 13"
echo "1..${#mutants[@]}"
for f in "${mutants[@]}"; do
	name=$(basename "$f" .patch)
	log=$out/$name.log
	run_mutant "$f" "$log"
	rc=$?
	# Objects stay: the next mutant differs in a file or two.
	patch -s -R -p1 -d "$work/tree" <"$f" >/dev/null 2>&1
	n=$((n + 1))
	wanted=$(field Fails "$f")
	others=$(sed -n 's/^ *not ok [0-9]* \(- \)\{0,1\}//p' "$log" | grep -vxF "$wanted" |
		grep -v '^gem_uma_' | tr '\n' ' ')
	if ((rc == 2)); then
		echo "# $name: cannot be applied or built: $log"
	elif grep -qE "^ *not ok [0-9]+ (- )?$wanted( |\$)" "$log" ||
		{ [[ $wanted == kernel-log ]] && grep -q 'kernel log not clean' "$log"; }; then
		echo "ok $n $name: $wanted failed${others:+, also $others}"
		continue
	else
		echo "# $name: $wanted did not fail${others:+, but $others}: $log"
	fi
	failed=$((failed + 1))
	echo "not ok $n $name"
done
echo "$((n - failed)) passed, $failed failed, 0 skipped"
((!failed && n))
