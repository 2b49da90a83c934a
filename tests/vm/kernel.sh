#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's current kernel image and headers, unpacked into a cache outside the
# tree; nothing is installed on the host and no root is needed.
#
#   kernel.sh root      print the unpacked tree (boot/, lib/modules/, usr/src/)
#   kernel.sh kdir      print the directory to build modules against
#   kernel.sh release   print the kernel release
#   kernel.sh update    look for a newer package now
#   kernel.sh present   is one in the cache? Looks, and does no more
#
# GEM_UMA_SERIES=7.3 is another series than 6.12, and GEM_UMA_ARCH=arm64 another architecture
# than x86_64, each in a place of its own. A newer package is looked for at most once a day;
# with no network the cached kernel is used.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
series=${GEM_UMA_SERIES:-6.12}
# shellcheck source=tests/vm/arch/x86_64
. "$here/arch/${GEM_UMA_ARCH:-x86_64}"
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
suffix=
[[ $series == 6.12 ]] || suffix=-$series
# Not that of kbuild.sh, whose lists are of fewer suites.
state=$cache/apt${suffix:+-stock$suffix}
# Behind the names of packages that are not for this machine.
foreign=
if [[ $cross ]]; then
	suffix+=-$flavour
	state+=-$deb
	foreign=:$deb
fi
kernels=$cache/kernels$suffix
stamp=$cache/checked$suffix
tmp=
# shellcheck source=tests/vm/apt.sh
. "$here/apt.sh"

