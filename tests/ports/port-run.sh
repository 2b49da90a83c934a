#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
#   port-run DRIVER MODULE stock|ported [-t TEST]
#
# In the guest: loads a driver and the model of its device, runs the tests, and unloads
# them. What they say goes to /out/DRIVER-VARIANT.tap; that of a ported driver is judged,
# too. PROGRAM=<program> runs instead of the tests. MODEL=<driver>: it is tested as that one.
# SLEEPS=y: the machine will sleep, which nothing that the host exports survives.
driver=$1 module=$2 variant=$3
shift 3

out=/out
if [ "$SLEEPS" ]; then
	out=/tmp
	umount /out 2>/dev/null
elif [ ! -d /clients/usr ]; then
	clients-setup || exit
fi
inject-setup || exit

params=
# One plane, as the tests lead it.
[ "$driver" != vkms ] || params=enable_cursor=0
# A job that waits for a slow guest is no job that hangs.
[ "$driver" != lima ] || params=sched_timeout_ms=100000
model=/ports/${MODEL:=$driver}_model.ko
for ko in /ports/needed/*.ko; do
	name=$(basename "$ko" .ko | tr - _)
	[ ! -e "$ko" ] || grep -q "^$name " /proc/modules || insmod "$ko" || exit
done
[ ! -e "$model" ] || insmod "$model" || exit
# shellcheck disable=SC2086 # none, or one
insmod "/ports/$variant/$module.ko" $params || exit
${PROGRAM:-t_ports} -d "$MODEL" "$@" >"$out/$driver-$variant.tap"
rc=$?
[ "$variant$SLEEPS" = stock ] || cat "$out/$driver-$variant.tap"

# The last references of closed files may be on their way.
for name in "$(echo "$module" | tr - _)" "${MODEL}_model"; do
	n=0
	while grep -q "^$name " /proc/modules && ! rmmod "$name" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "$name: still in use" && exit 1; }
		sleep 0.1
	done
done
[ "$variant" = stock ] || exit $rc
