#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-ports.sh [--debug | --bounce] [--write] [DRIVER...]
#
# In-tree drivers, each as it is and ported to the library: both are compiled from
# Debian's source of 7.3, and run the same tests in one guest. Prints the verdicts side by
# side; a ported driver may differ from its original only as ports/DRIVER/differences says.
# Drivers of which ports/DRIVER/names says that they are compiled only are not in the guest.
#
# The guest is Debian's own 7.3 kernel; --debug: ours, with KASAN and lockdep, for ported
# drivers alone, since after a report about an original lockdep says no more. --bounce: Debian's,
# and no device reaches memory without a copy; drivers that can do with that. --write keeps the
# results in ports/DRIVER/result, of which the table of the README is made.
# TEST=<pattern> runs only tests with such names.
#
# Without a name, further steps of a port come at last, each beside the original again.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/ports
slow=1
more=(--mem 512M)
lane=stock variants='stock ported' write=() device=qemu flags=()
while [[ ${1:-} == --* ]]; do
	case $1 in
	--debug) lane=debug variants=ported slow=6 more=(--mem 1G --append mitigations=off) ;;
	--bounce) device=bounce more=(--mem 768M --append 'swiotlb=32768,force') ;;
	--write) write=(--write) ;;
	*) sed -n '4,16s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	esac
	flags+=("$1")
	shift
done
steps=() whole=
[[ $#$lane$device${TEST:-} != 0stockqemu ]] || whole=y
(($#)) || [[ $device != qemu ]] || mapfile -t steps < <("$top/ports/list.sh" steps)
cd "$top" || exit
. tests/ports/guest.sh
ports_drivers "$@"
[[ $device == qemu ]] || mapfile -t drivers < <(cd ports && grep -l "^$device=" "${drivers[@]/%//names}" 2>/dev/null </dev/null | cut -d/ -f1)
# One kernel that they are compiled for is enough: others need not have what they call.
[[ $lane == stock && $device == qemu ]] || compiled=()
((${#drivers[@]} + ${#compiled[@]})) || { echo "nothing to do here for ${*:-any port}" >&2; exit 2; }
scripts/deps.sh ports clients || exit
rm -rf "$out"
mkdir -p "$out"

ports_kernel "$lane" || exit

results=("$out/build.json")
"$here/step" build "$out/build.json" -- ports/build.sh "${drivers[@]}" "${compiled[@]}" || {
	"$here/summary" "${results[@]}"
	exit 1
}
for driver in "${compiled[@]}"; do
	echo "$driver: compiled, not run: $(ports/name.sh "$driver" compiled)"
done
((${#drivers[@]})) || { "$here/summary" "${results[@]}"; exit; }

# jobs ENVIRONMENT: for each driver and variant.
jobs() {
	local driver module variant log
	for driver in "${drivers[@]}"; do
		module=$(ports/name.sh "$driver" module)
		for variant in $variants; do
			# The helper tells of a limit by an error; its clients are killed at times.
			log=
			[[ $variant == ported ]] || log=,oom-ok$(ports/name.sh "$driver" log | sed 's/^./,&/')
			echo "$driver-$variant$log 900 $1 MODEL=$(ports/name.sh "$driver" model) port-run $driver $module $variant${TEST:+ -t $TEST}"
		done
	done
}

# boot NAME ENVIRONMENT: a guest that runs them.
boot() {
	jobs "$2" >"$out/$1.txt"
	ports_guest
	results+=("$out/$1.json")
	"$here/run" --kernel "$tree" --slow "$slow" "${more[@]}" --jobs "$out/$1.txt" --name "$1" \
		--out "$out" --timeout 2400 "${guest[@]}"
}

# Sleep ends what the host exports, so it has a guest of its own.
[[ ${TEST:-} == suspend_* ]] || boot guest "SCREEN=$(realpath "$out")/screen.ppm"
[[ ${TEST:-suspend_} != suspend_* ]] || sleeps=y boot suspend "SLEEPS=y PROGRAM=port_suspend"
# What is not to be seen on 6.12: behind an IOMMU a buffer has one range of addresses.
[[ ! $whole ]] || {
	results+=("$out/edu.json")
	"$here/run" --kernel "$tree" --jobs tests/uapi/jobs-edu.txt --name edu --out "$out" --timeout 600
}
[[ $lane == debug || $device == bounce || ${TEST:-} == suspend_* ]] || {
	cp "$built/ported/lines" "$out/lines"
	results+=("$out/report.json")
	"$here/step" report "$out/report.json" -- ports/report.py "${write[@]}" "$out" "${drivers[@]}"
}
rc=0
"$here/summary" "${results[@]}" || rc=1
for step in "${steps[@]}"; do
	OUT=${OUT:-$top/out}/$step "$here/check-ports.sh" "${flags[@]}" "$step" || rc=1
done
exit "$rc"
