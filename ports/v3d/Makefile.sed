# SPDX-License-Identifier: GPL-2.0
s/^(\t)v3d_submit\.o$/\1v3d_submit.o \\\n\1v3d_uma.o/
