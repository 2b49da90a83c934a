#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   series-selftest.sh DIR [DRIVER...]
#
# Tries the mails that series.sh left in DIR as their readers would, on Debian's source of
# 7.3: git am takes each, checkpatch finds nothing, and what it changes compiles after it,
# built in and as a module, W=1, without a warning that was not there. What modules call at the
# end, something exports. KTAP on stdout. The tree stays in the cache, for a second run and for
# whoever runs unit tests in it.
set -uo pipefail
export LC_ALL=C

ports=$(cd "$(dirname "$0")" && pwd)
vm=$ports/../tests/vm
mails=("$1"/[0-9]*.patch)
mails=("${mails[@]:1}")	# the cover letter is none
drivers=("${@:2}")
source=$("$vm/kbuild.sh" source 7.3) && symbols=$(GEM_UMA_SERIES=7.3 "$vm/kernel.sh" kdir)/Module.symvers || exit
kept=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}/series
tree=$kept/src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What is no rule for all files of ours (.checkpatch.conf, check-checkpatch.sh), and what
# only a mail has: an entry in MAINTAINERS is for a folder, and a node of vuma for tests. DRM's
# handles are in an IDR, which tests have to initialize.
ignored=STATIC_CONST_CHAR_ARRAY,MACRO_ARG_REUSE,OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
ignored+=,FILE_PATH_CHANGES,UNDOCUMENTED_DT_STRING,DEPRECATED_API

git_in() { git -C "$tree" -c user.name="A Developer" -c user.email=developer@example.org "$@"; }

# A tree of links, and of files where the mails change some.
lay() {
	local file
	rm -rf "$tree" "$kept/y" "$kept/m"
	cp -as "$source" "$tree" && git_in init -q || return
	# Where checkpatch looks up licences, in a commit.
	rm -r "$tree/LICENSES" && cp -r "$source/LICENSES" "$tree" && git_in add -f LICENSES || return
	# It looks for the tree in which its file is.
	rm -r "$tree/tools/testing/kunit" && cp -r "$source/tools/testing/kunit" "$tree/tools/testing" || return
	while IFS= read -r file; do
		[[ -e $tree/$file ]] || continue
		cp --remove-destination "$source/$file" "$tree/$file" && git_in add -f "$file" || return
	done < <(sed -n 's|^--- a/||p' "${mails[@]}" | sort -u)
	git_in commit -qm base
}

# kmake y|m ARGUMENT...
kmake() {
	local cc=(CC=gcc)
	! command -v ccache >/dev/null || cc=(CC="ccache gcc" HOSTCC="ccache gcc")
	"$vm/stated-make" -s -C "$tree" O="$kept/$1" -j"$(nproc)" "${cc[@]}" "${@:2}" 9<&-
}

# configure y|m: allnoconfig with all drivers, whether their mail is there or not.
configure() {
	local how=$1 driver option options
	options=(DRM="$how" DRM_VUMA="$how" KUNIT=y DRM_GEM_UMA_KUNIT_TEST="$how" COMPILE_TEST=y OF=y COMMON_CLK=y
		PM=y DRM_ACCEL=y RESET_CONTROLLER=y IOMMU_SUPPORT=y VIRTIO_MENU=y CONFIGFS_FS=y DRM_VIRTIO_GPU_KMS=y)
	for driver in "${drivers[@]}"; do
		[[ $("$ports/name.sh" "$driver" archs) ]] ||
			options+=("DRM_$("$ports/name.sh" "$driver" option)=$how")
	done
	mkdir -p "$kept/$how"
	{ cat "$vm/config/base.config"; printf 'CONFIG_%s\n' "${options[@]}"; } >"$kept/$how/asked"
	kmake "$how" KCONFIG_ALLCONFIG="$kept/$how/asked" allnoconfig && kmake "$how" prepare || return
	for option in "${options[@]}"; do
		grep -qx "CONFIG_$option" "$kept/$how/.config" || { echo "CONFIG_$option is not to be had"; return 1; }
	done
}

# Are there the options that configure() wants?
is_hooked() { grep -q gem_uma/ "$tree/drivers/gpu/drm/Makefile"; }

