#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The dmesg gate: which lines of a kernel log make a test fail.

    gate.py [--oom-ok] [--global-oom-ok] [--lockdep-wanted] [FILE]

Prints every offending line with its context and exits 1 if there is one.

Reports of data races (KCSAN) count where one of the two functions is ours.

--oom-ok tolerates reports of the memory-cgroup OOM killer, from "invoked
oom-killer" to its "Killed process" line, and nothing else; --global-oom-ok
also those of the whole machine's.

--lockdep-wanted demands one report of a circular locking dependency, and tolerates that.
"""
import argparse
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXT_BEFORE = 2
CONTEXT_AFTER = 30
# The longest report seen has a task table; a "report" longer than this is not
# one, and must not swallow the log.
OOM_REPORT_MAX = 1500

OOM_BEGIN = re.compile(r"\binvoked oom-killer:")
OOM_END_MEMCG = re.compile(r"\bMemory cgroup out of memory: Killed process")
OOM_END_GLOBAL = re.compile(r"(?<!cgroup )\bOut of memory: Killed process")
# A race is ours when one of its two functions is, as the title names them.
KCSAN_BEGIN = re.compile(r"\bBUG: KCSAN: (data-race|assert: race) in ")
KCSAN_OURS = re.compile(r"\[(gem_uma|vuma|example_|uma_)\w*\]|\b(gem_uma|vuma)_\w+")
KCSAN_END = re.compile(r"={60,}")
LOCKDEP_BEGIN = re.compile(r"\bWARNING: possible circular locking dependency detected")
LOCKDEP_END = re.compile(r"</TASK>")
LOCKDEP_REPORT_MAX = 400
OOM_GROUP = re.compile(r"are going to be killed due to memory\.oom\.group set")


def load_patterns(path=os.path.join(HERE, "gate.patterns")):
    hard, oom = [], []
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            if line.startswith("oom: "):
                oom.append(line[len("oom: "):])
            else:
                hard.append(line)
    return (re.compile("|".join(f"(?:{p})" for p in hard)),
            re.compile("|".join(f"(?:{p})" for p in oom)))


def oom_reports(lines, allow_memcg, allow_global):
    """Line numbers covered by complete OOM reports of an allowed kind."""
    covered = set()
    begin = None
    for i, line in enumerate(lines):
        if OOM_BEGIN.search(line):
            begin = i
            continue
        memcg = OOM_END_MEMCG.search(line)
        if not memcg and not OOM_END_GLOBAL.search(line):
            # oom.group kills the rest of its cgroup after the first victim
            if allow_memcg and covered and OOM_GROUP.search(line):
                covered.add(i)
            continue
        if memcg and begin is None and allow_memcg:
            covered.add(i)
        elif begin is not None and i - begin <= OOM_REPORT_MAX:
            if allow_memcg if memcg else allow_global:
                covered.update(range(begin, i + 1))
        begin = None
    return covered


def lockdep_report(lines):
    """Line numbers of the first complete report of a circular locking dependency."""
    begin = None
    for i, line in enumerate(lines):
        if LOCKDEP_BEGIN.search(line) and begin is None:
            begin = i
        if LOCKDEP_END.search(line) and begin is not None and i - begin <= LOCKDEP_REPORT_MAX:
            return set(range(begin, i + 1))
    return set()


def foreign_races(lines):
    """The titles of complete KCSAN reports of races between functions that are not
    ours: the kernel has plenty, known and unmarked."""
    titles = set()
    title = None
    for i, line in enumerate(lines):
        if KCSAN_BEGIN.search(line):
            title = None if KCSAN_OURS.search(line) else i
        elif title is not None and KCSAN_END.search(line):
            titles.add(title)
            title = None
    return titles


def check(lines, allow_memcg=False, allow_global=False, allow_lockdep=False, patterns=None):
    """Indices of the lines that fail."""
    hard, oom = patterns or load_patterns()
    covered = oom_reports(lines, allow_memcg, allow_global)
    passed_over = foreign_races(lines)
    if allow_lockdep:
        passed_over |= lockdep_report(lines)
    bad = []
    for i, line in enumerate(lines):
        if i in passed_over:
            continue
        if hard.search(line) or (oom.search(line) and i not in covered):
            bad.append(i)
    return bad


def excerpt(lines, bad):
    """The offending lines with context, each log line at most once."""
    shown = []
    upto = -1
    for i in bad:
        for j in range(max(i - CONTEXT_BEFORE, upto + 1),
                       min(i + CONTEXT_AFTER, len(lines))):
            shown.append(("> " if j in bad else "  ") + lines[j])
            upto = j
    return shown


def main():
    ap = argparse.ArgumentParser(description="dmesg gate")
    ap.add_argument("--oom-ok", action="store_true")
    ap.add_argument("--global-oom-ok", action="store_true")
    ap.add_argument("--lockdep-wanted", action="store_true")
    ap.add_argument("file", nargs="?", default="-")
    args = ap.parse_args()
    if args.file == "-":
        text = sys.stdin.read()
    else:
        with open(args.file, encoding="utf-8", errors="replace") as f:
            text = f.read()
    lines = text.splitlines()
    bad = check(lines, args.oom_ok or args.global_oom_ok, args.global_oom_ok,
                args.lockdep_wanted)
    print("\n".join(excerpt(lines, bad)), end="\n" if bad else "")
    missing = args.lockdep_wanted and not lockdep_report(lines)
    if missing:
        print("no report of lockdep")
    return 1 if bad or missing else 0


if __name__ == "__main__":
    sys.exit(main())
