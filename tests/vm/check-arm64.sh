#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-arm64.sh [--debug] [ARCH...]
#
# All guests of make check, emulated on arm64, where a page of the CPU has 4K or 16K: modules
# and programs are cross-built, and the kernels are Debian's own of 6.12. The last line is
# the sum; results go to out/arm64/.
#
# --debug: the unit tests, the programs of tests/uapi and the races, on a KASAN and lockdep
# kernel of 6.12 that is built when it is not there. Results go to out/arm64-debug/.
#
# ARCH is arm64 or arm64-16k, both if none is given; with --debug, arm64 alone.
# JOBS='tests/uapi/jobs.txt ...' runs these files alone.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
lane=''
[[ ${1:-} != --debug ]] || { lane=debug; shift; }
out=${OUT:-$top/out}/arm64${lane:+-$lane}
cd "$top" || exit
# What takes longest is first. slow: what a kernel of ours takes longer than Debian's, for the
# limits of jobs.
if [[ $lane ]]; then
	(($#)) || set -- arm64
	files=(tests/uapi/jobs.txt tests/kunit/debug-jobs.txt tests/stress/jobs.txt)
	slow=8 limit=10800
else
	(($#)) || set -- arm64 arm64-16k
	files=(tests/uapi/jobs.txt tests/stress/jobs.txt tests/uapi/jobs-*.txt tests/stress/jobs-machine.txt)
	slow=1 limit=3600
fi
[[ -z ${JOBS:-} ]] || read -ra files <<<"$JOBS"
scripts/deps.sh arm64 $lane || exit
rm -rf "$out"
mkdir -p "$out"
export here out slow limit

results=()
step() {
	local name=$1
	shift
	results+=("$out/$name.json")
	"$here/step" "$name" "$out/$name.json" "$@"
}

# beside ARCH NAME FILE TREE: one guest, of the kernel in TREE, Debian's if it is empty.
beside() {
	local rc more=()
	# As on x86: see check-debug.sh.
	[[ ! $4 ]] || more=(--kernel "$4" --mem 1G --append mitigations=off)
	# A group: a command alone has its output set up in its own process, where $! is no use.
	{
		GEM_UMA_ARCH=$1 "$here/run" --jobs "$3" --name "$2" --out "$out" --slow "$slow" \
			--timeout "$limit" --quiet "${more[@]}"
	} > >(sed -u "s/^/[$2] /") 2>&1
	rc=$?
	wait "$!"	# for what sed has yet to print
	((rc < 128)) || return 255
	return "$rc"
}
export -f beside

runs=()
for arch; do
	tree=''
	if [[ $lane ]]; then
		tree=$(GEM_UMA_ARCH=$arch "$here/kbuild.sh" "$lane" 6.12) ||
			{ step "$arch-kernel" -- false; continue; }	# what kbuild.sh said stands above
	fi
	step "$arch-modules" -- env GEM_UMA_ARCH="$arch" KDIR="${tree:+$tree/build}" "$here/build.sh" modules || continue
	step "$arch-user" -- env GEM_UMA_ARCH="$arch" "$here/build.sh" user || continue
	for file in "${files[@]}"; do
		name=$(basename "$file" .txt)
		name=$arch-$(basename "$(dirname "$file")")${name#*jobs}
		runs+=("$arch" "$name" "$file" "$tree")
		results+=("$out/$name.json")
	done
done
if ((${#runs[@]})); then
	printf '%s\0' "${runs[@]}" | xargs -0 -n 4 -P 2 bash -c 'beside "$@"' beside
	(($? < 124)) || exit 130
fi
"$here/summary" "${results[@]}"
