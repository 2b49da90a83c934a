# SPDX-License-Identifier: GPL-2.0
"""How fast the time-stamp counter of this machine runs.

An emulated processor shows it as its own, and a kernel that has to find out how fast it
is, against an emulated timer and on a busy machine, may give up: then its clock is that
of its ticks.
"""
import ctypes
import mmap
import platform
import time

# rdtsc; shl $32,%rdx; or %rdx,%rax; ret
RDTSC = b"\x0f\x31\x48\xc1\xe2\x20\x48\x09\xd0\xc3"
INTERVAL = 0.05
# A pair of readings with more between them, in nanoseconds, was interrupted.
APART = 5000
TRIES = 20


def _read(rdtsc):
    for _ in range(TRIES):
        before = time.monotonic_ns()
        ticks = rdtsc()
        after = time.monotonic_ns()
        if after - before < APART:
            break
    return (before + after) / 2, ticks


def khz(machine):
    """None where it cannot be known, or a guest of that machine has none."""
    if not platform.machine() == machine == "x86_64":
        return None
    try:
        code = mmap.mmap(-1, mmap.PAGESIZE,
                         prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    code.write(RDTSC)
    start = ctypes.addressof(ctypes.c_char.from_buffer(code))
    rdtsc = ctypes.CFUNCTYPE(ctypes.c_uint64)(start)
    t0, n0 = _read(rdtsc)
    time.sleep(INTERVAL)
    t1, n1 = _read(rdtsc)
    return round((n1 - n0) / (t1 - t0) * 1e6)
