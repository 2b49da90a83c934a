#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What builds for another architecture: Debian's cross compiler, C library, libdrm and a
# busybox for guests, unpacked into a cache outside the tree. Nothing is installed: the
# compiler's package conflicts with others, and it works wherever it lies.
#
#   toolchain.sh root      print the unpacked tree
#   toolchain.sh present   is it in the cache? Looks, and does no more
#
# GEM_UMA_ARCH names the architecture.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/vm/arch/arm64
. "$here/arch/${GEM_UMA_ARCH:?}"
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
root=$cache/toolchain-$deb
state=$cache/apt-$deb
tmp=
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

trap '[[ -z $tmp ]] || rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The version of the compiler is that of Debian's kernel.
triplet=${cross%-}
packages=(
	"gcc-12-$triplet" "cpp-12-$triplet" "binutils-$triplet" "libgcc-12-dev-$deb-cross"
	"libc6-$deb-cross" "libc6-dev-$deb-cross" "linux-libc-dev-$deb-cross"
	"libdrm-dev:$deb" "busybox-static:$deb"
)

fetch() {
	local f
	echo "toolchain.sh: fetching a cross compiler for $deb (40 MB, once)" >&2
	tmp=$(mktemp -d "$cache/.toolchain.XXXXXX")
	apt_update || { echo "toolchain.sh: Debian's lists of packages cannot be read" >&2; return 1; }
	lists=("${private[@]}")
	apt_download "$tmp" "${packages[@]}" || return
	for f in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$f" "$tmp/root"
	done
	# Kernel builds want the names without a version.
	for f in "$tmp/root/usr/bin/$cross"*-12; do
		ln -s "${f##*/}" "${f%-12}"
	done
	for f in "$tmp/root/usr/bin/"*; do
		[[ -L $f ]] || lend_libraries "$f"
	done
	mv -T "$tmp/root" "$root"
}

# The libraries of some tools lie where the system does not look.
lend_libraries() {
	[[ $(LC_ALL=C ldd "$1" 2>&1) == *"not found"* ]] || return 0
	mv "$1" "$1.elf"
	cat >"$1" <<-'EOF'
		#!/bin/sh
		self=$(realpath "$0")
		lib=${self%/bin/*}/lib/x86_64-linux-gnu
		LD_LIBRARY_PATH=$lib exec "$self.elf" "$@"
	EOF
	chmod +x "$1"
}

case ${1:-} in
present) [[ -d $root ]] ;;
root)
	if [[ ! -d $root ]]; then
		mkdir -p "$cache"
		exec 9<"$cache"
		flock 9
		[[ -d $root ]] || fetch 9<&-
	fi
	echo "$root"
	;;
*) sed -n '4,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
