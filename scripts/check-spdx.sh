#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every source opens with the licence tag that its place asks for: the first
# line, or the second below a #! line; /* */ in headers, // in kernel-style .c.
set -euo pipefail
cd "$(dirname "$0")/.."

bad=0
seen=0

complain() {
	echo "$1: $2"
	bad=1
}

# is_source FILE FIRST-LINE
is_source() {
	case $1 in
	*.[chS] | *.sh | *.py | *.gp | *.mk | *.cocci | *.rst) return 0 ;;
	Makefile | Kbuild | Kconfig | */Makefile | */Kbuild | */Kconfig) return 0 ;;
	.clang-format | .editorconfig | .checkpatch.conf | .gitignore) return 0 ;;
	esac
	[[ $2 == '#!'* ]]
}

while IFS= read -r file; do
	first='' line=''
	{ IFS= read -r first && IFS= read -r line; } <"$file" 2>/dev/null || :
	is_source "$file" "$first" || continue
	seen=$((seen + 1))
	[[ $first == '#!'* ]] || line=$first
	case $file in
	include/uapi/*) licence='GPL-2.0 WITH Linux-syscall-note' ;;
	*) licence='GPL-2.0' ;;
	esac
	case $file in
	*.h) want="/* SPDX-License-Identifier: $licence */" ;;
	*.c) want="// SPDX-License-Identifier: $licence" ;;
	*.S) want="/* SPDX-License-Identifier: $licence */" ;;
	*.rst) want=".. SPDX-License-Identifier: $licence" ;;
	*.cocci) want="// SPDX-License-Identifier: $licence" ;;
	*) want="# SPDX-License-Identifier: $licence" ;;
	esac
	[[ $line == "$want" ]] || complain "$file" "the licence line is not '$want'"
done < <(scripts/tree-files.sh)

for text in LICENSES/preferred/GPL-2.0 LICENSES/exceptions/Linux-syscall-note; do
	[[ -s $text ]] || complain "$text" "the licence text is missing"
done
((seen)) || complain . "found no sources to check"
exit "$bad"
