#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A function unwinds by goto or by scope (guard, scoped_guard, CLASS, __free), never
by both: a jump can leave a scope, or skip into one, without being seen to.

cleanup.py FILE...
"""
import re
import sys

BODY = re.compile(r"^\{\n(.*?)^\}", re.M | re.S)
SCOPE = re.compile(r"\b(?:scoped_)?(?:cond_)?guard\(|\bCLASS\(|\b__free\(")
GOTO = re.compile(r"^\s*(?:.*\)\s*)?goto\s+(\w+);", re.M)


def main():
    found = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            text = re.sub(r"/\*.*?\*/|//[^\n]*",
                          lambda m: re.sub(r"[^\n]", " ", m[0]), f.read(), flags=re.S)
        for m in BODY.finditer(text):
            jump, scope = GOTO.search(m[1]), SCOPE.search(m[1])
            if jump and scope:
                found += 1
                line = text.count("\n", 0, m.start(1) + scope.start()) + 1
                print(f"{path}:{line}: scope-based cleanup and goto {jump[1]} in one function")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
