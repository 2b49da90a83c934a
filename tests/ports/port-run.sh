#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
#   port-run DRIVER stock|ported [-t TEST]
#
# In the guest: loads a driver and the model of its device, runs the tests, and unloads
# them. What they say goes to /out/DRIVER-VARIANT.tap; that of a ported driver is judged,
# too.
driver=$1 variant=$2
shift 2

params=
# One plane, as the tests lead it.
[ "$driver" != vkms ] || params=enable_cursor=0
model=/ports/${driver}_model.ko
[ ! -e "$model" ] || insmod "$model" || exit
# shellcheck disable=SC2086 # none, or one
insmod "/ports/$variant/$driver.ko" $params || exit
t_ports -d "$driver" "$@" >"/out/$driver-$variant.tap"
rc=$?
[ "$variant" = stock ] || cat "/out/$driver-$variant.tap"

# The last references of closed files may be on their way.
for module in "$driver" "${driver}_model"; do
	n=0
	while grep -q "^$module " /proc/modules && ! rmmod "$module" 2>/dev/null; do
		n=$((n + 1))
		[ $n -lt 100 ] || { echo "$module: still in use" && exit 1; }
		sleep 0.1
	done
done
[ "$variant" = stock ] || exit $rc
