#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every shell script passes the linter.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 4; }

scripts=()
while IFS= read -r file; do
	read -r line <"$file" || true
	case $file:$line in
	*.sh:* | *:'#!'*sh) scripts+=("$file") ;;
	esac
done < <(scripts/tree-files.sh | grep -v -e '^LICENSES/' -e '\.[ch]$')
((${#scripts[@]})) || { echo "found no scripts to check"; exit 1; }

shellcheck --external-sources "${scripts[@]}"