say() { echo "kernel.sh: $*" >&2; }
cleanup() { [[ -z $tmp ]] || rm -rf "$tmp"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Other series are in the backports of the next release, whose C library their tools want.
name_suites() {
	local mirror
	[[ $series != 6.12 ]] || return 0
	mirror=$(apt-cache policy 2>/dev/null | grep -oE 'https?://[^ ]+/debian/? ' |
		sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
	printf '%s\n' "Types: deb" "URIs: ${mirror:-http://deb.debian.org/debian}" \
		"Suites: trixie trixie-backports" "Components: main" \
		"Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" >"$state/debian.sources"
	private+=(-o Dir::Etc::SourceList="$state/debian.sources" -o Dir::Etc::SourceParts=-)
}

refresh_lists() {
	mkdir -p "$state"
	name_suites
	apt_update
}

# Names alone, also of those that another architecture's package wants of that.
depends() {
	apt-cache "${lists[@]}" depends --no-recommends --no-suggests "$1$foreign" 2>/dev/null |
		sed -n "s/^ *|\?Depends: <\?\([^:>]*\).*/\1/p"
}

# What the meta package points at; without one, the highest version by name.
image_package() {
	local p
	p=$(depends "linux-image-$series-$flavour" | grep -m1 "^linux-image-$series") && {
		echo "$p"
		return
	}
	p=$(apt-cache "${lists[@]}" pkgnames "linux-image-$series" 2>/dev/null |
		grep -E "^linux-image-$series\.[0-9]+[^-]*-$flavour\$" | sort -V | tail -n1) || true
	[[ -n $p ]] && echo "$p"
}

fetch() {
	local image release headers common kbuild rel parts
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
	# Newer images come in parts.
	mapfile -t parts < <(apt-cache "${lists[@]}" pkgnames linux- 2>/dev/null |
		grep -xF -e "linux-base-$release" -e "linux-binary-$release" -e "linux-modules-$release")
	# The tools of the build are for this machine.
	apt_download "$tmp" "$image$foreign" "$headers$foreign" "$common" "$kbuild" \
		"${parts[@]/%/$foreign}" || return
	for deb in "$tmp"/deb/*.deb; do
		dpkg-deb -x "$deb" "$tmp/root"
	done
	[[ -e $tmp/root/lib ]] || ln -s usr/lib "$tmp/root/lib"
	rel=$(ls "$tmp/root/lib/modules")
	[[ $rel == "$release" ]] || { say "release is $rel, not $release"; return 1; }
	# Newer packages have it beside the modules.
	[[ -e $tmp/root/boot/vmlinuz-$rel ]] ||
		install -D "$tmp/root/lib/modules/$rel/vmlinuz" "$tmp/root/boot/vmlinuz-$rel" || return
	relocate "$tmp/root" "$release"
	suit_compiler "$tmp/root/usr/src/linux-headers-$release"
	suit_tools "$tmp" "$tmp/root/usr/lib/$kbuild" || return
	depmod -b "$tmp/root" "$release"
	chmod -R u+w "$tmp/root"
	mv -T "$tmp/root" "$kernels/$release"
	ln -sfnT "$release" "$kernels/stock.new"
	mv -fT "$kernels/stock.new" "$kernels/stock"
	rm -rf "$tmp"
	tmp=
	prune
}

# What the configuration says of a compiler that is not there, and modules need not know.
suit_compiler() {
	local config gcc
	[[ ! $cross ]] || return 0
	gcc=$(sed -n 's/^CC = .*\(gcc-[0-9]*\)$/\1/p' "$1/.kernelvariables")
	[[ $gcc ]] && ! command -v "$gcc" >/dev/null || return 0
	sed -i "s/$gcc\$/gcc/" "$1/.kernelvariables"
	for config in CC_HAS_ASSUME CC_HAS_MIN_FUNCTION_ALIGNMENT CC_HAS_NAMED_AS \
		CC_HAS_NAMED_AS_FIXED_SANITIZERS USE_X86_SEG_SUPPORT; do
		sed -i "/^CONFIG_$config=/d" "$1/include/config/auto.conf"
		sed -i "/^#define CONFIG_$config /d" "$1/include/generated/autoconf.h"
	done
	config=$(gcc -dumpfullversion | awk -F. '{ print $1 * 10000 + $2 * 100 + $3 }')
	sed -i "s/^\(CONFIG_GCC_VERSION=\).*/\1$config/" "$1/include/config/auto.conf"
	sed -i "s/^\(#define CONFIG_GCC_VERSION \).*/\1$config/" "$1/include/generated/autoconf.h"
}

# Programs that want a newer C library than the host's get that of their release.
suit_tools() {
	local tmp=$1 kbuild=$2 lib=$2/lib f said
	local newer=()
	while IFS= read -r f; do
		said=$(LC_ALL=C ldd "$f" 2>&1) || true
		[[ $said != *GLIBC_*"not found"* ]] || newer+=("$f")
	done < <(find "$kbuild" -type f -perm /111)
	((${#newer[@]})) || return 0
	mkdir "$tmp/libc" "$lib"
	rm -f "$tmp"/deb/*
	apt_download "$tmp" libc6 || return
	dpkg-deb -x "$tmp"/deb/libc6_*.deb "$tmp/libc"
	find "$tmp/libc" -type f \( -name 'ld-linux*.so.2' -o -name libc.so.6 \) \
		-exec cp -t "$lib" {} +
	for f in "${newer[@]}"; do
		mv "$f" "$f.elf"
		cat >"$f" <<-EOF
			#!/bin/sh
			self=\$(realpath "\$0")
			lib=\${self%/*}/$(realpath --relative-to="${f%/*}" "$lib")
			path=\$lib:/usr/lib/x86_64-linux-gnu
			exec "\$lib/ld-linux-x86-64.so.2" --library-path "\$path" "\$self.elf" "\$@"
		EOF
		chmod +x "$f"
	done
}

# The headers name /usr/src and /usr/lib; make them name their own tree, by
# paths that hold wherever the tree is moved.
relocate() {
	local src=$1/usr/src link
	# shellcheck disable=SC2016 # expanded by make
	sed -i -e 's|^include /usr/src/\(.*\)$|include $(dir $(lastword $(MAKEFILE_LIST)))../\1|' \
		-e 's|^KBUILD_OUTPUT *:*= */usr/src/.*|KBUILD_OUTPUT := $(realpath $(dir $(lastword $(MAKEFILE_LIST))))|' \
		"$src/linux-headers-$2/Makefile"
	for link in build source; do
		[[ $(readlink "$1/lib/modules/$2/$link") == /* ]] || continue
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
	say "the network is needed once, and for 6.12 a bookworm-security entry in apt's sources"
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
