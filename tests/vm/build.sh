#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   build.sh modules [VARIABLE=VALUE...]   our kernel modules, W=1, into
#                                          build/<kernelrelease>/
#   build.sh user                          guest programs, into build/user/
#
# KDIR=<kernel build> builds against another kernel, GEM_UMA_ARCH=arm64 for another architecture,
# whose programs go into build/user-arm64/. Variables like LLVM=1 or
# GCOV_PROFILE=y reach kbuild as arguments only: see stated-make. Objects never land in
# the source tree: the rooms are mirrored by symlinks under build/, and kbuild works
# there.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
jobs=$(nproc)
# shellcheck source=tests/vm/arch/x86_64
. "$here/arch/${GEM_UMA_ARCH:-x86_64}"
# Kernel headers name their compiler without a place; a kernel build of ours names none.
for_arch=()
if [[ $cross ]]; then
	for_arch=(ARCH="$kbuild" CROSS_COMPILE="$cross")
	sysroot=$("$here/toolchain.sh" root)
	export PATH=$sysroot/usr/bin:$PATH
fi

# A flock on the directory itself: nothing to clean up, whoever dies.
lock_dir() {
	mkdir -p "$1"
	exec 9<"$1"
	flock 9
}

mirror() {
	local farm=$1 room
	local rooms=(gem_uma vuma include compat docs/examples bench/peers tests/stress/delay)

	for room in "${rooms[@]}"; do
		[[ -d $top/$room ]] || continue
		(cd "$top" && find "$room" -type d -print0) |
			(cd "$farm" && xargs -0 mkdir -p)
		(cd "$top" && find "$room" \( -name '*.[chS]' -o -name 'Makefile*' -o -name probe.sh \
			-o -name Kbuild -o -name Kconfig \) -print0) |
			while IFS= read -r -d '' f; do
				[[ $farm/$f -ef $top/$f ]] || ln -sfn "$top/$f" "$farm/$f"
			done
	done
	ln -sfn "$top/Kbuild" "$top/config.mk" "$farm/"
	# a file that left the tree must leave the build
	find "$farm" -xtype l -delete
}

# modules [VARIABLE=VALUE...]
modules() {
	local kdir release farm log cc=()
	kdir=${KDIR:-$("$here/kernel.sh" kdir)}
	release=$("$here/stated-make" -s -C "$kdir" "${for_arch[@]}" kernelrelease)
	farm=$top/build/$release
	lock_dir "$farm"
	mirror "$farm"
	log=$farm/build.log
	# A fresh clone at the place of an old one compiles only what is new.
	if [[ " $*" != *" "@(CC|LLVM|CROSS_COMPILE)=* ]] && command -v ccache >/dev/null; then
		cc=(CC="ccache ${cross}gcc")
	fi
	# BTF needs the kernel's vmlinux with debug info, which headers do not have.
	"$here/stated-make" -C "$kdir" M="$farm" W=1 CONFIG_DEBUG_INFO_BTF_MODULES= \
		-j"$jobs" "${for_arch[@]}" "${cc[@]}" "$@" modules 9<&- >"$log" 2>&1 || {
		cat "$log" >&2
		return 1
	}
	# modpost and the linker only warn; for our code a warning is an error
	if grep -E '(^WARNING|[Ww]arning:)' "$log" |
		grep -vE 'the compiler differs from the one used|^warning: pahole' >&2; then
		echo "build.sh: warnings are errors (all of it: $log)" >&2
		return 1
	fi
	[[ " $*" != *" V="* ]] || cat "$log"
	ln -sfn "$release" "$top/build/.modules.$$"
	mv -fT "$top/build/.modules.$$" "$top/build/modules"
	prune_modules "$farm"
	local kos
	mapfile -t kos < <(find "$farm" -name '*.ko' -printf '%f\n' | sort)
	echo "modules for $release: ${kos[*]:-none}"
}

# A module whose room is gone would otherwise be packed for ever.
prune_modules() {
	local ko
	find "$1" -name '*.ko' | while read -r ko; do
		grep -qsF "${ko#"$1"/}" <(sed 's/\.o$/.ko/' "$1/modules.order") || rm -f "$ko"
	done
}

user() {
	local out=$top/build/user room with=()
	if [[ $cross ]]; then
		# Guests have no libraries of it.
		out+=-$deb
		with=(CC="${cross}gcc" LDFLAGS=-static DRM_CFLAGS="-I$sysroot/usr/include -I$sysroot/usr/include/libdrm"
			DRM_LIBS="-L$sysroot/usr/lib/${cross%-} -ldrm")
	fi
	lock_dir "$out"
	mkdir -p "$out/bin"
	for room in tests/uapi tests/demo tests/stress bench; do
		[[ -f $top/$room/Makefile ]] || continue
		"$here/stated-make" --no-print-directory -s -j"$jobs" -C "$top/$room" \
			O="$out" "${with[@]}" all 9<&-
	done
}

case ${1:-} in
modules) modules "${@:2}" ;;
user) user ;;
*) sed -n '4,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
