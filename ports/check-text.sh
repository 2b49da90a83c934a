#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-text.sh [-v] [TREE]
#
# No text of the kernel's in this repository: fails for each file of ours that shares
# more than a few lines with the drivers that are ported, or with the helpers that they
# leave. TREE is a kernel tree, by default the cached source of 7.3; without one, the
# exit code is 4.
#
# A line counts if it says something: twenty characters or more, no #include, and only once
# in all of these files, which idioms are not. It counts once, however often a file of ours
# has it. Prototypes, and the few lines that a semantic patch has to name, are allowed for.
# -v tells what each file shares.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

verbose=
[[ ${1:-} != -v ]] || { verbose=y; shift; }
tree=${1:-${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}/sources/7.3}
drm=drivers/gpu/drm
[[ -d $tree/$drm ]] || { echo "no kernel source in $tree: tests/vm/kbuild.sh source 7.3 fetches it"; exit 4; }

# Lines in a row, and in all: so many, or one of 25. The more drivers there are, the more of
# what anybody would write is found in one of them.
most_in_row=3
most=16

theirs=("$tree/$drm"/drm_gem_{shmem,dma}_helper.c "$tree/include/drm"/drm_gem_{shmem,dma}_helper.h)
for port in ports/*/*.cocci; do
	driver=$(basename "$(dirname "$port")")
	for f in "$tree/$(ports/name.sh "$driver" folder)"/*.[ch]; do
		[[ ! -e $f || " ${theirs[*]} " == *" $f "* ]] || theirs+=("$f")
	done
done
mapfile -t ours < <(scripts/tree-files.sh 'ports/*.[ch]' 'ports/*.cocci' 'tests/ports/*.[ch]')
((${#ours[@]} && ${#theirs[@]} > 2)) || { echo "found no files to compare"; exit 1; }

awk -v n="${#theirs[@]}" -v most_in_row="$most_in_row" -v most="$most" -v verbose="$verbose" '
function report() {
	if (!name)
		return
	if (verbose)
		print name ": " shared " lines shared, " longest " in a row"
	if (longest > most_in_row || (shared > most && shared > lines / 25)) {
		print name ":" at ": " shared " lines are the kernel'"'"'s, " longest " in a row"
		bad = 1
	}
}
FNR == 1 && ++file > n {
	report()
	name = FILENAME
	shared = row = longest = at = 0
	delete had
}
{
	lines = FNR
	line = $0
	if (FILENAME ~ /\.cocci$/)
		sub(/^[-+ ]/, "", line)
	gsub(/[ \t]+/, " ", line)
	sub(/^ /, "", line)
	sub(/ $/, "", line)
	if (length(line) < 20 || line ~ /^# *include|SPDX-License/ || line !~ /[A-Za-z]/)
		next
}
file <= n { seen[line]++; next }
line in seen && seen[line] == 1 {
	shared += !had[line]++
	if (++row > longest) { longest = row; at = FNR }
	next
}
{ row = 0 }
END { report(); exit bad }
' "${theirs[@]}" "${ours[@]}"
