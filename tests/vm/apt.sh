# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Sourced: packages of Debian that are downloaded and never installed. Their lists live in
# $state, in the cache, so no root is needed to refresh them and the system's own state is not
# touched. $deb is an architecture that the lists cover besides the system's.
# shellcheck disable=SC2154 # state and deb are the caller's
private=(-o Dir::State::Lists="$state/lists" -o Dir::Cache="$state/cache")
native=$(dpkg --print-architecture 2>/dev/null || true)
[[ $deb == "$native" ]] ||
	private+=(-o APT::Architectures::="$native" -o APT::Architectures::="$deb")
quiet=(
	-q -o APT::Sandbox::User=root -o Acquire::Retries=2
	-o Acquire::http::Timeout=20 -o Acquire::Languages=none
)
# Options of the lists in use: private, or none for the system's.
lists=()

apt_update() {
	mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
	# apt does not wait for another one.
	flock "$state" apt-get "${quiet[@]}" "${private[@]}" update >/dev/null 2>&1
}

# apt_download DIR PACKAGE...: into DIR/deb
apt_download() {
	mkdir -p "$1/deb"
	(cd "$1/deb" && apt-get "${quiet[@]}" "${lists[@]}" download "${@:2}") >"$1/log" 2>&1 || {
		cat "$1/log" >&2
		return 1
	}
}
