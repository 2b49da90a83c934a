# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "dir='out'" plot.gp: demo.csv and demo.json of that folder -> demo.svg
#
# Rows are scenes, columns drivers; both columns of a row share their axes, so an
# early end is seen as one.
if (!exists("dir")) dir = "out"
csv = dir."/demo.csv"
json = dir."/demo.json"
ask(q) = system("jq -r '".q."' '".json."'")
run(s, d, field) = ask(sprintf('.scenes[]|select(.name=="%s" and .driver=="%s")|%s', s, d, field))

set terminal svg size 1280,1180 dynamic background "#ffffff" font "DejaVu Sans,Helvetica,Arial,sans-serif,13"
set output dir."/demo.svg"
set datafile separator ","
set encoding utf8
set termoption noenhanced

array hue[3] = ["#2f6db3", "#e39a2d", "#4b9a63"]
array pale[3] = ["#c3d7ee", "#f8e2bd", "#cbe5d2"]
ink = "#22272e"; grey = "#6b7480"; red = "#c62f2f"; good = "#2c7a46"
array scenes[3] = ["limit", "background", "machine"]
array titles[3] = [\
	"1  A limit.  One client may use 96 MiB and owns 256 MiB of buffers", \
	"2  Background.  The memory of an idle client is taken away while another one works", \
	"3  The whole machine.  Three clients own 1.5 times its memory together"]
array legends[3] = ["client", "foreground background", "client-1 client-2 client-3"]
array drivers[2] = ["vuma_shmem", "vuma"]
array short[2] = ["shmem", "vuma"]

# Where the panels are, as parts of the picture.
left(c) = c == 1 ? 0.062 : 0.552
right(c) = c == 1 ? 0.492 : 0.982
top(r) = 0.836 - (r - 1) * 0.287
bottom(r) = top(r) - 0.2

set multiplot
set style fill solid 1.0 noborder
set tics nomirror out scale 0.5 textcolor rgb grey font ",11"
set border 3 linecolor rgb "#b4bbc4"
set grid ytics linecolor rgb "#e4e8ec" linewidth 1
unset key

# ---- head and legend, drawn over an empty plot
set label 1 "What happens to GPU buffers when memory gets tight" at screen 0.022,0.972 font ",21" textcolor rgb ink
set label 2 ask('"the same client program on the same software GPU, twice, in a machine of \(.ram_bytes/1048576|floor) MiB  ·  Linux \(.kernel), \(.accel)  ·  gem-uma \(.git), seed \(.seed)"') at screen 0.022,0.948 textcolor rgb grey font ",12"
set label 3 "today's helper (drm_gem_shmem_helper)" at screen 0.022,0.884 font ",15" textcolor rgb ink
set label 4 "gem-uma" at screen left(2),0.884 font ",15" textcolor rgb ink
set style rectangle fillstyle solid 1.0 noborder
set object 1 rectangle from screen 0.022,0.909 to screen 0.036,0.921 fillcolor rgb hue[1]
set label 5 "held in memory" at screen 0.042,0.915 textcolor rgb ink font ",12"
set object 2 rectangle from screen 0.155,0.909 to screen 0.169,0.921 fillcolor rgb pale[1]
set label 6 "evicted, content kept" at screen 0.175,0.915 textcolor rgb ink font ",12"
set arrow 1 from screen 0.318,0.915 to screen 0.340,0.915 nohead linecolor rgb ink dashtype 3 linewidth 1.6
set label 7 "below: in memory, above: in swap" at screen 0.346,0.915 textcolor rgb ink font ",12"
set arrow 2 from screen 0.575,0.915 to screen 0.597,0.915 nohead linecolor rgb red dashtype 2 linewidth 1.6
set label 8 "what there is: limit, or memory of the machine" at screen 0.603,0.915 textcolor rgb ink font ",12"
unset border
unset tics
set xrange [0:1]
set yrange [0:1]
set lmargin at screen 0
set rmargin at screen 1
set tmargin at screen 1
set bmargin at screen 0
plot NaN notitle
do for [i=1:8] { unset label i }
unset object
unset arrow

set border 3 linecolor rgb "#b4bbc4"
set xtics nomirror out scale 0.5 textcolor rgb grey font ",11"
set ytics nomirror out scale 0.5 textcolor rgb grey font ",11"

phase_text(p) = p eq "write" ? "write" : p eq "gpu" ? "GPU jobs" : \
	p eq "check" ? "check" : p eq "before" ? "before" : \
	p eq "reclaim" ? "taken away" : p eq "after" ? "after" : \
	p eq "wake" ? "wakes, checks" : ""
outcome_text(o) = o eq "ok" ? "every word is there" : \
	o eq "oom-killed" ? "killed by the kernel: out of memory" : \
	o eq "enomem" ? "the client gets ENOMEM and gives up" : \
	o eq "bus-error" ? "the client dies of SIGBUS" : \
	o eq "not-reclaimed" ? "nothing could be taken away" : \
	o eq "timeout" ? "nothing moves any more" : o