# touched MAIL: the folders that it changes, of those that the kernel compiles by then.
touched() {
	local folder
	sed -nE 's#^\+\+\+ b/(drivers/(gpu/drm|accel)/[^/]+)/.*#\1/#p' "$1" | sort -u |
		while IFS= read -r folder; do
			[[ ! $("$ports/name.sh" "$(basename "$folder")" archs) ]] || continue
			! grep -q "$(basename "$folder")/" "$tree/$(dirname "$folder")/Makefile" || echo "$folder"
		done
	! grep -q '^+obj-.*gem_uma/' "$1" || printf '%s\n' drivers/gpu/drm/gem_uma/ drivers/gpu/drm/vuma/
}

takes() { git_in am -q "$1"; }

# By Debian's Python, which has what it wants.
review() {
	(cd "$tree" && PATH=/usr/bin:/bin scripts/checkpatch.pl --strict --terse --show-types \
		--max-line-length=100 --ignore "$ignored" "$1")
}

# compile y|m FOLDER...: prints the warnings, without the lines that a mail moves.
compile() {
	if ! configure "$1" >"$work/log" 2>&1 || ! kmake "$1" W=1 "${@:2}" >"$work/log" 2>&1; then
		tail -n 20 "$work/log" >&2
		return 1
	fi
	grep -i 'warning:' "$work/log" | sed -E 's/:[0-9]+(:[0-9]+)?//' | sort -u || true
}

# compiled_before MAIL: what there is of the folders that it changes, for its warnings.
compiled_before() {
	local how folders
	mapfile -t folders < <(touched "$1")
	for how in y m; do
		! is_hooked || ((!${#folders[@]})) || compile "$how" "${folders[@]}" || return
	done >"$work/before"
}

# compiles MAIL y|m
compiles() {
	local folders new
	mapfile -t folders < <(touched "$1")
	new=$(compile "$2" "${folders[@]}") || return
	new=$(grep -vxFf "$work/before" <<<"$new" || true)
	echo "$new"
	[[ ! $new ]]
}

# In the kernel's source, and not only in what one configuration has of it.
exports() {
	local objects
	mapfile -t objects < <(find "$kept/m/drivers" -name '*.mod' | sed 's/\.mod$/.o/')
	nm -u "${objects[@]}" | awk 'NF == 2 { print $2 }' | sort -u >"$work/used"
	{
		cut -f2 "$symbols"
		nm "${objects[@]}" | sed -n 's/.* __export_symbol_//p'
		grep -rhoP '^EXPORT_SYMBOL(_GPL|_IF_KUNIT)?\(\K\w+' --include='*.c' "$source"/{drivers/{of,opp,iommu},lib/kunit}
		echo __this_module
	} | sort -u >"$work/exported"
	comm -23 "$work/used" "$work/exported" | tee "$work/missing"
	[[ -s $work/used && ! -s $work/missing ]]
}

n=0 failed=0
# check NAME COMMAND...
check() {
	local said
	n=$((n + 1))
	if said=$("${@:2}" 2>&1); then
		echo "ok $n $1"
	else
		failed=1
		tail -n 30 <<<"$said" | sed 's/^/# /'
		echo "not ok $n $1"
	fi
}

# skip NAME REASON
skip() {
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}

mkdir -p "$kept"
exec 9<"$kept"	# clones share it
flock 9
lay || exit
echo "TAP version 13"
for mail in "${mails[@]}"; do
	name=$(basename "$mail" .patch)
	mail=$(realpath "$mail")
	compiled_before "$mail" || exit
	check "${name}_applies" takes "$mail"
	check "${name}_checkpatch" review "$mail"
	archs=$("$ports/name.sh" "$(sed -nE 's#^\+\+\+ b/drivers/[a-z/]*/([^/]+)/.*#\1#p' "$mail" | head -n 1)" archs)
	[[ ! $archs ]] || skip "${name}_compiles" "there is no option for x86, only for $archs"
	[[ -z $(touched "$mail") ]] || {
		check "${name}_built_in" compiles "$mail" y
		check "${name}_modules" compiles "$mail" m
	}
done
check all_is_exported exports
echo "1..$n"
((!failed))
