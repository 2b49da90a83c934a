#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints the path of a tool that comes with the kernel.
#
#   kernel-tools.sh kernel-doc   from the unpacked kbuild package
#   kernel-tools.sh checkpatch   from $CHECKPATCH, or Debian's kernel source
#
# No header or kbuild package holds checkpatch.pl. It is taken once out of the
# linux-source package (150 MB; only three files of it are kept). Exit
# code 4, with the reason on stderr, when a tool cannot be installed.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
series=${GEM_UMA_SERIES:-6.12}
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
tools=$cache/tools-$series
files=(checkpatch.pl spelling.txt const_structs.checkpatch)
tmp=

unavailable() {
	echo "$*" >&2
	exit 4
}

kernel_doc() {
	local root path
	root=$("$top/tests/vm/kernel.sh" root) ||
		unavailable "no kernel headers cached and none could be fetched"
	path=$(find "$root/usr/lib" "$root/usr/src" -path '*/scripts/kernel-doc' -print -quit)
	[[ -n $path ]] || unavailable "the unpacked kernel packages hold no kernel-doc"
	echo "$path"
}

# The lists are those that tests/vm/kernel.sh keeps in the cache; the system's
# own serve where there are none.
download() {
	local options=(-q -o APT::Sandbox::User=root -o Acquire::Retries=2
		-o Acquire::http::Timeout=20)
	[[ ! -d $cache/apt/lists/partial ]] || options+=(
		-o "Dir::State::Lists=$cache/apt/lists" -o "Dir::Cache=$cache/apt/cache")
	apt-get "${options[@]}" download "$1"
}

extract() {
	local deb=$1 dir=linux-source-$series/scripts
	# The tools come long before the archive's end: tar stops early, and the
	# writers before it in the pipe die of that, which is no error.
	set +o pipefail
	dpkg-deb --fsys-tarfile "$deb" 2>/dev/null |
		tar -xO "./usr/src/linux-source-$series.tar.xz" 2>/dev/null |
		tar -xJ --occurrence=1 --strip-components=2 -C "$tmp" \
			"${files[@]/#/$dir/}" 2>/dev/null
	set -o pipefail
	for f in "${files[@]}"; do
		[[ -s $tmp/$f ]] || unavailable "linux-source-$series holds no scripts/$f"
	done
}

fetch_checkpatch() {
	mkdir -p "$cache"
	exec 9<"$cache"
	flock 9
	[[ ! -x $tools/checkpatch.pl ]] || return 0
	command -v apt-get >/dev/null ||
		unavailable "no checkpatch.pl: set CHECKPATCH to one (no apt-get here)"
	tmp=$(mktemp -d "$cache/.tools.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	echo "kernel-tools.sh: fetching linux-source-$series for checkpatch.pl (150 MB, once)" >&2
	(cd "$tmp" && download "linux-source-$series") >"$tmp/log" 2>&1 9<&- || {
		tail -n 3 "$tmp/log" >&2
		unavailable "linux-source-$series, which holds checkpatch.pl, could not be fetched"
	}
	extract "$tmp"/*.deb
	rm -f "$tmp"/*.deb "$tmp/log"
	chmod 755 "$tmp" "$tmp/checkpatch.pl"
	rm -rf "$tools"
	mv -T "$tmp" "$tools"
	exec 9<&-
}

checkpatch() {
	if [[ -n ${CHECKPATCH:-} ]]; then
		[[ -f $CHECKPATCH ]] || unavailable "CHECKPATCH=$CHECKPATCH is no file"
		echo "$CHECKPATCH"
		return
	fi
	# what tests/vm/kbuild.sh has unpacked for kernels of our own
	if [[ -x $cache/sources/$series/scripts/checkpatch.pl ]]; then
		echo "$cache/sources/$series/scripts/checkpatch.pl"
		return
	fi
	[[ -x $tools/checkpatch.pl ]] || fetch_checkpatch
	echo "$tools/checkpatch.pl"
}

case ${1:-} in
kernel-doc) kernel_doc ;;
checkpatch) checkpatch ;;
*)
	sed -n '4,11s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
