#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   series.sh DIR TREE [DRIVER...]    all ports that tests run, by default
#
# Writes into DIR, as mails that `git am` takes, what moves a pristine kernel tree to
# gem-uma: the library with its tests and documentation, then each driver by ports/DRIVER,
# with the text of ports/DRIVER/message; and a cover letter, ports/cover with the figures
# that were measured last. TREE is not changed, and need not be a git repository. Mails are
# signed off by its user.name and user.email.
set -euo pipefail
export LC_ALL=C

ports=$(cd "$(dirname "$0")" && pwd)
scripts=$ports/../scripts
# shellcheck source=/dev/null
. "$scripts/sender.sh"

die() { echo "series.sh: $*" >&2; exit 1; }
usage() { sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }

[[ $# -ge 2 && $1 != -* ]] || usage
dir=$1 tree=$(realpath -e "$2") || exit
shift 2
drivers=("$@")
((${#drivers[@]})) || mapfile -t drivers < <("$ports/list.sh" run)
for driver in "${drivers[@]}"; do
	[[ -s $ports/$driver/message ]] || die "no ports/$driver/message says what the port is for"
done
mkdir -p "$dir"
dir=$(realpath "$dir")
[[ -z $(find "$dir" -maxdepth 1 -name '*.patch' -print -quit) ]] || die "$dir has patches already"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
repo=$work/repo

git_in() { git -C "$repo" "$@"; }

# All that the mails touch, as it is: that is all a diff needs.
base() {
	local file
	git init -q "$repo"
	while IFS= read -r file; do
		install -D -m 644 "$tree/$file" "$repo/$file"
	done < <(sed -n 's|^--- a/||p' "$work"/library/*.patch | sort -u)
	for file in "${folders[@]}"; do
		mkdir -p "$repo/$file"
		cp -r --no-preserve=mode "$tree/$file/." "$repo/$file"
	done
	git_in add -Af
	git_in commit -qm base
	git_in tag base
}

# driver NAME FOLDER
driver() {
	rm -rf "${repo:?}/$2"
	cp -r "$work/ported/$2" "$repo/$2"
	git_in add -Af
	git_in commit -qs --cleanup=strip -F "$ports/$1/message"
}

# fill FILE: the cover letter, with its tables.
fill() {
	local version subject
	version=$(sed -nE 's/^(VERSION|PATCHLEVEL|SUBLEVEL) = ([0-9]+)$/\2/p' "$tree/Makefile" | paste -sd.)
	subject=$(sed -n '2p' "$ports/cover")
	"$ports/report.py" --mail >"$work/drivers"
	column -t -s, -o '  ' "$ports/bench.csv" >"$work/costs"
	sed "1,3d; s/@VERSION@/$version/
		/@DRIVERS@/{r $work/drivers
		d}
		/@COSTS@/{r $work/costs
		d}" "$ports/cover" >"$work/blurb"
	sed -i "s|\*\*\* SUBJECT HERE \*\*\*|$subject|
		/\*\*\* BLURB HERE \*\*\*/{r $work/blurb
		d}" "$1"
	! grep -E '@[A-Z]+@|\*\*\*' "$1" || die "the cover letter has a place that was not filled"
}

"$scripts/into-tree.sh" --patch "$work/library" "$tree" >/dev/null
sender "$tree"
"$ports/apply.sh" -o "$work/ported" "${drivers[@]}" "$tree" >/dev/null
folders=()
for driver in "${drivers[@]}"; do
	folders+=("$("$ports/name.sh" "$driver" folder)")
done
base
git_in am -q "$work"/library/*.patch
for i in "${!drivers[@]}"; do
	driver "${drivers[i]}" "${folders[i]}"
done
git_in format-patch -q -n --cover-letter --no-signature -o "$dir" base
fill "$dir"/0000-cover-letter.patch
find "$dir" -name '*.patch' | sort
