#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
#   port-demos DRIVER:MODULE...
#
# In the guest: port_demo with each driver, as it is and ported.
rc=0
uname -r >/out/release
for run; do
	for variant in stock ported; do
		PROGRAM=port_demo port-run "${run%:*}" "${run#*:}" "$variant" -v "$variant" >/dev/null || rc=1
	done
done
exit $rc
