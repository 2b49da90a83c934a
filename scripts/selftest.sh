#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A check that cannot fail is none: plants violations, one after the other, in a
# copy of the tree, and demands that the check finds each and names its place.
#
#   selftest.sh [GROUP...]    a group is a function below; by default those of the
#                             checks that scripts/check.sh runs
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
	check=$1
	rc=0
	out=$("scripts/$1" "${@:3}" 2>&1) || rc=$?
	also "$2"
}

# also PATTERN: so does another line of the same output.
also() {
	local pattern=$1
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

# silent CHECK PATTERN [ARGUMENT...]: whatever else it finds, it does not find this.
silent() {
	local out
	out=$("scripts/$1" "${@:3}" 2>&1) || true
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

mutants() {
	fresh
	sed -i 's/^-\(.*[a-z].*\)$/-no such line \1/' tests/mutants/charge.patch
	sed -i 's/^Fails: .*/Fails: no_such_test/' tests/mutants/kill.patch
	finds check-mutants.sh 'charge\.patch: does not apply'
	also "kill\.patch: no test has the name 'no_such_test'"
}

size() {
	fresh
	{ echo "$spdx"; repeat 800 'int a;'; } >vuma/vuma_long.c
	{ echo "$spdx"; repeat 799 'int a;'; } >vuma/vuma_fits.c
	finds check-size.sh 'vuma_long\.c:801: 801 lines'
	silent check-size.sh 'vuma_fits'
	{ echo 'void a(int b,'; echo '       int c)'; echo '{'; repeat 46 '	b++;'; echo '}'; } >vuma/vuma_long.c
	{ echo 'void a(void)'; echo '{'; repeat 45 '	b++;'; echo '}'; } >vuma/vuma_fits.c
	finds check-size.sh 'vuma_long\.c:3: a\(\) has 46 lines'
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
	add vuma/vuma_mmu.c '/* n << PAGE_SHIFT */'
	finds check-forbidden.sh '^vuma/vuma_mmu\.c:[0-9]+:.*CPU page'
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
	new vuma/vuma_planted.h 'struct planted {' '	u32 a;' '};'
	finds check-headers.sh 'vuma_planted\.h:1:.*redefinition of .struct planted' vuma/vuma_planted.h
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
	# shellcheck disable=SC2016 # marks of a path
	add CONTRIBUTING.md 'See `gem_uma/gem_uma_frob.c`.'
	add MAINTAINERS 'F:	vuma/vuma_frob.c'
	finds check-docs.sh '^docs/overview\.rst:[0-9]+: no gem_uma_backing_frobnicate'
	also '^CONTRIBUTING\.md:[0-9]+: no gem_uma/gem_uma_frob'
	also '^MAINTAINERS: no vuma/vuma_frob'
	fresh
	# shellcheck disable=SC2016 # marks of a reference
	add docs/overview.rst '' ':ref:`nowhere`'
	finds check-docs.sh 'undefined label'
}

sync_table() {
	fresh
	sed -i '/ops\[SYNC_KINDS\]/,$ s/BO_SYNC: CLEAN,/BO_SYNC: PLANTED,/' \
		gem_uma/tests/gem_uma_test_sync_table.c
	finds check-sync-table.py 'docs/parts/sync\.rst:[0-9]+: the table is not'
}

locked() {
	local c=gem_uma/gem_uma_planted.c
	fresh
	new $c "$spdx" 'static void planted_locked(struct gem_uma_backing *b)' \
		'	__must_hold(b->obj->resv)' '{' '	int a = 0;' '' \
		'	dma_resv_assert_held(b->obj->resv);' '	a++;' '}'
	silent check-locked.py 'planted'
	new $c "$spdx" 'static void planted_locked(struct gem_uma_backing *b)' \
		'	__must_hold(b->obj->resv)' '{' '	b->flags = 0;' \
		'	dma_resv_assert_held(b->obj->resv);' '}'
	finds check-locked.py 'planted\.c:2: planted_locked does not begin with an assertion'
	new $c "$spdx" 'static void planted_locked(struct gem_uma_backing *b)' \
		'	__must_hold(b->obj->resv)' '{' '	if (b->flags)' \
		'		dma_resv_assert_held(b->obj->resv);' '}'
	finds check-locked.py 'planted\.c:2: planted_locked does not begin with an assertion'
	new $c "$spdx" 'static void planted_locked(struct gem_uma_backing *b)' \
		'	__must_hold(b->obj->resv)' '{' '	const struct folio *first = find(b->flags);' '' \
		'	dma_resv_assert_held(b->obj->resv);' '	use(first);' '}'
	finds check-locked.py 'planted\.c:2: planted_locked does not begin with an assertion'
	new $c "$spdx" 'static void planted_locked(struct gem_uma_backing *b)' \
		'	__must_hold(b->obj->resv)' '{' '	WRITE_ONCE(b->flags, 0);' \
		'	dma_resv_assert_held(b->obj->resv);' '}'
	finds check-locked.py 'planted\.c:2: planted_locked does not begin with an assertion'
	new $c "$spdx" 'static void asserts(struct gem_uma_backing *b)' '{' \
		'	dma_resv_assert_held(b->obj->resv);' '}' '' \
		'static void planted_locked(struct drm_gem_object *obj)' '	__must_hold(obj->resv)' '{' \
		'	struct gem_uma_object *uobj = to_gem_uma_object(obj);' '	int a = asserts(uobj);' '}'
	add $c '' 'static inline struct file *member(struct gem_uma_backing *b)' '{' '	return b->file;' '}' \
		'static void planted_too_locked(struct gem_uma_backing *b)' '	__must_hold(b->obj->resv)' \
		'{' '	struct file *f = member(b);' '' '	dma_resv_assert_held(b->obj->resv);' '}'
	silent check-locked.py 'planted'
	new $c "$spdx" 'static int planted_locked(struct gem_uma_backing *b)' '{' \
		'	return gem_uma_backing_nid_locked(b);' '}'
	finds check-locked.py 'planted\.c:2: planted_locked has no __must_hold'
	silent check-locked.py 'planted.*assertion'
	fresh
	sed -i '/^	__must_hold/d; s/)$/);/' gem_uma/gem_uma_object_internal.h
	finds check-locked.py 'gem_uma_object_reclaim\.c:[0-9]+: gem_uma_object_vacate_locked has no __must_hold'
}

inject() {
	local rows=gem_uma/tests/gem_uma_inject_rows.c
	fresh
	add gem_uma/gem_uma_device.c 'EXPORT_SYMBOL_GPL(gem_uma_planted);'
	finds check-inject.py '^gem_uma/gem_uma_device\.c:[0-9]+: gem_uma_planted is in no row'
	fresh
	sed -i 's/"gem_uma_object_set_label"/"gem_uma_nowhere"/' $rows
	finds check-inject.py '_inject_rows\.c:[0-9]+: gem_uma_nowhere is not exported'
	finds check-inject.py 'gem_uma_object\.c:[0-9]+: gem_uma_object_set_label is in no row'
	fresh
	sed -i '0,/"gem_uma_device_init"/s//"gem_uma_backing_fini"/' $rows
	finds check-inject.py 'gem_uma_backing_fini is made to fail, and listed as infallible'
	fresh
	sed -i 's/^static void vm_bind_without_device_is_ENODEV/&_any_more/' gem_uma/tests/gem_uma_test_vm.c
	finds check-inject.py 'drm_dev_enter fails in vm_bind_without_device_is_ENODEV, which'
	fresh
	new planted.c 'int unknown(void);' 'int planted(void);' 'int planted(void)' '{' \
		'	return unknown();' '}'
	cc -c planted.c -o planted.o
	finds check-inject.py '^planted\.o: unknown is not known' planted.o
}

# shellcheck disable=SC2016 # marks of a name
pitfalls() {
	local p=docs/pitfalls.md
	row() { fresh; add $p '' '| ID | a | b |' '|---|---|---|' "$1"; }
	row '| panthor-1 | a fault | `race_jobs`, `race_{jobs,close}*`, `check:headers`, `lint:resv` |'
	silent check-pitfalls.py 'no (test|check|lint|file) |a row is'
	row '| panthor-1 | a fault | `race_frobs` |'
	finds check-pitfalls.py 'pitfalls\.md:[0-9]+: no test race_frobs$'
	row '| panthor-1 | a fault | `race_{jobs,frobs}` |'
	finds check-pitfalls.py 'pitfalls\.md:[0-9]+: no test race_frobs$'
	row '| panthor-1 | a fault | `kunit:gem_uma_frob.case` |'
	finds check-pitfalls.py 'no test kunit:gem_uma_frob\.case'
	new gem_uma/tests/planted.c "$spdx" 'static struct kunit_case a[] = {' '	KUNIT_CASE(case), {}' \
		'};' 'static struct kunit_suite b = {' '	.name = "gem_uma_frob",' '};'
	silent check-pitfalls.py 'gem_uma_frob'
	new gem_uma/tests/planted.c "$spdx" '	KUNIT_CASE(case), {}' 'GEM_UMA_TEST_SUITE(gem_uma_frob);'
	silent check-pitfalls.py 'gem_uma_frob'
	row '| panthor-1 | a fault | `race_by_number` |'
	new tests/uapi/planted.c "$spdx" '	{ .name = "race_by_number",' '	  .run_arg = race, .arg = 1 },'
	silent check-pitfalls.py 'race_by_number'
	row '| panthor-1 | a fault | `check:frob`, `lint:frob`, `tests/frob.c` |'
	finds check-pitfalls.py 'no check frob'
	finds check-pitfalls.py 'no lint step frob'
	finds check-pitfalls.py 'no file tests/frob\.c'
	row '| panthor-1, -91 | a fault | a reason |'
	finds check-pitfalls.py 'panthor-91 is not in the list'
	row '| panthor-1 | a fault | |'
	finds check-pitfalls.py 'a row is'
	fresh
	sed -i '/^| panthor-90 /d' $p
	finds check-pitfalls.py 'no row for panthor-90'
	fresh
	sed -i 's/"race_jobs"/"race_jobs_panthor-99"/' tests/uapi/t_reclaim_race.c
	finds check-pitfalls.py 'race_jobs_panthor-99 stands for panthor-99, which is not listed'
	finds check-pitfalls.py 'no test race_jobs$'
}

commits() {
	local base
	commit() {
		printf '%s\n' "$@" |
			git -c user.name=A -c user.email=a@b.c -c commit.gpgSign=false -c core.hooksPath=/dev/null \
				commit -q --allow-empty -F -
	}
	local why=('' 'Without it nothing works.' '') sign='Signed-off-by: A <a@b.c>'

	fresh
	git init -q .
	commit 'an old one'
	base=$(git rev-parse HEAD)
	commit 'vuma: plant a tree' "${why[@]}" "$sign"
	local hash
	hash=$(git rev-parse --short=12 HEAD)
	commit 'gem_uma/gpuvm, vuma: water it' "${why[@]}" "Fixes: $hash (\"vuma: plant a tree\")" "$sign"
	silent check-commits.sh . "$base"
	commit 'Planted a tree' "${why[@]}" "$sign"
	commit "vuma: $(printf 'a%.0s' {1..67})" "${why[@]}" "$sign"
	commit 'vuma: plant a full stop.' "${why[@]}" "$sign"
	commit 'vuma: plant no name' "${why[@]}"
	commit 'vuma: plant no reason' '' "$sign"
	commit 'vuma: plant eleven digits' "${why[@]}" "Fixes: ${hash:1} (\"vuma: plant a tree\")" "$sign"
	commit 'vuma: plant another' "${why[@]}" 'Fixes: 0123456789ab ("vuma: plant a tree")' "$sign"
	commit 'vuma: plant a title' "${why[@]}" "Fixes: $hash (\"vuma: plant a house\")" "$sign"
	finds check-commits.sh "not 'part: verb object': Planted" "$base"
	also 'has 73 characters'
	also 'full stop'
	also 'no Signed-off-by'
	also 'no body that says why'
	also 'not .Fixes: <twelve digits>'
	also 'fixes 0123456789ab, which is no commit before it'
	also "fixes $hash, whose subject is not 'vuma: plant a house'"
	tried=$((tried + 1))
	scripts/check-commits.sh >/dev/null || (($? == 4)) || {
		missed=$((missed + 1))
		echo "check-commits.sh does not skip where the history does not reach"
	}
	rm -rf .git
}

figures() {
	fresh
	sed -i 's/^write-4k,insn,/&9/' bench/figures.csv
	finds check-figures.py '^README\.md:[0-9]+: not what bench/figures\.csv says'
	scripts/check-figures.py --write >/dev/null
	silent check-figures.py .
	printf '# git: 0123456789ab\nrow,unit,driver,median,vuma_over_this\n' >bench.csv
	printf 'free-4k,%s\n' insn,vuma,50, insn,vuma_shmem,100,0.51 ns,vuma,7, >>bench.csv
	scripts/check-figures.py --write bench.csv nowhere.csv >/dev/null
	tried=$((tried + 1))
	# shellcheck disable=SC2016 # marks of a commit
	grep -qF '| 50.0 | 100 | 0.51 |  | `0123456789ab` |' README.md || {
		missed=$((missed + 1))
		echo "check-figures.py does not take what was measured"
	}
	sed -i '/^<!-- figures end/d' README.md
	finds check-figures.py 'has no place for the table'
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

# Groups of scripts/lint.sh. One room is enough for what is planted there.
sparse() {
	local c=docs/examples/example_turnkey.c
	fresh
	add $c 'int planted(int __user *p);' 'int planted(int __user *p)' '{' '	return *p;' '}' \
		'int planted_global;'
	export LINT_ROOMS=docs/examples
	finds lint/sparse.sh 'example_turnkey\.c:[0-9]+:.*dereference of noderef'
	finds lint/sparse.sh "example_turnkey\.c:[0-9]+:.*'planted_global' was not declared"
	fresh
	add $c 'void planted(spinlock_t *l);' 'void planted(spinlock_t *l)' '{' '	spin_lock(l);' '}'
	finds lint/sparse.sh "example_turnkey\.c:[0-9]+:.*context imbalance in 'planted'"
	unset LINT_ROOMS
}

clang() {
	fresh
	add docs/examples/example_turnkey.c 'int planted(int a);' 'int planted(int a)' '{' \
		'	int b;' '' '	if (a)' '		b = 1;' '	return b;' '}'
	LINT_ROOMS=docs/examples finds lint/clang.sh 'example_turnkey\.c:[0-9]+:.*uninitialized'
}

resv() {
	local c=docs/examples/example_parts.c
	local head=('int planted(struct npu_bo *bo);' 'int planted(struct npu_bo *bo)' '{')
	local lock='	dma_resv_lock(bo->base.resv, NULL);' unlock='	dma_resv_unlock(bo->base.resv);'
	local call='	gem_uma_dev_map_drop_locked(&bo->dmap);' end=('	return 0;' '}')

	export LINT_ROOMS=docs/examples
	fresh
	add $c "${head[@]}" "$call" "${end[@]}"
	finds lint/resv.sh "example_parts\.c:[0-9]+:.*calling function 'gem_uma_dev_map_drop_locked' requires"
	fresh
	add $c "${head[@]}" "$lock" "$unlock" "$call" "${end[@]}"
	finds lint/resv.sh "example_parts\.c:[0-9]+:.*calling function 'gem_uma_dev_map_drop_locked' requires"
	fresh
	add $c "${head[@]}" "$lock" "$call" "${end[@]}"
	finds lint/resv.sh "example_parts\.c:[0-9]+:.*still held at the end"
	fresh
	add $c "${head[@]}" '	if (!dma_resv_trylock(bo->base.resv))' '		return -EBUSY;' \
		"$call" "$unlock" "$lock" "$call" "$unlock" "${end[@]}"
	silent lint/resv.sh 'example_parts'
	unset LINT_ROOMS
}

# rule PATTERN HEAD GOOD BAD [TAIL]: what cocci.sh says of a function with the second body,
# and not of one with the first. FN in them is its name, another one each time.
rule() {
	local fn=planted$((++planted))
	local text=("${@//FN/$fn}")
	add "$good" '' "${text[1]}" '{' "$(printf '\t%b' "${text[2]}")" '}' "${text[4]:-}"
	add "$bad" '' "${text[1]}" '{' "$(printf '\t%b' "${text[3]}")" '}' "${text[4]:-}"
	patterns+=("^$bad:[0-9]+: ${text[0]}")
}

cocci() {
	local good=gem_uma/gem_uma_good.c bad=gem_uma/gem_uma_bad.c planted=0 pattern patterns=()
	local object='static long FN(struct gem_uma_object *uobj)'
	local evict='static long FN(struct gem_uma_reclaim *reclaim)'
	local evict_ops='static const struct gem_uma_reclaim_ops FN_ops = { .evict = FN };'
	local run_job='static struct dma_fence *FN(struct drm_sched_job *job)'
	local run_ops='static const struct drm_sched_backend_ops FN_ops = { .run_job = FN };'

	fresh
	new $good "$spdx" '#include <drm/gem_uma/gem_uma_object.h>'
	cp $good $bad
	rule 'private member of struct gem_uma_backing' "$object" \
		'return gem_uma_backing_resident(&uobj->backing);' 'return uobj->backing.held.pages;'
	rule 'private member of struct gem_uma_cpu_map' "$object" \
		'return uobj->cpu_map.mode;' 'return uobj->cpu_map.vmaps;'
	rule 'product as a size' "$object" \
		'return !kcalloc(uobj->flags, 8, GFP_KERNEL);' 'return !kmalloc(uobj->flags * 8, GFP_KERNEL);'
	rule 'drm_gem_object_put\(\) with resv held' "$object" \
		'dma_resv_lock(r, NULL);\n\tdma_resv_unlock(r);\n\tdrm_gem_object_put(&uobj->base);\n\treturn 0;' \
		'dma_resv_lock(r, NULL);\n\tdrm_gem_object_put(&uobj->base);\n\tdma_resv_unlock(r);\n\treturn 0;'
	rule 'scope-based cleanup and goto' "$object" \
		'guard(mutex)(&uobj->m);\n\treturn 0;' \
		'guard(mutex)(&uobj->m);\n\tif (uobj)\n\t\tgoto out;\n\tuobj->flags = 0;\nout:\n\treturn 0;'
	rule 'user memory or mmap lock' 'static int FN_locked(struct gem_uma_object *uobj)' \
		'return uobj->flags;' 'return copy_from_user(uobj, uobj, 8);'
	rule 'FN\(\) allocates' "$evict" \
		'return !kmalloc(8, GFP_NOWAIT);' 'return !kmalloc(8, GFP_KERNEL);' "$evict_ops"
	rule 'FN\(\) can sleep' "$evict" \
		'return mutex_trylock(&m);' 'mutex_lock(&m);\n\treturn 0;' "$evict_ops"
	rule 'FN\(\) can drop a last' "$evict" \
		'return !reclaim->obj;' 'drm_gem_object_put(reclaim->obj);\n\treturn 0;' "$evict_ops"
	rule 'FN\(\) takes a lock over which' "$run_job" \
		'return job->fence;' 'dma_resv_lock(job->r, NULL);\n\treturn job->fence;' "$run_ops"
	rule 'FN_helper\(\) allocates' \
		"$(printf 'static int FN_helper(void)\n{\n\treturn !kmalloc(8, GFP_KERNEL);\n}\n\n%s' "$run_job")" \
		'return job->fence;' 'return FN_helper() ? NULL : job->fence;' "$run_ops"
	rule 'FN\(\) allocates' \
		"$(printf '/**\n * FN() - of the test\n *\n * Context: resv held. Does not allocate.\n */\nint FN(void)')" \
		'return 0;' 'return !kmalloc(8, GFP_KERNEL);'
	silent lint/cocci.sh 'gem_uma_good' $good
	finds lint/cocci.sh "${patterns[0]}" $bad
	for pattern in "${patterns[@]:1}"; do
		also "$pattern"
	done
	new gem_uma/gem_uma_planted.c "$spdx" 'int planted(int a)' '{' '	frob a {' '	} while_not b;' '	return 0;' '}'
	finds lint/cocci.sh 'spatch understands 0 of 1 functions' gem_uma/gem_uma_planted.c
	# of the real ones: the kernel-doc, the callbacks and the closure over calls are found
	sed -i 's/^static int gem_uma_vm_bo_evict_one_locked.*$/&/; s/if (!mutex_trylock(&vm->op_lock))/mutex_lock(\&vm->op_lock); if (0)/' \
		gem_uma/gpuvm/gem_uma_vm_resident.c
	finds lint/cocci.sh 'gem_uma_vm_resident\.c:[0-9]+: gem_uma_vm_bo_evict_one_locked\(\) can sleep'
}

lint_kdoc() {
	fresh
	new vuma/vuma_planted.c "$spdx" '/**' ' * planted() - for the self-test' ' */' 'int planted(int a)' \
		'{' '	return a;' '}'
	finds lint/kdoc.sh "vuma_planted\.c:[0-9]+.*'a' not described" vuma/vuma_planted.c
}

ports() {
	fresh
	new ports/planted/result '{"driver": "planted", "tests": 9, "skipped": 1, "stock_ok": 7, "ported_ok": 8,' \
		'"jobs": "ok", "reclaim": {"stock": [0, 0], "ported": [0, 0]}, "lines": [1, 2]}'
	finds check-ports.sh 'README\.md:[0-9]+: the table of ports is not that'
	ports/report.py --into-readme
	silent check-ports.sh .
	sed -i '/^<!-- End of the table of ports/d' README.md
	finds check-ports.sh 'README\.md:[0-9]+: the table of ports is missing'
	fresh
	rm ports/vgem/result
	ports/report.py --into-readme
	finds check-ports.sh 'ports/vgem/names:1: neither a result, nor does it say why'
	new ports/vgem/names 'compiled=planted'
	silent check-ports.sh .
	new ports/vgem/result "$(<ports/vkms/result)"
	finds check-ports.sh 'ports/vgem/result:1: of a port that ports/vgem/names says is compiled only'
}

# Where there is a source of the kernel; one that a port does not fit is made of it.
ports_text() {
	local source=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}/sources/7.3
	fresh
	[[ -d $source/drivers/gpu/drm/vgem ]] || { finds lint/text.sh .; return; }
	sed -n 10,30p "$source/drivers/gpu/drm/vgem/vgem_fence.c" >>ports/vgem/vgem_uma.h
	sed -n '/^int vgem_fence_attach/,/^}/p' "$source/drivers/gpu/drm/vgem/vgem_fence.c" >>ports/vgem/vgem_uma.h
	finds lint/text.sh "^ports/vgem/vgem_uma\.h:[0-9]+: [0-9]+ lines are the kernel's"
	fresh
	mkdir -p "$work/linux/drivers/gpu/drm"
	cp "$source/Makefile" "$work/linux/"
	cp -r "$source/drivers/gpu/drm/vgem" "$work/linux/drivers/gpu/drm/"
	sed -i 's/faux_dev = fdev/faux_dev = NULL + fdev - 0/; s/vgem_device->faux_dev/vgem_device->faux/' \
		"$work/linux/drivers/gpu/drm/vgem/vgem_drv.c"
	finds ../ports/apply.sh \
		'40-init\.cocci finds nothing to change in drivers/gpu/drm/vgem/vgem_drv\.c, vgem_init\(\), of Linux 7\.3' \
		-o "$work/ported" vgem "$work/linux"
	sed -i 's/^PATCHLEVEL = .*/PATCHLEVEL = 2/' "$work/linux/Makefile"
	finds ../ports/apply.sh 'is Linux 7\.2\..*; the ports are written for 7\.3' -o "$work/ported" vgem "$work/linux"
	[[ ! -e $work/ported ]] || { missed=$((missed + 1)); echo "apply.sh leaves something behind when it fails"; }
}

circles() {
	fresh
	add gem_uma/gem_uma_object_reclaim.c 'int gem_uma_object_a(void)' '{' \
		'	return gem_uma_object_advise(0, 0, 0);' '}'
	finds check-layers.py 'object_reclaim\.c:[0-9]+: upward in its room: gem_uma_object_advise of'
	also 'object_reclaim\.c:[0-9]+: in a circle: gem_uma_object_advise, of gem_uma/gem_uma_object_purge\.c'
	also 'object_purge\.c:[0-9]+: in a circle: gem_uma_object_update_locked, of gem_uma/gem_uma_object_reclaim'
	fresh
	add gem_uma/gem_uma_reclaim.c 'int gem_uma_reclaim_a(void)' '{' \
		'	return gem_uma_reclaim_device_run(0, 0);' '}'
	finds check-layers.py 'gem_uma_reclaim\.c:[0-9]+: in a circle: gem_uma_reclaim_device_run'
	fresh
	add gem_uma/gem_uma_client.c 'int gem_uma_client_a(void)' '{' '	return gem_uma_stats_debugfs_init(0);' '}'
	finds check-layers.py 'client calls upward: gem_uma_stats_debugfs_init'
	fresh
	sed -i '/^| client |/d' README.md
	finds check-layers.py 'README\.md:[0-9]+: the table of parts is not that'
	fresh
	sed -i 's/^client  /friend  /' docs/overview.rst
	finds check-layers.py 'overview\.rst:[0-9]+: the table of parts is not that'
	scripts/check-layers.py --write
	silent check-layers.py '.'
}

exports() {
	local f=gem_uma/gem_uma_client.c
	fresh
	add $f 'void gem_uma_client_a(void)' '{' '}' 'EXPORT_SYMBOL_GPL(gem_uma_client_a);'
	finds check-exports.py 'gem_uma_client\.c:[0-9]+: gem_uma_client_a is exported and has no user$'
	add vuma/vuma_mmu.c '/* gem_uma_client_a() */'
	finds check-exports.py 'gem_uma_client_a is exported and has no user$'
	add vuma/vuma_mmu.c 'void *a = gem_uma_client_a;'
	silent check-exports.py 'gem_uma_client_a'
	sed -i 's/^EXPORT_SYMBOL_GPL(gem_uma_client_a)/EXPORT_SYMBOL_IF_KUNIT(gem_uma_client_a)/' $f
	finds check-exports.py 'gem_uma_client_a is exported for tests, but has other users'
	fresh
	add $f 'EXPORT_SYMBOL_IF_KUNIT(gem_uma_client_a);'
	finds check-exports.py 'gem_uma_client_a is exported for tests, and no test uses it'
	fresh
	sed -i 's/^EXPORT_SYMBOL_GPL(gem_uma_object_export)/EXPORT_SYMBOL_IF_KUNIT(gem_uma_nothing)/' gem_uma/gem_uma_object_purge.c
	finds check-exports.py 'check-exports\.py: gem_uma_object_export is not exported'
}

groups=("$@")
((${#groups[@]})) || groups=(layers circles spdx size forbidden shell kdoc locked headers pitfalls mutants inject
	checkpatch exports docs sync_table figures ports commits runner)
for group in "${groups[@]}"; do
	$group
done

cd /
echo "$tried violations planted, $missed missed"
((!missed)) || exit 1
[[ -z $untried ]] || { echo "not every check could be tried; $untried"; exit 4; }
