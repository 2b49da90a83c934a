#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""docs/pitfalls.md against the tree: each test named there exists, and each
identifier of docs/pitfalls-ids.txt has a row.

A name in backticks in the last column of a table is a test, unless it begins
with an underscore, ends with () or has a slash; then it has to be a file, if it
begins with a room of the tree. Forms:

    race_jobs                     printed by a program of tests/
    race_{jobs,close}_*           every name it stands for has a match
    kunit:gem_uma_object.case     KUNIT_CASE(case) of the suite gem_uma_object
    inject:row                    a row of the table of injected failures
    check:headers, lint:resv      a check or step of that name

check-pitfalls.py [MARKDOWN [IDENTIFIERS]]
"""
import fnmatch
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAMS = ("tests/*/*.c",)
UNITS = ("gem_uma/tests/*.c", "docs/examples/*_test.c")
ROWS = ("gem_uma/tests/gem_uma_inject_rows*.c",)

# a row of a table of tests: the name, then the function
NAME = re.compile(r"(?:\.name\s*=\s*|\{\s*)\"([a-zA-Z][\w-]*)\"(?: [A-Z_]+)?\s*,\s*(?:\.run(?:_arg)?\b|[a-z_])")
ROW = re.compile(r"\.name\s*=\s*\"(\w+)\"")
SUITE = re.compile(r"struct kunit_suite\s+\w+\s*=\s*\{[^}]*?\.name\s*=\s*\"([\w-]+)\""
                   r"|^GEM_UMA_TEST_SUITE\((\w+)\)", re.S | re.M)
CASE = re.compile(r"\bKUNIT_CASE\w*\(\s*(\w+)")
IDENTIFIER = re.compile(r"\b(?:panthor-\d+|uma-[AB]\d+|sparse-[A-Z]\d+|rev-[A-Z]\d+|virtio-L\d+|ports-G\d+|arm64-\d+)\b")
FAMILY = r"(?:panthor-|uma-|sparse-|rev-|virtio-|ports-|arm64-)"


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def files(patterns):
    return [p for pattern in patterns for p in sorted(glob.glob(os.path.join(TOP, pattern)))]


def known_tests():
    """By kind: names that programs print, suite.case of the unit tests, rows."""
    programs = {name for p in files(PROGRAMS) for name in NAME.findall(read(p))}
    units = set()
    for path in files(UNITS):
        text = read(path)
        for suite in ("".join(names) for names in SUITE.findall(text)):
            units |= {f"{suite}.{case}" for case in CASE.findall(text)}
    return {"": programs, "kunit": units,
            "inject": {row for p in files(ROWS) for row in ROW.findall(read(p))}}


def expand(name):
    """a_{b,c} -> a_b a_c"""
    m = re.search(r"\{([^{}]*)\}", name)
    if not m:
        return [name]
    return [x for part in m[1].split(",")
            for x in expand(name[:m.start()] + part.strip() + name[m.end():])]


def is_test(token):
    return re.fullmatch(r"(?:kunit:|inject:)?[a-z][\w.{},*-]*", token) and not token.endswith("()")


def missing(token, tests):
    """What of a token in backticks cannot be found; None if all is well."""
    kind, _, name = token.rpartition(":")
    if kind == "check":
        return None if files((f"scripts/check-{name}.*",)) else f"no check {name}"
    if kind == "lint":
        return None if files((f"scripts/lint/{name}.*",)) else f"no lint step {name}"
    if "/" in token:
        room = token.split("/")[0]
        if os.path.isdir(os.path.join(TOP, room)) and not files((token,)):
            return f"no file {token}"
        return None
    if not is_test(token):
        return None
    for wanted in expand(name):
        if not fnmatch.filter(tests[kind], wanted):
            return f"no test {kind + ':' if kind else ''}{wanted}"
    return None


def row_ids(cell):
    """'panthor-14, -15' -> panthor-14 panthor-15"""
    found, family = [], None
    for part in re.split(r",\s*", cell.strip()):
        full = re.fullmatch("(" + FAMILY + r")([A-Z]?\d+)", part)
        short = re.fullmatch(r"-([A-Z]?\d+)", part)
        if full:
            family = full[1]
            found.append(family + full[2])
        elif short and family:
            found.append(family + short[1])
        else:
            return None
    return found


def rows(text):
    """(line number, cells) of each row of a table, without its head."""
    for number, line in enumerate(text.split("\n"), 1):
        if not line.startswith("|") or re.fullmatch(r"[|\s:-]+", line):
            continue
        cells = [c.strip() for c in line.strip().strip("|").split("|")]
        if cells[0] != "ID":
            yield number, cells


def check(markdown, identifiers):
    wanted = [l for l in identifiers.split("\n") if l and not l.startswith("#")]
    tests = known_tests()
    problems, seen = [], set()
    named = 0
    for number, cells in rows(markdown):
        ids = row_ids(cells[0])
        if ids is None or len(cells) < 3 or not cells[-1]:
            problems.append(f"{number}: a row is | identifiers | what | what stands for it |")
            continue
        seen |= set(ids)
        for i in ids:
            if i not in wanted:
                problems.append(f"{number}: {i} is not in the list of identifiers")
        for token in re.findall(r"`([^`]+)`", cells[-1]):
            named += 1
            what = missing(token, tests)
            if what:
                problems.append(f"{number}: {what}")
    problems += [f"1: no row for {i}" for i in wanted if i not in seen]
    problems += [f"1: {i} is listed twice" for i in sorted({i for i in wanted if wanted.count(i) > 1})]
    # A test that claims to stand for something has to name what exists.
    for name in sorted(tests[""]):
        for i in IDENTIFIER.findall(name.replace("_", " ")):
            if i not in wanted:
                problems.append(f"1: the test {name} stands for {i}, which is not listed")
    if not named or not wanted:
        problems.append("1: found nothing to check")
    return problems


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "docs/pitfalls.md"
    identifiers = sys.argv[2] if len(sys.argv) > 2 else "docs/pitfalls-ids.txt"
    problems = check(read(path), read(identifiers))
    for text in problems:
        print(f"{path}:{text}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
