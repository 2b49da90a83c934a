#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Include order is a line: a part includes, calls and names only what lies below it.

    check-layers.py            what is not so, and each circle between files
    check-layers.py --table    the graph: each file, and the files that it uses
    check-layers.py --parts    the table of parts, as docs/overview.rst has it
    check-layers.py --write    puts that table into docs/overview.rst and README.md

The library knows nothing of vuma. In vuma, only the backend and the driver's frame know the
library. The gem-shmem twin knows nothing of it. Kernel versions are known to compat/ alone.
"""
import fnmatch
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Part: rank, header, what it owns. A part may use those of a lower rank; parts of one rank
# know nothing of each other. Without a header it is not for drivers, and not in the table.
PARTS = {
    "types": (0, "gem_uma_types.h", "names of states and modes"),
    "device": (1, "gem_uma_device.h", "what is true of one device; its tmpfs mount"),
    "page_set": (1, None, None),
    "userptr": (2, "gem_uma_userptr.h", "memory of a process as a dma-buf"),
    "backing": (2, "gem_uma_backing.h",
                "pages: folios of a shmem file, populated by range, charged to the creator"),
    "cpu_map": (3, "gem_uma_cpu_map.h", "every CPU mapping: mmap, faults, vmap"),
    "dev_map": (3, "gem_uma_dev_map.h", "DMA addresses of ranges; refuses bounce buffers"),
    "sync": (4, "gem_uma_sync.h", "CPU cache maintenance by range"),
    "transfer": (5, "gem_uma_transfer.h", "what of an object a job needs synced; bounce buffers"),
    "prime": (4, "gem_uma_prime.h", "export, import, begin and end of CPU access"),
    "reserve": (2, "gem_uma_reserve.h", "memory put aside for paths that must not wait"),
    "heap": (4, "gem_uma_heap.h", "memory that comes when the device faults"),
    "heap_object": (5, "gem_uma_heap_object.h", "a heap with handles, for simple drivers"),
    "vm": (4, "gem_uma_vm.h", "GPU address spaces over drm_gpuvm: VM_BIND or implicit"),
    "reclaim": (5, "gem_uma_reclaim.h",
                "lists by cgroup and node, shrinker, who is evicted next"),
    "client": (3, "gem_uma_client.h", "what an open file holds: fdinfo counters"),
    "object": (6, "gem_uma_object.h", "all of it in one struct, for simple drivers; purging"),
    "fbdev": (7, "gem_uma_fbdev.h", "a console on dumb buffers; a module of its own"),
    "pm": (6, "gem_uma_pm.h", "evicts what is idle before hibernation"),
    "stats": (7, "gem_uma_stats.h", "debugfs: objects, scans"),
    "lockdep": (7, None, None),
    "module": (8, None, None),
}
# Inside of a part: its files, lowest first. A file that is named nowhere comes last.
ROOMS = {
    "backing": "place wc restore evict backing pin discard".split(),
    "object": "reclaim import populate purge access vma prime funcs object".split(),
    "sync": "sync clflush".split(),
    "heap": "heap grow".split(),
    "userptr": "map notifier userptr".split(),
    "reclaim": "stats reclaim scan device".split(),
    "vm": "types fence dummy ranges tree step lock vm queue bind resident implicit".split(),
}
# Headers that any part may include, and that include nothing of a part but types: pure
# logic, which tests/host compiles, too; the library's own declarations; tracepoints.
LEAVES = {"internal", "trace", "range", "state"}

LIBRARY = ("gem_uma/*.c", "gem_uma/*.h", "include/drm/gem_uma/*.h")
LIBRARY_TESTS = "gem_uma/tests/*"
# The only files of vuma that may know the library. The VM part is a module of its own,
# and the twin has the same.
VUMA_LIBRARY_USERS = ("vuma/vuma_bo_uma*.c", "vuma/vuma_bo_uma.h", "vuma/vuma_drv*.c",
                      "vuma/vuma_vm.[ch]", "vuma/vuma_mmu*.c", "vuma/vuma_heap.c")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)
WORD = re.compile(r"\b_{0,2}(gem_uma_\w+)")
CALL = re.compile(r"\b_{0,2}gem_uma_(\w+)[ \t]*\(")
# What a .c file defines for others: functions, and data with an initializer.
DEFINES = re.compile(r"^(?!static\b|extern\b)\w[^;={}#\n]*?\b(gem_uma_\w+)"
                     r"(?:\((?:[^;{}]*?)\)[^;{}()]*\n\{|(?:\[\w*\])?[ \t]*(?:=|;$))", re.M)
# In a header only bodies count: it declares what others define.
BODY = re.compile(r"(.*?\n\{|.+\Z)((?<=\{).*?(?=\n\}))?", re.S)
VERSION = re.compile(r"\bLINUX_VERSION_CODE\b|\bKERNEL_VERSION[ \t]*\(")
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)

TABLES = {"docs/overview.rst": (".. The table of parts: check-layers.py --write\n\n", "\n.. End of the table.\n"),
          "README.md": ("<!-- The table of parts: check-layers.py --write -->\n", "<!-- End of the table. -->\n")}

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


def code_of(path):
    return NOISE.sub(lambda m: "\n" * m[0].count("\n"), read(path))


def lines_of(text, matches):
    for m in matches:
        yield text.count("\n", 0, m.start()) + 1, m


def part_of(name):
    """gem_uma_dev_map.c -> dev_map; gem_uma_vm_bind.c -> vm; None if unknown."""
    word = re.sub(r"^gem_uma_|_test$", "", os.path.splitext(os.path.basename(name))[0])
    if word in LEAVES or word.endswith("_logic"):
        return word
    while word and word not in PARTS:
        word = word.rpartition("_")[0]
    return word or None


def is_leaf(part):
    return part not in PARTS


def allowed(user, used):
    if user == used or is_leaf(used):
        return True
    if is_leaf(user):
        return used == "types"
    return PARTS[used][0] < PARTS[user][0]


def place(path):
    """Where in its room a file is; None if its part has no order."""
    part = part_of(path)
    if part not in ROOMS or not path.endswith(".c"):
        return None
    word = os.path.splitext(os.path.basename(path))[0].replace(f"gem_uma_{part}", "").strip("_")
    word = word or part
    return ROOMS[part].index(word) if word in ROOMS[part] else len(ROOMS[part])


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
    code = code_of(path)
    for line, m in lines_of(code, CALL.finditer(code)):
        used = part_of("gem_uma_" + m[1])
        if used and not is_leaf(used) and not is_leaf(user) and not allowed(user, used):
            problem(path, line, f"{user} calls upward: {m[0].rstrip('( ')}()")


def graph(library):
    """{file: {file used: (line, what)}}, by includes and by names of what others define."""
    known, headers, edges = {}, {}, {}
    for path in library:
        if path.endswith(".h"):
            headers[os.path.basename(path)] = path
        else:
            for m in DEFINES.finditer(code_of(path)):
                known[m[1]] = path
    for path in library:
        uses = edges.setdefault(path, {})
        text, code = read(path), code_of(path)
        for line, m in lines_of(text, INCLUDE.finditer(text)):
            used = headers.get(os.path.basename(m[1]))
            if used:
                uses.setdefault(used, (line, "includes it"))
        if path.endswith(".h"):
            code = BODY.sub(lambda m: "\n" * m[1].count("\n") + (m[2] or ""), code)
        for line, m in lines_of(code, WORD.finditer(code)):
            used = known.get(m[1])
            if used and used != path:
                uses.setdefault(used, (line, m[1]))
    return edges


def check_rooms(edges):
    for path, uses in edges.items():
        for used, (line, what) in uses.items():
            a, b = place(path), place(used)
            if a is not None and b is not None and part_of(path) == part_of(used) and a <= b:
                problem(path, line, f"upward in its room: {what} of {used}")


def circles(edges):
    """Each strongly connected set of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in edges[v]:
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            at = stack.index(v)
            ring = stack[at:]
            del stack[at:]
            if len(ring) > 1:
                found.append(sorted(ring))

    for v in sorted(edges):
        if v not in index:
            visit(v)
    return found


