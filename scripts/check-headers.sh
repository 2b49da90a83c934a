#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every header compiles alone and included twice: in a module against the cached kernel
# headers, by gcc and, where there is one, by clang; the uAPI header also as C90 and C++,
# the way a program includes it.
#
#   check-headers.sh [HEADER...]    paths from the top of the tree
#   KDIR=<kernel build>             another kernel to compile against
# shellcheck source=scripts/lint/lib.sh
. "$(dirname "$0")/lint/lib.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

headers=("$@")
((${#headers[@]})) || mapfile -t headers < <(scripts/tree-files.sh 'include/*.h' 'gem_uma/*.h' \
	'vuma/*.h' | grep -v '^gem_uma/tests/')
((${#headers[@]})) || { echo "found no headers to check"; exit 1; }
uapi=()
for header in "${headers[@]}"; do
	[[ $header != include/uapi/* ]] || uapi+=("$header")
done

# Programs find drm.h beside the header, where an installed one lies.
drm=()
while IFS= read -r dir; do
	[[ ! -f $dir/drm.h ]] || drm=(-isystem "$dir")
done < <(pkg-config --cflags-only-I libdrm 2>/dev/null | tr ' ' '\n' | sed -n 's/^-I//p')
((${#drm[@]})) || drm=(-isystem /usr/include/drm)

user() {
	"$@" -fsyntax-only -Wall -Wextra -Werror -Iinclude/uapi "${drm[@]}" "$work/user.c" || bad=1
}

for header in "${uapi[@]}"; do
	printf '#include <%s>\n' "${header#include/uapi/}" "${header#include/uapi/}" >"$work/user.c"
	user gcc -x c -std=c90
	if command -v g++ >/dev/null; then
		user g++ -x c++ -std=c++11
	fi
done

# A source of its own for each header, in a module of the tree's own flags. Public ones
# do without the compat header, which includes half of what one may have forgotten.
if [[ -z ${KDIR:-} ]] && ! KDIR=$(tests/vm/kernel.sh kdir 2>"$work/why"); then
	((!bad)) || exit 1
	tail -n 1 "$work/why"
	exit 4
fi
farm=$lint/headers
rm -rf "$farm"
mkdir -p "$farm"
ln -s "$top/include" "$top/config.mk" "$farm/"
ln -s "$top/Kbuild" "$farm/top.mk"
cat >"$farm/Kbuild" <<-EOF
	include \$(src)/top.mk
	compat := \$(shell $top/compat/probe.sh \$(srctree)) -include $top/compat/gem_uma_compat.h
	ccflags-y += \$(subdir-ccflags-y)
	obj-m := headers.o
EOF
goals=()
for header in "${headers[@]}"; do
	object=alone_${header//[^a-z_]/_}
	goals+=("$object.o")
	case $header in
	include/*)
		name=${header#include/}
		name="<${name#uapi/}>"
		;;
	*)
		name="\"$top/$header\""
		echo "CFLAGS_$object.o := \$(compat)" >>"$farm/Kbuild"
		;;
	esac
	printf '// SPDX-License-Identifier: GPL-2.0\n#include %s\n#include %s\n' \
		"$name" "$name" >"$farm/$object.c"
done
echo "headers-y := ${goals[*]}" >>"$farm/Kbuild"

# Compiling the objects is the check; there is nothing to link.
say() {
	bad=1
	sed "s|$farm/||g; s|$top/||g" "$farm.log"
}
build "$KDIR" || say
rm -f "$farm"/*.o
! command -v clang >/dev/null || clang_build "$KDIR" || say
((!bad)) || exit 1
((!${#uapi[@]})) || command -v g++ >/dev/null || { echo "no g++: the uAPI header was not tried as C++"; exit 4; }
