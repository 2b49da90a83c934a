#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Medians of what port_bench measured, the port beside its original.

    report.py SAMPLES.csv

CSV to stdout. Exit code 1 if a port lacks a row, or its original one that is not of reclaim.
"""
import collections
import csv
import statistics
import sys

ROWS = {
    "create": "create and close 64 KiB",
    "touch": "first write to a page through mmap",
    "submit-first": "first use of 4 MiB by the device",
    "submit": "further use by the device",
    "evict": "memory.reclaim of a page",
    "restore": "write to an evicted page",
    "kmem": "kernel memory per GiB that was used",
}
# What gives nothing back has none of these, and a device that does nothing none of those.
RECLAIM = {"evict", "restore"}
DEVICE = {"submit-first", "submit"}


def shown(values, unit):
    if not values:
        return ""
    value = statistics.median(values)
    return f"{value / 1e6:.1f} MB" if unit == "B/GiB" else f"{value:.0f}"


def main():
    samples = collections.defaultdict(list)
    units = {}
    with open(sys.argv[1], encoding="utf-8") as f:
        for driver, variant, row, value, unit in csv.reader(f):
            samples[driver, row, variant].append(float(value))
            units[row] = unit
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["driver", "what", "as it is", "ported", "ported / as it is"])
    bad = 0
    for driver in sorted({k[0] for k in samples}):
        for row, what in ROWS.items():
            stock, ported = (samples[driver, row, v] for v in ("stock", "ported"))
            if not stock and not ported and row in DEVICE:
                continue
            if not ported or (not stock and row not in RECLAIM):
                print(f"{driver}: {row} was not measured", file=sys.stderr)
                bad = 1
            ratio = ""
            if stock and ported and statistics.median(stock) > 0:
                ratio = f"{statistics.median(ported) / statistics.median(stock):.2f}"
            out.writerow([driver, what, shown(stock, units[row]), shown(ported, units[row]), ratio])
    return bad


if __name__ == "__main__":
    sys.exit(main())
