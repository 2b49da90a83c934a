#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Puts the library, its tests and vuma into a kernel tree, where they build without
# compat/. Run again, it updates what is there and changes nothing else.
#
#   into-tree.sh <kernel tree>                 copy the files, add the hooks
#   into-tree.sh --patch DIR <kernel tree>     leave the tree alone, write into DIR
#                                              the mails that `git am` takes
#   into-tree.sh --remove <kernel tree>        undo
#
# The tree need not be a git repository. Mails are signed off by git's user.name and
# user.email.
set -euo pipefail
export LC_ALL=C

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/scripts/sender.sh"
# The one whose interfaces the sources use.
series=7.3
steps=(library tests vuma hooks docs maintainers)
drm=drivers/gpu/drm
# Places in a kernel tree that hold nothing but ours.
places=("$drm/gem_uma" "$drm/vuma" include/drm/gem_uma include/uapi/drm/vuma_drm.h
	Documentation/gpu/gem-uma)
hooked=("$drm/Kconfig" "$drm/Makefile" Documentation/gpu/index.rst MAINTAINERS)

say() { echo "into-tree.sh: $*"; }
die() { say "$@" >&2; exit 1; }
usage() { sed -n '3,13s/^# \{0,1\}//p' "$0" >&2; exit 2; }

# Where a file of ours goes; nothing if it stays here.
destination() {
	case $1 in
	gem_uma/* | vuma/*) echo "$drm/$1" ;;
	include/*) echo "$1" ;;
	docs/parts/*.rst | docs/locking.rst | docs/vuma.rst) echo "Documentation/gpu/gem-uma/${1##*/}" ;;
	esac
}

# What a file of the kernel tree comes with.
step_of() {
	case $1 in
	"$drm"/gem_uma/tests/*) echo tests ;;
	"$drm"/gem_uma/* | include/drm/gem_uma/*) echo library ;;
	"$drm"/vuma/* | include/uapi/drm/vuma_drm.h) echo vuma ;;
	"$drm"/*) echo hooks ;;
	Documentation/*) echo docs ;;
	MAINTAINERS) echo maintainers ;;
	esac
}

# A line of ours says DRM_GEM_UMA or names a directory of ours, and no other does.
unhook() {
	case $1 in
	*/Kconfig) grep -vE "^source \"$drm/(gem_uma|vuma)/Kconfig\"\$" ;;
	*/Makefile) grep -vE '^obj-\$\(CONFIG_DRM_(GEM_UMA|VUMA)\)' ;;
	*/index.rst) grep -vE '^ +gem-uma/index$' ;;
	MAINTAINERS)
		awk 'FNR == NR { if ($0 ~ /^[^\t]*$/ && NF) title[$0]; next }
			skip { if (!NF) skip = 0; next }
			$0 in title { skip = 1; next }
			{ print }' "$work/maintainers" -
		;;
	esac
}

# In sorted order where the file has one. The library is linked before its drivers, so
# that it is there when they start.
hook() {
	case $1 in
	*/Kconfig)
		awk -v drm="$drm" '
			BEGIN { n = split("gem_uma vuma", new, " "); i = 1 }
			index($0, "source \"" drm "/") == 1 {
				for (; i <= n && $0 > "source \"" drm "/" new[i]; i++)
					print "source \"" drm "/" new[i] "/Kconfig\""
			}
			{ print }
			END { exit i <= n }'
		;;
	*/Makefile)
		awk '{ print }
			/^obj-\$\(CONFIG_DRM_GPUVM\)/ { print "obj-$(CONFIG_DRM_GEM_UMA) += gem_uma/"; n++ }
			/^obj-\$\(CONFIG_DRM_VKMS\)/ { print "obj-$(CONFIG_DRM_VUMA) += vuma/"; n++ }
			END { exit n != 2 }'
		;;
	*/index.rst)
		awk '{ print } /^   drm-mm$/ { print "   gem-uma/index"; n++ } END { exit n != 1 }'
		;;
	MAINTAINERS)
		# A title stands between an empty line and one that begins with a letter and a
		# colon. The file is sorted but for a few: what counts is the place where the
		# fewest titles are on the wrong side.
		awk '
			FNR == NR { if (!/^[A-Z]:/ && NF) title[++n] = $0; block[n] = block[n] $0 "\n"; next }
			{ line[FNR] = $0; last = FNR }
			function find_place(mine,    j, list, wrong, best, place) {
				for (j = 1; j <= last; j++) {
					list = list || line[j] == "Maintainers List"
					if (!list || line[j - 1] != "" || line[j + 1] !~ /^[A-Z]:\t/)
						continue
					if (!place || wrong < best) { best = wrong; place = j }
					wrong += line[j] > mine ? 1 : -1
				}
				return place
			}
			END {
				for (i = 1; i <= n; i++)
					before[find_place(title[i])] = before[find_place(title[i])] block[i]
				for (j = 1; j <= last; j++)
					printf "%s%s\n", before[j], line[j]
				exit "" in before
			}' "$work/maintainers" -
		;;
	esac
}

