#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The manual's table of who syncs what is the one that a unit test runs.

    check-sync-table.py            what is not so
    check-sync-table.py --write    puts the test's rows into docs/parts/sync.rst
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEST = "gem_uma/tests/gem_uma_test_sync_table.c"
MANUAL = "docs/parts/sync.rst"
MARKS = (".. The table of syncs: check-sync-table.py --write\n\n", "\n.. End of the table.\n")
HEAD = ("What happens", "Snoops", "Does not snoop", "The same, WC", "WC on x86", "Bounces")
WORDS = {"": "nothing", "c": "clean", "i": "invalidate", "ci": "clean, invalidate"}
ROW = re.compile(r'^\t\{ "([^"]+)", \w+, \{ "(\w*)", "(\w*)", "(\w*)", "(\w*)", "(\w*)" \} \},$', re.M)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def table():
    source = read(TEST)
    body = source[source.index("} sync_truths[] = {"):]
    body = body[:body.index("\n};")]
    rows = ROW.findall(body)
    if not rows or len(rows) != body.count("\t{ "):
        sys.exit(f"{TEST}: found no rows, or rows that do not look like one")
    rows = [HEAD] + [(r[0], *(WORDS[w] for w in r[1:])) for r in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    line = "  ".join("=" * w for w in widths)
    text = ["  ".join(c.ljust(w) for c, w in zip(r, widths)).rstrip() for r in rows]
    return "\n".join([line, text[0], line, *text[1:], line]) + "\n"


def main():
    manual = read(MANUAL)
    begin = manual.index(MARKS[0]) + len(MARKS[0])
    end = manual.index(MARKS[1], begin)
    if manual[begin:end] == table():
        return 0
    if sys.argv[1:] == ["--write"]:
        with open(os.path.join(TOP, MANUAL), "w", encoding="utf-8") as f:
            f.write(manual[:begin] + table() + manual[end:])
        return 0
    print(f"{MANUAL}:{manual.count(chr(10), 0, begin) + 1}: the table is not that of {TEST}: use --write")
    return 1


sys.exit(main())
