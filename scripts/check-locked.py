#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""_locked is a promise of the caller to hold a resv. Each function of that name
says so to tools, by __must_hold() on its declaration (or its definition, if it is
static), and checks it before it does anything else: its first statement asserts,
or calls a function that does.

check-locked.py [FILE...]    C files
"""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOMS = ("gem_uma/*.c", "vuma/*.c", "bench/peers/*.c", "docs/examples/*.c")
HEADERS = ("include/*.h", "gem_uma/*.h", "vuma/*.h")

DEFINITION = re.compile(
    r"^(?P<type>[a-z][\w \t*]*?\n?[\w \t*]*?)\b(?P<name>\w+_locked)"
    r"\((?P<args>[^;{}]*?)\)(?P<marks>(?:\s*__\w+\([^\n]*\))*)\n\{\n(?P<body>.*?)^\}",
    re.M | re.S)
MARKED = re.compile(r"\b(\w+_locked)\([^;{}]*?\)\s*__must_hold\(")
ASSERTS = re.compile(r"\b\w+assert_held\w*\(|\b\w+_locked\(")
DECLARATION = re.compile(r"(?:(?:static|const|struct|enum|unsigned)\s+)*\w+(?:\s+\**|\s*\*+)\w+"
                         r"(?:\[[^\]]*\])?(?:\s*=.*|\s*,.*)?|[A-Z_]+\([^()]*\)", re.S)


def tree_files(*patterns):
    out = subprocess.run([os.path.join(TOP, "scripts/tree-files.sh"), *patterns],
                         check=True, capture_output=True, text=True)
    return [p for p in out.stdout.split("\n")[:-1] if "/tests/" not in p]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def asserts_first(body):
    """Is there nothing but declarations before the first assertion?"""
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    body = re.sub(r"=\s*\{[^{}]*\}", "= 0", body)
    first = ASSERTS.search(body)
    if not first:
        return False
    before = body[:first.start()]
    # what remains behind the last semicolon is the statement that asserts
    statements = before.split(";")[:-1]
    if re.search(r"[{}]|\b(?:if|for|while|do|switch|goto|return)\b", ";".join(statements)):
        return False
    return all(DECLARATION.fullmatch(s.strip()) for s in statements) and \
        not re.search(r"\b(?:if|for|while|switch)\s*\([^;]*\)\s*$", before)


def check(path, marked):
    text = read(path)
    count, found = 0, []
    for m in DEFINITION.finditer(text):
        where = f"{path}:{text.count(chr(10), 0, m.start('name')) + 1}: {m['name']}"
        count += 1
        if not asserts_first(m["body"]):
            found.append(f"{where} does not begin with an assertion that the lock is held")
        if "__must_hold(" not in m["marks"] and m["name"] not in marked:
            found.append(f"{where} has no __must_hold()")
    return count, found


def main():
    asked = [os.path.relpath(p, TOP) for p in sys.argv[1:]]
    marked = {name for p in tree_files(*HEADERS) for name in MARKED.findall(read(p))}
    total, problems = 0, []
    for path in asked or tree_files(*ROOMS):
        count, found = check(path, marked)
        total += count
        problems += found
    if not asked and not total:
        problems.append("found no _locked function to check")
    for text in problems:
        print(text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
