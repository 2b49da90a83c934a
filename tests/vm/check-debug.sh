#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-debug.sh [--all | --soak] [debug|kcsan|kcov] [SERIES...]
#
# The tests on kernels of our own that look for what a stock kernel lets pass; built
# when they are not there. The last line is the sum; results, and the coverage of the
# debug lane, go to out/<lane>/.
#
# The debug lane runs on 6.12; the other lanes, --all and --soak, on 7.3 as well. --all also
# runs what takes longest, suspend, KVM, bounce buffers, slow devices, and a machine short of
# memory. --soak runs the races, and nothing else, for an hour. KDIR=<kernel build> tests that
# kernel instead, whatever it was configured to find. HOGS=N keeps N processors busy
# meanwhile: no verdict may depend on the host's speed.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
all='' soak='' limit=2400
case ${1:-} in
--all) all=y; shift ;;
--soak) soak=y limit=7200; shift ;;
esac
lane=${1:-debug}
series=("${@:2}")
if ((!${#series[@]})); then
	series=(6.12)
	[[ $lane == debug && -z $all$soak ]] || series+=(7.3)
fi
out=${OUT:-$top/out}/$lane
cd "$top" || exit
scripts/deps.sh debug || exit
rm -rf "$out"
mkdir -p "$out"

# The programs of the twin are left out: it shares vuma's code, and the rest is the
# kernel's. What takes longest is first. slow: what it takes longer than a stock kernel,
# for the limits of jobs.
jobs=(tests/uapi/jobs.txt tests/uapi/jobs-memory.txt tests/stress/jobs.txt)
# instrument: what our modules are compiled with, and nothing of the kernel.
instrument=()
case $lane in
debug)
	jobs=(tests/uapi/jobs.txt tests/uapi/jobs-memory.txt tests/kunit/debug-jobs.txt tests/stress/jobs.txt)
	slow=6
	instrument=(GCOV_PROFILE=y)
	[[ -z $all ]] || jobs+=(tests/{stress/jobs-machine,uapi/jobs-{suspend,kvm,bounce,answers}}.txt
		tests/kunit/debug-jobs-{alloc,resv}.txt)
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
	sed -n '4,16s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
[[ -z $soak ]] || jobs=(tests/stress/soak-jobs.txt)
day=''
[[ $lane != debug || $all ]] || day=--day
export here out lane slow limit day

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
	step "$s-imports" -- scripts/check-inject.py "$built"/{gem_uma,gpuvm/gem_uma_gpuvm,heap/gem_uma_heaps}.ko || :
}

# beside NAME TREE FILE: one guest, or what else takes a processor.
beside() {
	local name=$1 tree=$2 file=$3 rc
	# Mitigations cost an emulated processor a tenth of its time.
	local more=(--mem 1G --append mitigations=off)

	# Where megabytes are written and compressed, a look at each 300th access takes so
	# long that jobs of the device time out.
	[[ $lane:$file != kcsan:tests/uapi/* ]] || more+=(--append kcsan.skip_watch=2000)
	# An image of memory needs half of it, and the kernel alone has nearly that of a GiB.
	[[ $file != */jobs-suspend.txt ]] || more[1]=1536M
	# It fills three times of what there is.
	[[ $file != */jobs-machine.txt ]] || more[1]=512M
	if [[ $name == into-tree ]]; then
		"$here/step" "$name" "$out/$name.json" -- "$file" "$tree/build"
	else
		"$here/run" --kernel "$tree" --jobs "$file" --name "$name" --out "$out" \
			--slow "$slow" --timeout "$limit" --quiet ${day:+"$day"} "${more[@]}"
	fi > >(sed -u "s/^/[$name] /") 2>&1
	rc=$?
	wait "$!"	# for what sed has yet to print
	# interrupted: no more guests
	((rc < 128)) || return 255
	return "$rc"
}
export -f beside

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
runs=()
ready=()
for s in "${series[@]}"; do
	if [[ -n ${trees[$s]} ]] && build_for "$s" "${KDIR:-${trees[$s]}/build}"; then
		ready+=("$s")
	elif [[ -z ${trees[$s]} ]]; then
		step "$s-kernel" -- false	# what kbuild.sh said stands above
	fi
done
for file in "${jobs[@]}"; do
	for s in "${ready[@]}"; do
		name=$(basename "$file" .txt)
		name=$s-$(basename "$(dirname "$file")")${name#*jobs}
		runs+=("$name" "${trees[$s]}" "$file")
		results+=("$out/$name.json")
	done
done
if [[ $lane == debug && -z $soak && " ${ready[*]} " == *" 7.3 "* ]]; then
	runs+=(into-tree "${trees[7.3]}" scripts/into-tree-selftest.sh)
	results+=("$out/into-tree.json")
fi
# Two at a time: a guest mostly keeps one processor busy, and limits count on that.
if ((${#runs[@]})); then
	printf '%s\0' "${runs[@]}" | xargs -0 -n 3 -P 2 bash -c 'beside "$@"' beside
	(($? < 124)) || exit 130
fi
# A kernel of somebody's own need not count lines; ours do.
if [[ $lane == debug && -z $soak ]]; then
	if [[ -n ${KDIR:-} ]] && ! compgen -G "$out/*.gcov" >/dev/null; then
		step coverage --skip "$KDIR counts no lines"
	else
		step coverage -- "$here/coverage.py" -o "$out/coverage.txt" "$out"/*.gcov
	fi
fi
"$here/summary" "${results[@]}"
