#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kernel-doc -Wall -Werror of each kernel source that the cache has: newer ones see
# more than the one that comes with the headers, which scripts/check-kdoc.py runs.
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lib.sh"
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}

files=("$@")
((${#files[@]})) || mapfile -t files < <(scripts/tree-files.sh 'include/*.h' \
	'gem_uma/*.[ch]' 'vuma/*.[ch]' 'bench/peers/*.c' 'docs/examples/*.c')
tried=0
bad=0
for tool in "$cache"/sources/*/scripts/kernel-doc; do
	[[ -x $tool ]] || continue
	tried=$((tried + 1))
	"$tool" -none -Wall -Werror "${files[@]}" || bad=1
done
((tried)) || skip "no kernel source in the cache: tests/vm/kbuild.sh source 7.3 fetches one"
echo "${#files[@]} files, $tried versions of kernel-doc"
((!bad))
