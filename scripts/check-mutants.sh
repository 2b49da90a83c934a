#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each patch of tests/mutants still applies, and the test that it names exists. Whether
# that test fails is for make mutants to find out, which takes long.
set -euo pipefail
cd "$(dirname "$0")/.."

bad=0
complain() {
	echo "$*"
	bad=1
}

patches=(tests/mutants/*.patch)
[[ -e ${patches[0]} ]] || { echo "found no mutants to check"; exit 1; }
for p in "${patches[@]}"; do
	said=$(patch --dry-run -s -f -p1 <"$p" 2>&1) || complain "$p: does not apply: ${said//$'\n'/; }"
	# A report in the log of the kernel is no test.
	name=$(sed -n '/^---/q; s/^Fails: *//p' "$p")
	[[ $name == kernel-log ]] || grep -rqFw --include='*.c' -e "${name:-no name}" tests gem_uma/tests ||
		complain "$p: no test has the name '$name'"
done
exit $bad
