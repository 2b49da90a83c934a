#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fw_ivpu.py FILE

Writes the firmware for the model of ivpu's device, fake_ivpu.c, which is no program: a header
that says where it would be, its version, and an image of zeroes."""
import struct
import sys

HEADER, VERSION, PAGE = 0x1000, 0x1000, 0x1000
BOOT_PARAMS = 0x84800000        # as fake_ivpu.h
NAMES = BOOT_PARAMS + PAGE
IMAGE = NAMES + PAGE
IMAGE_SIZE, RUNTIME_SIZE = 4 * PAGE, 18 * PAGE
# Of boot, and of messages: the last without a scheduler of the firmware's.
INTERFACES = {0: 3 << 16 | 29, 4: 3 << 16 | 23}


def firmware():
    interfaces = [INTERFACES.get(i, 0) for i in range(16)]
    head = struct.pack("<IIQIQ32sIQIQ16I", 1, 0, IMAGE, IMAGE_SIZE, IMAGE, b"model", 0, NAMES,
                       PAGE, BOOT_PARAMS, *interfaces)
    # No memory for what would preempt a job; nothing is read-only.
    head += struct.pack("<II2I2I4IQII", RUNTIME_SIZE, 0, PAGE, PAGE, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    return head.ljust(HEADER, b"\0") + b"model".ljust(VERSION + IMAGE_SIZE, b"\0")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as f:
        f.write(firmware())