def check_circles(edges):
    for ring in circles(edges):
        for a in ring:
            for b, (line, what) in sorted(edges[a].items()):
                if b in ring:
                    problem(a, line, f"in a circle: {what}, of {b}")


def part_uses(edges):
    """{part: parts whose functions or types it uses}."""
    uses = {}
    for path, used in edges.items():
        part = part_of(path)
        if not is_leaf(part):
            uses.setdefault(part, set()).update(
                u for u in map(part_of, used) if not is_leaf(u) and u != part)
    return uses


def parts_table(edges, markdown):
    uses = part_uses(edges)
    rows = []
    for part in sorted((p for p in PARTS if PARTS[p][1] and p in uses), key=lambda p: PARTS[p][0]):
        below = sorted(uses[part] - {"types"}, key=lambda p: (PARTS[p][0], p)) or ["-"]
        rows.append((part, PARTS[part][2], PARTS[part][1], ", ".join(below)))
    if markdown:
        head = "| part | owns | header |\n|---|---|---|\n"
        return head + "".join(f"| {p} | {owns} | `{h}` |\n" for p, owns, h, _ in rows)
    head = ("part", "owns", "uses")
    rows = [(p, owns, below) for p, owns, _, below in rows]
    width = [max(len(r[i]) for r in rows + [head]) for i in range(3)]
    rule = "  ".join("=" * w for w in width)
    line = lambda r: "  ".join(c.ljust(w) for c, w in zip(r, width)).rstrip()
    return "\n".join([rule, line(head), rule, *map(line, rows), rule]) + "\n"


