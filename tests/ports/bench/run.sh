#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   run.sh [--write] [DRIVER...]    make bench-ports
#
# What drivers take as they are and ported, by turns in one guest, whose clock counts the
# instructions of its one processor. Medians go to out/ports-bench/bench.csv; --write keeps
# them in ports/bench.csv, which is a table of docs/ports.rst.
set -euo pipefail

cd "$(dirname "$0")/../../.."
. tests/ports/guest.sh
write=
[[ ${1:-} != --write ]] || { write=y; shift; }
out=${OUT:-out}/ports-bench
ports_prepare "$out" "$@"

tests/vm/run --kernel "$tree" --mem 512M --timeout 1800 --name guest --out "$out" --icount \
	"${guest[@]}" --file tests/ports/bench/guest.sh:/bin/port-benches \
	-- port-benches "${ROUNDS:-5}" "${runs[@]}"
tests/ports/bench/report.py "$out/samples.csv" >"$out/bench.csv"
column -t -s, "$out/bench.csv"
[[ ! $write ]] || cp "$out/bench.csv" ports/bench.csv
