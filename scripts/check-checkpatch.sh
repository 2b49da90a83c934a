#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# No finding of checkpatch --strict in any C file. .checkpatch.conf holds what
# goes for all of them; the kinds that are not plain kernel code are here.
#
#   check-checkpatch.sh [FILE...]    paths from the top of the tree
#
# All files take minutes. One that was clean is not looked at again while it, the tool
# and what is ignored are the same: the cache has their checksums.
set -euo pipefail
cd "$(dirname "$0")/.."

rc=0
checkpatch=$(scripts/kernel-tools.sh checkpatch 2>&1) || rc=$?
if ((rc)); then
	tail -n 1 <<<"$checkpatch"
	exit "$rc"
fi
checkpatch=${checkpatch##*$'\n'}

# Programs: the kernel's types and macros are not theirs. Volatile is how a
# program says that a device writes to the memory it has mapped, and libdrm
# spells its names in camel case. A string may hold a word that is also a function,
# and a macro's argument be the name of a member, which takes no parentheses.
program=PREFER_KERNEL_TYPES,PREFER_DEFINED_ATTRIBUTE_MACRO,BIT_MACRO,VOLATILE
program+=,ARRAY_SIZE,CAMELCASE,EMBEDDED_FUNCTION_NAME,MACRO_ARG_PRECEDENCE
# The stand-in for kernel headers has to declare the kernel's types and macros
# under their names, the way those are written.
shim=$program,NEW_TYPEDEFS
# The one file about versions, and what is included for analysis only. Their shims
# redefine functions as macros, some of which drop an argument.
compat=LINUX_VERSION_CODE,CONSTANT_COMPARISON,MACRO_WITH_FLOW_CONTROL
compat+=,MACRO_ARG_UNUSED
# The twin fills its copy of the helper's operations when it is loaded.
peer=CONST_STRUCT
# Registers are volatile where they become calls. What is for spatch alone has no values.
port=VOLATILE,COMPLEX_MACRO,MACRO_ARG_UNUSED
# The macros of tracepoints are laid out like the structures that they make.
trace=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT

declare -A ignore=([kernel]='' [program]=$program [shim]=$shim [compat]=$compat [peer]=$peer
	[trace]=$trace [port]=$port)

kind_of() {
	case $1 in
	compat/* | scripts/lint/*.h) echo compat ;;
	tests/host/shim.h) echo shim ;;
	bench/peers/*) echo peer ;;
	*_trace.h) echo trace ;;
	ports/fake/* | ports/macros.h) echo port ;;
	tests/* | bench/*) echo program ;;
	*) echo kernel ;;
	esac
}

files=("$@")
((${#files[@]})) || mapfile -t files < <(scripts/tree-files.sh '*.[ch]')
((${#files[@]})) || { echo "found no sources to check"; exit 1; }

tool=$(dirname "$checkpatch")
clean=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}/checkpatch
mkdir -p "$clean"
find "$clean" -type f -mtime +30 -delete
clean+=/$(cat "$0" .checkpatch.conf "$checkpatch" "$tool/spelling.txt" \
	"$tool/const_structs.checkpatch" 2>/dev/null | sha256sum | cut -c1-16)
touch "$clean"
mapfile -t files < <(sha256sum "${files[@]}" | grep -vxFf "$clean" | cut -c67-)

# It leaves a cache of names behind, and complains that git knows no include/.
log=$(mktemp)
trap 'rm -f "$log" .checkpatch-camelcase.*' EXIT
for kind in "${!ignore[@]}"; do
	options=(--terse)
	[[ -z ${ignore[$kind]} ]] || options+=(--ignore "${ignore[$kind]}")
	for file in "${files[@]}"; do
		[[ $(kind_of "$file") != "$kind" ]] || printf '%s\0' "$file"
	done | xargs -0 -r -n 4 -P "$(nproc)" "$checkpatch" "${options[@]}" -f >>"$log" 2>&1 || rc=1
done
grep -v -e '^total: ' -e '^fatal: ' "$log" | sort || true
# Nothing is known of any file if the tool said what is no finding.
if ! grep -qvE '^(total|fatal): |^[^ ]+:[0-9]+: ' "$log" && ((${#files[@]})); then
	sha256sum "${files[@]}" | grep -vFf <(sed -n 's/^\([^ ]*\):[0-9]*: .*/  \1/p' "$log") >>"$clean" || true
fi
exit "$rc"
