#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   apply.sh [-o DIR] DRIVER... TREE
#
# Copies the folders of in-tree drivers out of a pristine kernel tree and moves them to
# gem-uma, each by what ports/DRIVER holds:
#
#	*.cocci	semantic patches, in the order of their names; each says by `File:` what it
#		changes, and by `Place:` where in it
#	*.sed	the same for what spatch does not see, as Kconfig.sed
#	*.[ch]	files of ours, which are added, or take the place of the driver's
#	names	`gone=`: files of the driver's that nobody needs any more; `base=`: another
#		port, which comes first, and which this one changes
#
# DIR (build/ports/tree) holds the drivers then, laid out as in TREE, and nothing else.
# Prints a table of the lines deleted and added. A patch that finds nothing to change
# fails, by name, and DIR stays as it was.
set -euo pipefail
export LC_ALL=C

ports=$(cd "$(dirname "$0")" && pwd)
out=$ports/../build/ports/tree
# The kernel that the ports are written for.
series=7.3

die() { echo "apply.sh: $*" >&2; exit 1; }
usage() { sed -n '4,18s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[[ ${1:-} != -o ]] || { out=${2:?directory}; shift 2; }
[[ $# -ge 2 && $1 != -* ]] || usage
tree=${*: -1}
drivers=("${@:1:$#-1}")
command -v spatch >/dev/null || die "no spatch: scripts/deps.sh ports installs it"

version=$(sed -nE 's/^(VERSION|PATCHLEVEL|SUBLEVEL) = ([0-9]+)$/\2/p' "$tree/Makefile" 2>/dev/null |
	paste -sd.) || true
[[ $version == "$series".* ]] ||
	die "$tree is Linux ${version:-of no known version}; the ports are written for $series"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# said FIELD RULE: what a rule says of itself in its head.
said() { sed -n "/^@/q; s|^// $1: *||p" "$2"; }

# changed RULE FILE BEFORE: it has to have found its place.
changed() {
	local place
	! cmp -s "$2" "$3" || {
		place=$(said Place "$1")
		die "$1 finds nothing to change in $folder/${2##*/}${place:+, $place}, of Linux $version"
	}
}

semantic_patch() {
	local rule=$1 name file
	for name in $(said File "$rule"); do
		file=$work/$folder/$name
		[[ -f $file ]] || die "$rule changes $folder/$name, which Linux $version does not have"
		cp "$file" "$work/before"
		spatch --very-quiet --no-includes --macro-file "$ports/macros.h" \
			--sp-file "$rule" --in-place "$file" >"$work/log" 2>&1 || {
			cat "$work/log" >&2
			die "spatch fails with $rule"
		}
		changed "$rule" "$file" "$work/before"
	done
}

edit_script() {
	local script=$1 file=$work/$folder/$2
	cp "$file" "$work/before"
	sed -i -E -f "$script" "$file"
	changed "$script" "$file" "$work/before"
}

# port DRIVER: into the driver's folder, which is there; with what it is based on before.
port() {
	local port=$ports/$1 base f
	[[ -d $port ]] || die "no port of $1 in $ports"
	base=$("$ports/name.sh" "$1" base)
	[[ ! $base ]] || port "$base"
	for f in "$port"/*.cocci; do
		[[ ! -e $f ]] || semantic_patch "$f"
	done
	for f in "$port"/*.sed; do
		[[ ! -e $f ]] || edit_script "$f" "$(basename "$f" .sed)"
	done
	for f in "$port"/*.[ch]; do
		[[ ! -e $f ]] || cp "$f" "$work/$folder/"
	done
	for f in $("$ports/name.sh" "$1" gone); do
		rm "$work/$folder/$f" || die "there is no $folder/$f that could go"
	done
}

# DRIVER FILE DELETED ADDED
count() {
	{ git diff --no-index --numstat "$tree/$folder" "$work/$folder" || true; } |
		while IFS=$'\t' read -r added deleted name; do
			# One that is gone.
			name=${name% => dev/null\}}
			name=${name##*/}
			echo "$driver ${name%\}} $deleted $added"
		done
}

for driver in "${drivers[@]}"; do
	folder=$("$ports/name.sh" "$driver" folder)
	[[ -d $tree/$folder ]] || die "Linux $version has no $folder"
	[[ ! -e $work/$folder ]] || die "two ports of $folder at once"
	mkdir -p "$work/$folder"
	cp -r --no-preserve=mode "$tree/$folder/." "$work/$folder"
	port "$driver"
	count
done >"$work/count"

mkdir -p "$out"
rm -rf "${out:?}/drivers"
mv "$work/drivers" "$out/"
cp "$work/count" "$out/lines"
awk '
	{ printf "%-10s %-24s %6d %6d\n", $1, $2, -$3, $4; minus[$1] += $3; plus[$1] += $4 }
	END { for (d in minus) printf "%-10s %-24s %6d %6d\n", d, "in all", -minus[d], plus[d] }
' "$out/lines"
