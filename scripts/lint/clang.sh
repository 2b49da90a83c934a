#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# All modules compiled by clang, W=1, without a warning. That the modules link says
# nothing here: nobody loads them.
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need clang
stock_kdir
farm clang
rc=0
clang_build "$kdir" || rc=$?
if findings '[Ww]arning:|error:' || ((rc)); then
	((!rc)) || tail -n 5 "$farm.log"
	exit 1
fi
echo "clang compiled $(grep -c '^  CC \[M\]  .*[^d]\.o$' "$farm.log") files"
