# SPDX-License-Identifier: GPL-2.0
s/^(\tpanthor_sched\.o)$/\1 \\\n\tpanthor_uma_bind.o \\\n\tpanthor_uma_vm.o/