# The entries of what is copied, out of our own MAINTAINERS, each with an empty line.
maintainers() {
	local line title='' files=()
	while IFS= read -r line; do
		case $line in
		$'F:\t'docs/) files+=(Documentation/gpu/gem-uma/) ;;
		$'F:\t'*)
			line=$(destination "${line#$'F:\t'}")
			[[ -z $line ]] || files+=("$line")
			;;
		[A-Z]:*) ;;
		?*) title=$line ;;
		*)
			((!${#files[@]})) || {
				printf '%s\n' "$title" $'L:\tdri-devel@lists.freedesktop.org' $'S:\tMaintained'
				printf 'F:\t%s\n' "${files[@]}" | sort
				echo
			}
			files=()
			;;
		esac
	done < <(sed '1,/^----/d' "$top/MAINTAINERS"; echo)
}

# The rules of vuma's header are part of the manual, and so is the order of locks.
index_of_manual() {
	sed 's/^The parts$/gem-uma/; s/^=========$/=======/' "$top/docs/parts/index.rst"
	printf '   locking\n   vuma\n'
}

# All that the tree is to hold of ours, in $work/want.
stage() {
	local file to
	while IFS= read -r file; do
		to=$(destination "$file")
		[[ -n $to ]] || continue
		mkdir -p "$work/want/${to%/*}"
		case $file in
		docs/parts/index.rst) index_of_manual >"$work/want/$to" ;;
		docs/*) sed "s|^\(\.\. kernel-doc:: \)gem_uma/|\1$drm/gem_uma/|" "$top/$file" >"$work/want/$to" ;;
		*) cp "$top/$file" "$work/want/$to" ;;
		esac
	done < <("$top/scripts/tree-files.sh" 'gem_uma/*' 'vuma/*' 'include/*' 'docs/*.rst')
	[[ -e $work/want/$drm/gem_uma/Makefile && -e $work/want/$drm/vuma/Makefile ]] ||
		die "found no sources to copy in $top"
	for file in "${hooked[@]}"; do
		mkdir -p "$work/want/$(dirname "$file")"
		unhook "$file" <"$tree/$file" | hook "$file" >"$work/want/$file" ||
			die "$tree/$file is not what it was in $series: found no place for a hook"
	done
}

# The sources speak the kernel's language; what compat/ teaches older ones must not be
# needed here.
check_compat() {
	local names used missing
	! (cd "$work/want" && grep -rnE 'gem_uma_compat|GEM_UMA_(HAS_|PROBED)|LINUX_VERSION_CODE' \
		"${places[@]}") || die "these lines need compat/"
	names=$(sed -nE 's/^#define[ \t]+(\w+).*/\1/p; s/^(static|struct|int|void)[^(]*\b(\w+)\(.*/\2/p
		s/^(\w+)\(.*/\1/p; s/^struct (\w+) \{$/\1/p' "$top/compat/gem_uma_compat.h" |
		grep -vx 'VMA_.*_BIT' | sort -u)	# which the kernel's headers paste together
	used=$(cd "$work/want" && grep -rohwF -f - "${places[@]}" <<<"$names" | sort -u)
	[[ -n $used ]] || die "found nothing that compat/gem_uma_compat.h defines and the sources use"
	missing=$(comm -23 <(echo "$used") \
		<(grep -RohwF -f - "$tree/include/linux" "$tree/include/drm" <<<"$used" | sort -u))
	[[ -z $missing ]] || die "only compat/ has" "${missing//$'\n'/ }"
}

# sync TREE STEP...: makes the files of these steps what $work/want has, by new files, so
# that a hard-linked copy of a tree stays a copy. Prints each path that changed.
sync() {
	local to=$1 file
	shift
	while IFS= read -r file; do
		[[ " $* " == *" $(step_of "$file") "* ]] || continue
		! cmp -s "$work/want/$file" "$to/$file" || continue
		mkdir -p "$(dirname "$to/$file")"
		cp "$work/want/$file" "$to/$file.new"
		[[ ! -e $to/$file ]] || chmod --reference="$to/$file" "$to/$file.new"
		mv -f "$to/$file.new" "$to/$file"
		echo "$file"
	done < <(cd "$work/want" && find . -type f -printf '%P\n' | sort)
	# What has left our tree leaves theirs; what a build has left there does not.
	while IFS= read -r file; do
		[[ " $* " == *" $(step_of "$file") "* && ! -e $work/want/$file ]] || continue
		rm -f "$to/$file"
		echo "$file (removed)"
	done < <(sources_in "$to")
	prune "$to"
}

sources_in() {
	local place
	for place in "${places[@]}"; do
		[[ ! -e $1/$place ]] || (cd "$1" && find "$place" -type f ! -name '*.mod.c' \( -name '*.[chS]' \
			-o -name '*.rst' -o -name Makefile -o -name Kconfig -o -name .kunitconfig \) -print)
	done | sort
}

prune() {
	local place
	for place in "${places[@]}"; do
		[[ ! -d $1/$place ]] || find "$1/$place" -type d -empty -delete
	done
}

message() {
	case $1 in
	library)
		cat <<-EOF
		drm/gem-uma: add buffer-object memory for UMA GPUs

		GPUs and NPUs that share memory with the CPU each have their own code
		for the memory of buffer objects. It fills no gap between them: pages
		are allocated for good, charged to nobody's memory cgroup, and hardly
		ever reclaimed.

		Add a library of parts that a driver embeds in its own objects: backing
		pages from shmem, CPU mappings, DMA addresses, reclaim by memory cgroup
		and node, and an object that has all of them.
		EOF
		;;
	tests)
		cat <<-EOF
		drm/gem-uma: add unit tests

		KUnit tests of each part, on a device that exists for the test alone.
		EOF
		;;
	vuma)
		cat <<-EOF
		drm/gem-uma: add vuma, a software GPU

		A render node without hardware, with address spaces, page tables, jobs
		and fences, that drives every part of gem-uma on any machine.
		EOF
		;;
	hooks)
		cat <<-EOF
		drm/gem-uma: build the library and vuma

		The library is linked before its drivers, so that it is initialised
		first when both are built in.
		EOF
		;;
	docs)
		cat <<-EOF
		drm/gem-uma: add documentation

		A chapter for each part, and the order of the locks.
		EOF
		;;
	maintainers)
		cat <<-EOF
		drm/gem-uma: add maintainers entries

		One for the library and one for vuma.
		EOF
		;;
	esac
}

