# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# sender TREE: git's name and address for TREE sign what follows, and no other setting of
# whoever runs this counts. Sourced by what writes mails.
sender() {
	local name email
	name=$(git -C "$1" config user.name) || true
	email=$(git -C "$1" config user.email) || true
	[[ $name && $email ]] || {
		echo "the mails need a sign-off: set git's user.name and user.email" >&2
		return 1
	}
	unset "${!GIT_@}"
	export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
	export GIT_AUTHOR_NAME=$name GIT_COMMITTER_NAME=$name
	export GIT_AUTHOR_EMAIL=$email GIT_COMMITTER_EMAIL=$email
}
