#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   report-selftest.sh <uma-bench>
#
# Feeds "uma-bench report" samples whose statistics are known, and has a scene fail.
# Prints KTAP.
set -uo pipefail

bench=${1:?usage: report-selftest.sh <uma-bench>}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0 failed=0

ok() {
	n=$((n + 1))
	if [[ $2 == "$3" ]]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		echo "# expected '$3', got '$2'"
		failed=1
	fi
}

field() { # row driver column
	awk -F, -v r="$1" -v d="$2" -v c="$3" '$1 == r && $3 == d { print $c }' "$tmp/r.csv"
}

# create: vuma takes 1..100, the twin twice as long: median 50.5, p99 = 99.
# write-4k: vuma wins every second pair by far: no verdict.
# kmem-cpu: the same. read-4k: five pairs are too few. free-4k: vuma loses.
samples() {
	echo "# time unit: insn"
	echo "create,vuma,-1,10,999999"
	for ((i = 1; i <= 100; i++)); do
		# rounds out of order, 10 operations each
		r=$(((i * 37) % 101))
		echo "create,vuma,$r,10,$((i * 10))"
		echo "create,vuma_shmem,$r,10,$((i * 20))"
		echo "write-4k,vuma,$i,1,$((i % 2 ? 10 : 30))"
		echo "write-4k,vuma_shmem,$i,1,20"
		echo "free-4k,vuma,$i,1,$((100 + i % 7))"
		echo "free-4k,vuma_shmem,$i,1,50"
	done
	for i in 0 1 2 3 4 5 6 7 8; do
		echo "kmem-cpu,vuma,$i,1,1000"
		echo "kmem-cpu,vuma_shmem,$i,1,1000"
		echo "share-huge,vuma,$i,1,100"
		echo "share-huge,vuma_shmem,$i,1,0"
	done
	for i in 0 1 2 3 4; do
		echo "read-4k,vuma,$i,1,1"
		echo "read-4k,vuma_shmem,$i,1,100"
	done
	echo "evict-cpu,vuma,0,1,5"
	echo 'evict-cpu,vuma_shmem,0,na,because, it "says" so'
	echo "evict-cpu,tmpfs,0,1,3"
	echo "syscall,tmpfs,0,1,7"
}

echo "KTAP version 1"
echo "1..24"
samples >"$tmp/s.csv"
"$bench" report --csv "$tmp/r.csv" --json "$tmp/r.json" --plot "$tmp/r.dat" \
	"$tmp/s.csv" >"$tmp/table"
ok "exit code" $? 0
ok "median of an even number" "$(field create vuma 7)" 50.500
ok "p99 is the nearest rank" "$(field create vuma 8)" 99.000
ok "minimum" "$(field create vuma 9)" 1.000
ok "maximum, warm-up left out" "$(field create vuma 10)" 100.000
ok "warm-up is counted" "$(field create vuma 5)" 1
ok "unit" "$(field create vuma 2)" insn
ok "ratio pairs by round" "$(field create vuma_shmem 11)" 0.5000
ok "wins" "$(field create vuma_shmem 12)/$(field create vuma_shmem 13)" 100/100
ok "faster" "$(field create vuma_shmem 14)" faster
ok "undecided is the same" "$(field write-4k vuma_shmem 14)" same
ok "slower is said" "$(field free-4k vuma_shmem 14)" SLOWER
ok "ties are the same" "$(field kmem-cpu vuma_shmem 14)" same
ok "more percent are better" "$(field share-huge vuma_shmem 14)" better
ok "few samples" "$(field read-4k vuma_shmem 14)" "few samples"
ok "reason, quoted" "$(grep -c ',"because, it ""says"" so",' "$tmp/r.csv")" 1
ok "the table counts" "$(grep '^vuma against' "$tmp/table")" \
	"vuma against gem-shmem: better in 2 rows, same in 2, worse in 1."
ok "plot falls back to tmpfs" "$(grep ^evict "$tmp/r.dat")" "evict-cpu 1.6667 NaN 1.0000 NaN"
ok "JSON: limits and reasons" \
	"$(jq -c '.rows[] | select(.row == "evict-cpu") | [.limit_tmpfs, .vuma_shmem]' "$tmp/r.json")" \
	'[3,{"not_applicable":"because, it \"says\" so"}]'

echo "nonsense,vuma,0,1,5" >"$tmp/bad.csv"
"$bench" report "$tmp/bad.csv" >/dev/null 2>&1
ok "an unknown row is an error" $? 1
echo "create,vuma,0,0,5" >"$tmp/bad.csv"
"$bench" report "$tmp/bad.csv" >/dev/null 2>&1
ok "zero operations are an error" $? 1

# No device here has a driver of that name; limits need none.
"$bench" -o "$tmp/f.csv" -r 1 -d vuma create limits 2>"$tmp/err"
ok "a scene that fails is an error" $? 1
ok "it is named at the end" "$(tail -n 1 "$tmp/err")" "uma-bench: 1 scenes FAILED"
ok "scenes after it are measured" "$(grep -c '^syscall,tmpfs,0,' "$tmp/f.csv")" 1
exit $failed
