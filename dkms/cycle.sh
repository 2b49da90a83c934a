#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   cycle.sh    make check-deb
#
# The life of the packages on a Debian 13 that has its own kernel, of 6.12, and the 7.3 of
# backports: installed, used, upgraded, not built, removed. Everything happens in a folder
# that mmdebstrap makes (600 MB to fetch, kept in the cache); modules that DKMS built are
# loaded in guests. KTAP.
#
# Needs root, for chroot.
set -uo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${OUT:-$top/out}/deb-cycle")
cache=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}
tar=$cache/debian-13.tar
root=
cd "$top" || exit
rm -rf "$out"
mkdir -p "$out" "$cache"
n=0 failed=0

result() {
	n=$((n + 1))
	if [[ $1 == 0 ]]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=$((failed + 1))
	fi
}

release_of() { find "$root/lib/modules/" -maxdepth 1 -name "$1.*" -printf '%f\n' | sort -V | tail -n 1; }

# shellcheck disable=SC2016 # hooks are shell of mmdebstrap's
make_root() {
	local mirror kernel
	mirror=$(apt-cache policy | grep -oE 'https?://[^ ]+/debian/? ' | sort | uniq -c | sort -rn |
		awk 'NR == 1 { print $2 }')
	mirror=${mirror:-http://deb.debian.org/debian}
	kernel=$(GEM_UMA_SERIES=7.3 tests/vm/kernel.sh release) || return
	[[ -e $tar ]] || {
		echo "# making a Debian 13 with both kernels (600 MB, once)"
		mmdebstrap --variant=apt --mode=root --components=main --format=tar \
			--include="dkms,coccinelle,xz-utils,linux-image-amd64,linux-headers-amd64" \
			--aptopt='Apt::Install-Recommends "false"' \
			--customize-hook="chroot \"\$1\" apt-get -qy -t trixie-backports install \
				linux-image-$kernel linux-headers-$kernel linux-source-7.3" \
			--customize-hook='rm -rf "$1"/usr/share/doc/* "$1"/boot/initrd*' \
			trixie "$tar.new" "deb $mirror trixie main" "deb $mirror trixie-backports main" \
			>"$out/root.log" 2>&1 || { tail -n 20 "$out/root.log" >&2; return 1; }
		mv "$tar.new" "$tar"
	}
	root=$(mktemp -d "$cache/.deb.XXXXXX")
	tar -C "$root" -xf "$tar"
}

leave() {
	[[ -z $root ]] || {
		umount "$root"/{proc,dev} 2>/dev/null
		rm -rf --one-file-system "$root"
	}
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }

# install FILE...: of out/deb
install_debs() {
	local f names=()
	for f in "$@"; do
		cp "$f" "$root/tmp/"
		names+=("/tmp/$(basename "$f")")
	done
	inside dpkg -i "${names[@]}" >>"$out/install.log" 2>&1
}

# Where a kernel would find a module: DKMS's, the kernel's own, or nothing.
module_of() {
	inside modinfo -k "$1" -n "$2" 2>/dev/null | sed "s|^/lib/modules/$1/||"
}

# expect_module KERNEL MODULE BEGINNING
expect_module() {
	local got
	got=$(module_of "$1" "$2")
	[[ $got == "$3"* ]] || echo "# $2 for $1: ${got:-nothing}, not $3"
	[[ $got == "$3"* ]]
}

# in_guest KERNEL NAME COMMAND [--option...]: modules of that root, by modprobe.
in_guest() {
	local kernel=$1 name=$2 command=$3 m files=()
	local tree=$out/$name-tree
	shift 3
	mkdir -p "$tree/boot" "$tree/lib/modules"
	cp "$root/boot/vmlinuz-$kernel" "$tree/boot/" 2>/dev/null ||
		cp "$root/lib/modules/$kernel/vmlinuz" "$tree/boot/vmlinuz-$kernel" || return
	cp -a "$root/lib/modules/$kernel" "$tree/lib/modules/"
	rm -f "$tree/lib/modules/$kernel"/{build,source}
	for m in "$tree/lib/modules/$kernel"/updates/dkms/*.ko*; do
		[[ $m != *.xz ]] || { xz -d "$m"; m=${m%.xz}; }
		files+=(--file "$m:/dkms/$(basename "$m")")
	done
	depmod -b "$tree" "$kernel"
	tests/vm/run --kernel "$tree" --name "$name" --out "$out" --modprobe "" \
		--modprobe drm_exec --modprobe gpu_sched --modprobe drm_gpuvm "${files[@]}" "$@" -- "$command" >"$out/$name.log" 2>&1
	local rc=$?
	rm -rf "$tree"
	return "$rc"
}

# shellcheck disable=SC2016 # the guest expands it
load='for m in gem_uma gem_uma_fbdev gem_uma_gpuvm gem_uma_heaps; do [ ! -e /dkms/$m.ko ] || insmod /dkms/$m.ko || exit; done'

dkms/build.sh 0~1 >/dev/null && first=("$out"/../deb/*.deb) || exit
mkdir "$out/first" && cp "${first[@]}" "$out/first/"
dkms/build.sh >/dev/null || exit
second=("$out"/../deb/*.deb)
echo "TAP version 13"
make_root || { echo "Bail out! no Debian 13"; exit 1; }
stable=$(release_of 6.12)
new=$(release_of 7.3)
mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" || exit

install_debs "$out"/first/gem-uma-dkms_*.deb
result $? "install"
for k in "$stable" "$new"; do
	inside dkms autoinstall -k "$k" >>"$out/install.log" 2>&1
	expect_module "$k" gem_uma "updates/dkms/gem_uma.ko" && expect_module "$k" vuma "updates/dkms/vuma.ko"
	result $? "built for $k"
done
in_guest "$stable" used "$load; insmod /dkms/vuma.ko && t_param && t_bo"
result $? "used on $stable"

install_debs "$out"/first/gem-uma-drivers-dkms_*.deb
result $? "drivers install"
for k in "$stable" "$new"; do
	inside dkms autoinstall -k "$k" >>"$out/drivers.log" 2>&1
done
expect_module "$stable" virtio-gpu "kernel/"
result $? "drivers are not built for $stable"
[[ $(inside dkms build "gem-uma-drivers/0~1" -k "$stable" 2>&1) == *BUILD_EXCLUSIVE* ]]
result $? "and why is said"
for m in virtio-gpu vgem; do
	expect_module "$new" "$m" "updates/dkms/$m.ko"
	result $? "$m is built for $new"
done
in_guest "$new" drivers "$load; modprobe drm_shmem_helper; modprobe virtio_dma_buf; insmod /dkms/virtio-gpu.ko &&
	insmod /dkms/vgem.ko && ls /dev/dri/card0 && test -d /sys/module/gem_uma/holders/virtio_gpu" \
	--modprobe drm_client_lib --qemu "-device virtio-gpu-pci"
result $? "virtio-gpu drives its device on $new"

install_debs "${second[@]}"
result $? "upgrade"
[[ $(inside dkms status | grep -c "0~1") == 0 && ! -e $root/usr/src/gem-uma-0~1 ]]
result $? "nothing is left of the old version"
inside dkms autoinstall -k "$new" >>"$out/install.log" 2>&1
expect_module "$new" virtio-gpu "updates/dkms/virtio-gpu.ko"
result $? "and the new one is built"

# A source that the patches do not fit: the kernel's own stays.
version=$(inside dkms status gem-uma-drivers | sed -n 's|^[^/]*/\([^,]*\),.*|\1|p' | head -n 1)
inside dkms remove "gem-uma-drivers/$version" -k "$new" >"$out/fails.log" 2>&1
mv "$root/usr/src/linux-source-7.3.tar.xz" "$root/usr/src/kept"
inside dkms install "gem-uma-drivers/$version" -k "$new" >>"$out/fails.log" 2>&1
mv "$root/usr/src/kept" "$root/usr/src/linux-source-7.3.tar.xz"
expect_module "$new" virtio-gpu "kernel/"
result $? "without the source the kernel's own drivers stay"

inside dpkg --purge gem-uma-drivers-dkms >>"$out/install.log" 2>&1
expect_module "$new" virtio-gpu "kernel/" && expect_module "$new" vgem "kernel/"
result $? "removed, the kernel's own drivers are back"
inside dpkg --purge gem-uma-dkms >>"$out/install.log" 2>&1
[[ -z $(module_of "$new" gem_uma)$(module_of "$stable" vuma) && ! -e $root/var/lib/gem-uma && -z $(ls -d "$root"/usr/src/gem-uma* 2>/dev/null) ]]
result $? "and nothing else is left"

echo "1..$n"
echo "$((n - failed)) passed, $failed failed, 0 skipped"
((!failed))
