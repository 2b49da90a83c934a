# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034 # sets what its callers use
#
# For lanes that boot a guest with in-tree drivers, as they are and ported; sourced in the
# top folder. ports_kernel picks the kernel, ports_guest says what is to be in the guest;
# ports_prepare does both.
series=7.3

# Sets drivers, which run in the guest, and compiled, which do not, from the arguments: all, by
# default, but for further steps of a port.
ports_drivers() {
	local driver asked=("$@")
	((${#asked[@]})) || mapfile -t asked < <(ports/list.sh)
	drivers=() compiled=()
	for driver in "${asked[@]}"; do
		if [[ $(ports/name.sh "$driver" compiled) ]]; then
			compiled+=("$driver")
		else
			drivers+=("$driver")
		fi
	done
}

# ports_kernel stock|debug: sets tree and KDIR.
ports_kernel() {
	if [[ $1 == debug ]]; then
		scripts/deps.sh debug || return
		tree=$(tests/vm/kbuild.sh debug "$series") || return
		KDIR=$tree/build
	else
		tree=$(GEM_UMA_SERIES=$series tests/vm/kernel.sh root) || return
		KDIR=$(GEM_UMA_SERIES=$series tests/vm/kernel.sh kdir) || return
	fi
	export KDIR
}

# ports_prepare OUT [DRIVER...]: builds drivers for Debian's kernel; sets what a guest needs, and
# runs, DRIVER:MODULE for each. OUT is emptied, and gets the log of the build.
ports_prepare() {
	local driver out=$1
	shift
	ports_drivers "$@"
	((${#drivers[@]})) || { echo "no port that runs: $*" >&2; return 1; }
	for driver in "${drivers[@]}"; do
		[[ ! $(ports/name.sh "$driver" base) ]] || { echo "$driver: only the tests know steps of a port" >&2; return 1; }
	done
	scripts/deps.sh ports || return
	rm -rf "$out"
	mkdir -p "$out"
	ports_kernel stock || return
	ports/build.sh "${drivers[@]}" >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; return 1; }
	ports_guest
	runs=()
	for driver in "${drivers[@]}"; do
		runs+=("$driver:$(ports/name.sh "$driver" module)")
	done
}

# Sets built, where ports/build.sh has put all, and guest, arguments of tests/vm/run: modules,
# programs, and the devices that QEMU has; sleeps=y leaves those out that do not survive it that
# the machine sleeps; device=bounce has devices that get copies of what is in memory.
ports_guest() {
	local module on_bus append socket driver variant program firmware model driver_device='' copies=''

	built=build/ports/$(tests/vm/stated-make -s -C "$KDIR" kernelrelease)
	guest=(--file tests/ports/port-run.sh:/bin/port-run
		--file tests/kunit/inject-setup.sh:/bin/inject-setup)
	for program in t_ports port_suspend port_demo port_bench; do
		guest+=(--file "$built/user/bin/$program:/bin/$program")
	done
	[[ ${device:-qemu} == qemu ]] || copies=' transfer=1'
	# What insmod does not load by itself.
	for module in "vuma$copies" drm_shmem_helper gpu_sched drm_exec gem_uma_fbdev configfs; do
		guest+=(--modprobe "$module")
	done
	while IFS= read -r module; do
		guest+=(--modprobe "$module")
	done <"$built/fake/modprobe"
	for driver in "${drivers[@]}"; do
		for module in $(ports/name.sh "$driver" needs); do
			module=$(basename "$module" .c)
			[[ ! -e $built/fake/$module.ko ]] ||
				guest+=(--file "$built/fake/$module.ko:/ports/needed/$module.ko")
		done
		for module in $(ports/name.sh "$driver" modules); do
			guest+=(--modprobe "$module")
		done
		firmware=$(ports/name.sh "$driver" firmware)
		[[ ! $firmware ]] ||
			guest+=(--file "$built/fake/$(basename "$firmware"):/lib/firmware/$firmware")
		module=$(ports/name.sh "$driver" module)
		for variant in stock ported; do
			guest+=(--file "$built/$variant/$(ports/name.sh "$driver" folder)/$module.ko:/ports/$variant/$module.ko")
		done
		model=$(ports/name.sh "$driver" model)_model.ko
		[[ ! -e $built/fake/$model ]] || guest+=(--file "$built/fake/$model:/ports/$model")
		on_bus=$(ports/name.sh "$driver" "${device:-qemu}")
		[[ ! $on_bus ]] || guest+=(--qemu "$on_bus")
		driver_device+=$on_bus
		append=$(ports/name.sh "$driver" append)
		[[ ! $append ]] || guest+=(--append "$append")
	done
	[[ ! ${sleeps:-} ]] || return 0
	# Programs of the host that show something.
	guest+=(--file tests/uapi/clients-setup.sh:/bin/clients-setup
		--qemu "-virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap")
	[[ $driver_device ]] || return 0
	# What a display of QEMU's shows, the guest learns from QEMU's monitor, through a port.
	socket=path=gem-uma-$$,abstract=on
	guest+=(--qemu "-chardev socket,id=mon,$socket,server=on,wait=off -mon mon,mode=control"
		--qemu "-chardev socket,id=ask,$socket"
		--qemu "-device virtserialport,chardev=ask,name=org.gem-uma.mon")
}
