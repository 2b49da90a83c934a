#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Kernel-doc without warnings, and a contract for every export: a block with a
Context: section (may it sleep, which locks, may it run in a signalling section)
and, where something is returned, a Return: section.

check-kdoc.py [FILE...]
"""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DOCUMENTED = ("include/drm/gem_uma/*.h", "include/uapi/drm/*.h", "gem_uma/*.[ch]",
              "vuma/*.[ch]", "bench/peers/*.c", "docs/examples/*.c")

EXPORT = re.compile(r"^EXPORT_SYMBOL(?P<kind>\w*)[ \t]*\([ \t]*(?P<name>\w+)", re.M)
BLOCK = re.compile(r"/\*\*\n(?P<body>.*?)\*/", re.S)
SECTION = r"^ \*[ \t]*{}:[ \t]*(?:\n \*[ \t]+)?\S"


def tree_files(*patterns):
    out = subprocess.run([os.path.join(TOP, "scripts/tree-files.sh"), *patterns],
                         check=True, capture_output=True, text=True)
    return out.stdout.split("\n")[:-1]


def kernel_doc():
    tool = subprocess.run([os.path.join(TOP, "scripts/kernel-tools.sh"), "kernel-doc"],
                          check=False, capture_output=True, text=True)
    if tool.returncode:
        print(tool.stderr.strip().split("\n")[-1])
        sys.exit(4 if tool.returncode == 4 else 1)
    return tool.stdout.strip()


def warnings(tool, paths):
    """kernel-doc's own view; -Wall also wants each return value described."""
    run = subprocess.run([tool, "-none", "-Wall", "-Werror", *paths], check=False,
                         capture_output=True, text=True)
    found = [l for l in (run.stdout + run.stderr).split("\n") if l.strip()]
    if run.returncode and not found:
        found.append(f"{tool} failed with exit code {run.returncode}")
    return found


def blocks(text):
    """Function name -> body of the kernel-doc block that opens with it."""
    found = {}
    for m in BLOCK.finditer(text):
        head = re.match(r" \*[ \t]*(\w+)[ \t]*(?:\(\))?[ \t]*[-:]", m["body"])
        if head:
            found[head[1]] = m["body"]
    return found


def returns_void(text, name):
    """True or False for a function defined here, None when there is none."""
    m = re.search(r"^(?P<type>[A-Za-z_][\w \t*]*?(?:\n)?[ \t*]*)\b" + name +
                  r"\([^;{]*?\)\s*\n\{", text, re.M)
    if not m:
        return None
    return bool(re.fullmatch(r"(?:\w+\s+)*void\s*", m["type"]))


def is_data(text, name):
    return re.search(r"^[A-Za-z_][\w \t*]*\b" + name + r"[ \t]*(\[[^\]]*\][ \t]*)?[=;]",
                     text, re.M) is not None


def check_exports(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        text = f.read()
    docs = blocks(text)
    count = 0
    found = []
    for m in EXPORT.finditer(text):
        name = m["name"]
        where = f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {name}"
        count += 1
        if not m["kind"].endswith(("_GPL", "_IF_KUNIT")):
            found.append(f"{where} is not exported to GPL modules only")
        void = returns_void(text, name)
        if void is None:
            if not is_data(text, name):
                found.append(f"{where} is exported, but not defined here")
            continue
        if name not in docs:
            found.append(f"{where} has no kernel-doc block here")
            continue
        if not re.search(SECTION.format("Context"), docs[name], re.M):
            found.append(f"{where} has no Context: section")
        if not void and not re.search(SECTION.format("Return"), docs[name], re.M):
            found.append(f"{where} has no Return: section")
    return count, found


def main():
    # Absolute, so that a relative argument means what the caller meant.
    asked = [os.path.relpath(p, TOP) for p in sys.argv[1:]]
    os.chdir(TOP)
    paths = asked or tree_files(*DOCUMENTED)
    paths = [p for p in paths if not p.startswith("gem_uma/tests/")]
    problems = warnings(kernel_doc(), paths)
    exports = 0
    for path in paths:
        if path.endswith(".c"):
            count, found = check_exports(path)
            exports += count
            problems += found
    if not asked and not exports:
        problems.append("found no exported function to check")
    for text in problems:
        print(text)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