git_in() { git -C "$work/repo" "$@"; }

# In a repository of the touched files alone: that is all a diff needs, and the tree may
# be no repository, or one with changes.
write_patches() {
	local dir=$1 step file
	sender "$tree"
	mkdir -p "$dir"
	dir=$(realpath "$dir")
	[[ -z $(find "$dir" -maxdepth 1 -name '*.patch' -print -quit) ]] ||
		die "$dir has patches already"
	git init -q "$work/repo"
	while IFS= read -r file; do
		install -D -m 644 "$tree/$file" "$work/repo/$file"
	done < <(printf '%s\n' "${hooked[@]}"; sources_in "$tree")
	git_in add -Af
	git_in commit -qm base
	git_in tag base
	for step in "${steps[@]}"; do
		sync "$work/repo" "$step" >/dev/null
		git_in add -Af
		git_in diff --cached --quiet || message "$step" | git_in commit -qsF -
	done
	git_in format-patch -q --no-signature -o "$dir" base
	if [[ $(git_in rev-parse HEAD) == $(git_in rev-parse base) ]]; then
		say "nothing to do: $tree has it all"
	else
		find "$dir" -name '*.patch' | sort
	fi
}

remove() {
	local file
	for file in "${hooked[@]}"; do
		mkdir -p "$work/want/$(dirname "$file")"
		unhook "$file" <"$tree/$file" >"$work/want/$file"
	done
	sync "$tree" hooks docs maintainers
	(cd "$tree" && rm -rf "${places[@]}")
}

check_tree() {
	local file version
	for file in Makefile "${hooked[@]}"; do
		[[ -f $tree/$file ]] || die "$tree is no kernel tree: it has no $file"
	done
	version=$(sed -nE 's/^(VERSION|PATCHLEVEL) = ([0-9]+)$/\2/p' "$tree/Makefile" | paste -sd.)
	[[ $version == "$series" ]] || die "$tree is Linux ${version:-of no known version}; the" \
		"sources are written for $series. For others they are built out of the tree, with compat/."
}

action=copy
case ${1:-} in
--patch)
	action='patch'
	patches=${2:-}
	[[ $patches && $patches != -* ]] || usage
	shift 2
	;;
--remove) action=remove; shift ;;
esac
[[ $# -eq 1 && $1 != -* ]] || usage
tree=$(realpath -e "$1") || exit
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check_tree
maintainers >"$work/maintainers"
if [[ $action == remove ]]; then
	remove
	exit
fi
stage
check_compat
case $action in
copy) sync "$tree" "${steps[@]}" ;;
patch) write_patches "$patches" ;;
esac
