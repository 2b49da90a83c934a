# SPDX-License-Identifier: GPL-2.0
s/panfrost_gem_shrinker\.o/panfrost_va.o \\\n\tpanfrost_uma_mmu.o/
