#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make check: every lane, one after the other, whatever fails on the way; the
# last line is the sum. Guest runs are tests/*/jobs*.txt.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/check
rm -rf "$out"
mkdir -p "$out"
cd "$top" || exit

results=()
step() {
	local name=$1
	shift
	results+=("$out/$name.json")
	"$here/step" "$name" "$out/$name.json" "$@"
}

if [[ -f tests/host/Makefile ]]; then
	step host -- make --no-print-directory -C tests/host check
else
	step host --skip "no tests/host in this tree"
fi
if [[ -x scripts/check.sh ]]; then
	step static -- scripts/check.sh
else
	step static --skip "no scripts/check.sh in this tree"
fi
step gate -- "$here/gate-selftest.sh"
step ktap -- "$here/ktap-selftest.py"

if step modules -- "$here/build.sh" modules && step user -- "$here/build.sh" user; then
	step runner -- "$here/run-selftest.sh"
	step bench -- bench/report-selftest.sh build/user/bin/uma-bench
	shopt -s nullglob
	for jobs in tests/*/jobs*.txt; do
		room=$(basename "$(dirname "$jobs")")
		name=$room-$(basename "$jobs" .txt)
		results+=("$out/$name.json")
		"$here/run" --jobs "$jobs" --name "$name" --out "$out"
		# interrupted: no more guests, no sum
		rc=$?
		((rc < 128)) || exit "$rc"
	done
else
	step guest --skip "nothing to run: the build failed"
fi

"$here/summary" "${results[@]}"
