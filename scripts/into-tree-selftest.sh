#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tries into-tree.sh on a part of a 7.3 tree. KTAP on stdout; exit code 4 if that source
# cannot be installed.
#
#   into-tree-selftest.sh            copy, patch, remove, refuse
#   into-tree-selftest.sh BUILD      also compile in a 7.3 tree, built in and as modules,
#                                    W=1 without a warning. BUILD is the build folder of a
#                                    7.3 kernel, for its configuration and its exports.
#
# What BUILD needs is kept in the cache, so that a second run compiles little.
set -uo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.." || exit

if ! source=$(tests/vm/kbuild.sh source 7.3); then
	echo "no source of Linux 7.3, and it could not be fetched"
	exit 4
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Takes our own tree as it is now: somebody may be working on it.
mkdir "$work/ours" "$work/clean"
scripts/tree-files.sh | tar -cf - -T - | tar -xf - -C "$work/ours" || exit
ours=$work/ours
into=$ours/scripts/into-tree.sh
hooked=(drivers/gpu/drm/Kconfig drivers/gpu/drm/Makefile Documentation/gpu/index.rst MAINTAINERS)
(cd "$source" && tar -cf - Makefile "${hooked[@]}" include/linux/*.h include/linux/sched include/drm include/uapi/drm/drm.h) |
	tar -xf - -C "$work/clean" || exit

cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
export CCACHE_DIR=${CCACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ccache}

# Names of its own for the mails, and no settings of whoever runs this.
export HOME=$work GIT_CONFIG_NOSYSTEM=1 XDG_CONFIG_HOME=$work/none
unset "${!GIT_AUTHOR_@}" "${!GIT_COMMITTER_@}"
git config --global user.name "A Developer"
git config --global user.email developer@example.org

fresh() {
	rm -rf "$work/tree"
	cp -al "$work/clean" "$work/tree"
	tree=$work/tree
}

same() { diff -r --brief "$1" "$2"; }

# Each file of the three directories is where it belongs, and is one of those printed.
t_copy() {
	local file to
	fresh
	"$into" "$tree" >"$work/out" || return
	while IFS= read -r file; do
		to=$file
		[[ $file == include/* ]] || to=drivers/gpu/drm/$file
		cmp "$ours/$file" "$tree/$to" && grep -qxF "$to" "$work/out" || return
	done < <(cd "$ours" && find gem_uma vuma include -type f)
	grep -qx 'source "drivers/gpu/drm/vuma/Kconfig"' "$tree/drivers/gpu/drm/Kconfig" &&
		grep -q 'kernel-doc:: drivers/gpu/drm/gem_uma/' "$tree/Documentation/gpu/gem-uma/backing.rst"
}

t_again_changes_nothing() {
	local before after
	fresh
	"$into" "$tree" >/dev/null || return
	before=$(find "$tree" -type f -printf '%p %i %T@\n' | sort)
	"$into" "$tree" >"$work/out" || return
	after=$(find "$tree" -type f -printf '%p %i %T@\n' | sort)
	[[ $before == "$after" && ! -s $work/out ]]
}

t_source_that_left_leaves() {
	local dir=$work/tree/drivers/gpu/drm/gem_uma
	fresh
	"$into" "$tree" >/dev/null || return
	cp -al "$tree" "$work/before"
	echo "/* old */" >"$dir/gem_uma_old.c"
	mkdir "$dir/old"
	echo "obj-y += old.o" >"$dir/old/Makefile"
	touch "$dir/gem_uma.o" "$dir/gem_uma.mod.c"
	"$into" "$tree" >/dev/null && [[ -e $dir/gem_uma.o && -e $dir/gem_uma.mod.c ]] &&
		rm "$dir/gem_uma.o" "$dir/gem_uma.mod.c" && same "$work/before" "$tree"
}

# The other tests count on it: each has a linked copy.
t_linked_copy_keeps_original() {
	fresh
	cp -a "$work/clean" "$work/original"
	"$into" "$tree" >/dev/null && same "$work/original" "$work/clean" &&
		"$into" --remove "$tree" >/dev/null && same "$work/original" "$work/clean"
}

