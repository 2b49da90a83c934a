# SPDX-License-Identifier: GPL-2.0
s/virtgpu_submit\.o$/virtgpu_submit.o \\\n\tvirtgpu_uma.o/
