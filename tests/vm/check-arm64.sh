#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-arm64.sh [ARCH...]
#
# All guests of make check, emulated on arm64, where a page of the CPU has 4K or 16K: modules
# and programs are cross-built, and the kernels are Debian's own of 6.12. The last line is
# the sum; results go to out/arm64/.
#
# ARCH is arm64 or arm64-16k, both if none is given. JOBS='tests/uapi/jobs.txt ...' runs these
# files alone.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/arm64
cd "$top" || exit
(($#)) || set -- arm64 arm64-16k
scripts/deps.sh arm64 || exit
rm -rf "$out"
mkdir -p "$out"
export here out
# What takes longest is first.
read -ra files <<<"${JOBS:-}"
((${#files[@]})) || files=(tests/uapi/jobs.txt tests/stress/jobs.txt tests/uapi/jobs-*.txt tests/stress/jobs-machine.txt)

results=()
step() {
	local name=$1
	shift
	results+=("$out/$name.json")
	"$here/step" "$name" "$out/$name.json" "$@"
}

# beside ARCH NAME FILE: one guest.
beside() {
	local rc
	GEM_UMA_ARCH=$1 "$here/run" --jobs "$3" --name "$2" --out "$out" --timeout 3600 --quiet \
		> >(sed -u "s/^/[$2] /") 2>&1
	rc=$?
	wait "$!"	# for what sed has yet to print
	((rc < 128)) || return 255
	return "$rc"
}
export -f beside

runs=()
for arch; do
	step "$arch-modules" -- env GEM_UMA_ARCH="$arch" "$here/build.sh" modules || continue
	step "$arch-user" -- env GEM_UMA_ARCH="$arch" "$here/build.sh" user || continue
	for file in "${files[@]}"; do
		name=$(basename "$file" .txt)
		name=$arch-$(basename "$(dirname "$file")")${name#jobs}
		runs+=("$arch" "$name" "$file")
		results+=("$out/$name.json")
	done
done
if ((${#runs[@]})); then
	printf '%s\0' "${runs[@]}" | xargs -0 -n 3 -P 2 bash -c 'beside "$@"' beside
	(($? < 124)) || exit 130
fi
"$here/summary" "${results[@]}"
