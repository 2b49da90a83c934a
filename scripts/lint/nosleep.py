#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Prints a semantic patch that finds what must not be done where memory reclaim or
a fence waits. Which functions those are is read from the sources: callbacks of that
kind, functions with a fence-signalling section, functions whose kernel-doc says so
under Context:, and what all of them call.

nosleep.py FILE...
"""
import re
import sys

DEFINITION = re.compile(r"^[a-z][\w \t*]*?\n?[\w \t*]*?\b(\w+)\([^;{}()]*(?:\([^()]*\)[^;{}()]*)*\)"
                        r"(?:\s*__\w+\([^\n]*\))*\n\{\n(.*?)^\}", re.M | re.S)
BLOCK = re.compile(r"/\*\*\n \* (\w+)(?:\(\))?[ \t]*-(.*?)\*/", re.S)
CONTEXT = re.compile(r"^ \* Context:(.*?)(?=^ \*[ \t]*$|^ \* [A-Z]\w+:|\Z)", re.M | re.S)

RECLAIM_OPS = r"\.(?:evict|purge|writeback|state|dev_mapped|weight)\s*=\s*(\w+)"
SHRINKER_OPS = r"->(?:count|scan)_objects\s*=\s*(\w+)"
FENCE_OPS = r"\.(?:run_job|timedout_job|sm_step_map|sm_step_remap|sm_step_unmap)\s*=\s*(\w+)"
RECLAIM_WORDS = re.compile(r"does not sleep|callable from reclaim|inside of memory reclaim")
FENCE_WORDS = re.compile(r"does not allocate")

ALLOCATES = ("GFP_KERNEL", "GFP_KERNEL_ACCOUNT", "GFP_USER", "GFP_HIGHUSER", "GFP_NOFS",
             "GFP_NOIO", "vmalloc(...)", "vzalloc(...)", "memdup_user(...)")
SLEEPS = ("mutex_lock(...)", "mutex_lock_interruptible(...)", "mutex_lock_killable(...)",
          "down_read(...)", "down_write(...)", "dma_resv_lock(...)",
          "dma_resv_lock_interruptible(...)", "dma_resv_wait_timeout(...)",
          "dma_fence_wait(...)", "dma_fence_wait_timeout(...)", "msleep(...)",
          "usleep_range(...)", "flush_work(...)", "synchronize_rcu(...)",
          "copy_from_user(...)", "copy_to_user(...)")
LOCKS = ("dma_resv_lock(...)", "dma_resv_lock_interruptible(...)", "mmap_read_lock(...)",
         "mmap_write_lock(...)")
PUTS = ("drm_gem_object_put(...)", "drm_gpuvm_put(...)", "drm_gpuvm_bo_put(...)", "fput(...)")

# Waits for kswapd alone, for which nobody's allocation waits, and for a bounded time.
MAY_SLEEP = {"gem_uma_reclaim_is_idle"}

RULE = """
@{rule}@
identifier fn =~ "^({names})$";
position p;
@@
fn(...) {{
<...
(
{alternatives}
)
...>
}}

@script:python@
p << {rule}.p;
fn << {rule}.fn;
@@
print(f"{{p[0].file}}:{{p[0].line}}: {{fn}}() {what}")
"""


def plain(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def closure(roots, bodies):
    """The roots that are defined here, and all they call."""
    found, todo = set(), [r for r in roots if r in bodies]
    while todo:
        fn = todo.pop()
        if fn in found:
            continue
        found.add(fn)
        todo += [c for c in re.findall(r"\b(\w+)\(", bodies[fn]) if c in bodies]
    return found


def marked(text, words):
    """Functions whose Context: has the words."""
    for m in BLOCK.finditer(text):
        context = CONTEXT.search(m[2])
        if context and words.search(re.sub(r"\s*\n \*\s*", " ", context[1]).lower()):
            yield m[1]


def rule(name, names, matches, what):
    at = [re.sub(r"^(\w+)(\(|$)", r"\1@p\2", m) for m in matches]
    print(RULE.format(rule=name, names="|".join(sorted(names)), what=what,
                      alternatives="\n|\n".join(at)))


def main():
    bodies, reclaim, fence = {}, set(), set()
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        here = {m[1]: plain(m[2]) for m in DEFINITION.finditer(text)}
        bodies.update(here)
        reclaim |= set(re.findall(RECLAIM_OPS, text)) | set(re.findall(SHRINKER_OPS, text))
        reclaim |= set(marked(text, RECLAIM_WORDS))
        fence |= set(re.findall(FENCE_OPS, text)) | set(marked(text, FENCE_WORDS))
        fence |= {fn for fn, body in here.items() if "dma_fence_begin_signalling(" in body}
    reclaim, both = closure(reclaim, bodies), closure(reclaim | fence, bodies)
    if both:
        rule("alloc", both, ALLOCATES, "allocates where reclaim or a fence waits")
        rule("locks", both, LOCKS, "takes a lock over which others wait for fences")
    if reclaim:
        rule("sleeps", reclaim - MAY_SLEEP, SLEEPS, "can sleep where reclaim waits")
        rule("puts", reclaim, PUTS, "can drop a last reference where reclaim waits")
    # of all sources, there are both
    return 0 if reclaim and both - reclaim else 1


if __name__ == "__main__":
    sys.exit(main())
