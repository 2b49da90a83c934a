#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
#   run.sh [--icount] [--rounds PERCENT] [--only vuma,vuma_shmem,tmpfs] [scene...]
#
# Boots a guest with vuma and its gem-shmem twin, runs uma-bench in it, and reports
# into out/ (or $OUT): bench.csv, bench.json, bench.svg and the raw
# bench-samples.csv. Then once more under -icount, where the unit is instructions
# instead of nanoseconds: bench-icount.csv and so on. ICOUNT=0 leaves the second
# out, --icount the first. Timings never fail the run. A scene that fails does, but
# only at the end: the others run, and the report has every row that was measured.
# BENCH_RUN holds more options of tests/vm/run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/.." && pwd)
out=${OUT:-$top/out}
bench=$top/build/user/bin/uma-bench

usage() {
	sed -n '4,14s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

modes=(wall icount)
[[ ${ICOUNT:-1} != 0 ]] || modes=(wall)
rounds=
only=
while (($#)); do
	case $1 in
	--icount) modes=(icount) ;;
	--rounds) rounds=${2:?--rounds needs a number}; shift ;;
	--only) only=${2:?--only needs a list}; shift ;;
	-*) usage ;;
	*) break ;;
	esac
	shift
done
scenes=("${@:-all}")

[[ -x $bench ]] || { echo "run.sh: no $bench; make user" >&2; exit 1; }

# Facts of the host, as the sample file's first lines.
host_meta() {
	local cpu git dirty
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
	git=$(git -C "$top" rev-parse --short=12 HEAD 2>/dev/null || echo "none")
	dirty=$(git -C "$top" status --porcelain 2>/dev/null | head -n 1 || true)
	echo "# date: $(date -u +%Y-%m-%dT%H:%MZ)"
	echo "# host: ${cpu:-unknown CPU}, $(nproc) CPUs, Linux $(uname -r)"
	echo "# host load before: $(cut -d' ' -f1 /proc/loadavg)"
	echo "# git: $git${dirty:+ with changes}"
	echo "# qemu: $(qemu-system-x86_64 --version | sed -n '1s/.*version //p')"
}

# The runner knows which accelerator it ended up with.
accel_meta() {
	local accel
	accel=$(sed -n 's/^ *"accel": "\(.*\)",*$/\1/p' "$1")
	if [[ $2 == icount ]]; then
		echo "# accel: $accel -icount shift=0, one CPU: guest time counts instructions"
		echo "# time unit: insn"
	else
		echo "# accel: ${accel:-unknown}"
		echo "# time unit: ns"
	fi
}

run_guest() {
	local mode=$1 name=$2 dir=$3 percent=$4
	local opts=(--mem 3G --swap 512M --timeout 900 --name "$name" --out "$dir")
	local more=() m
	[[ $mode != icount ]] || opts+=(--icount)
	for m in "vuma ndev=2 coherent=1,0" "vuma_shmem ndev=2"; do
		[[ -n $only && ,$only, != *,${m%% *},* ]] || opts+=(--modprobe "$m")
	done
	[[ -z $only ]] || more+=(--only "$only")
	[[ -z ${BENCH_RUN:-} ]] || read -ra m <<<"$BENCH_RUN"
	[[ -z ${BENCH_RUN:-} ]] || opts+=("${m[@]}")
	# Copied at the end: writing to the host while measuring would disturb.
	"$top/tests/vm/run" "${opts[@]}" -- "uma-bench -o /tmp/samples.csv ${more[*]} \
--rounds $percent ${scenes[*]}; rc=\$?; cp /tmp/samples.csv /out/$name.guest.csv; exit \$rc"
}

bench_mode() {
	local mode=$1 name=bench percent=${rounds:-100} dir=$out/bench rc=0 what
	what="wall clock"
	if [[ $mode == icount ]]; then
		# Instructions hardly vary: a third of the rounds says as much.
		name=bench-icount percent=${rounds:-30} what="instructions"
	fi
	mkdir -p "$dir"
	rm -f "$dir/$name".* "$out/$name".{csv,json,svg} "$out/$name-samples.csv"
	host_meta >"$dir/$name.host"
	run_guest "$mode" "$name" "$dir" "$percent" || rc=$?
	if ((rc)); then
		failed+=("$name ($rc): $(grep -E ' FAILED( |$)' "$dir/$name.log" | sort -u |
			paste -sd';'); log: $dir/$name.log")
	fi
	[[ -s $dir/$name.guest.csv ]] || return 0

	{
		cat "$dir/$name.host"
		accel_meta "$dir/$name.json" "$mode"
		cat "$dir/$name.guest.csv"
	} >"$out/$name-samples.csv"
	"$bench" report --csv "$out/$name.csv" --json "$out/$name.json" \
		--plot "$dir/$name.dat" "$out/$name-samples.csv"
	plot "$dir/$name.dat" "$out/$name.svg" "$what"
	echo
	echo "$out: $name.csv $name.json $name-samples.csv"
}

plot() {
	# The first line is the header; without competitors there is nothing to draw.
	(($(wc -l <"$1") > 1)) || return 0
	if command -v gnuplot >/dev/null; then
		gnuplot -e "data='$1'; svg='$2'; what='$3'" "$here/report.gp"
	else
		echo "run.sh: no gnuplot, no plot" >&2
	fi
}

failed=()
for mode in "${modes[@]}"; do
	bench_mode "$mode"
done
((!${#failed[@]})) || printf 'run.sh: FAILED: %s\n' "${failed[@]}" >&2
((!${#failed[@]}))
