#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   build.sh [DRIVER...]    by default all ports, but for further steps of one
#
# Compiles the library, each driver as it is and ported, the models of their devices, and
# the test programme, into build/ports/<kernelrelease>/. Against Debian's 7.3 headers, or
# KDIR=<kernel build>; drivers come from Debian's source of 7.3, or KSRC=<tree>.
#
# For a ported driver, a warning that its original does not have is an error, and so is a
# symbol of the helper that it left: of drm_gem_shmem_helper, or of drm_gem_dma_helper.
set -euo pipefail
export LC_ALL=C

ports=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$ports")
vm=$top/tests/vm
series=7.3

drivers=("$@")
((${#drivers[@]})) || mapfile -t drivers < <("$ports/list.sh")

export KDIR=${KDIR:-}
[[ $KDIR ]] || KDIR=$(GEM_UMA_SERIES=$series "$vm/kernel.sh" kdir)
src=$("$vm/kbuild.sh" source "$series")
release=$("$vm/stated-make" -s -C "$KDIR" kernelrelease)
out=$top/build/ports/$release
mkdir -p "$out"
exec 9<"$out"
flock 9

cc="gcc"
! command -v ccache >/dev/null || cc="ccache gcc"

# Options of the drivers, which the kernel need not have.
options=()
for driver in "${drivers[@]}"; do
	options+=("CONFIG_DRM_$("$ports/name.sh" "$driver" option)=m")
done

# compile TREE SYMVERS...: makes what TREE/Kbuild lists; the log is TREE.log.
compile() {
	local tree=$1 log=$1.log
	"$vm/stated-make" -C "$KDIR" M="$tree" W=1 CONFIG_DEBUG_INFO_BTF_MODULES= -k -j"$(nproc)" \
		CC="$cc" KBUILD_EXTRA_SYMBOLS="${*:2}" "${options[@]}" modules 9<&- >"$log" 2>&1 || {
		cat "$log" >&2
		return 1
	}
}

# The driver's own Makefile, and flags from outside. A driver whose device is modelled is
# compiled with the header that redirects its registers.
kbuild_of() {
	local variant=$1 driver folder model
	for driver in "${drivers[@]}"; do
		folder=$("$ports/name.sh" "$driver" folder)
		model=$("$ports/name.sh" "$driver" model)
		{
			echo "include \$(src)/Makefile"
			# Where trace events look for their header, two levels up, and down again.
			echo "ccflags-y += -I\$(src)/../.."
			[[ ! -e $ports/fake/fake_$model.c ]] ||
				echo "ccflags-y += -DFAKE_DRIVER=$model -include $ports/fake/fake_io.h"
			[[ ! -e $ports/fake/fake_io_$model.h ]] ||
				echo "ccflags-y += -include $ports/fake/fake_io_$model.h"
			[[ $variant == stock ]] || {
				echo "include $top/config.mk"
				echo "ccflags-y += -I$top/include \$(GEM_UMA_DEFINES)"
			}
		} >"$out/$variant/$folder/Kbuild"
		echo "obj-m += $folder/"
	done >"$out/$variant/Kbuild"
}

as_it_is() {
	local driver folder
	rm -rf "$out/stock"
	for driver in "${drivers[@]}"; do
		folder=$("$ports/name.sh" "$driver" folder)
		mkdir -p "$out/stock/$folder"
		cp -r --no-preserve=mode "$src/$folder/." "$out/stock/$folder"
	done
	kbuild_of stock
}

ported() {
	rm -rf "$out/ported"
	"$ports/apply.sh" -o "$out/ported" "${drivers[@]}" "$src"
	kbuild_of ported
}

# exporter FILE: who exports what a module of the kernel's does: vmlinux, a module, or nobody.
exporter() {
	local name
	name=$(sed -nE 's/^EXPORT_SYMBOL(_GPL)?\((\w+)\);$/\2/p' "$src/$1" | head -n 1)
	awk -F'\t' -v name="$name" '$2 == name { print $3 }' "$KDIR/Module.symvers"
}

models() {
	local driver f by names=()
	rm -rf "$out/fake"
	mkdir "$out/fake"
	: >"$out/fake/modprobe"
	for driver in "${drivers[@]}"; do
		driver=$("$ports/name.sh" "$driver" model)
		[[ ! -e $ports/fake/fake_$driver.c ]] || names+=("$driver")
	done
	for f in "$ports"/fake/*.[ch]; do
		[[ ! -e $f ]] || ln -s "$f" "$out/fake/"
	done
	{
		echo "ccflags-y += -Werror"
		for driver in "${names[@]}"; do
			echo "ccflags-y += -I$src/$(dirname "$("$ports/name.sh" "$driver" folder)")"
			echo "obj-m += ${driver}_model.o"
			echo "${driver}_model-y := fake_$driver.o fake_engine.o"
			for f in "$ports/fake/fake_${driver}"_*.c; do
				[[ ! -e $f ]] || echo "${driver}_model-y += $(basename "$f" .c).o"
			done
		done
		# Several drivers may need the same.
		for f in $(for driver in "${drivers[@]}"; do "$ports/name.sh" "$driver" needs; done |
			tr ' ' '\n' | sort -u); do
			by=$(exporter "$f")
			[[ ! $by || $by == vmlinux ]] || basename "$by" >>"$out/fake/modprobe"
			[[ ! $by ]] || continue
			# Some cannot be a module as they are.
			[[ -e $ports/fake/$(basename "$f") ]] ||
				cp --no-preserve=mode "$src/$f" "$out/fake/"
			echo "obj-m += $(basename "$f" .c).o"
		done
	} >"$out/fake/Kbuild"
	if grep -q ^obj-m "$out/fake/Kbuild"; then
		compile "$out/fake"
	else
		touch "$out/fake/Module.symvers"
	fi
}

# firmware: of drivers that load some.
firmware() {
	local driver file
	for driver in "${drivers[@]}"; do
		file=$("$ports/name.sh" "$driver" firmware)
		[[ ! $file ]] || "$ports/fake/fw_$("$ports/name.sh" "$driver" model).py" "$out/fake/$(basename "$file")"
	done
}

# Warnings of a variant without the places that a port moves.
warnings() {
	grep -E '[Ww]arning:|^WARNING' "$out/$1.log" |
		grep -vE 'the compiler differs|^warning: pahole' |
		sed -E "s|$out/$1/||g; s/:[0-9]+:[0-9]+:/:/" | sort -u || true
}

# What the helpers export that ports leave. Not all that is called drm_gem_dma_*() is theirs.
helpers() {
	sed -nE 's/^EXPORT_SYMBOL(_GPL)?\((\w+)\);$/\2/p' "$src"/drivers/gpu/drm/drm_gem_{shmem,dma}_helper.c
}

judge() {
	local ko bad=0
	helpers >"$out/helpers"
	comm -13 <(warnings stock) <(warnings ported) >"$out/warnings"
	[[ ! -s $out/warnings ]] || {
		cat "$out/warnings" >&2
		echo "build.sh: a port warns where its original does not (all of it: $out/ported.log)" >&2
		bad=1
	}
	while IFS= read -r ko; do
		if nm -u "$ko" | grep -wFf "$out/helpers" >&2; then
			echo "build.sh: $ko still uses a helper" >&2
			bad=1
		fi
	done < <(find "$out/ported" -name '*.ko')
	return "$bad"
}

"$vm/build.sh" modules 9<&-
models
firmware
as_it_is
compile "$out/stock" "$out/fake/Module.symvers"
ported
compile "$out/ported" "$out/fake/Module.symvers" "$top/build/$release/Module.symvers"
judge
# What the host's libdrm need not have; the programme is for all drivers.
mkdir -p "$out/include/drm"
for driver in $(cd "$ports" && printf '%s\n' */ | tr -d /); do
	header=$src/include/uapi/drm/$("$ports/name.sh" "$driver" header)
	[[ ! -e $header ]] || cp --no-preserve=mode "$header" "$out/include/drm/"
done
"$vm/stated-make" --no-print-directory -s -j"$(nproc)" -C "$top/tests/ports" O="$out/user" \
	UAPI="$out/include" all 9<&-
echo "$out"
