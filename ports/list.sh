#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   list.sh             all ports, but for further steps of one
#   list.sh run         those that tests run
#   list.sh compiled    those that are compiled, and not run: ports/DRIVER/names says why
#   list.sh steps       further steps of a port, alone
set -euo pipefail
export LC_ALL=C

ports=$(dirname "$0")
which=${1:-all}
[[ $# -le 1 && $which == @(all|run|compiled|steps) ]] || { sed -n '4,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for driver in "$ports"/*/; do
	driver=$(basename "$driver")
	compgen -G "$ports/$driver/*.cocci" >/dev/null || continue
	is=run
	if [[ $("$ports/name.sh" "$driver" base) ]]; then
		[[ $which != steps ]] || echo "$driver"
		continue
	fi
	[[ ! $("$ports/name.sh" "$driver" compiled) ]] || is=compiled
	[[ $which != all && $which != "$is" ]] || echo "$driver"
done
