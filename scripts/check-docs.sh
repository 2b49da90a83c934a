#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prose keeps up with the code: functions, types, macros and files of ours that it
# names exist, and the manual builds without a warning.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t prose < <(scripts/tree-files.sh '*.md' '*.rst' MAINTAINERS)
((${#prose[@]})) || { echo "found no prose to check"; exit 1; }
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Words of the sources (the checks' own examples are none), and the names of files with and without their endings.
mapfile -t sources < <(scripts/tree-files.sh '*.[chS]' '*.sh' '*.py' '*Makefile' '*Kbuild' \
	'*Kconfig' '*.mk' 'tests/vm/*' | grep -v '^scripts/')
{
	grep -ohE '\b[A-Za-z_][A-Za-z0-9_]*' "${sources[@]}"
	scripts/tree-files.sh | sed 's|.*/||; p; s|\..*||'
} | sort -u >"$work/words"
scripts/tree-files.sh | sed 'p; :a; s|/[^/]*$||; p; ta' | sort -u >"$work/paths"

awk -F: 'NR == FNR { known[$0]; next }
	!($3 in known) { print $1 ":" $2 ": no " $3 " in the sources"; bad = 1 }
	END { exit bad }' "$work/words" \
	<(grep -noHE '\b(gem_uma|GEM_UMA|vuma|DRM_VUMA|drm_vuma)_[A-Za-z0-9_]*[A-Za-z0-9]\b' "${prose[@]}") || bad=1

# A path is what stands between grave accents and begins with a room of ours; a
# part in <> or with a * is a pattern.
rooms=$(cut -s -d/ -f1 "$work/paths" | sort -u | grep -v '^\.' | paste -sd'|')
while IFS=: read -r file line path; do
	path=${path//\`/}
	path=${path%%[* <]*}
	grep -q "^${path%/}" "$work/paths" || { echo "$file:$line: no $path in the tree"; bad=1; }
done < <(grep -noHE "\`($rooms)/[^\`]*\`" "${prose[@]}")
while IFS= read -r path; do
	grep -qxF -e "${path%/}" "$work/paths" || { echo "MAINTAINERS: no $path in the tree"; bad=1; }
done < <(sed -n 's/^[FXP]:\t//p' MAINTAINERS)
((!bad)) || exit 1

command -v sphinx-build >/dev/null || { echo "python3-sphinx is not installed: the manual was not built"; exit 4; }
if ! scripts/kernel-tools.sh kernel-doc >/dev/null 2>"$work/why"; then
	tail -n 1 "$work/why"
	exit 4
fi
make --no-print-directory -C docs html O="$work" >"$work/log" 2>&1 || {
	sed "s|$PWD/||" "$work/log"
	exit 1
}
