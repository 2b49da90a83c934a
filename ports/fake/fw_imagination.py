#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fw_imagination.py FILE

Writes the firmware for the model of imagination's device, fake_imagination.c, which is no
program: what the driver wants to know of the device, and two sections that are nearly empty."""
import struct
import sys

BVNC = 36, 53, 104, 796
BLOCK = 0x1000

# Sections: id, kind, address, bytes.
CODE = 10, 1, 0xc0000000, 0x1000
DATA = 12, 2, 0x50000000, 0x1000

# Features that the device has, by number; with a value, or without.
FEATURES = {
    1: 1,       # format of the control stream of compute jobs
    21: 1,      # samples for a pixel
    28: 1,      # clusters
    29: 1,      # pipes of the rasterizer
    36: 36,     # bits of a physical address
    37: None,   # its firmware runs on a RISC-V
    44: 512,    # bits of a line of the cache
    46: 64,     # KiB of the cache
    60: 40,     # bits of a virtual address
}


def elf():
    """Loads a word into each section."""
    head = struct.pack("<16sHHIIIIIHHHHHH", b"\x7fELF\1\1\1", 2, 243, 1, CODE[2], 52, 0, 0,
                       52, 32, 2, 0, 0, 0)
    segments = b"".join(struct.pack("<8I", 1, at, address, address, 4, 4, 7, 4)
                        for at, address in ((116, CODE[2]), (120, DATA[2] + 0x800)))
    return head + segments + struct.pack("<2I", 0x00100073, 0)


def device_info():
    masks = [0, 0]
    for bit in FEATURES:
        masks[bit // 64] |= 1 << bit % 64
    values = [v for _, v in sorted(FEATURES.items()) if v is not None]
    head = struct.pack("<4Q", 1, 1, len(masks), len(values))
    quirks, enhancements = 0, 0
    return head + struct.pack(f"<{4 + len(values)}Q", quirks, enhancements, *masks, *values)


def layout():
    return b"".join(struct.pack("<6I", kind, what, address, size, size, 0)
                    for kind, what, address, size in (CODE, DATA))


def firmware():
    b, v, n, c = BVNC
    info = device_info()
    sections = layout()
    head = struct.pack("<4IQ2I2H3I", 3, 48, 2, 24, b << 48 | v << 32 | n << 16 | c, BLOCK, 1,
                       1, 0, 1, len(info), 0)
    program = elf()
    return program.ljust(BLOCK - len(info), b"\0") + info + (head + sections).ljust(BLOCK, b"\0")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "wb") as f:
        f.write(firmware())
