#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""_locked is a promise of the caller to hold a resv. Each function of that name
says so to tools, by __must_hold() on its declaration (or its definition, if it is
static), and checks it before it does anything else: its first statement asserts,
or calls a function that does. An initialiser that calls a function is a statement,
too, unless that converts a pointer, returns a member or reads the clock.

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
FUNCTION = re.compile(r"^(?:[a-z][\w \t*]*?\b)?([a-z]\w*)\([^;{}]*?\)(?:\s*__\w+\([^\n]*\))*\n\{\n(.*?)^\}",
                      re.M | re.S)
MARKED = re.compile(r"\b(\w+_locked)\([^;{}]*?\)\s*__must_hold\(")
ASSERTS = re.compile(r"\b\w+assert_held\w*\(|\b\w+_locked\(")
DECLARATION = re.compile(r"(?:(?:static|const|struct|enum|unsigned)\s+)*\w+(?:\s+\**|\s*\*+)\w+"
                         r"(?:\[[^\]]*\])?(?:\s*=.*|\s*,.*)?|(?:XA_STATE|MA_STATE|LIST_HEAD|DEFINE_\w+)\([^()]*\)",
                         re.S)
# Nothing but "return a->b.c;"
MEMBER = re.compile(r"^\{\n\treturn [&\w>.-]+;\n\}", re.M)
CALL = re.compile(r"\b(\w+)\(")
PURE = re.compile(r"to_\w+|container_of|sizeof|ARRAY_SIZE|XA_STATE|MA_STATE|LIST_HEAD|DEFINE_\w+|"
                  r"ktime_get\w*")


def tree_files(*patterns):
    out = subprocess.run([os.path.join(TOP, "scripts/tree-files.sh"), *patterns],
                         check=True, capture_output=True, text=True)
    return [p for p in out.stdout.split("\n")[:-1] if "/tests/" not in p]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def calls_in(text):
    """Names of what is called, and has returned at the end of the text."""
    for m in CALL.finditer(text):
        depth = 0
        for c in text[m.end() - 1:]:
            depth += (c == "(") - (c == ")")
            if not depth:
                yield m[1]
                break


def asserts_first(body, asserting=frozenset(), members=frozenset()):
    """Is there nothing but declarations before the first assertion? @asserting are
    functions that assert by themselves, @members those that return a member."""
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    body = re.sub(r"=\s*\{[^{}]*\}", "= 0", body)
    first = next((m for m in CALL.finditer(body)
                  if ASSERTS.match(m[0]) or m[1] in asserting), None)
    if not first:
        return False
    before = body[:first.start()]
    if not all(PURE.fullmatch(name) or name in members for name in calls_in(before)):
        return False
    # what remains behind the last semicolon is the statement that asserts
    statements = before.split(";")[:-1]
    if re.search(r"[{}]|\b(?:if|for|while|do|switch|goto|return)\b", ";".join(statements)):
        return False
    return all(DECLARATION.fullmatch(s.strip()) for s in statements) and \
        not re.search(r"\b(?:if|for|while|switch)\s*\([^;]*\)\s*$", before)


def helpers(paths):
    """Functions of no particular name that assert, and those that return a member."""
    found = [m for p in paths for m in FUNCTION.finditer(read(p))]
    return (frozenset(m[1] for m in found if asserts_first(m[2])),
            frozenset(m[1] for m in found if MEMBER.fullmatch("{\n" + m[2] + "}")))


def check(path, marked, asserting, members):
    text = read(path)
    count, found = 0, []
    for m in DEFINITION.finditer(text):
        where = f"{path}:{text.count(chr(10), 0, m.start('name')) + 1}: {m['name']}"
        count += 1
        if not asserts_first(m["body"], asserting, members):
            found.append(f"{where} does not begin with an assertion that the lock is held")
        if "__must_hold(" not in m["marks"] and m["name"] not in marked:
            found.append(f"{where} has no __must_hold()")
    return count, found


def main():
    asked = [os.path.relpath(p, TOP) for p in sys.argv[1:]]
    marked = {name for p in tree_files(*HEADERS) for name in MARKED.findall(read(p))}
    asserting, members = helpers(tree_files(*ROOMS, *HEADERS))
    total, problems = 0, []
    for path in asked or tree_files(*ROOMS):
        count, found = check(path, marked, asserting, members)
        total += count
        problems += found
    if not asked and not total:
        problems.append("found no _locked function to check")
    for text in problems:
        print(text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
