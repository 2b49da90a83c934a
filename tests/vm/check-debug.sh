#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-debug.sh [debug|kcsan|kcov] [SERIES...]
#
# The tests on kernels of our own that look for what a stock kernel lets pass; built
# when they are not there. Both series unless told. KDIR=<kernel build> tests that one
# instead, whatever it was configured to find. The last line is the sum; results, and
# the coverage of the debug lane, go to out/<lane>/.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
lane=${1:-debug}
(($# < 2)) || series=("${@:2}")
[[ -n ${series[*]-} ]] || series=(6.12 7.3)
out=${OUT:-$top/out}/$lane
cd "$top" || exit
scripts/deps.sh debug || exit
rm -rf "$out"
mkdir -p "$out"

# Of the programs the twin is left out: it shares vuma's code, and the rest is the
# kernel's. slow: what it takes longer than a stock kernel, for the limits of jobs.
jobs=(tests/uapi/jobs.txt tests/stress/jobs.txt)
case $lane in
debug)
	jobs=(tests/kunit/debug-jobs.txt "${jobs[@]}")
	slow=6
	export GCOV_PROFILE=y
	;;
kcsan)
	slow=8
	;;
kcov)
	jobs=(tests/stress/kcov-jobs.txt)
	slow=4
	export KCOV_INSTRUMENT=y
	;;
*)
	sed -n '4,10s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

results=()
step() {
	local name=$1
	shift
	results+=("$out/$name.json")
	"$here/step" "$name" "$out/$name.json" "$@"
}

# All of one kernel: guests one after the other, whatever fails on the way.
check_kernel() {
	local s=$1 tree=$2 kdir=$3 file name rc
	step "$s-modules" -- env KDIR="$kdir" "$here/build.sh" modules || return
	if [[ $lane == debug ]]; then
		step "$s-imports" -- scripts/check-inject.py \
			"build/$(make -s -C "$kdir" kernelrelease)/gem_uma/gem_uma.ko"
	fi
	if [[ $lane == debug && $s == 7.3 ]]; then
		step into-tree -- scripts/into-tree-selftest.sh "$kdir"
	fi
	for file in "${jobs[@]}"; do
		name=$s-$(basename "$(dirname "$file")")
		results+=("$out/$name.json")
		"$here/run" --kernel "$tree" --jobs "$file" --name "$name" --out "$out" \
			--mem 1G --slow "$slow" --timeout 1800
		# interrupted: no more guests, no sum
		rc=$?
		((rc < 128)) || exit "$rc"
	done
}

step user -- "$here/build.sh" user
if [[ -n ${KDIR:-} ]]; then
	check_kernel "$(make -s -C "$KDIR" kernelversion)" "$KDIR" "$KDIR"
else
	for s in "${series[@]}"; do
		if tree=$("$here/kbuild.sh" "$lane" "$s"); then
			check_kernel "$s" "$tree" "$tree/build"
		else
			step "$s-kernel" --skip "its kernel could not be built"
			results+=("$out/$s-kernel-failed")
		fi
	done
fi
if [[ $lane == debug ]]; then
	"$here/coverage.py" "$out"/*.gcov >"$out/coverage.txt" && cat "$out/coverage.txt"
fi
"$here/summary" "${results[@]}"
