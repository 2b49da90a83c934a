#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each exported symbol has a user: vuma, an example, the module of VMs, or a driver-to-be
with a reason. What tests alone use is exported for tests alone, by EXPORT_SYMBOL_IF_KUNIT().

    check-exports.py           what is not so
    check-exports.py --count   how many exports of each kind there are, too
"""
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# For drivers, without a user here: why.
FOR_DRIVERS = {
    "a driver that embeds pages in an object of its own": """
        gem_uma_backing_populate_locked gem_uma_backing_pin gem_uma_backing_pages_locked
        gem_uma_backing_prefetch gem_uma_backing_discard_locked
        gem_uma_backing_advise_locked gem_uma_backing_unpin
        gem_uma_backing_extent_locked
        gem_uma_backing_is_resident_locked gem_uma_backing_populate_some_locked
        gem_uma_backing_mark_dirty_locked""",
    "the answers of such an object to reclaim": """
        gem_uma_reclaim_init gem_uma_reclaim_fini gem_uma_reclaim_update_locked
        gem_uma_backing_release_locked gem_uma_backing_can_purge_locked
        gem_uma_backing_purge_locked gem_uma_backing_writeback_locked
        gem_uma_backing_in_memory gem_uma_backing_nid_locked gem_uma_dev_map_drop_locked
        gem_uma_backing_has_content gem_uma_backing_next_chunk_locked
        gem_uma_backing_release_chunk_locked gem_uma_cpu_map_test_used_locked
        gem_uma_cpu_map_zap_chunk_locked gem_uma_cpu_map_zap_locked""",
    "the CPU mappings of such an object": """
        gem_uma_cpu_map_init gem_uma_cpu_map_fini gem_uma_cpu_map_mmap
        gem_uma_cpu_map_vmap_locked gem_uma_cpu_map_vunmap_locked
        gem_uma_cpu_map_vm_open gem_uma_cpu_map_vm_close
        gem_uma_cpu_map_fault_begin gem_uma_cpu_map_fault_locked
        gem_uma_cpu_map_fault_end gem_uma_cpu_map_access_locked
        gem_uma_cpu_map_map_pages gem_uma_cpu_map_get_unmapped_area""",
    "cache maintenance of such an object": "gem_uma_sync_locked gem_uma_sync_finish_locked",
    "a driver of x86 whose device does not snoop (ivpu, amdxdna)": "gem_uma_sync_clflush_ops",
    "a driver that gives an import back while it does not use it": "gem_uma_object_import_unmap_locked",
    "a driver whose device gives chunks of a heap back, or tells what it learned":
        "gem_uma_heap_discard gem_uma_heap_hint",
    "a driver whose kernel part reads or writes buffers": """
        gem_uma_object_access_begin gem_uma_object_access_end""",
    "a driver that dumps what a job had": "gem_uma_cpu_map_read_locked",
    "a driver whose device cannot be made to forget pages": """
        gem_uma_backing_leak gem_uma_object_leak""",
    "a driver with drm_panic": "gem_uma_backing_pinned_page gem_uma_cpu_map_peek",
    "an import in such an object": "gem_uma_dev_map_init_sgt gem_uma_dev_map_is_mapped_locked",
    "a driver whose device has to answer before it has forgotten pages (virtio-gpu)":
        "gem_uma_object_next",
    "a driver that keeps its debugfs file for tests of reclaim (panthor)":
        "gem_uma_reclaim_device_run",
    "a driver that binds buffers of its own, beside those of user space (panthor)":
        "gem_uma_vm_bind_commit_direct gem_uma_vm_lookup",
    "a driver with a table of its own, beside GEM_UMA_OBJECT_FUNCS": """
        gem_uma_object_export gem_uma_object_share""",
}

EXPORT = re.compile(r"^EXPORT_SYMBOL(?P<kind>\w*)\((?P<name>\w+)\)", re.M)
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)
# In a header, macros and bodies of inline functions count.
MACRO = re.compile(r"^#define(?:[^\n]*\\\n)*[^\n]*", re.M)
BODY = re.compile(r"\n\{\n.*?\n\}", re.S)


def tree_files(*patterns):
    out = subprocess.run([os.path.join(TOP, "scripts/tree-files.sh"), *patterns],
                         check=True, capture_output=True, text=True)
    return out.stdout.split("\n")[:-1]


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as f:
        return f.read()


def words(path):
    code = NOISE.sub("", read(path))
    if path.startswith("include/"):
        code = "\n".join(MACRO.findall(code) + BODY.findall(code))
    return set(re.findall(r"\bgem_uma_\w+", code))


def words_of(paths):
    return set().union(*map(words, paths))


def main(argv):
    if argv not in ([], ["--count"]):
        print(__doc__, file=sys.stderr)
        return 2
    library = [p for p in tree_files("gem_uma/*.c") if not p.startswith("gem_uma/tests/")]
    vms = {p for p in library if re.search(r"gpuvm/|fbdev/|/gem_uma_vm", p)}
    drivers = words_of(tree_files("vuma/*.[ch]", "docs/examples/*.c", "bench/peers/*.c",
                                  "include/drm/gem_uma/*.h"))
    # Modules of their own, which use what the library exports.
    apart = vms | {p for p in library if p.startswith("gem_uma/heap/")}
    modules = {True: drivers, False: drivers | words_of(apart)}
    tests = words_of(tree_files("gem_uma/tests/*.[ch]"))
    reasons = {name for names in FOR_DRIVERS.values() for name in names.split()}
    found, kinds, exported = [], {"used": 0, "for drivers": 0, "for tests": 0}, set()
    for path in library:
        text = read(path)
        for m in EXPORT.finditer(text):
            name, where = m["name"], f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {m['name']}"
            exported.add(name)
            used = name in modules[path in apart]
            if m["kind"] == "_IF_KUNIT":
                kinds["for tests"] += 1
                if used:
                    found.append(f"{where} is exported for tests, but has other users")
                elif name not in tests:
                    found.append(f"{where} is exported for tests, and no test uses it")
            elif used:
                kinds["used"] += 1
                if name in reasons:
                    found.append(f"{where} has a user, and needs no reason in check-exports.py")
            elif name in reasons:
                kinds["for drivers"] += 1
            else:
                found.append(f"{where} is exported and has no user" +
                             (" but tests" if name in tests else ""))
    found += [f"scripts/check-exports.py: {name} is not exported"
              for name in sorted(reasons - exported)]
    if not exported:
        found.append("found no exports")
    for line in found:
        print(line)
    if argv:
        print(", ".join(f"{n} {kind}" for kind, n in kinds.items()))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
