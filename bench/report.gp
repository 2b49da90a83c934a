# SPDX-License-Identifier: GPL-2.0
# gnuplot -e "data='bench.dat'; svg='bench.svg'; what='wall clock'" report.gp
set terminal svg size 1500,760 font "sans-serif,13" background "white"
set output svg
set title "Cost of one operation, ".what.": gem-shmem = 1 (tmpfs = 1 where gem-shmem cannot do it), lower is better"
set style data histograms
set style histogram clustered gap 1.5
set style fill solid 0.9 noborder
set boxwidth 0.95
set logscale y
set yrange [0.002:4]
set ylabel "relative cost (logarithmic)"
set grid ytics lc rgb "#d0d0d0"
set xtics rotate by -40 left nomirror
set key top left horizontal
set bmargin 9
set rmargin 9
set datafile missing "NaN"
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb "#404040" dt 2 front
plot data using 2:xtic(1) title "vuma" lc rgb "#1b6ca8", \
     "" using 3 title "gem-shmem twin" lc rgb "#e08e2b", \
     "" using 4 title "limit: tmpfs, no DRM" lc rgb "#9aa5ad", \
     "" using 5 title "limit: clear a page, or a system call" lc rgb "#d9dde0"
