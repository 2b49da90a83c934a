#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The static checks: no kernel is booted. KTAP on stdout, the findings of a check
# above its line.
#
#   check.sh [NAME...]    all, or only those named: layers spdx kdoc ...
#   check.sh selftest     the proof that each of them can fail
#
# A check is a program scripts/check-NAME.{sh,py}: exit code 0 is clean, 4 means
# that it cannot run here and that its last line says why, the rest are findings.
# What they say is kept in CHECK_LOGS=<dir>, if set.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

names=("$@")
((${#names[@]})) || names=(layers spdx size forbidden shell kdoc locked headers docs sync-table pitfalls mutants inject
	exports checkpatch figures ports commits)

# lint-NAME is a step of scripts/lint.sh.
program() {
	local p
	[[ $1 != selftest ]] || { echo scripts/selftest.sh; return; }
	[[ $1 != lint-* ]] || set -- "$1" "scripts/lint/${1#lint-}.sh"
	for p in "scripts/check-$1.sh" "scripts/check-$1.py" "${@:2}"; do
		[[ ! -x $p ]] || { echo "$p"; return; }
	done
}

passed=0
failed=0
skipped=0
echo "TAP version 13"
echo "1..${#names[@]}"
for i in "${!names[@]}"; do
	name=${names[i]}
	label="$((i + 1)) $([[ $name == lint-* ]] || echo check-)$name"
	path=$(program "$name")
	if [[ -z $path ]]; then
		out="no such check: $name"
		rc=2
	else
		out=$("$path" 2>&1 </dev/null)
		rc=$?
	fi
	[[ -z ${CHECK_LOGS:-} ]] || printf '%s\n' "$out" >"$CHECK_LOGS/$name.txt"
	case $rc in
	0)
		passed=$((passed + 1))
		echo "ok $label"
		;;
	4)
		skipped=$((skipped + 1))
		echo "ok $label # SKIP ${out##*$'\n'}"
		;;
	*)
		failed=$((failed + 1))
		printf '%s\n' "${out:-exit code $rc and not a word}" | sed 's/^/# /'
		echo "not ok $label"
		;;
	esac
	((rc < 128)) || break	# interrupted
done

echo "$passed passed, $failed failed, $skipped skipped"
((!failed && passed + skipped == ${#names[@]}))
