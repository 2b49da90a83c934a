# SPDX-License-Identifier: GPL-2.0
s/^\tamdxdna_pm\.o \\$/&\n\tamdxdna_prime.o \\/
s/^\tamdxdna_ubuf\.o \\$/&\n\tamdxdna_uma.o \\/
