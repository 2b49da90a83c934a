#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every public header compiles alone and included twice: those of the library in
# a module against the cached kernel headers, the uAPI header also as C90 and C++
# the way a program includes it.
#
#   check-headers.sh [HEADER...]    paths from the top of the tree
#   KDIR=<kernel build>             another kernel to compile against
set -euo pipefail
cd "$(dirname "$0")/.."
top=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

headers=("$@")
((${#headers[@]})) || mapfile -t headers < <(scripts/tree-files.sh 'include/*.h')
((${#headers[@]})) || { echo "found no public headers to check"; exit 1; }
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

# A source of its own for each header, in a module of the tree's own flags, but
# without the compat header, which includes half of what a header may have forgotten.
if [[ -z ${KDIR:-} ]] && ! KDIR=$(tests/vm/kernel.sh kdir 2>"$work/why"); then
	((!bad)) || exit 1
	tail -n 1 "$work/why"
	exit 4
fi
mkdir "$work/module"
ln -s "$top/include" "$top/config.mk" "$work/module/"
ln -s "$top/Kbuild" "$work/module/top.mk"
objects=()
for header in "${headers[@]}"; do
	name=${header#include/}
	name=${name#uapi/}
	object=alone_$(basename "$header" .h)
	objects+=("$object.o")
	printf '// SPDX-License-Identifier: GPL-2.0\n#include <%s>\n#include <%s>\n' \
		"$name" "$name" >"$work/module/$object.c"
done
cat >"$work/module/Kbuild" <<-EOF
	include \$(src)/top.mk
	ccflags-y += \$(subdir-ccflags-y) -I\$(srctree)/include/uapi/drm
	obj-m := headers.o
	headers-y := ${objects[*]}
EOF
# Compiling the objects is the check; there is nothing to link.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -k -C "$KDIR" M="$work/module" W=1 -j"$(nproc)" "${objects[@]}" >"$work/log" 2>&1 || {
	bad=1
	sed "s|$work/module/||g; s|$top/||g" "$work/log"
}
((!bad)) || exit 1
((!${#uapi[@]})) || command -v g++ >/dev/null || { echo "no g++: the uAPI header was not tried as C++"; exit 4; }
