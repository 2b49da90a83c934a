#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   check-series.sh [--no-kunit]
#
# The mails of ports/series.sh, tried on a tree of 7.3 by ports/series-selftest.sh; then the
# unit tests run in that tree, by its own kunit.py, on a kernel that it builds. The last line
# is the sum; mails and logs are in out/series/.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
out=${OUT:-$top/out}/series
kunit=y
[[ ${1:-} != --no-kunit ]] || { kunit=''; shift; }
(($# == 0)) || { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
cd "$top" || exit
scripts/deps.sh debug ports series || exit
rm -rf "$out"
mkdir -p "$out"
out=$(realpath "$out")

source=$("$here/kbuild.sh" source 7.3) || exit
kept=${GEM_UMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gem-uma}/series
printf '[user]\n\tname = A Developer\n\temail = developer@example.org\n' >"$out/gitconfig"
export GIT_CONFIG_GLOBAL=$out/gitconfig

# KVM may be offered, and not work: kunit.py's guest is emulated, as others are.
mkdir "$out/bin"
cat >"$out/bin/qemu-system-x86_64" <<QEMU
#!/bin/bash
args=("\$@")
for i in "\${!args[@]}"; do
	[[ \${args[i]} != -accel || \${args[i + 1]} == tcg ]] || unset "args[i]" "args[i+1]"
done
exec "$(command -v qemu-system-x86_64)" "\${args[@]}"
QEMU
chmod +x "$out/bin/qemu-system-x86_64"

mapfile -t drivers < <(ports/list.sh run)
results=("$out/make.json")
"$here/step" make "$out/make.json" -- ports/series.sh "$out/mails" "$source" "${drivers[@]}" && {
	results+=("$out/mails.json")
	"$here/step" mails "$out/mails.json" -- ports/series-selftest.sh "$out/mails" "${drivers[@]}"
	[[ -z $kunit ]] || {
		results+=("$out/kunit.json")
		"$here/step" kunit "$out/kunit.json" -- env PATH="$out/bin:$PATH" "$here/stated-env" "$kept/src/tools/testing/kunit/kunit.py" \
			run --arch=x86_64 --build_dir="$kept/kunit" --kunitconfig=drivers/gpu/drm/gem_uma/tests \
			--jobs="$(nproc)" --timeout=3600 --failed --make_options CC="ccache gcc"
	}
}
"$here/summary" "${results[@]}"
