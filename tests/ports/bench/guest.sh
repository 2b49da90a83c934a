#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
#   port-benches ROUNDS DRIVER:MODULE...
#
# In the guest: port_bench with each driver, as it is and ported, by turns.
rounds=$1
shift
for run; do
	i=0
	while [ $i -lt "$rounds" ]; do
		for variant in stock ported; do
			PROGRAM=port_bench port-run "${run%:*}" "${run#*:}" "$variant" -v "$variant" >/dev/null || exit
		done
		i=$((i + 1))
	done
done
