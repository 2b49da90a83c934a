#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# In a guest: the root of the host, which is exported as "root" and can only be read, becomes
# /clients, where programs of the host run as if it were theirs.
set -e

modprobe 9pnet_virtio
modprobe 9p
mkdir -p /clients
mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=262144,cache=loose root /clients
for d in dev proc sys; do
	mount --bind /$d /clients/$d
done
for d in tmp run; do
	mount -t tmpfs tmp /clients/$d
done
chmod 700 /clients/tmp
