#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make demo: boots one small guest, runs vuma-demo in it on both drivers, and draws
# what it measured. SEED=<n> repeats a run; OUT=<dir> is where the results go (out/);
# RUN="..." are more options of the runner.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}
# $RANDOM has 15 bits
seed=${SEED:-$((RANDOM << 15 | RANDOM))}
[[ $seed =~ ^[0-9]{1,19}$ ]] || { echo "SEED=$seed: not a number" >&2; exit 2; }

git_id() {
	git -C "$top" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown
}

guest=(vuma-demo --out /out --ram-mib 512 --seed "$seed" --git "$(git_id)")
if [[ -t 1 && ${TERM:-dumb} != dumb ]]; then
	width=$(tput cols 2>/dev/null || echo 80)
	# the live display needs lines that do not wrap
	((width < 80)) || guest+=(--tty --width "$width")
	[[ -n ${NO_COLOR:-} ]] || guest+=(--colour)
fi
[[ $(locale charmap 2>/dev/null) != UTF-8 ]] || guest+=(--utf8)

mkdir -p "$out"
# A folder of its own: a run that is killed leaves the last results alone, and two
# at a time do not write into each other's. Who lives holds a lock on his; what
# a kill -9 left over has none.
find "$out" -maxdepth 1 -name '.demo.*' -type d -mmin +1 -print0 |
	while IFS= read -r -d '' old; do
		! flock -n "$old" true || rm -rf "$old"
	done
work=$(mktemp -d "$out/.demo.XXXXXX")
exec {lock}<"$work"
flock "$lock"
pid=
# shellcheck disable=SC2317 # called by the traps
stop() {
	trap '' INT TERM HUP
	[[ -z $pid ]] || { kill -TERM "$pid" 2>/dev/null; wait "$pid" || true; }
	exit "$1"
}
trap 'rm -rf "$work"' EXIT
trap 'stop 130' INT
trap 'stop 143' TERM
trap 'stop 129' HUP

read -ra more <<<"${RUN:-}"
# In the background, so that a signal is handled at once and not after the guest.
setpriv --pdeathsig TERM "$top/tests/vm/run" --mem 512M --cpus 2 --swap 1G --timeout 900 \
	--name demo-guest --out "$work" --flags oom-ok,global-oom-ok \
	--modprobe vuma_shmem --modprobe vuma "${more[@]}" -- "${guest[@]}" {lock}<&- &
pid=$!
rc=0
wait "$pid" || rc=$?
pid=

files=(demo-guest.json demo-guest.log demo-guest.dmesg)
results=
if jq -e '.scenes | length > 0' "$work/demo.json" >/dev/null 2>&1; then
	results=1
	files+=(demo.json demo.csv demo.svg)
	gnuplot -e "dir='$work'" "$here/plot.gp" || { echo "demo: no plot" >&2; rc=1; }
elif ((rc == 0)); then
	echo "demo: the guest left no results" >&2
	rc=1
fi
for f in "${files[@]}"; do
	[[ ! -e $work/$f ]] || mv -f "$work/$f" "$out/$f"
done
if [[ -n $results ]]; then
	shown=${out#"$PWD"/}
	echo
	printf ' %-32s %s\n' "$shown/demo.svg" "the timeline, to look at" \
		"$shown/demo.json" "these numbers and more" \
		"$shown/demo.csv" "every sample" \
		"$shown/demo-guest.dmesg" "the kernel log of the guest"
fi
exit "$rc"