do for [r=1:3] {
	scene = scenes[r]
	if (ask('[.scenes[]|select(.name=="'.scene.'")]|length') == 0) { continue }
	tmax = ask('[.scenes[]|select(.name=="'.scene.'").seconds]|max') * 1.02
	ymax = r == 1 ? 360 : r == 2 ? 200 : 1080
	step = r == 1 ? 100 : r == 2 ? 50 : 250
	line = r == 1 ? 96 : r == 2 ? NaN : ask('.ram_bytes') / 1048576
	do for [c=1:2] {
		from = sprintf("< awk -F, 'NR==1 || ($1==\"%s\" && $2==\"%s\")' '%s'", drivers[c], scene, csv)
		out = run(scene, short[c], ".outcome")
		sec = run(scene, short[c], ".seconds") + 0
		set lmargin at screen left(c)
		set rmargin at screen right(c)
		set tmargin at screen top(r)
		set bmargin at screen bottom(r)
		set xrange [0:tmax]
		set yrange [0:ymax]
		set ytics 0,step
		set format x "%g s"
		if (c == 1) { set format y "%g MiB" } else { set format y "" }

		# the row's title and its colours
		if (c == 1) {
			set label 1 titles[r] at screen 0.022,top(r)+0.022 font ",13" textcolor rgb ink
			if (r > 1) {
				do for [k=1:words(legends[r])] {
					x = 0.74 + (k - 1) * 0.088
					set object 10+k rectangle from screen x,top(r)+0.016 to screen x+0.011,top(r)+0.027 fillcolor rgb hue[k]
					set label 10+k word(legends[r], k) at screen x+0.015,top(r)+0.022 textcolor rgb ink font ",11"
				}
			}
		}
		# phases
		phases = system(sprintf("awk -F, '$1==\"%s\" && $2==\"%s\" && $4!=p {p=$4; printf \"%%s %%s \", $3, p}' '%s'", drivers[c], scene, csv))
		n = words(phases) / 2
		do for [k=1:n] {
			x0 = word(phases, 2*k-1) + 0
			x1 = k < n ? word(phases, 2*k+1) + 0 : sec
			if (k > 1) { set arrow 20+k from first x0, graph 0 to first x0, graph 1 nohead linecolor rgb "#9aa3ad" linewidth 0.8 dashtype 3 front }
			caption = phase_text(word(phases, 2*k))
			if ((x1 - x0) / tmax > 0.016 + 0.0135 * strlen(caption)) {
				set label 20+k caption at first x0, graph 0.955 offset 0.6,0 textcolor rgb grey font ",10.5" front
			}
		}
		# the limit
		if (line == line) {
			set arrow 2 from graph 0, first line to graph 1, first line nohead linecolor rgb red dashtype 2 linewidth 1.6 front
			set label 2 sprintf(r == 1 ? "memory.max %d MiB" : "memory %d MiB", line) at graph 0.99, first line right offset 0,0.6 textcolor rgb red font ",11" front
		}
		# the end
		if (out eq "ok") {
			set label 3 "✔ ".outcome_text(out) at graph 0.99, graph 0.86 right textcolor rgb good font ",13" front
		} else {
			if (out ne "not-reclaimed") {
				set arrow 3 from first sec, graph 0 to first sec, graph 0.9 nohead linecolor rgb red linewidth 2 front
				# beside the line, on the side where there is room
				if (sec / tmax < 0.45) {
					set label 3 "✘ ".outcome_text(out) at first sec, graph 0.62 offset 1,0 textcolor rgb red font ",13" front
				} else {
					set label 3 "✘ ".outcome_text(out) at first sec, graph 0.86 right offset -1,0 textcolor rgb red font ",13" front
				}
			} else {
				set label 3 "✘ ".outcome_text(out) at graph 0.99, graph 0.86 right textcolor rgb red font ",13" front
			}
		}
		if (r == 2) {
			rates = run(scene, short[c], 'if .foreground_jobs_per_second then (.foreground_jobs_per_second|"foreground, GPU jobs per second: \(.before|round) before, \(.during|round) during, \(.after|round) after") else "" end')
			set label 4 rates at graph 0.99, graph 0.77 right textcolor rgb ink font ",11" front
		}
		plot from using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")+column("c3_resident_mib")+column("c1_evicted_mib")+column("c2_evicted_mib")+column("c3_evicted_mib")) with filledcurves y1=0 linecolor rgb pale[3], \
			"" using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")+column("c3_resident_mib")+column("c1_evicted_mib")+column("c2_evicted_mib")) with filledcurves y1=0 linecolor rgb pale[2], \
			"" using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")+column("c3_resident_mib")+column("c1_evicted_mib")) with filledcurves y1=0 linecolor rgb pale[1], \
			"" using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")+column("c3_resident_mib")) with filledcurves y1=0 linecolor rgb hue[3], \
			"" using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")) with filledcurves y1=0 linecolor rgb hue[2], \
			"" using "seconds":(column("c1_resident_mib")) with filledcurves y1=0 linecolor rgb hue[1], \
			"" using "seconds":(column("c1_resident_mib")+column("c2_resident_mib")+column("c3_resident_mib")+column("c1_evicted_mib")+column("c2_evicted_mib")+column("c3_evicted_mib")-column("c1_swap_mib")-column("c2_swap_mib")-column("c3_swap_mib")) with lines linecolor rgb ink linewidth 1.2 dashtype 3
		unset label
		unset arrow
		unset object
	}
}
unset multiplot
