#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A check that cannot fail is none: plants violations, one after the other, in a
# copy of the tree, and demands that the check finds each and names its place.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/clean"
scripts/tree-files.sh | tar -cf - -T - | tar -xf - -C "$work/clean"

tried=0
missed=0
untried=''

fresh() {
	rm -rf "$work/tree"
	cp -a "$work/clean" "$work/tree"
	cd "$work/tree"
}

# finds CHECK PATTERN [ARGUMENT...]: it fails, and a line of its output matches.
finds() {
	local check=$1 pattern=$2 out rc=0
	shift 2
	out=$("scripts/$check" "$@" 2>&1) || rc=$?
	if ((rc == 4)); then
		untried="$check: ${out##*$'\n'}"
		return
	fi
	tried=$((tried + 1))
	if ((rc == 0)) || ! grep -qE "$pattern" <<<"$out"; then
		missed=$((missed + 1))
		echo "$check did not find what '$pattern' stands for (exit code $rc):"
		tail -n 10 <<<"$out" | sed 's/^/    /'
	fi
}

# silent CHECK PATTERN: whatever else it finds, it does not find this.
silent() {
	local out
	out=$("scripts/$1" 2>&1) || true
	tried=$((tried + 1))
	if grep -qE "$2" <<<"$out"; then
		missed=$((missed + 1))
		echo "$1 complains of what is allowed: $(grep -E "$2" <<<"$out")"
	fi
}

spdx='// SPDX-License-Identifier: GPL-2.0'
add() { printf '%s\n' "${@:2}" >>"$1"; }
new() { mkdir -p "$(dirname "$1")"; printf '%s\n' "${@:2}" >"$1"; }
repeat() { for ((n = 0; n < $1; n++)); do echo "$2"; done; }

layers() {
	fresh
	add gem_uma/gem_uma_backing.c '#include <drm/gem_uma/gem_uma_object.h>'
	finds check-layers.py 'gem_uma_backing\.c:[0-9]+: backing includes upward'
	fresh
	add include/drm/gem_uma/gem_uma_cpu_map.h '#include <drm/gem_uma/gem_uma_dev_map.h>'
	finds check-layers.py 'gem_uma_cpu_map\.h:[0-9]+: cpu_map includes upward'
	fresh
	add gem_uma/gem_uma_range.h '#include <drm/gem_uma/gem_uma_device.h>'
	finds check-layers.py 'gem_uma_range\.h:[0-9]+: range includes upward'
	fresh
	add gem_uma/gem_uma_device.c 'int a(void)' '{' '	return gem_uma_object_b(0);' '}'
	finds check-layers.py 'device calls upward: gem_uma_object_b'
	fresh
	new gem_uma/gem_uma_nameless.c "$spdx"
	finds check-layers.py 'gem_uma_nameless\.c:1: not a known part'
	fresh
	add gem_uma/gem_uma_object.c '#include "../vuma/vuma_bo.h"'
	finds check-layers.py 'gem_uma_object\.c:[0-9]+: the library includes'
	fresh
	add vuma/vuma_ioctl.c '#include <drm/gem_uma/gem_uma_object.h>'
	finds check-layers.py 'vuma_ioctl\.c:[0-9]+: only the backend'
	fresh
	add bench/peers/vuma_bo_shmem.c '#include <drm/gem_uma/gem_uma_types.h>'
	finds check-layers.py 'vuma_bo_shmem\.c:[0-9]+: the twin includes'
	fresh
	add vuma/vuma_mmu.c '#if LINUX_VERSION_CODE > 1' '#endif'
	finds check-layers.py 'vuma_mmu\.c:[0-9]+: LINUX_VERSION_CODE outside'
	fresh
	add gem_uma/Makefile 'x := KERNEL_VERSION(6, 12, 0)'
	finds check-layers.py 'gem_uma/Makefile:[0-9]+: KERNEL_VERSION outside'
	add compat/gem_uma_compat.h '#if LINUX_VERSION_CODE > 1' '#endif'
	silent check-layers.py '^compat/'
	fresh
	rm -r vuma
	finds check-layers.py 'found no sources'
}

