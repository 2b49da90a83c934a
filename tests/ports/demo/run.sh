#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   run.sh [DRIVER...]    make demo-ports
#
# One guest with in-tree drivers, as they are and ported: a client of each is asked for its
# memory, and gets a limit. A line for each thing that happens; the timelines go to
# out/ports-demo/demo-ports.svg, the numbers beside it.
set -euo pipefail

cd "$(dirname "$0")/../../.."
. tests/ports/guest.sh
out=${OUT:-out}/ports-demo
ports_prepare "$out" "$@"

rc=0
tests/vm/run --kernel "$tree" --mem 512M --timeout 900 --name guest --out "$out" \
	--flags oom-ok,global-oom-ok "${guest[@]}" --file tests/ports/demo/guest.sh:/bin/port-demos \
	-- port-demos "${runs[@]}" || rc=$?

git=$(git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
jq -s --arg git "$git" --arg kernel "$(cat "$out/release")" '{ $git, $kernel, runs: . }' \
	"$out"/demo-*-*.json >"$out/demo-ports.json"
gnuplot -e "dir='$out'" tests/ports/demo/plot.gp
echo
printf ' %-36s %s\n' "$out/demo-ports.svg" "the timelines, to look at" \
	"$out/demo-ports.json" "these numbers" "$out/guest.dmesg" "the kernel log of the guest"
exit "$rc"
