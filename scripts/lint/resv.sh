#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Which function calls one marked __must_hold() without having a resv? clang knows, with
# the declarations of resv.h. Nothing is generated.
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need clang
stock_kdir
farm resv
# Without objects there is nothing to link, and make fails for that.
clang_build "$kdir" -include "$top/scripts/lint/resv.h" -Wthread-safety -fsyntax-only || true
findings 'warning:|error:' && exit 1
seen=$(grep -c '^  CC \[M\]  .*[^d]\.o$' "$farm.log" || true)
echo "clang looked at $seen files"
((seen))