def tables(edges, write):
    """Holds the tables in the prose to what is known here, or writes them."""
    for path, (begin, end) in TABLES.items():
        text = read(path)
        start = text.find(begin)
        stop = text.find(end, start)
        if start < 0 or stop < 0:
            problem(path, 1, "the table of parts is missing")
            continue
        start += len(begin)
        table = parts_table(edges, path.endswith(".md"))
        if text[start:stop] == table:
            continue
        if not write:
            problem(path, text.count("\n", 0, start) + 1,
                    "the table of parts is not that of check-layers.py: use --write")
            continue
        with open(os.path.join(TOP, path), "w", encoding="utf-8") as f:
            f.write(text[:start] + table + text[stop:])


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
        code = code_of(path)
        for line, m in lines_of(code, VERSION.finditer(code)):
            problem(path, line, f"{m[0].rstrip('( ')} outside compat/")


def main(argv):
    if argv not in ([], ["--table"], ["--parts"], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    library = [p for p in tree_files(*LIBRARY) if not fnmatch.fnmatch(p, LIBRARY_TESTS)]
    vuma = tree_files("vuma/*.[ch]")
    for path in library:
        check_library_file(path)
    known = [p for p in library if part_of(p)]
    edges = graph(known)
    if argv == ["--table"]:
        for path in sorted(known, key=lambda p: (PARTS.get(part_of(p), (0,))[0], p)):
            print(f"{path}: {' '.join(sorted(map(os.path.basename, edges[path]))) or '-'}")
        return 0
    if argv == ["--parts"]:
        print(parts_table(edges, False), end="")
        return 0
    check_rooms(edges)
    check_circles(edges)
    tables(edges, argv == ["--write"])
    check_includes(tree_files(LIBRARY_TESTS + ".[ch]"), r"vuma", "the library's tests include")
    check_includes(vuma, r"(^|/)gem_uma", "only the backend may include", VUMA_LIBRARY_USERS)
    check_includes(tree_files("bench/peers/*.[ch]"), r"(^|/)gem_uma", "the twin includes")
    sources = tree_files("*.[chS]", "*Makefile*", "*Kbuild", "*.mk")
    check_versions(p for p in sources if not p.startswith("compat/"))

    for text in problems:
        print(text)
    if not library or not vuma:
        print("found no sources of the library or of vuma to check")
        return 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
