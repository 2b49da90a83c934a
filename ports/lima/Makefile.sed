# SPDX-License-Identifier: GPL-2.0
s/^(\t)lima_devfreq\.o$/\1lima_devfreq.o \\\n\1lima_uma.o/
