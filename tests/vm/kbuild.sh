#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kernels of our own, built once from Debian's source packages into the cache.
#
#   kbuild.sh <lane> <series>        build if needed, print the tree to boot:
#                                    boot/vmlinuz, lib/modules/, build/ (KDIR)
#   kbuild.sh source <series>        print the source tree
#   kbuild.sh present <lane> <series>   is that kernel built? Looks, and does no more
#
# Lanes are tests/vm/config/<lane>.config on top of base.config; series are 6.12
# and 7.3. GEM_UMA_ARCH=arm64 is another architecture than x86_64, cross-built: what differs
# there is in config/arch, and said last. A tree is keyed by source version, architecture and
# configuration, so a second call builds nothing. KSRC=<tree> uses sources of yours. Needs
# root only in so far as scripts/deps.sh does.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "$0")" && pwd)
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
sources=$cache/sources
trees=$cache/trees
# shellcheck source=tests/vm/arch/x86_64
. "$here/arch/${GEM_UMA_ARCH:-x86_64}"
# In names, of what is not for this machine.
suffix=${cross:+-${GEM_UMA_ARCH:-}}

say() { echo "kbuild.sh: $*" >&2; }

# 6.12 is in the release's own security archive; 7.3 in the backports of the next
# release, read through lists of their own so that nothing is ever installed from
# there.
apt_options() {
	local state=$cache/apt-$1 suites mirror
	mirror=$(apt-cache policy 2>/dev/null |
		grep -oE 'https?://[^ ]+/debian/? ' | sort | uniq -c | sort -rn |
		awk 'NR == 1 { print $2 }')
	mirror=${mirror:-http://deb.debian.org/debian}
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	apt=(-q -o APT::Sandbox::User=root -o Acquire::Languages=none
		-o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache")
	case $1 in
	6.12) ;;
	*)
		suites=trixie-backports
		printf '%s\n' "Types: deb" "URIs: $mirror" "Suites: $suites" \
			"Components: main" \
			"Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" \
			>"$state/backports.sources"
		apt+=(-o Dir::Etc::SourceList="$state/backports.sources"
			-o Dir::Etc::SourceParts=-)
		;;
	esac
}

unpack_source() {
	local series=$1 tmp
	tmp=$(mktemp -d "$sources/.tmp.XXXXXX")
	apt_options "$series"
	say "fetching linux-source-$series (about 150 MB, once)"
	if ! { apt-get "${apt[@]}" update && cd "$tmp" &&
		apt-get "${apt[@]}" download "linux-source-$series"; } \
		>"$tmp/log" 2>&1; then
		cat "$tmp/log" >&2
		rm -rf "$tmp"
		return 1
	fi
	dpkg-deb -x "$tmp"/*.deb "$tmp/deb"
	tar -C "$tmp" -xf "$tmp/deb/usr/src/linux-source-$series.tar.xz"
	mv -T "$tmp/linux-source-$series" "$sources/$series"
	rm -rf "$tmp"
}

source_tree() {
	if [[ -n ${KSRC:-} ]]; then
		realpath "$KSRC"
		return
	fi
	mkdir -p "$sources"
	(
		flock 9
		[[ -d $sources/$1 ]] || unpack_source "$1"
	) 9<"$sources"
	echo "$sources/$1"
}

kmake() {
	local with=()
	[[ ! $cross ]] || with=(ARCH="$kbuild" CROSS_COMPILE="$cross")
	command -v ccache >/dev/null && with+=(CC="ccache ${cross}gcc" HOSTCC="ccache gcc")
	"$here/stated-make" -s -C "$src" O="$1/build" -j"$(nproc)" "${with[@]}" "${@:2}"
}

# What a kernel is configured by. Of an option that is there twice, the last one counts.
fragments() {
	local f
	cat "$here/config/base.config" "$here/config/$lane.config"
	for f in $fragments; do
		cat "$here/config/arch/$f.config"
	done
}

configure() {
	mkdir -p "$1/build"
	fragments >"$1/build/all.config"
	# Modules are kept by the release of their kernel, as trees are by their name.
	[[ ! $suffix ]] || echo "CONFIG_LOCALVERSION=\"-$lane$suffix\"" >>"$1/build/all.config"
	kmake "$1" KCONFIG_ALLCONFIG="$1/build/all.config" allnoconfig
	# An option that Kconfig dropped would be missed only when it is too late.
	tac "$1/build/all.config" | awk -F= '!said[$1]++' |
		grep -E '^CONFIG_[A-Z0-9_]+=[ym]' | sort -u | grep -vxFf "$1/build/.config" >"$1/build/dropped" || true
	grep -vxFf <(grep -v '^#' "$here/config/optional" 2>/dev/null) \
		"$1/build/dropped" >"$1/build/dropped.bad" || true
	if [[ -s $1/build/dropped.bad ]]; then
		say "options that $2 does not take as asked for:"
		cat "$1/build/dropped.bad" >&2
		return 1
	fi
}

# A line now and then while the kernel is built; a read that nobody answers waits.
progress() {
	local begin=$SECONDS never
	exec {never}<> <(:)
	while read -rt "${PROGRESS_SECONDS:-60}" -u "$never" || kill -0 $$ 2>/dev/null; do
		say "$lane$suffix $series: $(find "$1/build" -name '*.o' 2>/dev/null | wc -l) objects after" \
			"$(((SECONDS - begin) / 60)) min"
	done
}

build() {
	local tree=$1 log=$1/build.log watcher
	say "building $lane$suffix for $series: some twenty minutes on two processors, once (log: $log)"
	rm -rf "$tree"
	mkdir -p "$tree/boot"
	progress "$tree" >/dev/null &
	watcher=$!
	if ! { configure "$tree" "$series" && kmake "$tree" &&
		kmake "$tree" INSTALL_MOD_PATH="$tree" modules_install; } \
		>"$log" 2>&1; then
		kill "$watcher"
		tail -n 40 "$log" >&2
		return 1
	fi
	kill "$watcher"
	cp "$tree/build/$image" "$tree/boot/vmlinuz"
	touch "$tree/done"
}

# Sets what a lane's kernel of a series is; src is its source.
kernel_of() {
	lane=$1 series=$2
	version=$("$here/stated-make" -s -C "$src" kernelversion)
	key=$(fragments | sha256sum | cut -c1-12)
	tree=$trees/$version-$lane$suffix-$key
}

case ${1:-} in
source)
	source_tree "${2:?series}"
	;;
present)
	src=${KSRC:-$sources/${3:?lane and series}}
	[[ -d $src ]] || exit
	kernel_of "$2" "$3"
	[[ -e $tree/done ]]
	;;
"" | -*)
	sed -n '4,17s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
*)
	[[ -f $here/config/$1.config ]] || { say "no lane $1"; exit 2; }
	src=$(source_tree "${2:?series}")
	[[ ! $cross ]] || { sysroot=$("$here/toolchain.sh" root); export PATH=$sysroot/usr/bin:$PATH; }
	kernel_of "$1" "$2"
	mkdir -p "$trees"
	exec 8>"$trees/.$version-$lane$suffix.lock"
	flock 8
	[[ -e $tree/done ]] || build "$tree" 8>&-
	echo "$tree"
	;;
esac
