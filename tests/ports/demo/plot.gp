# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "dir='out'" plot.gp: demo-*.csv and demo-ports.json of that folder -> demo-ports.svg
#
# Rows are drivers; both columns of a row share their axes, so an early end is seen as one.
if (!exists("dir")) dir = "out"
json = dir."/demo-ports.json"
ask(q) = system("jq -r '".q."' '".json."'")
run(d, v, field) = ask(sprintf('.runs[]|select(.driver=="%s" and .variant=="%s")|%s', d, v, field))
drivers = ask('[.runs[].driver]|unique|join(" ")')
rows = words(drivers)

set terminal svg size 1280,(190+rows*215) dynamic background "#ffffff" font "DejaVu Sans,Helvetica,Arial,sans-serif,13"
set output dir."/demo-ports.svg"
set datafile separator ","
set encoding utf8
set termoption noenhanced

blue = "#2f6db3"; pale = "#c3d7ee"
ink = "#22272e"; grey = "#6b7480"; red = "#c62f2f"; good = "#2c7a46"
array variants[2] = ["stock", "ported"]

height = 190.0 + rows * 215
at(y) = 1 - y / height
left(c) = c == 1 ? 0.062 : 0.552
right(c) = c == 1 ? 0.492 : 0.982
top(r) = at(160 + (r - 1) * 215)
bottom(r) = at(160 + (r - 1) * 215 + 145)
phase_text(p) = p eq "reclaim" ? "asked for memory" : p eq "check" ? "checks" : \
	p eq "limit" ? "another one, with a limit" : ""

set multiplot
set style fill solid 1.0 noborder
set tics nomirror out scale 0.5 textcolor rgb grey font ",11"
set border 3 linecolor rgb "#b4bbc4"
set grid ytics linecolor rgb "#e4e8ec" linewidth 1
unset key

# ---- head and legend, drawn over an empty plot
set label 1 "What in-tree drivers do when a client is asked for its memory" at screen 0.022,at(34) font ",21" textcolor rgb ink
set label 2 ask('"Linux \(.kernel), drivers as they are and ported to gem-uma \(.git).  One client has 48 MiB of buffers; it is asked for all but 16 MiB, another one may have 24 MiB"') at screen 0.022,at(60) textcolor rgb grey font ",12"
set style rectangle fillstyle solid 1.0 noborder
set object 1 rectangle from screen 0.022,at(93) to screen 0.036,at(81) fillcolor rgb blue
set label 5 "held in memory" at screen 0.042,at(87) textcolor rgb ink font ",12"
set object 2 rectangle from screen 0.155,at(93) to screen 0.169,at(81) fillcolor rgb pale
set label 6 "in swap, content kept" at screen 0.175,at(87) textcolor rgb ink font ",12"
set arrow 2 from screen 0.330,at(87) to screen 0.352,at(87) nohead linecolor rgb red dashtype 2 linewidth 1.6
set label 8 "memory.max" at screen 0.358,at(87) textcolor rgb ink font ",12"
set label 3 "as it is" at screen left(1),at(122) font ",15" textcolor rgb ink
set label 4 "ported" at screen left(2),at(122) font ",15" textcolor rgb ink
unset border
unset tics
set xrange [0:1]
set yrange [0:1]
plot NaN
unset label
unset object
unset arrow
set border 3
set tics

do for [r=1:rows] {
	driver = word(drivers, r)
	# stats looks at what is in range only
	set xrange [*:*]
	set yrange [*:*]
	tmax = 0.0
	do for [c=1:2] {
		csv = dir."/demo-".driver."-".variants[c].".csv"
		stats csv using "seconds" nooutput
		if (STATS_max > tmax) { tmax = STATS_max }
	}
	do for [c=1:2] {
		csv = dir."/demo-".driver."-".variants[c].".csv"
		set xrange [*:*]
		set yrange [*:*]
		stats csv using "seconds" nooutput
		sec = STATS_max
		set lmargin at screen left(c)
		set rmargin at screen right(c)
		set tmargin at screen top(r)
		set bmargin at screen bottom(r)
		set xrange [0:tmax*1.02]
		set yrange [0:96]
		set ytics 0,16
		set format x "%g s"
		if (c == 1) { set format y "%g MiB" } else { set format y "" }
		if (c == 1) {
			set label 1 driver.(run(driver, "stock", ".device") eq "true" ? ", a model of its device fills and checks" : "") at screen left(1),top(r)+14/height font ",13" textcolor rgb ink
		}
		phases = system(sprintf("awk -F, 'NR>1 && $2!=p {p=$2; printf \"%%s %%s \", $1, p}' '%s'", csv))
		n = words(phases) / 2
		do for [k=1:n] {
			x0 = word(phases, 2*k-1) + 0
			x1 = k < n ? word(phases, 2*k+1) + 0 : sec
			if (k > 1) { set arrow 20+k from first x0, graph 0 to first x0, graph 1 nohead linecolor rgb "#9aa3ad" linewidth 0.8 dashtype 3 front }
			caption = phase_text(word(phases, 2*k))
			if ((x1 - x0) / tmax > 0.016 + 0.0135 * strlen(caption)) {
				set label 20+k caption at first x0, graph 0.955 offset 0.6,0 textcolor rgb grey font ",10.5" front
			}
			if (word(phases, 2*k) eq "limit") {
				set arrow 2 from first x0, first 24 to graph 1, first 24 nohead linecolor rgb red dashtype 2 linewidth 1.6 front
			}
		}
		took = run(driver, variants[c], '(.reclaim.before-.reclaim.after)/1048576|round') + 0
		err = run(driver, variants[c], '.reclaim.errno') + 0
		wrong = run(driver, variants[c], '.reclaim.wrong+.limit.wrong')
		end = run(driver, variants[c], '.limit.end')
		set label 3 (err ? sprintf("✘ gives back %d MiB", took) : sprintf("✔ gives back %d MiB", took)) at graph 0.99, graph 0.86 right textcolor rgb (err ? red : good) font ",13" front
		if (end eq "ok") {
			set label 4 sprintf("✔ works within the limit, %s wrong words", wrong) at graph 0.99, graph 0.72 right textcolor rgb good font ",13" front
		} else {
			set label 4 "✘ ".end at graph 0.99, graph 0.72 right textcolor rgb red font ",13" front
		}
		plot csv using "seconds":(column("resident_mib")+column("swap_mib")) with filledcurves y1=0 linecolor rgb pale, \
			"" using "seconds":"resident_mib" with filledcurves y1=0 linecolor rgb blue
		unset label
		unset arrow
	}
}
unset multiplot
