#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs what building, booting and checking need. Silent when all is there.
# As root (or with passwordless sudo) it installs; otherwise it prints the one
# line to type and fails. Set GEM_UMA_NO_DEPS=1 on systems without dpkg.
#
#   deps.sh [SET...]    also what a set needs: debug (kernels of our own), lint, ports, arm64,
#                       clients (programs that guests run on a display), series (mails for a
#                       kernel), deb (packages)
#   deps.sh --missing [SET...]    only prints what it would install
set -euo pipefail

packages=(
	# building modules against unpacked kernel headers, and guest programs
	gcc gcc-12 libc6-dev make binutils libelf1 zlib1g libdrm-dev pkg-config
	# guests
	qemu-system-x86 busybox-static kmod xz-utils python3
	# checks, plots, results, docs
	shellcheck perl g++ gnuplot-nox jq git python3-sphinx furo
)
declare -A sets=(
	[debug]='flex bison bc libssl-dev libelf-dev ccache'
	[lint]='sparse coccinelle clang'
	[ports]='coccinelle ccache'
	[arm64]='qemu-system-arm device-tree-compiler ccache'
	[clients]='libdrm-tests weston'
	[series]='python3-ply python3-git'
	[deb]='debhelper dh-dkms mmdebstrap'
)
only_print=
[[ ${1:-} != --missing ]] || { only_print=y; shift; }
for set in "$@"; do
	[[ -n ${sets[$set]:-} ]] || { echo "deps.sh: no set $set; there are: ${!sets[*]}" >&2; exit 2; }
	# shellcheck disable=SC2206 # words
	packages+=(${sets[$set]})
done

[[ -n ${GEM_UMA_NO_DEPS:-} ]] && exit 0
if ! command -v dpkg-query >/dev/null; then
	echo "deps.sh: not a Debian system; install the equivalent of: ${packages[*]}" >&2
	echo "deps.sh: and set GEM_UMA_NO_DEPS=1 to skip this check" >&2
	exit 1
fi

missing=()
installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "${packages[@]}" 2>/dev/null || true)"
for p in "${packages[@]}"; do
	[[ $installed == *" installed:$p "* ]] || missing+=("$p")
done
[[ -z $only_print ]] || { printf '%s\n' "${missing[@]}"; exit 0; }
((${#missing[@]})) || exit 0

sudo=()
if ((EUID != 0)); then
	if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		sudo=(sudo -n)
	else
		echo "deps.sh: missing packages; type this line and try again:" >&2
		echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
		exit 1
	fi
fi

# Other apt runs on the machine are waited for instead of failing on them.
apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q
	-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

install() {
	"${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1
}

echo "deps.sh: installing ${missing[*]}" >&2
# A bare or old system has no package lists, or lists of files long replaced:
# one refresh, one more try.
if ! install; then
	"${apt[@]}" update </dev/null >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
	install || { cat "$log" >&2; exit 1; }
fi