spdx() {
	fresh
	new vuma/vuma_bare.c '#include <linux/types.h>'
	finds check-spdx.sh '^vuma/vuma_bare\.c: '
	fresh
	new tests/bare '#!/bin/sh' 'exit 0'
	finds check-spdx.sh '^tests/bare: '
	fresh
	sed -i '1s/ WITH Linux-syscall-note//' include/uapi/drm/vuma_drm.h
	finds check-spdx.sh '^include/uapi/drm/vuma_drm\.h: '
	fresh
	sed -i '1s/GPL-2.0/GPL-2.0-or-later/' gem_uma/gem_uma_device.c
	finds check-spdx.sh '^gem_uma/gem_uma_device\.c: '
	fresh
	rm LICENSES/preferred/GPL-2.0
	finds check-spdx.sh 'GPL-2\.0: the licence text is missing'
}

size() {
	fresh
	{ echo "$spdx"; repeat 800 'int a;'; } >vuma/vuma_long.c
	{ echo "$spdx"; repeat 799 'int a;'; } >vuma/vuma_fits.c
	finds check-size.sh 'vuma_long\.c:801: 801 lines'
	silent check-size.sh 'vuma_fits'
	{ echo 'void a(int b,'; echo '       int c)'; echo '{'; repeat 71 '	b++;'; echo '}'; } >vuma/vuma_long.c
	{ echo 'void a(void)'; echo '{'; repeat 70 '	b++;'; echo '}'; } >vuma/vuma_fits.c
	finds check-size.sh 'vuma_long\.c:3: a\(\) has 71 lines'
	silent check-size.sh 'vuma_fits'
}

forbidden() {
	local mark
	fresh
	mark=$(printf 'TO%s' DO)
	add README.md "$mark: say more"
	finds check-forbidden.sh '^README\.md:[0-9]+:.*unfinished'
	fresh
	mark=$(printf 'BUG_%s' 'ON(1);')
	add vuma/vuma_mmu.c "$mark"
	finds check-forbidden.sh '^vuma/vuma_mmu\.c:[0-9]+:.*warn and go on'
	fresh
	add vuma/vuma_mmu.c 'BUILD_BUG_ON(1);'
	silent check-forbidden.sh '^vuma/vuma_mmu\.c'
	mark=$(printf '/%s/somebody/src' home)
	add docs/conf.py "path = '$mark'"
	finds check-forbidden.sh '^docs/conf\.py:[0-9]+:.*one machine'
	fresh
	add Makefile "# see $PWD/Makefile"
	finds check-forbidden.sh '^Makefile:[0-9]+:.*this machine'
	fresh
	add Makefile "# see $work/clean"
	finds check-forbidden.sh '^Makefile:[0-9]+:.*this machine'
}

shell() {
	fresh
	# shellcheck disable=SC2016 # the copy's
	new tests/unquoted '#!/bin/bash' '# SPDX-License-Identifier: GPL-2.0' 'rm $1'
	finds check-shell.sh 'tests/unquoted|SC2086'
}

kdoc() {
	local c=gem_uma/gem_uma_planted.c
	local head=('/**' ' * planted() - for the self-test' ' * @a: argument' ' *')
	local context=' * Context: any.' returns=' * Return: 0.'
	local body=(' */' 'int planted(int a)' '{' '	return a;' '}')
	local export='EXPORT_SYMBOL_GPL(planted);'

	fresh
	new $c "$spdx" "${head[@]}" "$context" "$returns" "${body[@]}" "$export"
	tried=$((tried + 1))
	scripts/check-kdoc.py $c >/dev/null || (($? == 4)) || {
		missed=$((missed + 1))
		echo "check-kdoc.py complains of a complete contract"
	}
	new $c "$spdx" "${head[@]}" "$returns" "${body[@]}" "$export"
	finds check-kdoc.py 'planted has no Context:' $c
	new $c "$spdx" "${head[@]}" "$context" "${body[@]}" "$export"
	finds check-kdoc.py 'planted has no Return:' $c
	new $c "$spdx" "${head[@]}" "$context" "$returns" "${body[@]}" 'EXPORT_SYMBOL(planted);'
	finds check-kdoc.py 'planted is not exported to GPL' $c
	new $c "$spdx" 'int planted(int a)' '{' '	return a;' '}' "$export"
	finds check-kdoc.py 'planted has no kernel-doc' $c
	new $c "$spdx" "${head[@]/@a: argument/@b: another}" "$context" "$returns" "${body[@]}" "$export"
	finds check-kdoc.py "'a' not described" $c
}

