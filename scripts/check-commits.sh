#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The form of commit messages, as CONTRIBUTING.md has it: `part: verb object` of at most
# 72 characters, a body, a sign-off, and Fixes: lines that name an earlier commit by
# twelve digits and by its subject.
#
#   check-commits.sh [BASE]    commits after BASE; older ones do not all comply
set -euo pipefail
cd "$(dirname "$0")/.."

base=${1:-884125a2c4657f6667abf1d88a8ff1a5e4727158}

skip() {
	echo "$*"
	exit 4
}

[[ $(git rev-parse --show-toplevel 2>/dev/null) == "$PWD" ]] || skip "not a git repository: there are no commits to look at"
git merge-base --is-ancestor "$base" HEAD 2>/dev/null ||
	skip "the history does not reach back to ${base:0:12}: a shallow clone, or another branch"

bad=0
complain() {
	echo "${commit:0:12}: $*"
	bad=1
}

# An earlier commit, by twelve digits and its subject.
check_fixes() {
	local hash title
	[[ $1 =~ ^Fixes:\ ([0-9a-f]{12})\ \(\"(.*)\"\)$ ]] || {
		complain "not 'Fixes: <twelve digits> (\"subject\")': $1"
		return
	}
	hash=${BASH_REMATCH[1]} title=${BASH_REMATCH[2]}
	if ! git merge-base --is-ancestor "$hash" "$commit^" 2>/dev/null; then
		complain "fixes $hash, which is no commit before it"
	elif [[ $(git log -1 --format=%s "$hash") != "$title" ]]; then
		complain "fixes $hash, whose subject is not '$title'"
	fi
}

check_commit() {
	local subject body line
	subject=$(git log -1 --format=%s "$commit")
	body=$(git log -1 --format=%b "$commit")
	[[ $subject =~ ^[A-Za-z0-9_./-]+(,\ [A-Za-z0-9_./-]+)*:\ [a-z] ]] || complain "not 'part: verb object': $subject"
	((${#subject} <= 72)) || complain "the subject has ${#subject} characters, 72 allowed"
	[[ $subject != *. ]] || complain "the subject ends with a full stop"
	grep -qE '^Signed-off-by: .+ <[^ ]+@[^ ]+>$' <<<"$body" || complain "no Signed-off-by"
	grep -qvE '^[A-Z][A-Za-z-]+: |^ *$' <<<"$body" || complain "no body that says why"
	while IFS= read -r line; do
		check_fixes "$line"
	done < <(grep -i '^fixes:' <<<"$body")
}

while IFS= read -r commit; do
	check_commit
done < <(git rev-list --no-merges "$base"..HEAD)
exit "$bad"
