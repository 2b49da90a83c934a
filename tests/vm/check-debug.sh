#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-debug.sh [debug|kcsan|kcov] [SERIES...]
#
# The tests on kernels of our own that look for what a stock kernel lets pass; built
# when they are not there. Both series unless told. KDIR=<kernel build> tests that one
# instead, whatever it was configured to find. The last line is the sum; results, and
# the coverage of the debug lane, go to out/<lane>/. HOGS=N keeps N processors busy
# meanwhile: no verdict may depend on the host's speed.
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
# instrument: what our modules are compiled with, and nothing of the kernel.
instrument=()
case $lane in
debug)
	jobs=(tests/kunit/debug-jobs.txt "${jobs[@]}")
	slow=6
	instrument=(GCOV_PROFILE=y)
	;;
kcsan)
	slow=8
	;;
kcov)
	jobs=(tests/stress/kcov-jobs.txt)
	slow=4
	instrument=(KCOV_INSTRUMENT=y)
	;;
*)
	sed -n '4,11s/^# \{0,1\}//p' "$0" >&2
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

# The modules for one kernel, and what is to be said of them.
build_for() {
	local s=$1 kdir=$2 built
	step "$s-modules" -- env KDIR="$kdir" "$here/build.sh" modules "${instrument[@]}" || return
	[[ $lane == debug ]] || return 0
	built=build/$("$here/stated-make" -s -C "$kdir" kernelrelease)/gem_uma
	# A finding; the modules are there to be tested all the same.
	step "$s-imports" -- scripts/check-inject.py "$built"/{gem_uma,gpuvm/gem_uma_gpuvm}.ko || :
}

name_of() {
	echo "$1-$(basename "$(dirname "$2")")"
}

# The guests of one kernel, one after the other, whatever fails on the way.
guests() {
	local s=$1 tree=$2 file rc more
	for file in "${jobs[@]}"; do
		# Mitigations cost an emulated processor a tenth of its time.
		more=(--append mitigations=off)
		# Where megabytes are written and compressed, a look at each 300th access
		# takes so long that jobs of the device time out.
		[[ $lane:$file != kcsan:tests/uapi/* ]] || more+=(--append kcsan.skip_watch=2000)
		"$here/run" --kernel "$tree" --jobs "$file" --name "$(name_of "$s" "$file")" \
			--out "$out" --mem 1G --slow "$slow" --timeout 2400 --quiet "${more[@]}"
		# interrupted: no more guests
		rc=$?
		((rc < 128)) || exit "$rc"
	done
}

# A kernel that is built in KDIR, laid out to be booted.
own_kernel() {
	local tree=$top/build/kdir
	rm -rf "$tree"
	mkdir -p "$tree/boot"
	cp "$KDIR/arch/x86/boot/bzImage" "$tree/boot/vmlinuz" || return
	"$here/stated-make" -s -C "$KDIR" INSTALL_MOD_PATH="$tree" modules_install >/dev/null || return
	echo "$tree"
}

declare -A trees
if [[ -n ${KDIR:-} ]]; then
	s=$("$here/stated-make" -s -C "$KDIR" kernelversion)
	series=("$s")
	trees[$s]=$(own_kernel) || exit
else
	for s in "${series[@]}"; do
		trees[$s]=$("$here/kbuild.sh" "$lane" "$s")
	done
fi

hogs=()
for ((i = 0; i < ${HOGS:-0}; i++)); do
	setpriv --pdeathsig KILL bash -c 'while :; do :; done' &
	hogs+=($!)
done
((!${#hogs[@]})) || trap 'kill "${hogs[@]}"' EXIT

step user -- "$here/build.sh" user
# A guest mostly keeps one processor busy, so those of two kernels run side by side.
pids=()
for s in "${series[@]}"; do
	tree=${trees[$s]}
	for file in "${jobs[@]}"; do
		results+=("$out/$(name_of "$s" "$file").json")
	done
	if [[ -n $tree ]] && build_for "$s" "${KDIR:-$tree/build}"; then
		guests "$s" "$tree" > >(sed -u "s/^/[$s] /") 2>&1 &
		pids+=($!)
	fi
done
# When one of them has made room; it would take from two what their limits count on.
if [[ $lane == debug && -n ${trees[7.3]-} ]]; then
	((${#pids[@]} < 2)) || wait -n "${pids[@]}"
	rc=$?
	((rc < 128)) || exit "$rc"
	step into-tree -- scripts/into-tree-selftest.sh "${trees[7.3]}/build"
fi
for pid in "${pids[@]}"; do
	wait "$pid"
	rc=$?
	((rc < 128)) || exit "$rc"
done
# A kernel of somebody's own need not count lines; ours do.
if [[ $lane == debug ]]; then
	if [[ -n ${KDIR:-} ]] && ! compgen -G "$out/*.gcov" >/dev/null; then
		step coverage --skip "$KDIR counts no lines"
	else
		step coverage -- "$here/coverage.py" -o "$out/coverage.txt" "$out"/*.gcov
	fi
fi
"$here/summary" "${results[@]}"
