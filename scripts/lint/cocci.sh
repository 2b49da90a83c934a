#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Our own rules, by coccinelle: *.cocci beside this file, and those that private.py
# and nosleep.py make from what the sources say of themselves.
#
#   cocci.sh [FILE...]    C files; all of our modules but unit tests
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need spatch

files=("$@")
((${#files[@]})) || mapfile -t files < <(scripts/tree-files.sh 'gem_uma/*.c' 'vuma/*.c' \
	'docs/examples/*.c' 'bench/peers/*.c' | grep -Ev '^gem_uma/tests/|_test\.c$')
((${#files[@]})) || { echo "found no sources to check"; exit 1; }
mapfile -t headers < <(scripts/tree-files.sh 'include/drm/gem_uma/*.h')

work=$lint/cocci
rm -rf "$work"
mkdir -p "$work"
scripts/lint/private.py "${headers[@]}" >"$work/private.cocci"
# files of one's own choice may have no such functions
scripts/lint/nosleep.py "${files[@]}" >"$work/nosleep.cocci" || (($#)) ||
	{ echo "found no callbacks of reclaim, or none of fences"; exit 1; }
[[ -s $work/nosleep.cocci ]] || rm "$work/nosleep.cocci"

apply() {
	spatch --very-quiet --no-loops --recursive-includes -I include \
		--macro-file scripts/lint/macros.h --sp-file "$1" "${files[@]}" \
		2>"$work/$(basename "$1").err"
}

# A function that spatch could not parse is silently left out: that would be a finding
# of ours. A body opens with a brace of its own line.
apply scripts/lint/functions.cocci | sort -u >"$work/functions"
for f in "${files[@]}"; do
	bodies=$(grep -c '^{$' "$f" || true)
	parsed=$(grep -c "^$f:" "$work/functions" || true)
	((parsed >= bodies)) ||
		echo "$f:1: spatch understands $parsed of $bodies functions; see scripts/lint/macros.h"
done >"$work/found"

for rule in "$work"/*.cocci scripts/lint/*.cocci; do
	[[ $rule != */functions.cocci ]] || continue
	apply "$rule" || { echo "spatch fails with $rule:1"; cat "$work/$(basename "$rule").err"; }
done | sort -u >>"$work/found"
scripts/lint/cleanup.py "${files[@]}" >>"$work/found" || true
cat "$work/found"
[[ ! -s $work/found ]] || exit 1
echo "$(wc -l <"$work/functions") functions of ${#files[@]} files"
