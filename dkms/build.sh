#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   build.sh [VERSION]    make deb
#
# Builds the Debian packages into out/deb/ (or $OUT/deb), from what is committed. VERSION is
# 0~<date of the commit>.<its number> by default, so that later ones are upgrades.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
out=$(realpath -m "${OUT:-$top/out}/deb")
cd "$top"
version=${1:-0~$(git log -1 --date=format:%Y%m%d --format=%cd).$(git rev-list --count HEAD)}
maintainer=$(git log -1 --format='%an <%ae>')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/gem-uma-$version
mkdir -p "$tree" "$out"
git archive HEAD | tar -x -C "$tree"
mv "$tree/dkms/debian" "$tree/"
rm -r "$tree/gem_uma/tests"
sed -i "s/#MAINTAINER#/$maintainer/" "$tree/debian/control"
sed -i "s/#VERSION#/$version/" "$tree"/debian/*.install
cat >"$tree/debian/changelog" <<EOF
gem-uma ($version) unstable; urgency=medium

  * Commit $(git rev-parse --short=12 HEAD); see NEWS.md.

 -- $maintainer  $(git log -1 --date=rfc2822 --format=%cd)
EOF
(cd "$tree" && dpkg-buildpackage -us -uc -b) >"$out/build.log" 2>&1 || {
	cat "$out/build.log" >&2
	exit 1
}
rm -f "$out"/*.deb
mv "$work"/*.deb "$out/"
printf '%s\n' "$out"/*.deb
