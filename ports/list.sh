#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   list.sh             all ports
#   list.sh run         those that tests run
#   list.sh compiled    those that are compiled, and not run: ports/DRIVER/names says why
set -euo pipefail
export LC_ALL=C

ports=$(dirname "$0")
which=${1:-all}
[[ $# -le 1 && $which == @(all|run|compiled) ]] || { sed -n '4,6s/^# \{0,1\}//p' "$0" >&2; exit 2; }
for driver in "$ports"/*/; do
	driver=$(basename "$driver")
	compgen -G "$ports/$driver/*.cocci" >/dev/null || continue
	is=run
	[[ ! $("$ports/name.sh" "$driver" compiled) ]] || is=compiled
	[[ $which != all && $which != "$is" ]] || echo "$driver"
done
