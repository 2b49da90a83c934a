#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Feeds the KTAP counter with outputs whose counts are known."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ktap   # noqa: E402

# name, output, (passed, failed, skipped)
CASES = [
    ("plain", "TAP version 13\n1..2\nok 1 a\nok 2 - b\n", (2, 0, 0)),
    ("not ok", "1..2\nok 1 a\nnot ok 2 b\n", (1, 1, 0)),
    ("fewer than planned", "1..3\nok 1 a\nok 2 b\n", (2, 1, 0)),
    ("more than planned", "1..1\nok 1 a\nok 2 b\n", (2, 1, 0)),
    ("no plan", "ok 1 a\n", (1, 1, 0)),
    ("total of subtests", "1..1\n    ok 1 a\n  # b: pass:1 fail:0 skip:0 total:1\nok 1 b\n",
     (1, 0, 0)),
    ("wrong total of subtests", "1..1\n    ok 1 a\n  # b: pass:2 fail:0 skip:0 total:2\n"
     "ok 1 b\n", (1, 1, 0)),
    ("plan at the end", "ok 1 a\nok 2 b\n1..2\n", (2, 0, 0)),
    ("skip with a reason", "1..1\nok 1 a # SKIP no device\n", (0, 0, 1)),
    ("skip without a reason", "1..1\nok 1 a # SKIP\n", (0, 1, 0)),
    ("all skipped", "1..0 # SKIP no device\n", (0, 0, 1)),
    ("empty plan", "1..0\n", (0, 1, 0)),
    ("a number left out", "1..3\nok 1 a\nok 3 c\n", (1, 1, 0)),
    ("bail out", "1..2\nok 1 a\nBail out! no memory\n", (1, 2, 0)),
    ("todo that fails", "1..1\nnot ok 1 a # TODO later\n", (0, 1, 0)),
    ("no KTAP", "hello\nok then\n", (0, 0, 0)),
    ("diagnostics", "1..1\n# not ok 9 in a comment\nok 1 a\n", (1, 0, 0)),
    ("subtests are the leaves",
     "KTAP version 1\n1..2\n  KTAP version 1\n  1..2\n  ok 1 x\n  ok 2 y\nok 1 a\nok 2 b\n",
     (3, 0, 0)),
    ("subtest fails with its parent",
     "1..1\n  1..2\n  ok 1 x\n  not ok 2 y\nnot ok 1 a\n", (1, 1, 0)),
    ("subtest missing", "1..1\n  1..3\n  ok 1 x\nok 1 a\n", (1, 1, 0)),
    ("parent alone fails", "1..1\n  1..1\n  ok 1 x\nnot ok 1 a\n", (1, 1, 0)),
    ("two documents", "1..1\nok 1 a\nTAP version 13\n1..2\nok 1 b\nok 2 c\n", (3, 0, 0)),
    ("two documents, first cut short", "1..2\nok 1 a\n1..1\nok 1 b\n", (2, 1, 0)),
]

# name, output, why the one test failed
REASONS = [
    ("reason in a note", "1..2\n# of another\nok 1 a\n# x.c:3: one against two\nnot ok 2 b\n",
     "x.c:3: one against two"),
    ("reason and a later note", "1..1\n# x.c:3: one\n# b took 3.0 s\nnot ok 1 b\n",
     "x.c:3: one; b took 3.0 s"),
    ("reason on the line itself", "1..1\n# a note\nnot ok 1 b # TODO later\n", "TODO: later"),
]


def main():
    print("TAP version 13")
    print(f"1..{len(CASES) + len(REASONS)}")
    failed = 0
    for n, (name, text, want) in enumerate(CASES, 1):
        res = ktap.parse(text)
        got = (res.passed, len(res.failures), len(res.skips))
        if got != want:
            failed = 1
            print(f"# passed, failed, skipped: {got}, expected {want}: {res.failures}")
        print(f"{'ok' if got == want else 'not ok'} {n} {name}")
    for n, (name, text, want) in enumerate(REASONS, len(CASES) + 1):
        got = ktap.parse(text).failures
        good = len(got) == 1 and got[0][1] == want
        failed = failed or not good
        if not good:
            print(f"# {got}, expected {want}")
        print(f"{'ok' if good else 'not ok'} {n} {name}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
