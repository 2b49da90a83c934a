#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check.sh [--all]
#
# make check: every step, whatever fails on the way; the last line is the sum.
# Guest runs are tests/*/jobs*.txt. --all also runs what is for the night.
#
# Once all is built, two steps run side by side, as a guest mostly keeps one
# processor busy. Their lines are marked with their names.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/check
export here out
rm -rf "$out"
mkdir -p "$out"
cd "$top" || exit

# Suspend, the twin by itself, and tests of the runner, which change least: a third of the time.
night=(uapi-jobs-suspend uapi-jobs-twin runner env)
[[ ${1:-} != --all ]] || night=()

results=()
step() {
	local name=$1
	shift
	results+=("$name.json")
	"$here/step" "$name" "$out/$name.json" "$@"
}

# One step of the second half.
beside() {
	local name=$1 rc

	case $name in
	static) set -- scripts/check.sh ;;
	env) set -- "$here/env-selftest.sh" ;;
	gate) set -- "$here/gate-selftest.sh" ;;
	ktap) set -- "$here/ktap-selftest.py" ;;
	runner) set -- "$here/run-selftest.sh" ;;
	bench) set -- bench/report-selftest.sh build/user/bin/uma-bench ;;
	*) set -- ;;
	esac
	if (($#)); then
		"$here/step" "$name" "$out/$name.json" -- "$@"
	else
		"$here/run" --jobs "tests/${name%%-*}/${name#*-}.txt" --name "$name" --out "$out"
	fi > >(sed -u "s/^/[$name] /") 2>&1
	rc=$?
	wait "$!"	# for what sed has yet to print
	return "$rc"
}
export -f beside

second_half() {
	local jobs name names=(static uapi-jobs)	# take longest

	for jobs in tests/*/jobs*.txt; do
		name=$(basename "$(dirname "$jobs")")-$(basename "$jobs" .txt)
		[[ $name == uapi-jobs ]] || names+=("$name")
	done
	names+=(runner env bench gate ktap)
	for name in "${night[@]}"; do
		mapfile -t names < <(printf '%s\n' "${names[@]}" | grep -vxF "$name")
	done
	((!${#night[@]})) || echo "# left to make check-all: ${night[*]}"
	results+=("${names[@]/%/.json}")
	printf '%s\n' "${names[@]}" | xargs -P 2 -I '{}' bash -c 'beside {}'
	# Interrupted: no sum. What failed by itself is in the results.
	(($? < 124)) || exit 130
}

if [[ -f tests/host/Makefile ]]; then
	step host -- "$here/stated-make" --no-print-directory -C tests/host check
else
	step host --skip "no tests/host in this tree"
fi
if step modules -- "$here/build.sh" modules && step user -- "$here/build.sh" user; then
	second_half
else
	step static -- scripts/check.sh
	step guest --skip "nothing to run: the build failed"
fi

"$here/summary" "${results[@]/#/$out/}"
