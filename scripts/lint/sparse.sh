#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sparse over all modules: address spaces, endianness, contexts, missing static.
#
#   KDIR=<kernel build>    another kernel; otherwise the debug kernels that
#                          tests/vm/kbuild.sh has built, or Debian's where none of 6.12 is
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need sparse
stock_kdir

check() {
	local checked rc=0
	farm "sparse-$1"
	# -Wsparse-all finds faults in each kernel header; these are about our code.
	build "$2" C=2 CF="-Wcontext -Wundef -Wreturn-void -Wuninitialized" || rc=$?
	findings 'warning:|error:' | grep -v '^/' >"$farm.found" || true
	checked=$(grep -c '^  CHECK ' "$farm.log" || true)
	sed "s|^|$1: |" "$farm.found"
	if ((rc)) && [[ ! -s $farm.found ]]; then
		tail -n 20 "$farm.log"
	fi
	echo "$1: sparse looked at $checked files"
	((!rc && checked)) && [[ ! -s $farm.found ]] || bad=1
}

bad=0
# has all that Debian's has, the unit tests, and lockdep's part of the library
debug=
[[ -n ${KDIR:-} ]] || debug=$(built_kdir 6.12)
if [[ -n $debug ]]; then
	check debug "$debug"
else
	check stock "$kdir"
fi
if [[ -z ${KDIR:-} ]]; then
	newest=$(built_kdir 7.3)
	if [[ -z $newest ]]; then
		:
	elif [[ $("$newest/source/scripts/checker-valid.sh" sparse) != 1 ]]; then
		echo "7.3: refuses sparse $(sparse --version)"
	else
		check 7.3 "$newest"
	fi
fi
((!bad))