t_remove_restores() {
	fresh
	"$into" "$tree" >/dev/null && ! same "$work/clean" "$tree" >/dev/null &&
		"$into" --remove "$tree" >/dev/null && same "$work/clean" "$tree"
}

t_patch_equals_copy() {
	local commit
	fresh
	"$into" --patch "$work/mails" "$tree" >"$work/out" && same "$work/clean" "$tree" || return
	(cd "$tree" && git init -q . && git add -Af && git commit -qm clean) || return
	(cd "$tree" && git am -q "$work"/mails/*.patch) || return
	for commit in $(git -C "$tree" rev-list HEAD~6..); do
		git -C "$tree" log -1 --format=%B "$commit" >"$work/message"
		grep -q '^drm/gem-uma: ' "$work/message" &&
			grep -qx 'Signed-off-by: A Developer <developer@example.org>' "$work/message" || return
	done
	rm -rf "$tree/.git"
	mv "$tree" "$work/patched"
	fresh
	"$into" "$tree" >/dev/null && same "$work/patched" "$tree"
}

# Each mail alone leaves a tree in which what is hooked is there.
t_patch_order() {
	local mail at=0 hooks=0
	for mail in "$work"/mails/*.patch; do
		at=$((at + 1))
		! grep -q '^+source "drivers/gpu/drm/gem_uma/Kconfig"' "$mail" || hooks=$at
		! grep -q '^--- /dev/null' "$mail" || ((!hooks)) || [[ $mail == *documentation* ]] || return
	done
	((hooks))
}

t_patch_of_all_is_none() {
	fresh
	"$into" "$tree" >/dev/null && "$into" --patch "$work/none" "$tree" >"$work/out" &&
		grep -q 'nothing to do' "$work/out" && [[ -z $(ls "$work/none") ]]
}

# refuses PATTERN ARGUMENT...: fails, says why, and leaves the tree alone.
refuses() {
	local pattern=$1
	shift
	cp -al "$tree" "$work/before" || return
	! "$@" >"$work/out" 2>&1 && grep -q "$pattern" "$work/out" && same "$work/before" "$tree"
}

version() { sed -i "s/^VERSION = .*/VERSION = $1/; s/^PATCHLEVEL = .*/PATCHLEVEL = $2/" "$tree/Makefile"; }

t_refuses_older() { fresh; version 6 12; refuses 'is Linux 6.12' "$into" "$tree"; }
t_refuses_newer() { fresh; version 7 4; refuses 'is Linux 7.4' "$into" "$tree"; }
t_refuses_other_folder() { fresh; rm "$tree/drivers/gpu/drm/Kconfig"; refuses 'no kernel tree' "$into" "$tree"; }
t_refuses_lost_hook() {
	fresh
	sed -i /DRM_VKMS/d "$tree/drivers/gpu/drm/Makefile"
	refuses 'no place for a hook' "$into" "$tree"
}
t_refuses_without_name() {
	fresh
	git config --global --unset user.email
	refuses 'sign-off' "$into" --patch "$work/mails2" "$tree"
	local rc=$?
	git config --global user.email developer@example.org
	return $rc
}
# A function that is made up by compat/ alone must not be used.
t_refuses_need_of_compat() {
	fresh
	sed -i 's/fc_mount_longterm/fc_mount_for_good/' "$tree/include/linux/mount.h"
	refuses 'only compat/ has fc_mount_longterm' "$into" "$tree"
}

# A tree of links to the source, at a place that stays, for ccache and for make.
linked_tree() {
	local version
	kept=$cache/into-tree
	mkdir -p "$kept"
	exec 9<"$kept"
	flock 9
	version=$(tests/vm/stated-make -s -C "$source" kernelversion) || return
	[[ $(cat "$kept/version" 2>/dev/null) == "$version" ]] || {
		rm -rf "$kept/src" "$kept/y" "$kept/m"
		cp -as "$source" "$kept/src" && echo "$version" >"$kept/version" || return
	}
	"$into" "$kept/src" >/dev/null
}

kmake() {
	local cc=()
	command -v ccache >/dev/null && cc=(CC="ccache gcc" HOSTCC="ccache gcc")
	tests/vm/stated-make -s -C "$kept/src" O="$object" -j"$(nproc)" "${cc[@]}" "$@" 9<&-
}

# compile y|m
compile() {
	local how=$1 object=$kept/$1 dirs=(drivers/gpu/drm/gem_uma/ drivers/gpu/drm/vuma/)
	mkdir -p "$object"
	{
		grep -v -e DRM_GEM_UMA -e DRM_VUMA "$build/.config"
		printf 'CONFIG_%s\n' "DRM=$how" "DRM_VUMA=$how" KUNIT=y "DRM_GEM_UMA_KUNIT_TEST=$how"
	} >"$object/asked"
	kmake KCONFIG_ALLCONFIG="$object/asked" allnoconfig >"$object/log" 2>&1 &&
		grep -qx "CONFIG_DRM_GEM_UMA=$how" "$object/.config" &&
		grep -qx "CONFIG_DRM_VUMA=$how" "$object/.config" &&
		grep -qx "CONFIG_DRM_GEM_UMA_KUNIT_TEST=$how" "$object/.config" || return
	kmake prepare >"$object/log" 2>&1 || { tail -n 20 "$object/log"; return 1; }
	# All of it: a warning of an object that is there already would not be seen.
	find "$object/drivers/gpu/drm/gem_uma" "$object/drivers/gpu/drm/vuma" -name '*.o' -delete 2>/dev/null
	kmake W=1 "${dirs[@]}" >"$object/log" 2>&1 || { tail -n 20 "$object/log"; return 1; }
	! grep -i warning "$object/log" && [[ -e $object/drivers/gpu/drm/gem_uma/gem_uma.o ||
		-e $object/drivers/gpu/drm/gem_uma/built-in.a ]]
}

t_built_in() { compile y; }
t_modules() { compile m; }

# A module may call what is exported, and nothing else.
t_exports() {
	local objects=("$kept"/m/drivers/gpu/drm/{gem_uma/{gem_uma,gpuvm/gem_uma_gpuvm,heap/gem_uma_heaps}.o,vuma/vuma.o})
	nm -u "${objects[@]}" | awk 'NF == 2 { print $2 }' | sort -u >"$work/used"
	{
		cut -f2 "$build/Module.symvers"
		nm "${objects[@]}" | sed -n 's/.* __export_symbol_//p'
		echo __this_module
	} | sort -u >"$work/exported"
	comm -23 "$work/used" "$work/exported" >"$work/out"
	[[ -s $work/used && ! -s $work/out ]]
}

build=
tests=(t_linked_copy_keeps_original t_copy t_again_changes_nothing t_source_that_left_leaves
	t_remove_restores t_patch_equals_copy t_patch_order t_patch_of_all_is_none t_refuses_older
	t_refuses_newer t_refuses_other_folder t_refuses_lost_hook t_refuses_without_name
	t_refuses_need_of_compat)
if (($#)); then
	build=$1
	[[ -f $build/.config && -f $build/Module.symvers ]] || { echo "$build is no kernel build" >&2; exit 2; }
	linked_tree || exit
	tests+=(t_built_in t_modules t_exports)
fi

failed=0
echo "TAP version 13"
echo "1..${#tests[@]}"
for i in "${!tests[@]}"; do
	name=${tests[i]#t_}
	rm -rf "$work/before" "$work/out"
	if out=$(${tests[i]} 2>&1); then
		echo "ok $((i + 1)) $name"
	else
		failed=$((failed + 1))
		[[ -z $out ]] || tail -n 30 <<<"$out" | sed 's/^/# /'
		[[ ! -s $work/out ]] || tail -n 10 "$work/out" | sed 's/^/# /'
		echo "not ok $((i + 1)) $name"
	fi
done
echo "# $((${#tests[@]} - failed)) passed, $failed failed"
((!failed))
