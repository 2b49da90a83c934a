# SPDX-License-Identifier: GPL-2.0
s/ethosu_perfmon\.o$/& ethosu_uma.o/
