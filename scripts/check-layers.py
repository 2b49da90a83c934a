#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Include order is a line: a part includes, and calls, only what lies below it.

    types < device < backing < {cpu_map, dev_map} < {sync, prime, heap, vm}
          < reclaim < object < driver

Also: the library knows nothing of vuma; of vuma only the backend and the
driver's frame know the library; its gem-shmem twin knows nothing of it; kernel
versions are known to compat/ alone.
"""
import fnmatch
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A part may include those of a lower rank. Parts of one rank are siblings and
# know nothing of each other, but for those of the turn-key object.
RANK = {
    "types": 0, "device": 1, "backing": 2,
    "cpu_map": 3, "dev_map": 3,
    "sync": 4, "prime": 4, "heap": 4, "reserve": 4, "vm": 4,
    "reclaim": 5,
    "object": 6, "purge": 6, "stats": 6, "lockdep": 6, "pm": 6,
    "module": 7,
}
BESIDE_OBJECT = {"object", "purge", "stats", "lockdep"}
# Headers that any part may include and that include nothing of a part but types:
# pure logic (compiled by tests/host, too), the library's own declarations, traces.
LEAVES = {"internal", "trace", "extents", "range", "state"}

LIBRARY = ("gem_uma/*.c", "gem_uma/*.h", "include/drm/gem_uma/*.h")
LIBRARY_TESTS = "gem_uma/tests/*"
# The only files of vuma that may know the library. The VM part is a module of its own,
# and the twin has the same.
VUMA_LIBRARY_USERS = ("vuma/vuma_bo_uma.c", "vuma/vuma_bo_uma.h", "vuma/vuma_drv*.c",
                      "vuma/vuma_vm.[ch]", "vuma/vuma_mmu*.c")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)
CALL = re.compile(r"\b_{0,2}gem_uma_(\w+)[ \t]*\(")
VERSION = re.compile(r"\bLINUX_VERSION_CODE\b|\bKERNEL_VERSION[ \t]*\(")
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)

problems = []


def problem(path, line, text):
    problems.append(f"{path}:{line}: {text}")


def tree_files(*patterns):
    out = subprocess.run([os.path.join(TOP, "scripts/tree-files.sh"), *patterns],
                         check=True, capture_output=True, text=True)
    return out.stdout.split("\n")[:-1]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def lines_of(text, matches):
    for m in matches:
        yield text.count("\n", 0, m.start()) + 1, m


def part_of(name):
    """gem_uma_dev_map.c -> dev_map; gem_uma_vm_bind.c -> vm; None if unknown."""
    word = re.sub(r"^gem_uma_|_test$", "", os.path.splitext(os.path.basename(name))[0])
    if word in LEAVES or word.endswith("_logic"):
        return word
    while word and word not in RANK:
        word = word.rpartition("_")[0]
    return word or None


def is_leaf(part):
    return part not in RANK


def allowed(user, used):
    if user == used:
        return True
    if is_leaf(user):
        return is_leaf(used) or used == "types"
    if is_leaf(used) or {user, used} <= BESIDE_OBJECT:
        return True
    return RANK[used] < RANK[user]


def check_library_file(path):
    text = read(path)
    user = part_of(path)
    if user is None:
        problem(path, 1, "not a known part: give it its place in scripts/check-layers.py")
        return
    for line, m in lines_of(text, INCLUDE.finditer(text)):
        name = os.path.basename(m[1])
        if "vuma" in m[1]:
            problem(path, line, f"the library includes {m[1]}")
        if not name.startswith("gem_uma_") or name == "gem_uma_compat.h":
            continue
        used = part_of(name)
        if used is None or not allowed(user, used):
            problem(path, line, f"{user} includes upward: {m[1]}")
    code = NOISE.sub(lambda m: "\n" * m[0].count("\n"), text)
    for line, m in lines_of(code, CALL.finditer(code)):
        used = part_of("gem_uma_" + m[1])
        if used and not is_leaf(used) and not is_leaf(user) and not allowed(user, used):
            problem(path, line, f"{user} calls upward: {m[0].rstrip('( ')}()")


def check_includes(paths, pattern, text, exempt=()):
    for path in paths:
        if any(fnmatch.fnmatch(path, e) for e in exempt):
            continue
        source = read(path)
        for line, m in lines_of(source, INCLUDE.finditer(source)):
            if re.search(pattern, m[1]):
                problem(path, line, f"{text}: {m[1]}")


def check_versions(paths):
    for path in paths:
        code = NOISE.sub(lambda m: "\n" * m[0].count("\n"), read(path))
        for line, m in lines_of(code, VERSION.finditer(code)):
            problem(path, line, f"{m[0].rstrip('( ')} outside compat/")


def main():
    library = [p for p in tree_files(*LIBRARY) if not fnmatch.fnmatch(p, LIBRARY_TESTS)]
    vuma = tree_files("vuma/*.[ch]")
    sources = tree_files("*.[chS]", "*Makefile*", "*Kbuild", "*.mk")
    for path in library:
        check_library_file(path)
    check_includes(tree_files(LIBRARY_TESTS + ".[ch]"), r"vuma", "the library's tests include")
    check_includes(vuma, r"(^|/)gem_uma", "only the backend may include", VUMA_LIBRARY_USERS)
    check_includes(tree_files("bench/peers/*.[ch]"), r"(^|/)gem_uma", "the twin includes")
    check_versions(p for p in sources if not p.startswith("compat/"))

    for text in problems:
        print(text)
    if not library or not vuma:
        print("found no sources of the library or of vuma to check")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
