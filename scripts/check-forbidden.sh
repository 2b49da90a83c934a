#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What must not be in the tree: marks of unfinished work, kernel code that kills
# the machine over a bug of ours, paths of the machine that somebody works on.
set -euo pipefail
cd "$(dirname "$0")/.."

bad=0
reject() {
	local why=$1 pattern=$2 hits
	shift 2
	(($#)) || return 0
	# 0 = found, 1 = clean, more = grep itself failed
	hits=$(grep -nHIE -e "$pattern" -- "$@") || {
		(($? == 1)) && return 0
		echo "grep failed on: $pattern"
		bad=1
		return 0
	}
	# shellcheck disable=SC2001 # every line, not the first
	sed "s|\$|	<- $why|" <<<"$hits"
	bad=1
}

mapfile -t all < <(scripts/tree-files.sh | grep -v '^LICENSES/')
mapfile -t kernel < <(scripts/tree-files.sh 'gem_uma/*.[ch]' 'vuma/*.[ch]' \
	'include/*.h' 'compat/*.h' 'bench/peers/*.[ch]' 'docs/examples/*.[ch]')
((${#all[@]} && ${#kernel[@]})) || { echo "found no sources to check"; exit 1; }

# KTAP has one of the words as a directive, which its parser has to know.
mapfile -t marked < <(printf '%s\n' "${all[@]}" | grep -v '^tests/vm/ktap[^/]*\.py$')

# Brackets keep this file from finding itself.
reject "unfinished: do it or file it" '\b(TO[D]O|FIX[M]E|X[X]X)\b' "${marked[@]}"
reject "warn and go on, or return an error" '\b(VM_)?BUG(_O[N])?\(' "${kernel[@]}"

# Pages of the CPU are another unit than those of the GPU, and as large only by chance.
reject "a CPU page where GPU pages are counted" '(^|[^A-Z_])PAGE_(SHIFT|SIZE|MASK|ALIGN)|PFN|pfn' \
	vuma/vuma_mmu.c vuma/vuma_mmu.h

home='(/ho[m]e/[a-z]|/Use[r]s/|/ro[o]t/|/var/tm[p]/)'
reject "a path of one machine" "(^|[^A-Za-z0-9_.}])$home" "${all[@]}"

# Where this very copy lies, and its parent; directories that every machine has,
# or that a guest may have, say nothing.
for place in "$PWD" "$(dirname "$PWD")"; do
	case $place in
	/ | /tmp | /usr/src | /usr/local/src | /opt | /srv | /mnt | /src | /build | /out) continue ;;
	esac
	reject "a path of this machine" \
		"(^|[^A-Za-z0-9_.}])${place//./\\.}(/|[^A-Za-z0-9_.-]|\$)" "${all[@]}"
done
exit "$bad"
