#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The files of the source tree that the checks look at, one a line, relative to
# its top: what git tracks or would track, or, in an unpacked archive, all but
# build products. Arguments are shell patterns that the path has to match one of.
set -eu

cd "$(dirname "$0")/.."

list() {
	if [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ]; then
		git ls-files --cached --others --exclude-standard
	else
		find . -path ./.git -prune -o -path ./build -prune -o \
			-path ./out -prune -o -type f -print | sed 's|^\./||'
	fi | sort -u
}

list | while IFS= read -r file; do
	[ -f "$file" ] || continue	# deleted, not yet committed
	case $file in
	*.mod.c | *.o | *.ko | *.cmd | *.pyc) continue ;;
	esac
	if [ $# -eq 0 ]; then
		echo "$file"
		continue
	fi
	for pattern; do
		# shellcheck disable=SC2254 # it is meant to be a pattern
		case $file in
		$pattern)
			echo "$file"
			break
			;;
		esac
	done
done
