#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The table of figures in README.md is what bench/figures.csv says.

check-figures.py                     compares
check-figures.py --write [CSV...]    takes what these results of uma-bench have (a file
                                     that is not there has nothing), and writes both
"""
import csv
import os
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(TOP, "bench/figures.csv")
README = os.path.join(TOP, "README.md")
BEGIN = "<!-- figures: made by make figures -->\n"
END = "<!-- figures end -->\n"
STEPS = {"insn": (("", 1), ("k", 1e3), ("M", 1e6)),
         "B": ((" B", 1), (" kB", 1e3), (" MB", 1e6)),
         "ns": ((" ns", 1), (" us", 1e3), (" ms", 1e6)),
         "%": ((" %", 1),), "n": (("", 1),)}


def split(path):
    """The comment lines of a CSV file, and its rows."""
    with open(path, encoding="utf-8") as f:
        lines = f.readlines()
    comments = [l for l in lines if l.startswith("#")]
    return comments, list(csv.DictReader(l for l in lines if not l.startswith("#")))


def number(text, unit):
    if not text:
        return ""
    value = float(text)
    suffix, scale = [s for s in STEPS[unit] if value >= s[1] or s[1] == 1][-1]
    value /= scale
    return f"{value:.{2 if value < 10 and scale == 1 else 1 if value < 100 else 0}f}{suffix}"


def ratio(row):
    value = row["ratio"]
    if not value and row["vuma"] and row["shmem"]:
        value = float(row["vuma"]) / float(row["shmem"])
    if not value:
        return ""
    return f"{float(value):.2f}" if float(value) >= 0.01 else "< 0.01"


def table(rows):
    yield "| operation | unit | vuma | twin | vuma / twin | tmpfs | commit |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for row in rows:
        unit = {"insn": "instructions", "ns": "time", "B": "memory"}.get(row["unit"], row["unit"])
        cells = [row["what"], unit] + [number(row[w], row["unit"]) for w in ("vuma", "shmem")]
        cells += [ratio(row), number(row["tmpfs"], row["unit"]), f"`{row['commit']}`"]
        yield "| " + " | ".join(cells) + " |\n"


def take(rows, path):
    """What a result of uma-bench says of these rows, in the same unit."""
    if not os.path.exists(path):
        return 0
    comments, results = split(path)
    commit = next((c.split("git: ")[1].strip() for c in comments if "git: " in c), "unknown")
    taken = 0
    for row in rows:
        found = {r["driver"]: r for r in results
                 if r["row"] == row["row"] and r["unit"] == row["unit"] and r["median"]}
        if "vuma" not in found:
            continue
        taken += 1
        row["commit"] = commit
        for column, driver in (("vuma", "vuma"), ("shmem", "vuma_shmem"), ("tmpfs", "tmpfs")):
            row[column] = found[driver]["median"] if driver in found else ""
        row["ratio"] = found.get("vuma_shmem", {}).get("vuma_over_this", "")
    return taken


def write(rows, comments, text):
    with open(DATA, "w", encoding="utf-8", newline="") as f:
        f.writelines(comments)
        out = csv.DictWriter(f, rows[0].keys(), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
    with open(README, "w", encoding="utf-8") as f:
        f.write(text)


def main():
    comments, rows = split(DATA)
    with open(README, encoding="utf-8") as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        print("README.md:1: has no place for the table of figures")
        return 1
    if sys.argv[1:2] == ["--write"]:
        taken = sum(take(rows, path) for path in sys.argv[2:])
        print(f"{taken} of {len(rows)} rows measured anew")
    head, rest = text.split(BEGIN)
    wanted = head + BEGIN + "".join(table(rows)) + END + rest.split(END)[1]
    if sys.argv[1:2] == ["--write"]:
        write(rows, comments, wanted)
    elif text != wanted:
        line = next((n for n, (a, b) in enumerate(zip(text.split("\n"), wanted.split("\n")), 1)
                     if a != b), 1)
        print(f"README.md:{line}: not what bench/figures.csv says: make figures")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