headers() {
	local lib=include/drm/gem_uma/gem_uma_planted.h uapi=include/uapi/drm/planted_drm.h
	fresh
	new $lib '#include <linux/types.h>' 'struct planted {' '	u32 a;' '};'
	finds check-headers.sh 'redefinition of .struct planted' $lib
	new $lib '#pragma once' 'struct planted {' '	struct drm_gem_object a;' '};'
	finds check-headers.sh 'field .a. has incomplete type' $lib
	new $uapi '#pragma once' '#include "drm.h"' '// no comment of C90' 'struct planted {' '	__u32 a;' '};'
	finds check-headers.sh 'C\+\+ style comments' $uapi
	new $uapi '#pragma once' '#include "drm.h"' 'struct planted {' '	__u32 class;' '};'
	finds check-headers.sh 'planted_drm\.h:4:.*error: .*(identifier|types)' $uapi
}

checkpatch() {
	local f
	fresh
	for f in vuma/vuma_planted.c tests/uapi/planted.c compat/planted.h bench/peers/planted.c; do
		new "$f" "$spdx" 'int planted(int a)' '{' '    return (a);' '}'
		finds check-checkpatch.sh "^$f:4: .*(CODE_INDENT|LEADING_SPACE)" "$f"
	done
	new vuma/vuma_planted.c "$spdx" 'uint64_t planted;'
	finds check-checkpatch.sh 'PREFER_KERNEL_TYPES' vuma/vuma_planted.c
}

docs() {
	fresh
	add docs/overview.rst '' 'See gem_uma_backing_frobnicate().'
	finds check-docs.sh '^docs/overview\.rst:[0-9]+: no gem_uma_backing_frobnicate'
	fresh
	# shellcheck disable=SC2016 # marks of a path
	add CONTRIBUTING.md 'See `gem_uma/gem_uma_frob.c`.'
	finds check-docs.sh '^CONTRIBUTING\.md:[0-9]+: no gem_uma/gem_uma_frob'
	fresh
	add MAINTAINERS 'F:	vuma/vuma_frob.c'
	finds check-docs.sh '^MAINTAINERS: no vuma/vuma_frob'
	fresh
	# shellcheck disable=SC2016 # marks of a reference
	add docs/overview.rst '' ':ref:`nowhere`'
	finds check-docs.sh 'undefined label'
}

runner() {
	fresh
	new scripts/check-planted.sh '#!/bin/sh' 'echo a finding; exit 1'
	chmod +x scripts/check-planted.sh
	finds check.sh '^not ok 1 check-planted' planted
	finds check.sh '^# a finding' planted
	finds check.sh '^0 passed, 1 failed, 0 skipped' planted
	finds check.sh '^not ok 1 check-nonesuch' nonesuch
	new scripts/check-planted.sh '#!/bin/sh' 'echo no tool; exit 4'
	tried=$((tried + 1))
	grep -q '^ok 1 check-planted # SKIP no tool$' <<<"$(scripts/check.sh planted)" || {
		missed=$((missed + 1))
		echo "check.sh does not show why a check is skipped"
	}
}

for group in layers spdx size forbidden shell kdoc headers checkpatch docs runner; do
	$group
done

cd /
echo "$tried violations planted, $missed missed"
((!missed)) || exit 1
[[ -z $untried ]] || { echo "not every check could be tried; $untried"; exit 4; }
