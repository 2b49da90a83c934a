#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fw_panthor.py FILE

Writes the firmware for the model of panthor's device, fake_panthor.c, which is no program:
one section, which holds what driver and firmware share, as it is after the firmware has
started."""
import struct
import sys

MAGIC = 0xc3f13a6e
SECTION = 0                             # an entry of the file: a section
READ, WRITE, SHARED = 1, 2, 1 << 30     # flags of a section
BASE = 0x04000000                       # where the microcontroller sees it
SIZE = 0x8000
INTERFACE = 0x100                       # bytes of what one of both writes
FIRST_INTERFACE = 0x4000

VERSION = 0x01010000
GROUPS, GROUP_OFFSET, GROUP_STRIDE = 3, 0x1000, 0x800
STREAMS, STREAM_OFFSET, STREAM_STRIDE = 8, 0x40, 0x10
SUSPEND_SIZE = 0x1000
# 96 registers, 8 scoreboards, and all three kinds of work.
STREAM_FEATURES = 95 | 8 << 8 | 7 << 16


class Shared:
    def __init__(self):
        self.data = bytearray(SIZE)
        self.next = FIRST_INTERFACE

    def words(self, offset, *values):
        struct.pack_into(f"<{len(values)}I", self.data, offset, *values)

    def interface(self):
        """Addresses for what the driver writes, and for the answers."""
        both = BASE + self.next, BASE + self.next + INTERFACE
        self.next += 2 * INTERFACE
        assert self.next <= SIZE
        return both


def shared():
    s = Shared()
    s.words(0, VERSION, 0, *s.interface(), GROUPS, GROUP_STRIDE, 0, 0)
    for g in range(GROUPS):
        group = GROUP_OFFSET + g * GROUP_STRIDE
        s.words(group, 0, *s.interface(), SUSPEND_SIZE, SUSPEND_SIZE, STREAMS, STREAM_STRIDE)
        for i in range(STREAMS):
            s.words(group + STREAM_OFFSET + i * STREAM_STRIDE, STREAM_FEATURES, *s.interface())
    return bytes(s.data)


def firmware():
    name = b"shared\0\0"
    head = struct.Struct("<IBBHIII")
    entry = struct.Struct("<6I")
    length = entry.size + len(name)
    start = 0x1000
    file = head.pack(MAGIC, 0, 0, 0, 0, 0, head.size + length)
    file += entry.pack(SECTION | length << 8, READ | WRITE | SHARED, BASE, BASE + SIZE,
                       start, start + SIZE) + name
    return file.ljust(start, b"\0") + shared()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as f:
        f.write(firmware())
