#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make lint: what compilers and checkers find in the sources without running them.
# KTAP on stdout; the last line is the sum. Details stay in $OUT/lint.
#
#   lint.sh [NAME...]    all, or only those named; lint-NAME is scripts/lint/NAME.sh
#
# What needs neither another compiler nor these tools is scripts/check.sh, which make
# check runs.
#
#   lint-sparse   address spaces, endianness, contexts, what should be static
#   lint-clang    all modules by clang, without a warning
#   lint-resv     every caller of a _locked function has a resv, by clang
#   lint-cocci    our own rules: private members, reclaim and fences, puts, sizes
#   lint-kdoc     kernel-doc of every kernel source in the cache
#   lint-text     what the ports share with the drivers that they port
#   lint-selftest the proof that each of them can fail; by its name only
set -uo pipefail
cd "$(dirname "$0")/.." || exit

names=("$@")
((${#names[@]})) || names=(lint-sparse lint-clang lint-resv lint-cocci lint-kdoc lint-text)

CHECK_LOGS=${OUT:-$PWD/out}/lint
export CHECK_LOGS
mkdir -p "$CHECK_LOGS"
scripts/check.sh "${names[@]}" | tee "$CHECK_LOGS/lint.tap"
exit "${PIPESTATUS[0]}"
