#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's current 6.12 kernel image and headers, unpacked into a cache outside
# the tree; nothing is installed on the host and no root is needed.
#
#   kernel.sh root      print the unpacked tree (boot/, lib/modules/, usr/src/)
#   kernel.sh kdir      print the directory to build modules against
#   kernel.sh release   print the kernel release
#   kernel.sh update    look for a newer package now
#   kernel.sh present   is one in the cache? Looks, and does no more
#
# A newer package is looked for at most once a day; with no network the cached
# kernel is used.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

series=${GEM_UMA_SERIES:-6.12}
arch=amd64
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
kernels=$cache/kernels
stamp=$cache/checked
tmp=

say() { echo "kernel.sh: $*" >&2; }
cleanup() { [[ -z $tmp ]] || rm -rf "$tmp"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The lists live in the cache, so no root is needed to refresh them and the
# system's own state is not touched.
private=(
	-o Dir::State::Lists="$cache/apt/lists"
	-o Dir::Cache="$cache/apt/cache"
)
quiet=(
	-q -o APT::Sandbox::User=root -o Acquire::Retries=2
	-o Acquire::http::Timeout=20 -o Acquire::Languages=none
)
lists=()

refresh_lists() {
	mkdir -p "$cache/apt/lists/partial" "$cache/apt/cache/archives/partial"
	apt-get "${quiet[@]}" "${private[@]}" update >/dev/null 2>&1
}

depends() {
	apt-cache "${lists[@]}" depends --no-recommends --no-suggests "$1" 2>/dev/null |
		sed -n "s/^ *|\?Depends: //p"
}

# What the meta package points at; without one, the highest version by name.
image_package() {
	local p
	p=$(depends "linux-image-$series-$arch" | grep -m1 "^linux-image-$series") && {
		echo "$p"
		return
	}
	p=$(apt-cache "${lists[@]}" pkgnames "linux-image-$series" 2>/dev/null |
		grep -E "^linux-image-$series\.[0-9]+[^-]*-$arch\$" | sort -V | tail -n1) || true
	[[ -n $p ]] && echo "$p"
}

fetch() {
	local image release headers common kbuild rel
	image=$(image_package) || return 1
	release=${image#linux-image-}
	release=${release%-unsigned}
	if [[ -d $kernels/$release ]]; then
		ln -sfnT "$release" "$kernels/stock.new"
		mv -fT "$kernels/stock.new" "$kernels/stock"
		return 0
	fi
	headers=linux-headers-$release
	common=$(depends "$headers" | grep -m1 '^linux-headers-.*-common') || return 1
	kbuild=$(depends "$headers" | grep -m1 '^linux-kbuild-') || return 1

	say "fetching $image (about 130 MB, once)"
	tmp=$(mktemp -d "$kernels/.tmp.XXXXXX")
	mkdir "$tmp/deb" "$tmp/root"
	(cd "$tmp/deb" && apt-get "${quiet[@]}" "${lists[@]}" download \
		"$image" "$headers" "$common" "$kbuild") >"$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		return 1
	}
	for deb in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root"
	done
	rel=$(ls "$tmp/root/lib/modules")
	[[ $rel == "$release" ]] || { say "release is $rel, not $release"; return 1; }
	relocate "$tmp/root" "$release"
	depmod -b "$tmp/root" "$release"
	chmod -R u+w "$tmp/root"
	mv -T "$tmp/root" "$kernels/$release"
	ln -sfnT "$release" "$kernels/stock.new"
	mv -fT "$kernels/stock.new" "$kernels/stock"
	rm -rf "$tmp"
	tmp=
	prune
}

# The headers name /usr/src and /usr/lib; make them name their own tree, by
# paths that hold wherever the tree is moved.
relocate() {
	local src=$1/usr/src link
	# shellcheck disable=SC2016 # expanded by make
	sed -i 's|^include /usr/src/\(.*\)$|include $(dir $(lastword $(MAKEFILE_LIST)))../\1|' \
		"$src/linux-headers-$2/Makefile"
	for link in build source; do
		[[ -L $1/lib/modules/$2/$link ]] || continue
		ln -sfnT "../../..$(readlink "$1/lib/modules/$2/$link")" "$1/lib/modules/$2/$link"
	done
	if grep -rIl --include='Makefile*' --include='.kernelvariables' \
		'^[^#]*include /usr/' "$src" | grep -q .; then
		say "absolute includes left in the unpacked headers"
		return 1
	fi
}

# The newest two stay: an older one may still be in use by a running guest.
prune() {
	local old
	find "$kernels" -mindepth 1 -maxdepth 1 -type d -name "$series.*" -printf '%f\n' |
		sort -V | head -n -2 | while read -r old; do
		rm -rf "${kernels:?}/$old"
	done
}

locked() {
	mkdir -p "$kernels"
	exec 9<"$kernels"
	flock 9
	# leftovers of a killed run; nobody else can own one while we hold the lock
	rm -rf "$kernels"/.tmp.*
}

checked_today() {
	[[ -L $kernels/stock && -n $(find "$stamp" -mmin -1440 2>/dev/null) ]]
}

ensure() {
	[[ $1 == now ]] || ! checked_today || return 0
	locked
	[[ $1 == now ]] || ! checked_today || return 0
	if refresh_lists; then
		lists=("${private[@]}")
		fetch && { touch "$stamp"; return 0; }
	fi
	lists=()
	if [[ -d $kernels/stock ]]; then
		# Offline: do not try again for an hour, each try costs seconds.
		touch -d '23 hours ago' "$stamp"
		[[ $1 != now ]] || say "no newer kernel could be looked for; using $(readlink "$kernels/stock")"
		return 0
	fi
	fetch && { touch "$stamp"; return 0; }
	say "no linux-image-$series package found and none cached in $kernels"
	say "the network (or a bookworm-security entry in apt's sources) is needed once"
	return 1
}

case ${1:-} in
root | kdir | release)
	ensure daily
	release=$(readlink "$kernels/stock")
	case $1 in
	root) echo "$kernels/$release" ;;
	kdir) echo "$kernels/$release/usr/src/linux-headers-$release" ;;
	release) echo "$release" ;;
	esac
	;;
present) [[ -e $kernels/stock/boot ]] ;;
update)
	ensure now
	readlink "$kernels/stock"
	;;
*)
	sed -n '4,15s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
