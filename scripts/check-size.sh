#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A .c file is one noun: at most 800 lines. A function fits on a screen: at
# most 45 lines between its braces.
set -euo pipefail
cd "$(dirname "$0")/.."

mapfile -t sources < <(scripts/tree-files.sh '*.[ch]')
((${#sources[@]})) || { echo "found no sources to check"; exit 1; }

awk -v max_file=800 -v max_function=45 '
function end_of_file() {
	if (file ~ /\.c$/ && lines > max_file) {
		print file ":" lines ": " lines " lines, " max_file " allowed"
		bad = 1
	}
	if (open) {
		print file ":" open ": no closing brace in the first column"
		bad = 1
	}
}
FNR == 1 { if (file) end_of_file(); file = FILENAME; open = 0; head = "" }
{ lines = FNR }
# The name stands in the line where the arguments begin, in the first column.
/^[A-Za-z_].*\(/ && !open { head = $0; sub(/\(.*/, "", head); sub(/.*[ *]/, "", head) }
/^\{/ { open = FNR }
/^\}/ && open {
	if (FNR - open - 1 > max_function) {
		print file ":" open ": " head "() has " FNR - open - 1 " lines, " \
			max_function " allowed"
		bad = 1
	}
	open = 0
}
END { end_of_file(); exit bad }
' "${sources[@]}"
