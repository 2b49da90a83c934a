# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the steps of scripts/lint.sh: copies of the sources to compile in, below
# $OUT/lint, and the kernels to compile against.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
top=$PWD
lint=${OUT:-$top/out}/lint

skip() {
	echo "$*"
	exit 4
}

need() {
	command -v "$1" >/dev/null || skip "no $1: scripts/deps.sh lint installs it"
}

# Sets $kdir: KDIR, or Debian's headers.
stock_kdir() {
	local why
	why=$(mktemp)
	kdir=${KDIR:-}
	[[ -n $kdir ]] || kdir=$(tests/vm/kernel.sh kdir 2>"$why") || skip "$(tail -n 1 "$why")"
	rm -f "$why"
}

# The newest tree of a series that tests/vm/kbuild.sh has built; none is built here.
built_kdir() {
	local cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma} tree
	# shellcheck disable=SC2012 # names of our own making
	tree=$(ls -td "$cache/trees/$1"*-debug-*/done 2>/dev/null | head -n 1) || true
	[[ -z $tree ]] || echo "${tree%/done}/build"
}

# farm NAME: sets $farm, a fresh copy of what kbuild reads.
farm() {
	farm=$lint/$1
	rm -rf "$farm"
	mkdir -p "$farm"
	scripts/tree-files.sh Kbuild config.mk 'gem_uma/*' 'vuma/*' 'include/*' 'compat/*' \
		'docs/examples/*' 'bench/peers/*' 'tests/stress/delay/*' |
		tar -cf - -T - | tar -xf - -C "$farm"
}

# Compilers go through ccache, where there is one: most files were compiled before.
cached=
! command -v ccache >/dev/null || cached="ccache "

# build KDIR [VARIABLE=VALUE...]: makes $goals in the farm, by default all modules, with
# a log in $farm.log. BTF needs the kernel's vmlinux, which headers do not have.
# LINT_ROOMS=<rooms> leaves the other rooms out.
goals=(modules)
build() {
	local rooms=()
	[[ -z ${LINT_ROOMS:-} ]] || rooms=(rooms="$LINT_ROOMS")
	tests/vm/stated-make -k -C "$1" M="$farm" W=1 CONFIG_DEBUG_INFO_BTF_MODULES= -j"$(nproc)" \
		CC="${cached}gcc" "${rooms[@]}" "${@:2}" "${goals[@]}" >"$farm.log" 2>&1
}

# Lines of the log that speak of our files, by their names in the tree.
findings() {
	sed -e "s|$farm/||g" -e "s|$top/||g" -e 's|bench/peers/\.\./\.\./||' "$farm.log" |
		grep -E "$1" | sort -u
}

# clang_build KDIR FLAG...: with clang, also against a kernel that gcc built. Then the
# variables below take back what its configuration says of gcc.
clang_build() {
	local dir=$1 version flags=
	local gcc=()

	version=$(clang -dumpversion | awk -F. '{ print $1 * 10000 + $2 * 100 + $3 }')
	if ! grep -qs '^CONFIG_CC_IS_CLANG=y' "$dir/include/config/auto.conf"; then
		gcc=(CONFIG_CC_IS_GCC= CONFIG_GCC_VERSION=0 CONFIG_CC_IS_CLANG=y
			CONFIG_CLANG_VERSION="$version"
			CONFIG_CC_IMPLICIT_FALLTHROUGH=-Wimplicit-fallthrough
			CONFIG_CC_HAS_AUTO_VAR_INIT_ZERO_ENABLER=y
			CONFIG_MITIGATION_RETHUNK= CONFIG_MITIGATION_SLS=
			CONFIG_FTRACE_MCOUNT_USE_CC= CONFIG_OBJTOOL=)
		flags="-include $top/scripts/lint/clang-on-gcc.h"
	fi
	build "$dir" CC="${cached}clang" "${gcc[@]}" KCFLAGS="$flags ${*:2}"
}
