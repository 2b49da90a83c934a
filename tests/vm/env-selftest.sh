#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a build is given: with the variables of all lanes in the environment, a make that
# only takes notes stands in for the real one, and no note may have any of them. KTAP.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
real_make=$(command -v make)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0
failed=0

result() {
	n=$((n + 1))
	if [[ $1 == 0 ]]; then
		echo "ok $n $2"
	else
		echo "not ok $n $2"
		failed=1
	fi
}

# A copy: builds leave objects and links behind.
mkdir -p "$work/tree" "$work/bin" "$work/notes" "$work/src" "$work/kdir/arch/x86/boot" \
	"$work/cache/toolchain-arm64/usr/bin"
touch "$work/kdir/arch/x86/boot/bzImage" "$work/refused"
scripts/tree-files.sh | tar -cf - -T - | tar -xf - -C "$work/tree"
cd "$work/tree" || exit

cat >"$work/bin/make" <<MAKE
#!/bin/bash
note=\$(mktemp "$work/notes/XXXXXX")
{ printf 'argument %s\n' "\$@"; tr '\0' '\n' </proc/\$\$/environ | sed 's/^/variable /'; } >"\$note"
for a; do
	case \$a in
	kernelversion) echo 6.12.0 ;;
	kernelrelease) echo 6.12.0-noted ;;
	O=*) mkdir -p "\${a#O=}/arch/"{x86,arm64}/boot; touch "\${a#O=}/arch/"{x86/boot/bzImage,arm64/boot/Image} "\${a#O=}/a.o"; sleep 0.3 ;;
	KCONFIG_ALLCONFIG=*) grep -vxFf "$work/refused" "\${a#*=}" >"\$(dirname "\${a#*=}")/.config" ;;
	esac
done
MAKE
chmod +x "$work/bin/"*
printf '#!/bin/bash\nexit 0\n' >tests/vm/run

# hostile COMMAND...: with every variable that a lane or kbuild knows, and one that
# nobody does.
hostile() {
	local v settings=()
	for v in GCOV_PROFILE KCOV_INSTRUMENT KCSAN_SANITIZE KASAN_SANITIZE KCFLAGS KCPPFLAGS KAFLAGS \
		CFLAGS LDFLAGS CC HOSTCC LD LLVM LLVM_IAS ARCH CROSS_COMPILE W C CF V M O KBUILD_OUTPUT \
		KBUILD_EXTRA_SYMBOLS KBUILD_MODPOST_WARN KCONFIG_CONFIG KCONFIG_ALLCONFIG LOCALVERSION \
		INSTALL_MOD_PATH CONFIG_KUNIT MFLAGS MAKELEVEL MAKEFILES NOBODY_KNOWS; do
		settings+=("$v=hostile")
	done
	rm -f "$work/notes/"*
	env "${settings[@]}" MAKEFLAGS=hostile GEM_UMA_NO_DEPS=1 GEM_UMA_CACHE="$work/cache" OUT="$work/out" \
		KSRC="$work/src" PATH="$work/bin:$PATH" PROGRESS_SECONDS=0.1 "$@" >"$work/log" 2>&1
}

# noted PATTERN: the notes of builds with such an argument.
noted() { grep -lxE "argument $1" "$work/notes/"*; }

# Nothing hostile, and only the variables that stated-env lists.
clean() {
	local known notes
	known=$(sed -n 's/^kept=(\(.*\))$/\1/p' tests/vm/stated-env)
	mapfile -t notes < <(noted "$1")
	((${#notes[@]})) || { echo "# no build with argument $1"; return 1; }
	! grep -h hostile "${notes[@]}" | sed 's/^/# /' | grep . &&
		! grep -h '^variable ' "${notes[@]}" | grep -vE "^variable (${known// /|}|LC_ALL|PWD|SHLVL|_)=" |
			sort -u | sed 's/^/# /' | grep .
}

echo "TAP version 13"
echo "1..18"
hostile tests/vm/check-debug.sh debug 6.12
clean "O=$work/cache/trees/.*"
result $? "the debug kernel is built in a stated environment"
[[ $(noted "O=$work/cache/trees/.*" | wc -l) == 3 ]]
result $? "it is configured, built and installed"
grep -q 'kbuild.sh: debug 6.12: 1 objects after 0 min' "$work/log"
result $? "its progress is shown"
clean "M=$work/tree/build/.*"
result $? "the modules of the debug lane are built in a stated environment"
[[ $(grep -lx 'argument GCOV_PROFILE=y' "$work/notes/"*) == $(noted 'M=.*') ]]
result $? "they count lines, and nothing else does"
clean all
result $? "the programs are built in a stated environment"
hostile tests/vm/check-debug.sh kcov 6.12
clean 'M=.*' && [[ $(grep -lx 'argument KCOV_INSTRUMENT=y' "$work/notes/"*) == $(noted 'M=.*') ]]
result $? "the modules of the kcov lane are instrumented, and nothing else is"
! grep -qx 'argument GCOV_PROFILE=y' "$work/notes/"*
result $? "they do not count lines"
hostile env KDIR="$work/kdir" tests/vm/check-debug.sh kcsan
clean "M=.*" && ! grep -qE '^argument (GCOV|KCOV)' "$work/notes/"*
result $? "the modules of the kcsan lane are plain"
clean modules_install
result $? "a kernel of somebody's own is installed in a stated environment"
# shellcheck disable=SC2016 # the inner shell's
hostile env KDIR="$work/kdir" bash -c '. scripts/lint/lib.sh; farm planted; build "$KDIR" C=2'
clean 'M=.*' && grep -qx 'argument C=2' "$work/notes/"*
result $? "lint builds in a stated environment"
# another architecture is an argument as well, and its kernels lie beside those of this one
hostile tests/vm/check-arm64.sh --debug
crossed=(-e 'argument ARCH=arm64' -e 'argument CROSS_COMPILE=aarch64-linux-gnu-')
mapfile -t notes < <(noted "O=$work/cache/trees/6\\.12\\.0-debug-arm64-.*")
clean "O=$work/cache/trees/.*" && [[ ${#notes[@]} == 3 && $(cat "${notes[@]}" | grep -cx "${crossed[@]}") == 6 ]]
result $? "the debug kernel of arm64 is cross-built in a stated environment"
grep -qx 'CONFIG_LOCALVERSION="-debug-arm64"' "$work/cache/trees/"6.12.0-debug-arm64-*/build/all.config
result $? "its modules have a place of their own"
[[ $(find "$work/cache/trees" -mindepth 1 -maxdepth 1 -name '6.12.0-debug-*' | wc -l) == 2 ]]
result $? "the one of this machine is kept"
clean 'M=.*' && [[ $(noted 'M=.*' | xargs cat | grep -cx "${crossed[@]}") == 2 ]] && clean all
result $? "modules and programs are cross-built in a stated environment"
# an option is judged by what was said last
printf '%s\n' CONFIG_ARM64_PAN=y CONFIG_X86_MPPARSE=y >"$work/refused"
rm -r "$work/cache/trees/"6.12.0-debug-arm64-*
hostile tests/vm/check-arm64.sh --debug
grep -qx CONFIG_ARM64_PAN=y "$work/log" && ! grep -q CONFIG_X86_MPPARSE "$work/log"
result $? "an option that arm64 does not take is said, unless it is one of x86 alone"
# by hand: make's own variables arrive, and those that are said
rm -f "$work/notes/"*
env KDIR="$work/kdir" GEM_UMA_NO_DEPS=1 GCOV_PROFILE=hostile KCFLAGS='-O1 -g' PATH="$work/bin:$PATH" \
	"$real_make" -s modules LLVM=1 >"$work/log" 2>&1
clean 'M=.*' && grep -qx 'argument LLVM=1' "$work/notes/"* && grep -qx 'argument KCFLAGS=-O1 -g' "$work/notes/"*
result $? "what is said to make modules arrives"
# no other way to a build: docs and host tests compile nothing of a kernel
others=$(scripts/tree-files.sh '*.sh' 'tests/*' '.ci/run' | xargs grep -nIE '(^|[;&|(!{`]|\benv|\bexec)[[:space:]]*make[[:space:]]' |
	sed 's/^/# /' | grep -vE '^# (tests/vm/stated-make|tests/vm/env-selftest\.sh|\.ci/run):|-C docs|echo "|^[^:]*:[0-9]+:#')
[[ -z $others ]] || echo "$others"
[[ -z $others ]]
result $? "no script runs make past stated-make"
exit $failed
