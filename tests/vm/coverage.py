#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Line coverage of our modules from what guests brought back.

    coverage.py [-o FILE] DIR...

Each DIR mirrors the build folder, with the counters of one guest. Prints for each
source file of the library and of vuma how many of its lines ran in any of them, and
which did not; to FILE, too.
"""
import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROOMS = ("gem_uma", "vuma")


def counters(tree):
    for folder, _, names in os.walk(tree):
        for name in names:
            if name.endswith(".gcda"):
                yield os.path.join(folder, name)


def lines_of(gcda, tree):
    """(source, line, count) of one object; its .gcno lies beside the object."""
    note = "/" + os.path.relpath(gcda, tree)[:-len("gcda")] + "gcno"
    if not os.path.exists(note):
        raise SystemExit(f"coverage.py: {note}: gone, built anew since the run?")
    with tempfile.TemporaryDirectory() as tmp:
        base = os.path.join(tmp, os.path.basename(gcda)[:-len(".gcda")])
        os.symlink(gcda, base + ".gcda")
        os.symlink(note, base + ".gcno")
        out = subprocess.run(["gcov", "--json-format", "--stdout", base + ".gcda"],
                             check=True, stdout=subprocess.PIPE, cwd=tmp).stdout
    doc = json.loads(out)
    for f in doc["files"]:
        path = os.path.join(doc["current_working_directory"], f["file"])
        for line in f["lines"]:
            yield os.path.realpath(path), line["line_number"], line["count"]


def ranges(numbers):
    """1 2 3 7 -> 1-3 7"""
    spans = []
    for n in sorted(numbers):
        if spans and n == spans[-1][1] + 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    return " ".join(f"{a}-{b}" if b > a else str(a) for a, b in spans)


def table(trees):
    """The lines of the table, none if nothing was counted."""
    ran = collections.defaultdict(dict)
    for tree in trees:
        for gcda in counters(tree):
            for path, line, count in lines_of(gcda, tree):
                rel = os.path.relpath(path, TOP)
                if rel.split(os.sep)[0] in ROOMS and "tests" not in rel.split(os.sep):
                    ran[rel][line] = ran[rel].get(line, 0) + count
    if not ran:
        return
    yield f"{'lines':>6} {'ran':>6} {'%':>6}  file: lines that did not run"
    total = hit = 0
    for rel, lines in sorted(ran.items()):
        missed = [n for n, count in lines.items() if not count]
        total += len(lines)
        hit += len(lines) - len(missed)
        yield (f"{len(lines):6} {len(lines) - len(missed):6} "
               f"{100 * (len(lines) - len(missed)) / len(lines):6.1f}  {rel}: {ranges(missed)}")
    yield f"{total:6} {hit:6} {100 * hit / total:6.1f}  all"


def main():
    ap = argparse.ArgumentParser(description="line coverage of our modules")
    ap.add_argument("-o", metavar="FILE", dest="out")
    ap.add_argument("trees", metavar="DIR", nargs="+")
    args = ap.parse_args()
    lines = list(table(args.trees))
    if not lines:
        print("coverage.py: no counters", file=sys.stderr)
        return 1
    for f in [sys.stdout] + ([open(args.out, "w", encoding="utf-8")] if args.out else []):
        f.writelines(line + "\n" for line in lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
