#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-ports.sh [--debug] [--write] [DRIVER...]
#
# In-tree drivers, each as it is and ported to the library: both are compiled from
# Debian's source of 7.3, and run the same tests in one guest. Prints the verdicts side by
# side; a ported driver may differ from its original only as ports/DRIVER/differences says.
#
# The guest is Debian's own 7.3 kernel; --debug: ours, with KASAN and lockdep. --write
# keeps the results in ports/DRIVER/result, of which the table of the README is made.
# TEST=<pattern> runs only tests with such names.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/ports
series=7.3
drm=drivers/gpu/drm
slow=1
more=(--mem 512M)
lane=stock write=()
while [[ ${1:-} == --* ]]; do
	case $1 in
	--debug) lane=debug slow=6 more=(--mem 1G --append mitigations=off) ;;
	--write) write=(--write) ;;
	*) sed -n '4,14s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
	esac
	shift
done
cd "$top" || exit
drivers=("$@")
((${#drivers[@]})) || mapfile -t drivers < <(printf '%s\n' ports/*/*.cocci | cut -d/ -f2 | sort -u)
scripts/deps.sh ports || exit
rm -rf "$out"
mkdir -p "$out"

if [[ $lane == debug ]]; then
	scripts/deps.sh debug || exit
	tree=$("$here/kbuild.sh" debug "$series") || exit
	export KDIR=$tree/build
else
	tree=$(GEM_UMA_SERIES=$series "$here/kernel.sh" root) || exit
	KDIR=$(GEM_UMA_SERIES=$series "$here/kernel.sh" kdir) || exit
	export KDIR
fi

results=("$out/build.json")
"$here/step" build "$out/build.json" -- ports/build.sh "${drivers[@]}" || {
	"$here/summary" "${results[@]}"
	exit 1
}
built=build/ports/$("$here/stated-make" -s -C "$KDIR" kernelrelease)

# What insmod does not load by itself, and the devices that QEMU has.
loads=() qemu=()
for module in vuma drm_shmem_helper gpu_sched drm_exec gem_uma_fbdev configfs; do
	loads+=(--modprobe "$module")
done
files=(--file "$built/user/bin/t_ports:/bin/t_ports" --file tests/ports/port-run.sh:/bin/port-run)
for driver in "${drivers[@]}"; do
	for module in $(ports/name.sh "$driver" needs); do
		module=$(basename "$module" .c)
		if [[ -e $built/fake/$module.ko ]]; then
			files+=(--file "$built/fake/$module.ko:/ports/needed/$module.ko")
		else
			loads+=(--modprobe "$module")
		fi
	done
	device=$(ports/name.sh "$driver" qemu)
	[[ ! $device ]] || qemu+=(--qemu "$device")
done
# What a display of QEMU's shows, the guest learns from QEMU's monitor, through a port.
if ((${#qemu[@]})); then
	socket=path=gem-uma-$$,abstract=on
	qemu+=(--qemu "-chardev socket,id=mon,$socket,server=on,wait=off -mon mon,mode=control"
		--qemu "-chardev socket,id=ask,$socket"
		--qemu "-device virtserialport,chardev=ask,name=org.gem-uma.mon")
fi

for driver in "${drivers[@]}"; do
	module=$(ports/name.sh "$driver" module)
	for variant in stock ported; do
		files+=(--file "$built/$variant/$drm/$driver/$module.ko:/ports/$variant/$module.ko")
		# The helper tells of a limit by an error; its clients are killed at times.
		echo "$driver-$variant$([[ $variant == ported ]] || echo ,oom-ok) 900 SCREEN=$(realpath "$out")/screen.ppm port-run $driver $module $variant${TEST:+ -t $TEST}"
	done
	[[ ! -e $built/fake/${driver}_model.ko ]] ||
		files+=(--file "$built/fake/${driver}_model.ko:/ports/${driver}_model.ko")
done >"$out/jobs.txt"

results+=("$out/guest.json")
"$here/run" --kernel "$tree" --slow "$slow" "${more[@]}" --jobs "$out/jobs.txt" --name guest \
	--out "$out" --timeout 2400 "${loads[@]}" "${qemu[@]}" "${files[@]}"
cp "$built/ported/lines" "$out/lines"
results+=("$out/report.json")
"$here/step" report "$out/report.json" -- ports/report.py --lane "$lane" "${write[@]}" "$out" "${drivers[@]}"
"$here/summary" "${results[@]}"
